/// Room for what a restore writes, looked at before it writes anything. What is sure is told apart from what is likely:
/// a restore that could succeed must never be refused.
#pragma once

#include <sys/stat.h>
#include <walmgr/backup/chain.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/disk_room.hpp>
#include <walmgr/restore/outside_folders.hpp>
#include <walmgr/restore/plan.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace walmgr {

/// What a restore needs of one file system.
struct needed_room {
    std::vector<std::string> folders{};  ///< that are to lie there
    std::uint64_t least = 0;             ///< bytes of files that are there at one moment, whatever else is
    std::uint64_t likely = 0;            ///< the same, with what is known about as much
    std::uint64_t there = 0;             ///< bytes that are in these folders now, and are replaced or kept: no fewer
    disk_room disk{};

    /// Whether it cannot succeed.
    [[nodiscard]] bool cannot_be() const { return disk.plain && least > disk.at_most + there; }
    /// Whether it may fail.
    [[nodiscard]] bool is_short() const { return likely > disk.free + there; }
};

namespace detail {

/// Bytes for each place: those of `outside`, and behind them the data folder.
class room_of_stages {
public:
    explicit room_of_stages(std::vector<outside_folder> const& outside)
        : outside_{outside}, least_(outside.size() + 1), likely_(outside.size() + 1) {}

    /// All files of a manifest are there at the same time, once what it names was written. How long a file is of which
    /// it has the changes only, it does not say: about as long as it was before.
    void add(backup_manifest const& files, bool in_chain) {
        std::vector<std::uint64_t> sure(least_.size());
        auto about = sure;
        std::map<std::string, std::uint64_t> lengths;
        for (auto const& [path, file] : files.files) {
            auto const changed = in_chain ? changed_file(path) : std::nullopt;
            auto const before = changed ? lengths_.find(*changed) : lengths_.end();
            auto const length = !changed ? file.size : before != lengths_.end() ? before->second : 0;
            auto const where = place_of(path);
            sure[where] += changed ? 0 : length;
            about[where] += length;
            if (in_chain) lengths.emplace(changed.value_or(path), length);
        }
        lengths_ = std::move(lengths);
        for (std::size_t i = 0; i < sure.size(); ++i) {
            least_[i] = std::max(least_[i], sure[i]);
            likely_[i] = std::max(likely_[i], about[i]);
        }
    }

    /// The most that is there at one moment: for sure, and likely.
    [[nodiscard]] std::uint64_t least(std::size_t place) const { return least_[place]; }
    [[nodiscard]] std::uint64_t likely(std::size_t place) const { return likely_[place]; }

private:
    [[nodiscard]] std::size_t place_of(std::string_view path) const {
        auto const found = std::find_if(outside_.begin(), outside_.end(),
                                        [&](outside_folder const& one) { return lies_in(path, one.link); });
        return static_cast<std::size_t>(found - outside_.begin());
    }

    std::vector<outside_folder> const& outside_;
    std::vector<std::uint64_t> least_;
    std::vector<std::uint64_t> likely_;
    std::map<std::string, std::uint64_t> lengths_{};  ///< of the files as they are by now, for a chain
};

/// What is in a folder already.
struct bytes_there {
    std::uint64_t bytes = 0;  ///< no fewer than are freed or kept
    bool sure = true;         ///< false when not all was seen, or some of it lies on another disk
};
inline bytes_there bytes_in(std::string const& folder) {
    bytes_there all;
    struct ::stat top {};
    if (::stat(folder.c_str(), &top) != 0) {
        all.sure = errno == ENOENT;
        return all;
    }
    std::error_code problem;
    std::filesystem::recursive_directory_iterator at{folder, problem};
    for (; !problem && at != std::filesystem::recursive_directory_iterator{}; at.increment(problem)) {
        struct ::stat found {};
        if (::lstat(at->path().c_str(), &found) != 0) continue;
        if (found.st_dev != top.st_dev) all.sure = false;
        // One with holes is kept as it is where its bytes are right.
        constexpr std::uint64_t unit = 512;
        all.bytes +=
            std::max(static_cast<std::uint64_t>(found.st_size), static_cast<std::uint64_t>(found.st_blocks) * unit);
    }
    if (problem) all.sure = false;
    return all;
}

}  // namespace detail

/// What carrying out a plan needs, by file systems; those that do not tell their room are left out. Writes nothing.
/// `data` may be missing, as may folders of `outside`.
inline std::vector<needed_room> room_needed_by(restore_plan const& plan, std::string const& data,
                                               std::vector<outside_folder> const& outside) {
    detail::room_of_stages stages{outside};
    for (auto const& one : plan.before)
        stages.add(one.manifest, true);
    stages.add(plan.manifest, !plan.before.empty());
    std::vector<needed_room> all;
    for (std::size_t i = 0; i <= outside.size(); ++i) {
        auto const& folder = i < outside.size() ? outside[i].path : data;
        auto const disk = room_at(folder);
        if (!disk) continue;
        auto same = std::find_if(all.begin(), all.end(),
                                 [&](needed_room const& one) { return one.disk.is_shared_with(*disk); });
        if (same == all.end()) same = all.insert(same, {.disk = *disk});
        auto const there = detail::bytes_in(folder);
        same->folders.push_back(folder);
        same->least += stages.least(i);
        same->likely += stages.likely(i);
        same->there += there.bytes;
        same->disk.plain = same->disk.plain && disk->plain && there.sure;
    }
    return all;
}

}  // namespace walmgr
