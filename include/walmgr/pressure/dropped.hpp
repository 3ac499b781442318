/// Log that was given up while the disk under it filled: noted on this machine, durably, before the server hears that
/// it need not keep it, until each repository knows what it lacks.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/cluster.hpp>
#include <walmgr/file.hpp>
#include <walmgr/page_header.hpp>
#include <walmgr/text_file.hpp>
#include <walmgr/visit_names.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// What was noted of a segment, whole or partial.
struct dropped_file {
    std::string name{};  ///< as the server names it
    std::uint64_t system_id = 0;
    segment_size size{};
    std::string folder{};  ///< of the server's log, where it may still be
    std::string why{};     ///< one line, with the time

    /// Which segment then is missing. @throws error  corrupt
    [[nodiscard]] segment which() const {
        auto const parsed = parse_wal_name(name);
        auto const found = parsed ? segment_of(*parsed, size) : std::nullopt;
        if (!found) throw error{fault::corrupt, "a note of dropped log has no name of a segment: " + name};
        return *found;
    }
    [[nodiscard]] std::string path() const { return folder + '/' + name; }
};

/// The notes of one cluster, in a folder of their own that comes to be with the first, and that everybody may read. In
/// it lie as well the small files, histories, that were put aside meanwhile: of those nothing is lost. Several
/// processes may use it.
class dropped_log {
public:
    explicit dropped_log(std::string folder) : folder_{std::move(folder)} {}

    /// Where the notes lie.
    [[nodiscard]] std::string const& folder() const noexcept { return folder_; }
    /// The names of all that was noted, oldest first. Costs one look into a folder that is most often not there.
    [[nodiscard]] std::vector<std::string> names() const { return with_ending(noted); }
    /// The names of the files that were put aside.
    [[nodiscard]] std::vector<std::string> aside() const { return with_ending(kept); }
    /// Where a note lies, and a file that was put aside.
    [[nodiscard]] std::string note_path(std::string const& name) const { return path_of(name, noted); }
    [[nodiscard]] std::string aside_path(std::string const& name) const { return path_of(name, kept); }

    /// Whether anything can be noted by this user. Better found out before the disk fills than then.
    [[nodiscard]] bool is_writable() const {
        auto const there = ::access(folder_.c_str(), F_OK) == 0 ? folder_ : folder_.substr(0, folder_.rfind('/') + 1);
        return ::access(there.c_str(), W_OK | X_OK) == 0;
    }
    /// Notes that the segment at `path` is given up, durably. Nothing is noted of what is no such segment.
    /// @throws error  identity; unavailable and disk_full: then the server must keep it
    void note(std::string const& path, std::string const& name, std::string const& why) const {
        auto const from = open_file(path);
        if (!from.is_open()) throw error{fault::negative, "there is no file " + path};
        std::array<char, page_header_bytes> start{};
        auto const page = parse_page_header({start.data(), from.read(0, start)});
        auto const parsed = parse_wal_name(name);
        if (!page || !parsed || from.size() != page->size.bytes)
            throw error{fault::identity, path + " is no whole segment"};
        check_segment_start({start.data(), start.size()}, *parsed,
                            {.name = {}, .system_id = page->system_id, .size = page->size}, path);
        write(path_of(name, noted), "system_id " + std::to_string(page->system_id) + "\nsegment_size " +
                                        std::to_string(page->size.bytes) + "\nfolder " +
                                        path.substr(0, path.rfind('/')) + "\nwhy " + why + '\n');
    }
    /// Keeps a copy of a small file, durably. @throws error  corrupt, for a large one; unavailable and disk_full
    void put_aside(std::string const& path, std::string const& name) const {
        constexpr std::size_t largest = std::size_t{256} << 10U;
        auto const from = open_file(path);
        if (!from.is_open()) throw error{fault::negative, "there is no file " + path};
        std::string text(largest + 1, '\0');
        text.resize(from.read(0, text));
        if (text.empty() || text.size() > largest)
            throw error{fault::corrupt,
                        path + " has " + std::to_string(text.size()) + " bytes, which no such file has"};
        write(path_of(name, kept), text);
    }

