/// A store in a folder: of a disk, or of a network file system.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/durability.hpp>
#include <walmgr/file.hpp>
#include <walmgr/open_folder.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/name.hpp>
#include <walmgr/store/posix_tidy.hpp>
#include <walmgr/store/replace.hpp>
#include <walmgr/store/temporary_name.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Objects are files under `folder`, which must exist. A new object is written beside its place under a name that
/// begins with a dot and ends in `.tmp`, made durable, and then renamed in such a way that it never replaces another.
/// What a crash leaves behind under such a name is in nobody's way, and list() does not show it. `Durability` decides
/// what is waited for: with another one than `synced` nothing is promised that a store promises of a loss of power.
template <class Durability = synced> class posix_store {
    static_assert(durability<Durability>, "walmgr::posix_store needs a durability with keep(file&), "
                                          "keep_names(folder) and keep_tree(folder), all of them const");

public:
    explicit posix_store(std::string folder, Durability by = {}) : folder_{std::move(folder)}, by_{std::move(by)} {}

    /// See object_writer.
    class writer {
    public:
        /// @param root  the store's own folder
        writer(file out, std::string root, std::string temporary, std::string name, Durability by)
            : out_{std::move(out)}, root_{std::move(root)}, temporary_{std::move(temporary)}, name_{std::move(name)},
              by_{std::move(by)} {}
        writer(writer&& other) noexcept
            : out_{std::move(other.out_)}, root_{std::move(other.root_)},
              temporary_{std::exchange(other.temporary_, {})}, name_{std::move(other.name_)},
              by_{std::move(other.by_)} {}
        writer& operator=(writer&&) = delete;
        ~writer() { forget(); }

        void write(std::string_view bytes) { out_.write(bytes); }

        bool seal() {
            by_.keep(out_);
            out_.close();
            bool const first = rename_if_new();
            if (!first) {
                forget();
                // Whoever made it may not have come as far as this.
                if (auto other = open_file(name_); other.is_open()) by_.keep(other);
            }
            by_.keep_names(folder_of(name_));
            return first;
        }
        /// See replacing_writer. What has the name is not read: its disk may be the reason for all this.
        bool replace(std::string const& aside) {
            posix_store const where{root_, by_};
            by_.keep(out_);
            out_.close();
            auto const second = where.path_of(aside);
            where.make_folders(folder_of(second));
            if (::link(name_.c_str(), second.c_str()) != 0) {
                if (errno == ENOENT) return forget(), false;
                refuse("cannot give " + name_ + " the second name " + second);
            }
            by_.keep_names(folder_of(second));
            if (std::rename(temporary_.c_str(), name_.c_str()) != 0) refuse("cannot give " + name_ + " its name");
            temporary_.clear();
            by_.keep_names(folder_of(name_));
            return true;
        }

    private:
        /// False when there is something of that name.
        bool rename_if_new() {
            int refused =
                ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, name_.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
            if (refused == EINVAL || refused == ENOSYS) {  // a file system that cannot, NFS among them
                refused = ::link(temporary_.c_str(), name_.c_str()) == 0 ? 0 : errno;
                if (refused == 0) return forget(), true;
            }
            if (refused == EEXIST) return false;
            if (refused != 0) refuse("cannot give " + name_ + " its name", refused);
            temporary_.clear();
            return true;
        }
        void forget() noexcept {
            if (!temporary_.empty()) ::unlink(temporary_.c_str());
            temporary_.clear();
        }

        file out_;
        std::string root_;
        std::string temporary_;  ///< empty when there is none any more
        std::string name_;
        Durability by_;
    };

    [[nodiscard]] writer create(std::string const& name) const {
        auto const path = path_of(name);
        auto const folder = folder_of(path);
        make_folders(folder);
        auto temporary = detail::temporary_name(path);
        auto out = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL);
        for (int again = 0; !out.is_open(); ++again) {  // an empty folder may be tidied up at any time
            if (again == 10) refuse("cannot create " + temporary, ENOENT);
            make_folders(folder);
            out = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL);
        }
        return {std::move(out), folder_, std::move(temporary), path, by_};
    }

    [[nodiscard]] std::optional<file> open(std::string const& name) const {
        require_folder();
        auto found = open_file(path_of(name));
        if (found.is_open()) return found;
        require_no_lost_link(path_of(name));
        return std::nullopt;
    }

    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const {
        require_folder();
        auto const path = folder.empty() ? folder_ : path_of(folder);
        detail::open_folder const reading{::opendir(path.c_str())};
        if (!reading && errno != ENOENT) refuse("cannot list " + path);
        std::vector<std::string> names;
        if (!reading) {
            require_no_lost_link(path);
            return names;
        }
        for (errno = 0; auto const* const entry = ::readdir(reading.get()); errno = 0) {
            std::string name{entry->d_name};
            if (name.front() == '.') continue;
            auto const is = kind_of(*entry, ::dirfd(reading.get()), path);
            if (is == kind::folder) name += '/';
            if (is != kind::gone) names.push_back(std::move(name));
        }
        if (errno != 0) refuse("cannot list " + path);
        std::sort(names.begin(), names.end());
        return names;
    }

    /// Removes a folder with its last object, and what crashes have left in it. Where there is nothing of that name it
    /// looks for what they have left among other objects, too.
    bool remove(std::string const& name) const {
        auto const path = path_of(name);
        auto const folder = folder_of(path);
        bool const there = ::unlink(path.c_str()) == 0;
        if (!there && errno != ENOENT) refuse("cannot remove " + path);
        if (there) by_.keep_names(folder);
        if (folder.size() > folder_.size()) detail::tidy_folder(folder, !there);
        return there;
    }

