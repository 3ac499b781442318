/// A server of the test's own, for what cannot be done to the one that all tests share: killing it.
#pragma once

#include <fcntl.h>
#include <support/session.hpp>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace support {

/// Made by the same programs and run by the same user as the server under test; listens on a unix socket only. Dies
/// with the test, however that ends.
class private_server {
public:
    private_server() {
        auto db = connect();
        programs_ = text_of(db.execute("select setting from pg_config where name = 'BINDIR'"));
        struct stat owner {};
        if (::stat(text_of(db.execute("show data_directory")).c_str(), &owner) != 0)
            fail("cannot find the server's user");
        user_ = owner.st_uid;
        group_ = owner.st_gid;
        std::string folder{"/tmp/pgq-server-XXXXXX"};
        if (::mkdtemp(folder.data()) == nullptr) fail("cannot make a folder");
        folder_ = folder;
        if (::geteuid() == 0 && ::chown(folder_.c_str(), user_, group_) != 0) fail("cannot hand the folder over");
        auto const made = spawn(
            {"initdb", "-D", folder_ + "/data", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"});
        if (wait_for(made) != 0) fail("initdb failed");
        start();
    }
    private_server(private_server const&) = delete;
    private_server& operator=(private_server const&) = delete;
    ~private_server() {
        kill();
        std::error_code ignored;  // a leftover in /tmp is no reason to fail
        std::filesystem::remove_all(folder_, ignored);
    }

    [[nodiscard]] std::string conninfo() const {
        return "host=" + folder_ + " port=5432 user=postgres dbname=postgres";
    }

    /// Starts it, again after kill(), and waits until it takes connections.
    void start() {
        bool const up = eventually([this] {
            // It refuses to start as long as a child of the one that was killed is still there.
            if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
            if (pid_ < 0) pid_ = spawn_server();
            try {
                pgq::libpq::connection const db{conninfo()};
                return true;
            } catch (pgq::connection_error const&) { return false; }
        });
        if (!up) fail("the server does not start");
    }

    /// SIGKILL to the postmaster; its children leave by themselves when they notice.
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        wait_for(std::exchange(pid_, -1));
    }

private:
    [[nodiscard]] pid_t spawn_server() const {
        return spawn({"postgres", "-D", folder_ + "/data", "-c", "listen_addresses=", "-c",
                      "unix_socket_directories=" + folder_, "-c", "port=5432", "-c", "fsync=off", "-c",
                      "shared_buffers=16MB", "-c", "max_connections=20"});
    }

    [[noreturn]] static void fail(std::string const& why) { throw pgq::error{why + ": " + std::strerror(errno)}; }

    /// Runs one of the server's programs, as the server's user when we are root, with its output thrown away.
    [[nodiscard]] pid_t spawn(std::vector<std::string> words) const {
        words.front() = programs_ + '/' + words.front();
        std::vector<char*> pointers;
        for (auto& word : words)
            pointers.push_back(word.data());
        pointers.push_back(nullptr);
        auto const log = folder_ + "/log";
        auto const parent = ::getpid();
        pid_t const child = ::fork();
        if (child < 0) fail("cannot fork");
        if (child > 0) return child;
        if (::geteuid() == 0 && (::setgid(group_) != 0 || ::setuid(user_) != 0)) ::_exit(126);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(126);
        int const out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(out, STDERR_FILENO);
        ::execv(pointers.front(), pointers.data());
        ::_exit(127);
    }

    static int wait_for(pid_t child) {
        int status = -1;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        return status;
    }

    std::string programs_{};
    std::string folder_{};
    uid_t user_ = 0;
    gid_t group_ = 0;
    pid_t pid_ = -1;
};

}  // namespace support
