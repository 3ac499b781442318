/// Several threads that each put files into parts of their own.
#pragma once

#include <walmgr/backup/data_files.hpp>
#include <walmgr/backup/packed_part.hpp>
#include <walmgr/backup/part_limits.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/tar_writer.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Gives parts their names, and keeps those that are done. Thread-safe.
class part_list {
public:
    explicit part_list(std::size_t archives) : next_(archives) {}

    /// The number of the next part of an archive.
    unsigned take_number(std::size_t archive) {
        std::lock_guard const lock{mutex_};
        return next_[archive]++;
    }
    /// Whether an archive has a part.
    bool has_part(std::size_t archive) {
        std::lock_guard const lock{mutex_};
        return next_[archive] > 0;
    }
    void add(backup_part done) {
        std::lock_guard const lock{mutex_};
        done_.push_back(std::move(done));
    }
    /// All of them, sorted by name.
    std::vector<backup_part> take() {
        std::lock_guard const lock{mutex_};
        std::sort(done_.begin(), done_.end(), [](auto const& a, auto const& b) { return a.object < b.object; });
        return std::move(done_);
    }

private:
    std::mutex mutex_{};
    std::vector<unsigned> next_;
    std::vector<backup_part> done_{};
};

/// The parts of one thread, one after the other. The first part of an archive, whichever thread has it, begins with the
/// archive's folders. `Job`: see backup_job. What is not ended by finish() is not stored.
template <class Job> class part_series {
public:
    part_series(Job const& job, part_list& parts, std::vector<data_archive> const& archives)
        : job_{job}, parts_{parts}, archives_{archives}, where_{job.open()} {}

    /// Begins a member, in a new part where the one before is of another archive or long enough, and a long member in
    /// a part of its own. @throws error  from the store
    void begin(std::size_t archive, tar_entry const& entry, tar_origin const& from) {
        if (part_ && (archive != archive_ || std::max(part_->raw_size(), entry.size) >= job_.order.part_size)) finish();
        if (!part_) open(archive);
        header(entry, from);
    }
    /// Bytes of it, and the padding behind them.
    void write(std::string_view bytes) { part_->write(bytes); }

    /// Makes an archive's folders durable, if it has no part. @throws error  from the store
    void add_folders(std::size_t archive) {
        if (parts_.has_part(archive)) return;
        finish();
        open(archive);
    }
    /// Makes the last part durable. @throws error  from the store
    void finish() {
        if (!part_) return;
        part_->write(std::string(tar_end_bytes, '\0'));
        parts_.add(part_->finish(job_.from));
        part_.reset();
    }

private:
    void open(std::size_t archive) {
        auto const& of = archives_[archive];
        auto const number = parts_.take_number(archive);
        archive_ = archive;
        part_.emplace(where_, job_.way, job_.folder, detail::part_name(of.name, number));
        if (number > 0) return;
        for (auto const& folder : of.folders)
            header(folder.entry, folder.from);
    }
    void header(tar_entry const& entry, tar_origin const& from) {
        part_->count_member();
        part_->write(tar_header(entry, from));
    }

    using store_type = decltype(std::declval<Job const&>().open());
    using codec_type = std::remove_cvref_t<decltype(std::declval<Job const&>().way)>;

    Job const& job_;
    part_list& parts_;
    std::vector<data_archive> const& archives_;
    store_type where_;
    std::optional<packed_part<store_type, codec_type>> part_{};
    std::size_t archive_ = 0;
};

}  // namespace walmgr