private:
    static std::string folder_of(std::string const& path) { return path.substr(0, path.rfind('/')); }
    [[nodiscard]] std::string path_of(std::string const& name) const {
        check_object_name(name);
        return folder_ + '/' + name;
    }

    enum class kind { object, folder, gone };
    /// Many file systems do not tell it with the name, NFS among them; and a folder may be a link to one on another
    /// disk, which must never look like an object, or like nothing while that disk is away.
    static kind kind_of(::dirent const& entry, int folder, std::string const& path) {
        if (entry.d_type == DT_REG) return kind::object;
        if (entry.d_type == DT_DIR) return kind::folder;
        struct stat found {};
        if (::fstatat(folder, entry.d_name, &found, 0) == 0)
            return S_ISDIR(found.st_mode) ? kind::folder : kind::object;
        int const why = errno;
        if (why == ENOENT && ::fstatat(folder, entry.d_name, &found, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
            return kind::gone;
        refuse("cannot look at " + path + '/' + entry.d_name, why);
    }

    /// A disk that is not mounted must never look like an empty store.
    void require_folder() const {
        if (::access(folder_.c_str(), X_OK) != 0) refuse("the store " + folder_ + " cannot be entered");
    }

    /// Nor must a part of the store that is on another disk, behind a symbolic link. `path` was not found.
    void require_no_lost_link(std::string path) const {
        struct stat found {};
        while (path.size() > folder_.size() && ::lstat(path.c_str(), &found) != 0) {
            if (errno != ENOENT) refuse("cannot look at " + path);
            path.resize(path.rfind('/'));
        }
        if (path.size() > folder_.size() && S_ISLNK(found.st_mode) && ::stat(path.c_str(), &found) != 0)
            refuse("cannot follow the link " + path);
    }

    /// Each folder is durable in its parent before there is anything in it, else a loss of power would take all of that
    /// along. One that is found empty may be of somebody who was killed before he came as far as that.
    void make_folders(std::string const& path) const {
        require_folder();
        std::string above = folder_;
        std::string unsure;  ///< where `above` has its name, when it was there already
        for (auto end = folder_.size(); end < path.size();) {
            end = std::min(path.find('/', end + 1), path.size());
            auto part = path.substr(0, end);
            bool const found = ::mkdir(part.c_str(), 0700) != 0;
            if (found && errno != EEXIST) refuse("cannot create " + part);
            if (!found && !unsure.empty()) by_.keep_names(unsure);
            if (!found || (end == path.size() && is_empty(part))) by_.keep_names(above);
            unsure = found ? above : std::string{};
            above = std::move(part);
        }
    }
    static bool is_empty(std::string const& folder) {
        detail::open_folder const reading{::opendir(folder.c_str())};
        if (!reading) return true;
        while (auto const* const entry = ::readdir(reading.get())) {
            std::string_view const name{entry->d_name};
            if (name != "." && name != "..") return false;
        }
        return true;
    }

    std::string folder_;
    Durability by_;
};

static_assert(store<posix_store<>> && replacing_writer<posix_store<>::writer>);

}  // namespace walmgr
