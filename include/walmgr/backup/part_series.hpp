/// Several threads that each put files into parts of their own.
#pragma once

#include <walmgr/backup/data_files.hpp>
#include <walmgr/backup/packed_part.hpp>
#include <walmgr/backup/part_contents.hpp>
#include <walmgr/backup/part_name.hpp>
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
    /// `first`: the number of the first part of each archive.
    explicit part_list(std::vector<unsigned> first) : first_{std::move(first)}, next_{first_} {}

    /// The number of the next part of an archive.
    unsigned take_number(std::size_t archive) {
        std::lock_guard const lock{mutex_};
        return next_[archive]++;
    }
    /// Whether that number is the first of its archive.
    [[nodiscard]] bool is_first(std::size_t archive, unsigned number) const { return number == first_[archive]; }
    /// Whether an archive has a part.
    bool has_part(std::size_t archive) {
        std::lock_guard const lock{mutex_};
        return next_[archive] > first_[archive];
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
    std::vector<unsigned> first_;
    std::vector<unsigned> next_;
    std::vector<backup_part> done_{};
};

/// The parts of one thread, one after the other. The first part of an archive, whichever thread has it, begins with the
/// archive's folders. Beside each part goes a list of its contents, for an attempt that goes on with it. `Job`: see
/// backup_job. What is not ended by finish() is not stored.
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
    /// The member is over; `was` is what came.
    void end(manifest_file const& was) { contents_.files.emplace(member_, was); }

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
        contents_.part = part_->finish(job_.from);
        store_part_contents(where_, job_.folder, job_.way, contents_);
        parts_.add(std::move(contents_.part));
        contents_ = {};
        part_.reset();
    }

private:
    void open(std::size_t archive) {
        auto const& of = archives_[archive];
        auto const number = parts_.take_number(archive);
        archive_ = archive;
        part_.emplace(where_, job_.way, job_.folder, to_string(part_name{of.name, number}));
        if (!parts_.is_first(archive, number)) return;
        for (auto const& folder : of.folders) {
            header(folder.entry, folder.from);
            contents_.folders.push_back(folder.entry.name);
        }
    }
    void header(tar_entry const& entry, tar_origin const& from) {
        member_ = entry.name;
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
    part_contents contents_{};
    std::string member_{};
};

}  // namespace walmgr