    /// What was noted; nothing when it was forgotten meanwhile. @throws error  corrupt
    [[nodiscard]] std::optional<dropped_file> find(std::string const& name) const {
        auto const note = note_path(name);
        auto found = read_text_file(note);
        if (!found) return std::nullopt;
        auto const text = '\n' + *found;
        auto const value = [&](std::string const& key) {
            auto const at = text.find('\n' + key + ' ');
            auto const begin = at + key.size() + 2;
            auto const end = at == text.npos ? at : text.find('\n', begin);
            if (end == text.npos) throw error{fault::corrupt, "the note " + note + " is damaged: it has no " + key};
            return text.substr(begin, end - begin);
        };
        auto const number = [&](std::string const& key) {
            auto const digits = value(key);
            std::uint64_t out = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), out);
            return out;
        };
        auto const size = valid_segment_size(static_cast<std::uint32_t>(number("segment_size")));
        if (!size) throw error{fault::corrupt, "the note " + note + " is damaged: it has no segment_size"};
        return dropped_file{name, number("system_id"), *size, value("folder"), value("why")};
    }
    /// Forgets what was noted, or a file that was put aside. What a crash brings back is forgotten again.
    void forget(std::string const& name) const {
        ::unlink(path_of(name, noted).c_str());
        ::unlink(path_of(name, kept).c_str());
    }

    /// Bytes in a log folder that the server has been told not to keep.
    [[nodiscard]] std::uint64_t removable(std::string const& log_folder) const {
        std::uint64_t all = 0;
        for (auto const& name : names()) {
            struct stat found {};
            if (::stat((log_folder + '/' + name).c_str(), &found) == 0)
                all += static_cast<std::uint64_t>(found.st_size);
        }
        return all;
    }

    /// For who brings what is here to the repositories; nothing open while somebody else does.
    [[nodiscard]] file lock() const {
        auto held = open_file(folder_ + "/lock", O_RDWR | O_CREAT, 0644);
        if (held.is_open() && ::flock(held.descriptor(), LOCK_EX | LOCK_NB) != 0) return {};
        return held;
    }

    /// That repositories, one a line, were silent for as long as was waited for them. Others need not find that out
    /// again at once.
    void note_silence(std::string const& locations) const { write(folder_ + "/silent", locations); }
    /// Those of less than `span` ago. A clock that was put back asks for another look.
    [[nodiscard]] std::string silent_since(std::chrono::seconds span) const {
        auto const path = folder_ + "/silent";
        struct stat found {};
        if (::stat(path.c_str(), &found) != 0) return {};
        auto const now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
        if (found.st_mtime > now || now - found.st_mtime >= span.count()) return {};
        return read_text_file(path).value_or("");
    }

private:
    static constexpr std::string_view noted = ".dropped";
    static constexpr std::string_view kept = ".aside";

    [[nodiscard]] std::string path_of(std::string const& name, std::string_view ending) const {
        return (folder_ + '/' + name).append(ending);
    }
    [[nodiscard]] std::vector<std::string> with_ending(std::string_view ending) const {
        std::vector<std::string> found;
        visit_names(folder_, [&](std::string_view name) {
            if (!name.ends_with(ending)) return;
            name.remove_suffix(ending.size());
            if (parse_wal_name(name)) found.emplace_back(name);
        });
        std::sort(found.begin(), found.end());
        return found;
    }
    /// A server asks one archiver at a time. The folder's own name is made durable as well: who made it may have been
    /// killed before that was done.
    void write(std::string const& path, std::string_view text) const {
        if (::mkdir(folder_.c_str(), 0755) != 0 && errno != EEXIST) refuse("cannot create " + folder_);
        replace_text_file(path, text, 0644);
        sync_folder(folder_.substr(0, folder_.rfind('/') + 1));
    }

    std::string folder_;
};

}  // namespace walmgr
