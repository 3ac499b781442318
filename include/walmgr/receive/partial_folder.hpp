/// The folder in which received log waits until the repository has it. What lies there, each under a name of its own:
///
/// `000000010000000000000042`: whole and durable, not in the repository yet; beside it its digest, with `.sha256`.
///
/// `000000010000000000000043.partial`: being received, of full length, with zeros behind what was received.
///
/// `000000010000000000000041.partial.0003F028.ended`: the last one of a timeline that has ended or was given up, up to
/// that length, on its way into the repository, where it has no `.ended`. (A walmgr of before: without a length.)
///
/// `00000002.history`: where a timeline comes from, not in the repository yet.
///
/// `flushed`: up to which position of which timeline the log is durable here.
///
/// `receiver`: 16 digits that no other such folder has.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>
#include <walmgr/file.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/receive/received_digest.hpp>
#include <walmgr/store/posix.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cerrno>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Of the segment that is being received.
inline constexpr std::string_view partial_ending = ".partial";
/// Of the last segment of a timeline that has ended.
inline constexpr std::string_view ended_ending = ".ended";

/// A position on a timeline.
struct wal_position {
    timeline tli{};
    lsn at{};

    friend bool operator==(wal_position const&, wal_position const&) = default;
};

/// The last segment of a timeline.
struct ended_segment {
    segment which{};
    std::string file{};        ///< its name
    std::uint64_t length = 0;  ///< up to where it was received; 0 where its name does not say

    friend auto operator<=>(ended_segment const&, ended_segment const&) = default;
};

/// What lies in such a folder, each list sorted.
struct partial_contents {
    std::vector<segment> whole{};
    std::vector<segment> unfinished{};
    std::vector<ended_segment> ended{};
    std::vector<timeline> histories{};

    friend bool operator==(partial_contents const&, partial_contents const&) = default;
};

/// Nothing when there is no folder of that name. Other files in it are passed over. @throws error  unavailable
inline std::optional<partial_contents> list_partials(std::string const& folder, segment_size size) {
    if (::access(folder.c_str(), F_OK) != 0 && errno == ENOENT) return std::nullopt;
    partial_contents found;
    for (auto const& file : posix_store{folder}.list("")) {
        std::string_view text{file};
        bool const ended = text.ends_with(ended_ending);
        if (ended) text.remove_suffix(ended_ending.size());
        auto const name = parse_wal_name(text);
        if (!name) continue;
        if (name->kind == wal_kind::history) found.histories.push_back(name->tli);
        auto const which = segment_of(*name, size);
        if (!which || name->kind == wal_kind::backup) continue;
        if (ended) found.ended.push_back({*which, file, name->offset});
        else (name->kind == wal_kind::partial ? found.unfinished : found.whole).push_back(*which);
    }
    return found;
}

/// Up to where the log is durable in such a folder; nothing before anything was.
inline std::optional<wal_position> read_flushed(std::string const& folder) {
    auto const from = open_file(folder + "/flushed");
    if (!from.is_open()) return std::nullopt;
    std::string text(26, '\0');
    text.resize(from.read(0, text));
    std::string_view const line{text};
    if (line.size() != 26 || line[8] != ' ' || line.back() != '\n') return std::nullopt;
    auto const tli = detail::hex_number<std::uint32_t>(line.substr(0, 8), true);
    auto const at = detail::hex_number<std::uint64_t>(line.substr(9, 16), true);
    if (!tli || !at) return std::nullopt;
    return wal_position{timeline{*tli}, lsn{*at}};
}

/// By what the receiver of such a folder is known; empty before it has begun.
inline std::string read_receiver_id(std::string const& folder) {
    auto const from = open_file(folder + "/receiver");
    std::string text(16, '\0');
    if (from.is_open()) text.resize(from.read(0, text));
    return from.is_open() && detail::hex_number<std::uint64_t>(text, true) && text.size() == 16 ? text : std::string{};
}

/// The folder as its only receiver has it. For one thread, but for remove().
class partial_folder {
public:
    /// @throws error  unavailable, when there is no such folder; locked, when somebody else receives into it
    explicit partial_folder(std::string path) : path_{std::move(path)} {
        // A disk that is not mounted must not look like a folder in which nothing was received yet.
        lock_ = open_file(path_ + "/.lock", O_RDWR | O_CREAT);
        if (!lock_.is_open())
            throw error{fault::unavailable, "there is no folder " + path_ + "; create it for the user that receives"};
        if (::flock(lock_.descriptor(), LOCK_EX | LOCK_NB) != 0)
            throw error{fault::locked, "another process receives into " + path_ + " already"};
        flushed_ = open_file(path_ + "/flushed", O_RDWR | O_CREAT);
        sync_folder(path_);
    }

