/// The data folder that a backup is restored to. Until all of it is there and durable it has no pg_control, without
/// which no server starts.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/durability.hpp>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>
#include <walmgr/restore/running_server.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr {

/// What is restored, as far as a folder can be of it or not.
struct restored_cluster {
    std::string label{};  ///< of the backup
    std::uint64_t system_id = 0;
    int version = 0;  ///< major
};

/// In what state a folder was found.
enum class folder_state {
    fresh,       ///< there was none, or nothing in it
    unfinished,  ///< an earlier restore of the same cluster did not come to its end
    cluster      ///< a data folder of the same cluster, of which what differs may be replaced
};

namespace detail {

inline constexpr std::string_view restore_marker = "walmgr.restoring";
inline constexpr std::string_view control_file = "global/pg_control";
inline constexpr std::string_view control_unfinished = "global/pg_control.walmgr.tmp";
inline constexpr std::string_view control_before = "global/pg_control.walmgr.old";

inline std::string small_file(std::string const& path) {
    auto const from = open_file(path);
    std::string text(4096, '\0');
    text.resize(from.is_open() ? from.read(0, text) : 0);
    return text;
}

inline bool exists(std::string const& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0;
}

inline void remove_file(std::string const& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) refuse("cannot remove " + path);
}

/// Without symbolic links, as the system shows it for processes that work there.
inline std::string real_path(std::string const& path) {
    struct free_text {
        void operator()(char* text) const { ::free(text); }
    };
    std::unique_ptr<char, free_text> const real{::realpath(path.c_str(), nullptr)};
    if (!real) refuse("cannot find " + path);
    return real.get();
}

}  // namespace detail

/// A folder that one restore works with. Nobody else's restore can, while this one lives.
class target_folder {
public:
    /// Creates the folder when it is missing, its parent must be there; looks whether it may be restored to, and
    /// changes nothing in it.
    /// @throws error  server_running; locked, while another restore works there; identity, for a folder that is not
    ///                empty and of which `may_be_cluster` does not hold, or that is another cluster's
    target_folder(std::string const& path, restored_cluster of, bool may_be_cluster) : of_{std::move(of)} {
        if (::mkdir(path.c_str(), 0700) == 0) sync_folder(std::filesystem::path{path} / "..");
        else if (errno != EEXIST) refuse("cannot create " + path);
        path_ = detail::real_path(path);
        folder_ = open_file(path_, O_RDONLY | O_DIRECTORY);
        if (!folder_.is_open()) refuse("cannot open " + path, ENOENT);
        if (::flock(folder_.descriptor(), LOCK_EX | LOCK_NB) != 0)
            throw error{fault::locked, "another restore works in " + path_};
        refuse_running();
        state_ = look(may_be_cluster);
    }

    /// Of the folder, without symbolic links.
    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    /// As it was found.
    [[nodiscard]] folder_state state() const noexcept { return state_; }
    /// Of something in it.
    [[nodiscard]] std::string operator/(std::string_view inner) const { return path_ + '/' + std::string{inner}; }

    /// From now on no server can start here. Durable before it returns, as far as `by` makes it so.
    void begin(durability auto const& by) {
        if (state_ != folder_state::unfinished) {
            auto marker = open_file(*this / detail::restore_marker, O_WRONLY | O_CREAT | O_TRUNC);
            if (!marker.is_open()) refuse("cannot create " + *this / detail::restore_marker, ENOENT);
            marker.write(std::to_string(of_.system_id) + '\n' + of_.label +
                         "\nThis folder is not whole: a restore did not come to its end. Restore it again.\n");
            by.keep(marker);
            marker.close();
            by.keep_names(path_);
        }
        if (state_ != folder_state::cluster) return;
        rename(detail::control_file, detail::control_before);
        by.keep_names(*this / "global");
        try {
            refuse_running();
        } catch (error const&) {  // it was started a moment ago: it shall have back what it needs
            rename(detail::control_before, detail::control_file);
            detail::remove_file(*this / detail::restore_marker);
            throw;
        }
    }

    /// The restore is done, and all in the folder is durable: a server may start.
    void finish(durability auto const& by) {
        rename(detail::control_unfinished, detail::control_file);
        detail::remove_file(*this / detail::control_before);
        by.keep_names(*this / "global");
        detail::remove_file(*this / detail::restore_marker);
        by.keep_names(path_);
    }

private:
    void refuse_running() const {
        if (auto const sign = sign_of_server(path_))
            throw error{fault::server_running, "a server runs on " + path_ + ": " + *sign + "; stop it first"};
    }

    /// Of a restore that was killed when it had created its marker, and written nothing into it yet.
    [[nodiscard]] bool has_only_marker() const {
        std::filesystem::directory_iterator at{path_};
        bool const marker = at->path().filename() == detail::restore_marker && !at->is_symlink() &&
                            at->is_regular_file() && at->file_size() == 0;
        return marker && ++at == std::filesystem::directory_iterator{};
    }

    [[nodiscard]] folder_state look(bool may_be_cluster) const {
        if (std::filesystem::is_empty(path_)) return folder_state::fresh;
        if (has_only_marker()) return folder_state::fresh;
        bool const has_control = detail::exists(*this / detail::control_file);
        if (auto const marker = detail::small_file(*this / detail::restore_marker); !marker.empty() && !has_control) {
            if (marker.starts_with(std::to_string(of_.system_id) + '\n')) return folder_state::unfinished;
            throw error{fault::identity, path_ + " holds an unfinished restore of another cluster; remove it first"};
        }
        if (!may_be_cluster)
            throw error{fault::identity, path_ + " is not empty: name another folder, or say --delta to replace what "
                                                 "differs in a data folder of the same cluster"};
        check_is_same_cluster();
        return folder_state::cluster;
    }

    /// pg_control begins with the system id, in all versions.
    void check_is_same_cluster() const {
        auto const control = detail::small_file(*this / detail::control_file);
        auto const version = detail::small_file(*this / "PG_VERSION");
        std::uint64_t system_id = 0;
        if (control.size() < sizeof system_id || version.empty())
            throw error{fault::identity, path_ + " is neither empty nor a data folder"};
        std::memcpy(&system_id, control.data(), sizeof system_id);
        if (system_id != of_.system_id)
            throw error{fault::identity, path_ + " is the data folder of another cluster, with system id " +
                                             std::to_string(system_id) + "; the backup's is " +
                                             std::to_string(of_.system_id)};
        if (version.substr(0, version.find('\n')) != std::to_string(of_.version))
            throw error{fault::identity, path_ + " is of PostgreSQL " + version.substr(0, version.find('\n')) +
                                             ", the backup of " + std::to_string(of_.version)};
    }

    void rename(std::string_view from, std::string_view to) const {
        if (std::rename((*this / from).c_str(), (*this / to).c_str()) != 0) refuse("cannot rename " + *this / from);
    }

    restored_cluster of_;
    std::string path_{};
    file folder_{};
    folder_state state_{};
};

}  // namespace walmgr
