/// Archives the segments that a server will ask for next, several at once, before it asks. What it says when it is
/// asked is as true as if it had begun then.
#pragma once

#include <pgq/error.hpp>
#include <pgq/log.hpp>

#include <walmgr/agent/file_id.hpp>
#include <walmgr/agent/ready_segments.hpp>
#include <walmgr/agent/segment_jobs.hpp>
#include <walmgr/error.hpp>
#include <walmgr/repositories/archive.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

/// How far ahead.
struct ahead_limits {
    unsigned workers = 2;    ///< threads, besides those that ask
    std::size_t files = 16;  ///< that are stored, or on their way, and were not asked for
    std::chrono::milliseconds rest = std::chrono::seconds{5};  ///< after a failure of a repository
};

/// `Storing`, from any thread: `store(path, name, packed)` as archive_file() with a quorum, and
/// `still_stored(report, name)`, which throws unless the quorum still has it.
///
/// Order: of one timeline a segment gets its name in the repositories after all that are older, so that a crash leaves
/// no hole that a plain archiver would not have left. Only a segment that is itself at fault is passed over.
template <class Storing, pgq::log_sink Log> class archive_ahead {
public:
    archive_ahead(Storing storing, ahead_limits limits, Log log)
        : storing_{std::move(storing)}, limits_{limits}, log_{std::move(log)} {
        for (unsigned i = 0; i < limits_.workers; ++i)
            threads_.emplace_back([this](std::stop_token const& stop) { work(stop); });
    }
    archive_ahead(archive_ahead const&) = delete;
    archive_ahead& operator=(archive_ahead const&) = delete;
    ~archive_ahead() { stop(); }

    /// Nothing more is begun, and whoever asks is told pgq::stopped.
    void stop() {
        stopping_.request_stop();
        for (auto& one : threads_)
            one.request_stop();
        std::lock_guard const hold{mutex_};
        changed_.notify_all();
    }

    /// Returns when the segment `name` in `folder` is stored, and looks ahead from there meanwhile. `asked` is the id,
    /// as text, of what the one who asks sees at that path.
    /// @throws error  as archive_file() and require_archived(), never for a try before it was asked; pgq::stopped;
    ///                pgq::error, when nothing can be said about that file here
    archive_report archive(std::string const& folder, std::string const& name, std::string const& asked) {
        std::unique_lock lock{mutex_};
        ++counts_.asked;
        if (folder != folder_) jobs_.clear();
        folder_ = folder;
        for (;;) {
            auto const ended = [&] { return stopping_.stop_requested() || jobs_.state_of(name) != job_state::running; };
            changed_.wait(lock, ended);
            if (stopping_.stop_requested()) throw pgq::stopped{};
            if (folder != folder_) throw pgq::error{"another server's log was asked for meanwhile"};
            if (auto const ready = jobs_.take_stored(name, asked)) {
                jobs_.run(name);  // or a look meanwhile would find it anew
                lock.unlock();
                auto report = confirmed(*ready, name);
                lock.lock();
                if (folder == folder_) jobs_.forget(name);
                changed_.notify_all();
                if (!report) continue;
                ++counts_.ahead;
                jobs_.answered(name);
                scan_ = true;
                return *report;
            }
            if (jobs_.state_of(name) != job_state::running) break;
        }
        jobs_.run(name);
        scan_ = true;
        changed_.notify_all();
        lock.unlock();
        return archive_now(folder, name, asked);
    }

    /// What it has done so far.
    struct counts {
        std::uint64_t asked = 0;  ///< requests
        std::uint64_t ahead = 0;  ///< of them, answered by what was stored before
        std::size_t waiting = 0;  ///< segments that are known and not asked for, stored or not
    };
    [[nodiscard]] counts so_far() const {
        std::lock_guard const hold{mutex_};
        auto all = counts_;
        all.waiting = jobs_.size();
        return all;
    }

private:
    struct out_of_turn {};

    /// For the one who asks: reads the file after he has asked, so that no doubt is left what was read.
    archive_report archive_now(std::string const& folder, std::string const& name, std::string const& asked) {
        auto const over = [&](bool well, bool at_fault = false) {
            std::lock_guard const hold{mutex_};
            if (folder == folder_) at_fault ? jobs_.pass_over(name) : jobs_.forget(name);
            if (well) jobs_.answered(name);
            if (well) resume_ = {};
            changed_.notify_all();
        };
        try {
            auto report = storing_.store(folder + '/' + name, name, [&](file const& read, object_label const&) {
                if (to_string(id_of(read.descriptor())) != asked)
                    throw pgq::error{folder + '/' + name + " is another file here, or changes"};
            });
            over(true);
            return report;
        } catch (error const& problem) {
            over(false, is_of_file(problem.kind()));
            throw;
        } catch (...) {
            over(false);
            throw;
        }
    }

    std::optional<archive_report> confirmed(archive_report const& report, std::string const& name) {
        try {
            return storing_.still_stored(report, name);
        } catch (error const& problem) {
            log_.write(pgq::log_level::warning, name + " is archived again: " + problem.what());
            return std::nullopt;
        }
    }

    void work(std::stop_token const& stop) {
        std::unique_lock lock{mutex_};
        while (!stop.stop_requested()) {
            auto const now = std::chrono::steady_clock::now();
            if (now < resume_) {
                changed_.wait_until(lock, resume_);
            } else if (missed_ || (scan_ && jobs_.size() <= limits_.files / 2)) {
                scan_ = missed_ = false;
                look(lock);
            } else if (auto const next = jobs_.next()) {
                jobs_.run(*next);
                archive_early(lock, *next, stop);
            } else {
                changed_.wait(lock);
            }
        }
    }

    /// Reads which segments wait. Others may go on meanwhile.
    void look(std::unique_lock<std::mutex>& lock) {
        auto const folder = folder_;
        jobs_.begin_look();
        lock.unlock();
        std::vector<std::string> ready;
        try {
            ready = ready_segments(folder, limits_.files + 1);  // one of them is asked for
        } catch (error const& problem) { log_.write(pgq::log_level::warning, problem.what()); }
        lock.lock();
        jobs_.end_look(ready);
        if (folder == folder_ && jobs_.expect(ready)) changed_.notify_all();
    }

    void archive_early(std::unique_lock<std::mutex>& lock, std::string const& name, std::stop_token const& stop) {
        auto const folder = folder_;
        lock.unlock();
        std::optional<file_id> id;
        std::optional<archive_report> report;
        std::optional<error> failure;
        bool tried = true;
        try {
            auto const path = folder + '/' + name;
            let_settle(path);
            auto const begin = std::chrono::system_clock::now();
            report = storing_.store(path, name, [&](file const& read, object_label const&) {
                id = id_of(read.descriptor());
                if (!shows_changes(*id, begin)) id.reset();
                await_turn(folder, name, segment_size{static_cast<std::uint32_t>(read.size())}, stop);
            });
        } catch (out_of_turn const&) { tried = false; } catch (pgq::stopped const&) {
            tried = false;
        } catch (error const& problem) { failure = problem; } catch (std::exception const& problem) {
            failure = error{fault::unavailable, problem.what()};
        }
        lock.lock();
        changed_.notify_all();
        if (folder != folder_) return;
        if (report && id) return jobs_.store(name, *id, std::move(*report));
        if (report) return jobs_.forget(name);  // stored, but what was read cannot be vouched for later
        if (!tried || stop.stop_requested()) return jobs_.put_back(name);
        log_.write(pgq::log_level::warning, name + " could not be archived before the server asks: " + failure->what());
        if (is_of_file(failure->kind())) return jobs_.pass_over(name);
        jobs_.put_back(name);
        resume_ = std::chrono::steady_clock::now() + limits_.rest;
    }

    /// Whether another segment may well be stored.
    static bool is_of_file(fault kind) {
        return kind == fault::duplicate || kind == fault::identity || kind == fault::corrupt || kind == fault::negative;
    }

    void await_turn(std::string const& folder, std::string const& name, segment_size size,
                    std::stop_token const& stop) {
        std::unique_lock lock{mutex_};
        auto turn = turn_now(folder, name);
        while (turn == job_turn::later) {
            changed_.wait(lock);
            if (stop.stop_requested()) throw pgq::stopped{};
            turn = turn_now(folder, name);
        }
        // A look through a folder can miss a file that comes meanwhile and see the next one.
        if (turn == job_turn::now && !jobs_.knows_before(name, size) && is_ready(folder, name_before(name, size)))
            turn = job_turn::lost;
        if (turn == job_turn::now) return;
        missed_ = true;
        throw out_of_turn{};
    }
    job_turn turn_now(std::string const& folder, std::string const& name) const {
        return folder == folder_ ? jobs_.turn_of(name) : job_turn::lost;
    }
    Storing storing_;
    ahead_limits limits_;
    Log log_;
    mutable std::mutex mutex_{};
    std::condition_variable changed_{};
    std::stop_source stopping_{};
    std::string folder_{};  ///< of the log that was asked for last
    segment_jobs jobs_{};
    bool scan_ = false;    ///< a look through the folder is due, when few are known
    bool missed_ = false;  ///< and at once
    std::chrono::steady_clock::time_point resume_{};
    counts counts_{};
    std::vector<std::jthread> threads_{};
};

}  // namespace walmgr
