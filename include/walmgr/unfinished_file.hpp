/// A file that appears in its place when it is whole, and else never was.
#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr {

/// Written without a name where the file system can do that, so that a crash leaves nothing behind, and else beside its
/// place under a name that nobody else has. Several for one place are in nobody's way: the last to finish has it.
/// Waits for no disk. @throws error  unavailable and disk_full
class unfinished_file {
public:
    explicit unfinished_file(std::string place) : place_{std::move(place)} {
        auto const cut = place_.rfind('/');
        auto const folder = cut == std::string::npos ? std::string{"."} : place_.substr(0, cut + 1);
        int const nameless = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
        if (nameless >= 0) {
            out_ = file{nameless, place_};
            if (::access(entry().c_str(), F_OK) == 0) return;
        }
        name_ = beside();
        out_ = open_file(name_, O_WRONLY | O_CREAT | O_EXCL);
        if (!out_.is_open()) refuse("cannot create " + std::exchange(name_, {}), ENOENT);
    }
    unfinished_file(unfinished_file const&) = delete;
    unfinished_file& operator=(unfinished_file const&) = delete;
    ~unfinished_file() {
        if (!name_.empty()) ::unlink(name_.c_str());
    }

    void write(std::string_view bytes) { out_.write(bytes); }
    /// Gives it its place, of which it takes what is there.
    void finish() {
        if (name_.empty()) {
            if (link_to(place_)) return out_.close();
            if (errno != EEXIST) refuse("cannot give " + place_ + " its name");
            auto const name = beside();
            if (!link_to(name)) refuse("cannot create " + name);
            name_ = name;
        }
        out_.close();
        if (std::rename(name_.c_str(), place_.c_str()) != 0) refuse("cannot give " + place_ + " its name");
        name_.clear();
    }

private:
    /// The name by which the system knows what has none.
    [[nodiscard]] std::string entry() const { return "/proc/self/fd/" + std::to_string(out_.descriptor()); }
    [[nodiscard]] std::string beside() const { return place_ + '.' + unique_word() + ".walmgr.tmp"; }
    [[nodiscard]] bool link_to(std::string const& name) const {
        return ::linkat(AT_FDCWD, entry().c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    }

    std::string place_;
    std::string name_{};  ///< empty while it has none
    file out_{};
};

}  // namespace walmgr
