/// Reading configuration files: on the server's machine, or through a session.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/backup/config_files.hpp>
#include <walmgr/backup/data_files.hpp>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/sql/server_files.hpp>
#include <walmgr/visit_names.hpp>

#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace walmgr {

/// Reads files of this machine, as far as the server could read them: root reads nothing on behalf of those who write a
/// server's configuration.
class local_config_reader {
public:
    /// `data`: the server's data folder. @throws error  unavailable
    explicit local_config_reader(std::string const& data) {
        if (::stat(data.c_str(), &server_) != 0) refuse("cannot look at " + data);
    }

    /// @throws error  unavailable
    std::optional<config_file> file(std::string const& path) const {
        auto const in = open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (!in.is_open()) return std::nullopt;
        struct stat at {};
        if (::fstat(in.descriptor(), &at) != 0) refuse("cannot look at " + path);
        if (!S_ISREG(at.st_mode)) throw error{fault::unavailable, path + " is no file"};
        if (::geteuid() == 0 && !server_reads(at))
            throw error{fault::unavailable, "the server's user may not read " + path};
        config_file found{.path = path,
                          .bytes = std::string(longest_config_file + 1, '\0'),
                          .mode = at.st_mode & 0777U,
                          .from = detail::origin_of(at)};
        found.bytes.resize(in.read(0, found.bytes));
        return found;
    }
    /// @throws error  unavailable
    static std::vector<std::string> folder(std::string const& path) {
        auto const names = names_in(path);
        return {names.begin(), names.end()};
    }

private:
    [[nodiscard]] bool server_reads(struct stat const& at) const {
        return at.st_uid == server_.st_uid   ? (at.st_mode & S_IRUSR) != 0
               : at.st_gid == server_.st_gid ? (at.st_mode & S_IRGRP) != 0
                                             : (at.st_mode & S_IROTH) != 0;
    }

    struct stat server_ {};
};

/// Lets a server read its files. It does not tell their modes: where this machine has a file with the same path and
/// bytes it is taken to be that one, and else only its owner may read it.
template <class Db> class server_config_reader {
public:
    /// The session must live as long.
    explicit server_config_reader(Db& session) : db_{session} {}

    /// @throws pgq::sql_error, pgq::connection_error
    std::optional<config_file> file(std::string const& path) {
        auto bytes = sql::read_server_file(db_, path, longest_config_file + 1);
        if (!bytes) return std::nullopt;
        config_file found{.path = path, .bytes = std::move(*bytes), .mode = 0600, .from = {}};
        found.from.modified = static_cast<std::uint64_t>(std::time(nullptr));
        auto const descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat at {};
        walmgr::file const same{descriptor, path};
        if (!same.is_open() || ::fstat(descriptor, &at) != 0 || !S_ISREG(at.st_mode)) return found;
        std::string here(longest_config_file + 1, '\0');
        here.resize(same.read(0, here));
        if (here != found.bytes) return found;
        found.mode = at.st_mode & 0777U;
        found.from = detail::origin_of(at);
        return found;
    }
    /// @throws pgq::sql_error, pgq::connection_error
    std::vector<std::string> folder(std::string const& path) { return sql::names_in_server_folder(db_, path); }

private:
    Db& db_;
};

}  // namespace walmgr
