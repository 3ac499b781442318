/// What a command with many steps has done so far, so that it can be killed anywhere and be resumed: each step is
/// written down before it is begun and after it is done, and is durable each time.
///
/// A file of lines `begin STEP`, `done STEP` and `note NAME VALUE`; the first names the command. A line that was cut
/// off is none.
#pragma once

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/error.hpp>
#include <walmgr/file.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// The journal of one command. While it lives nobody else opens that file. Not thread-safe.
class journal {
public:
    /// Opens the journal of `command`, or goes on with one that was left behind. The folder must exist.
    /// @throws error  locked, while somebody else works with it, or when another command is unfinished there, which
    ///                it names; unavailable
    journal(std::string path, std::string_view command) : path_{std::move(path)} {
        do {
            file_ = open_file(path_, O_RDWR | O_CREAT | O_APPEND);
            if (!file_.is_open()) refuse("cannot open the journal " + path_, ENOENT);
            if (::flock(file_.descriptor(), LOCK_EX | LOCK_NB) != 0)
                throw error{fault::locked, "somebody else works with the journal " + path_ +
                                               ", or what an earlier run has started is not done yet; try again later"};
        } while (!has_its_name());
        read();
        if (lines_.empty()) {
            append("command", command);
            sync_folder(folder());
        } else if (lines_.front() != "command " + std::string{command}) {
            throw error{fault::locked, "the journal " + path_ + " says that \"" + lines_.front().substr(8) +
                                           "\" is unfinished; finish that first"};
        } else {
            resumed_ = lines_.size() > 1;
        }
    }

    /// Whether an earlier run has left it behind.
    [[nodiscard]] bool resumed() const noexcept { return resumed_; }
    /// Whether a step was begun, by this run or an earlier one.
    [[nodiscard]] bool begun(std::string_view step) const { return has("begin", step); }
    /// Whether a step was done.
    [[nodiscard]] bool done(std::string_view step) const { return has("done", step); }

    /// Does a step unless it was done: `act()` may have been run before, by somebody who was killed in it.
    template <class F> void step(std::string_view name, F&& act) {
        if (done(name)) return;
        append("begin", name);
        std::forward<F>(act)();
        append("done", name);
    }

    /// Keeps a fact for whoever resumes. `value` is one line.
    void note(std::string_view name, std::string_view value) {
        append("note", std::string{name}.append(" ").append(value));
    }
    /// The newest value of a fact.
    [[nodiscard]] std::optional<std::string> noted(std::string_view name) const {
        auto const start = std::string{"note "}.append(name).append(" ");
        auto const found =
            std::find_if(lines_.rbegin(), lines_.rend(), [&](auto const& line) { return line.starts_with(start); });
        if (found == lines_.rend()) return std::nullopt;
        return found->substr(start.size());
    }

    /// The command is over: the file goes away.
    void finish() {
        if (::unlink(path_.c_str()) != 0) refuse("cannot remove the journal " + path_);
        sync_folder(folder());
    }

    /// Its lock; see process_options::inherited.
    [[nodiscard]] int descriptor() const noexcept { return file_.descriptor(); }

private:
    [[nodiscard]] std::string folder() const {
        auto const slash = path_.rfind('/');
        return slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    }
    [[nodiscard]] bool has(std::string_view verb, std::string_view step) const {
        auto const line = std::string{verb}.append(" ").append(step);
        return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
    }
    /// Whoever had the lock may have come to his end between our opening the file and our locking it: then what we
    /// have open is his, and is over.
    [[nodiscard]] bool has_its_name() const {
        struct stat ours {};
        struct stat named {};
        if (::fstat(file_.descriptor(), &ours) != 0) refuse("cannot look at " + path_);
        if (::stat(path_.c_str(), &named) == 0) return ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
        if (errno != ENOENT) refuse("cannot look at " + path_);
        return false;
    }
    void append(std::string_view verb, std::string_view rest) {
        auto line = std::string{verb}.append(" ").append(rest);
        std::replace(line.begin(), line.end(), '\n', ' ');
        file_.write(line + '\n');
        file_.sync();
        lines_.push_back(std::move(line));
    }
    void read() {
        std::string text(static_cast<std::size_t>(file_.size()), '\0');
        text.resize(file_.read(0, text));
        std::size_t at = 0;
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
            lines_.push_back(text.substr(at, end - at));
            at = end + 1;
        }
        if (at < text.size() && ::ftruncate(file_.descriptor(), static_cast<off_t>(at)) != 0)
            refuse("cannot write " + path_);
    }

    std::string path_;
    file file_{};
    std::vector<std::string> lines_{};
    bool resumed_ = false;
};

}  // namespace walmgr
