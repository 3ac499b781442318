/// The file that says which process a program runs as, and that only one does.
#pragma once

#include <pgq/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace apps {

/// Locked for as long as the process lives, so that a file left behind by a crash is recognised, and one of a living
/// process is never taken away.
class pidfile {
public:
    /// @throws pgq::usage_error  when another process has it, or it cannot be written
    explicit pidfile(std::string path) : path_{std::move(path)} {
        for (;;) {
            file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
            if (file_ < 0) fail("cannot write the pidfile");
            if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
                auto const owner = read(path_);
                ::close(file_);
                throw pgq::usage_error{"pidfile \"" + path_ + "\" belongs to a running process" +
                                       (owner ? " (" + std::to_string(*owner) + ")" : "")};
            }
            if (is_current()) break;
            ::close(file_);  // its owner removed it between open and lock
        }
        // The original programs do not lock theirs.
        if (auto const owner = read(path_); owner && *owner != ::getpid() && runs_the_same(*owner)) {
            ::close(file_);
            throw pgq::usage_error{"pidfile \"" + path_ + "\" names a running process (" + std::to_string(*owner) +
                                   ")"};
        }
        write();
    }
    pidfile(pidfile const&) = delete;
    pidfile& operator=(pidfile const&) = delete;
    ~pidfile() {
        if (read(path_) == ::getpid() && is_current()) ::unlink(path_.c_str());
        ::close(file_);
    }

    /// After a fork: the child's number.
    void write() const {
        auto const text = std::to_string(::getpid()) + "\n";
        if (::ftruncate(file_, 0) != 0 ||
            ::pwrite(file_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
            fail("cannot write the pidfile");
        }
    }

    /// The process named in a pidfile; nothing when there is none.
    static std::optional<pid_t> read(std::string const& path) {
        std::ifstream file{path};
        std::string line;
        if (!std::getline(file, line)) return std::nullopt;
        pid_t process = 0;
        auto const [end, problem] = std::from_chars(line.data(), line.data() + line.size(), process);
        if (problem != std::errc{} || process <= 0) return std::nullopt;
        return process;
    }

    /// Sends a signal to the process of a pidfile and returns its number.
    /// @throws pgq::usage_error  when there is no such process
    static pid_t send(std::string const& path, int number) {
        auto const process = read(path);
        if (!process) throw pgq::usage_error{"no process is named in the pidfile \"" + path + "\""};
        if (::kill(*process, number) != 0) {
            throw pgq::usage_error{"cannot signal process " + std::to_string(*process) + " of \"" + path +
                                   "\": " + std::strerror(errno)};
        }
        return *process;
    }

private:
    static std::string program_of(std::string const& process) {
        std::string name;
        std::getline(std::ifstream{"/proc/" + process + "/comm"}, name);
        return name;
    }
    static bool runs_the_same(pid_t process) {
        auto const name = program_of(std::to_string(process));
        return !name.empty() && name == program_of("self");
    }

    [[nodiscard]] bool is_current() const {
        struct stat open {};
        struct stat named {};
        return ::fstat(file_, &open) == 0 && ::stat(path_.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
               open.st_dev == named.st_dev;
    }

    [[noreturn]] void fail(std::string const& what) const {
        throw pgq::usage_error{what + " \"" + path_ + "\": " + std::strerror(errno)};
    }

    std::string path_;
    int file_ = -1;
};

}  // namespace apps
