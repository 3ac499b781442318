/// Reads the files of a data folder and packs them into parts, several threads at a time.
#pragma once

#include <pgq/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <walmgr/backup/data_files.hpp>
#include <walmgr/backup/manifest_writer.hpp>
#include <walmgr/backup/pace.hpp>
#include <walmgr/backup/part_series.hpp>
#include <walmgr/backup/read_data_file.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/file.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

/// Which pages may be torn.
struct page_rules {
    bool checksums = false;  ///< whether the cluster's pages have any
    lsn start{};             ///< of the backup: what was changed later, the log has
};

/// What came of the files.
struct packed_files {
    std::vector<manifest_entry> entries{};
    std::vector<torn_page> torn{};
    std::set<std::string> stored_before{};  ///< paths of what an earlier attempt has stored, with the same bytes
};

namespace detail {

/// The work of all threads. For one run.
template <class Job> class file_packers {
public:
    file_packers(Job const& job, data_files const& all, part_list& parts, page_rules const& rules)
        : job_{job}, all_{all}, parts_{parts}, rules_{rules}, pace_{job.order.max_rate * 1024} {
        for (auto const& one : all.files)
            expected_ += one.size;
    }

    packed_files run(std::stop_token const& stop, auto&& each_second) {
        std::stop_callback const pass_on{stop, [this] { stop_.request_stop(); }};
        std::vector<std::jthread> threads;
        try {
            running_ = std::max(1U, job_.order.limits.workers);
            for (unsigned i = running_; i > 0; --i)
                threads.emplace_back([this] { work(); });
            std::unique_lock lock{mutex_};
            while (!ended_.wait_for(lock, std::chrono::seconds{1}, [this] { return running_ == 0; })) {
                lock.unlock();
                job_.progress(came_, expected_);
                each_second();
                lock.lock();
            }
        } catch (...) {
            stop_.request_stop();
            throw;
        }
        if (failure_) std::rethrow_exception(failure_);
        job_.progress(came_, expected_);
        return std::move(done_);
    }

private:
    void work() {
        std::exception_ptr failure;
        try {
            part_series<Job> parts{job_, parts_, all_.archives};
            for (auto number = next_++; number < all_.files.size(); number = next_++)
                pack(parts, all_.files[number]);
            parts.finish();
        } catch (...) { failure = std::current_exception(); }
        if (failure) stop_.request_stop();
        std::lock_guard const lock{mutex_};
        if (failure && (!failure_ || stopped_)) {
            failure_ = failure;
            stopped_ = is_stop(failure);
        }
        --running_;
        ended_.notify_all();
    }

    /// A thread that ends because another one failed is not the reason.
    static bool is_stop(std::exception_ptr const& failure) {
        try {
            std::rethrow_exception(failure);
        } catch (pgq::stopped const&) { return true; } catch (...) {
            return false;
        }
    }

    void pack(part_series<Job>& parts, data_file const& one) {
        auto const& archive = all_.archives[one.archive];
        auto const in = open_file(archive.path + one.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (!in.is_open()) return;  // dropped meanwhile, which the log tells as well
        struct stat at {};
        if (::fstat(in.descriptor(), &at) != 0) refuse("cannot look at " + in.path());
        if (!S_ISREG(at.st_mode)) throw error{fault::unavailable, in.path() + " is no file any more"};
        ::posix_fadvise(in.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);

        auto const path = archive.prefix + one.name;
        auto const size = static_cast<std::uint64_t>(at.st_size);
        page_verifier pages{in, one.segment.value_or(0), rules_.start};
        auto const verify = [&](std::uint64_t offset, std::span<char> bytes) {
            if (rules_.checksums && one.segment) pages.check(offset, bytes);
        };
        auto const go_on = [&](std::string_view bytes) {
            if (!pace_.take(bytes.size(), stop_.get_token())) throw pgq::stopped{};
        };
        std::optional<manifest_file> file;
        auto const* const parents = find_before(path);
        auto const* const begun = job_.order.begun == nullptr ? nullptr : job_.order.begun->find(path);
        bool stored_before = false;
        if (may_be(parents, size) || may_be(begun, size)) {
            file = read_data_file(in, size, verify, go_on);
            bool const unchanged = parents != nullptr && *file == *parents;
            stored_before = !unchanged && begun != nullptr && *file == *begun;
            if (!unchanged && !stored_before) file.reset();  // and has to be read once more
        }
        if (!file) {
            parts.begin(
                one.archive,
                {.kind = tar_kind::file, .name = one.name, .link = {}, .size = size, .mode = at.st_mode & 0777U},
                origin_of(at));
            file = read_data_file(in, size, verify, [&](std::string_view bytes) {
                go_on(bytes);
                parts.write(bytes);
            });
            parts.write(tar_padding(size));
            parts.end(*file);
        }
        came_ += size;
        std::lock_guard const lock{mutex_};
        if (stored_before) done_.stored_before.insert(path);
        done_.entries.push_back({path, std::move(*file), at.st_mtime});
        std::move(pages.torn().begin(), pages.torn().end(), std::back_inserter(done_.torn));
    }

    [[nodiscard]] manifest_file const* find_before(std::string const& path) const {
        if (job_.before == nullptr) return nullptr;
        auto const was = job_.before->files.find(path);
        return was == job_.before->files.end() ? nullptr : &was->second;
    }
    static bool may_be(manifest_file const* was, std::uint64_t size) {
        return was != nullptr && was->size == size && !was->sha256.empty();
    }

    Job const& job_;
    data_files const& all_;
    part_list& parts_;
    page_rules rules_;
    pace pace_;
    std::uint64_t expected_ = 0;
    std::atomic<std::uint64_t> came_ = 0;
    std::atomic<std::size_t> next_ = 0;
    std::stop_source stop_{};
    std::mutex mutex_{};
    std::condition_variable ended_{};
    unsigned running_ = 0;
    std::exception_ptr failure_{};
    bool stopped_ = false;
    packed_files done_{};
};

}  // namespace detail

/// Packs all files, in their order, by as many threads as the job's limits say; `each_second()` is called meanwhile, by
/// the calling thread. What is gone is passed over. Files that are as they were in the backup that this one builds on,
/// or in an earlier attempt at this one, are read, and not packed; one that has changed and kept its length is read
/// twice.
/// @throws error  corrupt, for a damaged page; unavailable, for what cannot be read; or from the store; pgq::stopped
template <class Job>
packed_files pack_files(Job const& job, data_files const& all, part_list& parts, page_rules const& rules,
                        std::stop_token const& stop, auto&& each_second) {
    return detail::file_packers<Job>{job, all, parts, rules}.run(stop, each_second);
}

}  // namespace walmgr