    /// As it was opened.
    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    /// The path of a file in it.
    [[nodiscard]] std::string operator/(std::string const& name) const { return path_ + '/' + name; }
    /// What lies in it.
    [[nodiscard]] partial_contents list(segment_size size) const { return list_partials(path_, size).value(); }
    /// By what its receivers are known, now and later.
    [[nodiscard]] std::string receiver_id() const {
        auto id = read_receiver_id(path_);
        if (!id.empty()) return id;
        std::uint64_t chance = 0;
        if (::getentropy(&chance, sizeof chance) != 0) refuse("the system gives no random numbers");
        id = detail::hex_text(chance, 16);
        write("receiver", id + '\n');
        return id;
    }
    /// What note_flushed() was told last, perhaps by an earlier process.
    [[nodiscard]] std::optional<wal_position> flushed() const { return read_flushed(path_); }

    /// To be called after what lies before it was made durable: what it says may get lost, but is never too much.
    void note_flushed(wal_position const& now) {
        auto const text =
            detail::hex_text(static_cast<std::uint32_t>(now.tli), 8) + ' ' + detail::hex_text(now.at.bytes, 16) + '\n';
        if (::pwrite(flushed_.descriptor(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
            refuse("cannot write " + flushed_.path());
    }
    /// Gives a file another name, durably.
    void rename(std::string const& from, std::string const& to) const {
        if (std::rename((*this / from).c_str(), (*this / to).c_str()) != 0) refuse("cannot rename " + *this / from);
        sync_folder(path_);
    }
    /// A short file that is durable when this returns.
    void write(std::string const& name, std::string_view bytes) const {
        auto out = open_file(*this / ('.' + name + ".tmp"), O_WRONLY | O_CREAT | O_TRUNC);
        out.write(bytes);
        out.sync();
        rename('.' + name + ".tmp", name);
    }
    /// With its digest. Nothing happens when it is gone already.
    void remove(std::string const& name) const {
        ::unlink(digest_path(*this / name).c_str());
        if (::unlink((*this / name).c_str()) != 0 && errno != ENOENT) refuse("cannot remove " + *this / name);
    }

private:
    std::string path_;
    file lock_{};
    file flushed_{};
};

/// The segment that is being received. What an earlier process has received of it stays until it is overwritten with
/// the same bytes: it may be the only copy of them.
class partial_segment {
public:
    /// Takes all the room that it needs. @throws error  disk_full, and then there is no new file
    partial_segment(partial_folder const& in, segment which, segment_size size)
        : in_{&in}, which_{which}, name_{file_name(which, size)}, size_{size} {
        auto const path = in / (name_ + std::string{partial_ending});
        auto const was_there = ::access(path.c_str(), F_OK) == 0;
        out_ = open_file(path, O_RDWR | O_CREAT);
        if (!out_.is_open()) refuse("cannot create " + path, ENOENT);
        if (int const refused = ::posix_fallocate(out_.descriptor(), 0, static_cast<off_t>(size.bytes)); refused != 0) {
            if (!was_there) ::unlink(path.c_str());
            refuse("there is no room for " + path, refused);
        }
        out_.sync();
        sync_folder(in.path());
    }

    /// Which one it is.
    [[nodiscard]] segment which() const noexcept { return which_; }

    /// Writes at an offset. Lets the disk begin with each mebibyte, so that flush() finds most of the work done.
    void write(std::uint64_t offset, std::string_view bytes) {
        if (offset == hashed_) {
            hash_.update(bytes);
            hashed_ += bytes.size();
        }
        while (!bytes.empty()) {
            auto const count = ::pwrite(out_.descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (count < 0 && errno != EINTR) refuse("cannot write " + out_.path());
            if (count <= 0) continue;
            offset += static_cast<std::uint64_t>(count);
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        constexpr std::uint64_t step = 1U << 20U;
        auto const begun = offset & ~(step - 1);
        if (begun <= begun_) return;
        ::sync_file_range(out_.descriptor(), static_cast<off_t>(begun_), static_cast<off_t>(begun - begun_),
                          SYNC_FILE_RANGE_WRITE);
        begun_ = begun;
    }
    /// Returns when what was written will survive a loss of power. When it throws, nothing of it may be relied on until
    /// all of it was written again.
    void flush() {
        if (::fdatasync(out_.descriptor()) != 0) refuse("cannot make " + out_.path() + " durable");
    }
    /// All was written: the segment is whole from now on, under its own name.
    void finish() {
        flush();
        auto const path = *in_ / name_;
        ::unlink(digest_path(path).c_str());
        if (hashed_ == size_.bytes) keep_received_digest(path, hash_.finish());
        in_->rename(name_ + std::string{partial_ending}, name_);
    }

private:
    partial_folder const* in_;
    segment which_;
    std::string name_;
    segment_size size_;
    file out_{};
    std::uint64_t begun_ = 0;
    sha256 hash_{};
    std::uint64_t hashed_ = 0;  ///< bytes, from the begin on without a hole
};

}  // namespace walmgr
