/// Files of a backup that are as they were in another one, and so are stored once.
#pragma once

#include <walmgr/backup_manifest.hpp>
#include <walmgr/tar_reader.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr {

/// The files of a manifest that an earlier one has with the same length and digest.
inline std::map<std::string, manifest_file> unchanged_files(backup_manifest const& before, backup_manifest const& now) {
    std::map<std::string, manifest_file> same;
    for (auto const& [path, file] : now.files) {
        auto const was = before.files.find(path);
        if (was != before.files.end() && was->second == file && !file.sha256.empty()) same.emplace(path, file);
    }
    return same;
}

/// In front of a pool of parts: members of a tar file go on to it, but for files that `before` has with the same bytes.
/// That is known at a file's end only. So a small one waits in memory, and a large one gets a part of its own, which is
/// given up if nothing in it is new.
template <class Pool> class changed_members {
public:
    static constexpr std::uint64_t small = std::uint64_t{1} << 20U;

    /// Without `before` all members go on. It must live as long.
    changed_members(Pool& pool, backup_manifest const* before) : pool_{pool}, before_{before} {}

    /// Whether the member needs a part that holds no other.
    [[nodiscard]] bool wants_own_part(std::string const& path, tar_entry const& entry) const {
        return entry.size > small && may_be_same(path, entry);
    }
    /// A member begins; when it wants a part of its own, in a new part.
    void begin(std::string const& path, tar_entry const& entry) {
        state_ = !may_be_same(path, entry) ? state::passes : entry.size > small ? state::alone : state::waits;
        if (state_ != state::waits) pool_.count_member();
    }
    void raw(std::string_view bytes) {
        if (state_ == state::waits) waiting_ += bytes;
        else pool_.write(bytes);
    }
    /// A file has ended, of which perhaps padding comes yet.
    void end(std::string const& path, manifest_file const& file) {
        same_ = state_ != state::passes && before_->files.at(path) == file;
    }
    /// The member is over, before another begins or the archive ends. @return whether the part that it had for itself
    /// was given up
    bool settle() {
        auto const was = std::exchange(state_, state::passes);
        if (was == state::waits && !same_) {
            pool_.count_member();
            pool_.write(waiting_);
        }
        waiting_.clear();
        bool const given_up = was == state::alone && same_;
        if (given_up) pool_.give_up();
        same_ = false;
        return given_up;
    }

private:
    enum class state { passes, waits, alone };

    [[nodiscard]] bool may_be_same(std::string const& path, tar_entry const& entry) const {
        if (before_ == nullptr || entry.kind != tar_kind::file) return false;
        auto const was = before_->files.find(path);
        return was != before_->files.end() && was->second.size == entry.size && !was->second.sha256.empty();
    }

    Pool& pool_;
    backup_manifest const* before_;
    state state_ = state::passes;
    bool same_ = false;
    std::string waiting_{};
};

}  // namespace walmgr
