/// Moves received files into the repository on a thread of its own, so that a slow repository never holds up the
/// stream, and with it commits that wait for it.
#pragma once

#include <pgq/error.hpp>
#include <pgq/log.hpp>
#include <pgq/stop.hpp>

#include <unistd.h>
#include <walmgr/error.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/retry.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

namespace walmgr {

/// `archive(path, name, stop)` stores a file durably, as archive_file() does. A file leaves the folder after that only.
/// While the repository fails it tries again, as `Retry` says, and says so once; what a later try cannot mend (other
/// bytes are stored under that name, a file is damaged) ends the work, and check() throws it.
template <class Archive, pgq::log_sink Log, class Retry = backoff> class background_archiver {
public:
    background_archiver(partial_folder const& from, Archive archive, Log log, Retry retry = {})
        : from_{from}, archive_{std::move(archive)}, log_{std::move(log)}, retry_{std::move(retry)},
          thread_{[this](std::stop_token const& stop) { work(stop); }} {}
    background_archiver(background_archiver const&) = delete;
    background_archiver& operator=(background_archiver const&) = delete;
    ~background_archiver() {
        thread_.request_stop();
        changed_.notify_all();
    }

    /// `file` lies in the folder and is to be archived as `name`.
    void add(std::string file, std::string name) {
        std::lock_guard const hold{mutex_};
        waiting_.push_back({std::move(file), std::move(name)});
        changed_.notify_all();
    }
    /// How many files wait.
    [[nodiscard]] std::size_t waiting() const {
        std::lock_guard const hold{mutex_};
        return waiting_.size();
    }
    /// @throws error  what no later try can mend
    void check() const {
        std::lock_guard const hold{mutex_};
        if (failed_) std::rethrow_exception(failed_);
    }
    /// Until nothing waits, or a stop is requested. @throws error  as check() does
    void wait_until_empty(std::stop_token const& stop) {
        std::stop_callback const wake{stop, [this] {
                                          std::lock_guard const hold{mutex_};
                                          changed_.notify_all();
                                      }};
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return waiting_.empty() || failed_ || stop.stop_requested(); });
        if (failed_) std::rethrow_exception(failed_);
    }

private:
    struct job {
        std::string file;
        std::string name;
    };

    static bool is_final(fault kind) {
        return kind == fault::duplicate || kind == fault::identity || kind == fault::corrupt ||
               kind == fault::negative || kind == fault::usage;
    }

    void work(std::stop_token const& stop) {
        while (!stop.stop_requested()) {
            job next;
            {
                std::unique_lock lock{mutex_};
                changed_.wait(lock, stop, [&] { return !waiting_.empty(); });
                if (stop.stop_requested()) return;
                next = waiting_.front();
            }
            if (!archive(next, stop)) return;
            std::lock_guard const hold{mutex_};
            waiting_.pop_front();
            changed_.notify_all();
        }
    }

    /// False when there is nothing more to be done.
    bool archive(job const& next, std::stop_token const& stop) {
        attempts tries{retry_};
        for (bool said = false; !stop.stop_requested();) {
            // One that was written anew when it had just been archived is gone with the first.
            if (next.file.ends_with(".history") && ::access((from_ / next.file).c_str(), F_OK) != 0) return true;
            std::exception_ptr last;
            try {
                archive_(from_ / next.file, next.name, stop);
                from_.remove(next.file);
                if (said) log_.write(pgq::log_level::info, "archived after all: " + next.name);
                return true;
            } catch (pgq::stopped const&) { return false; } catch (error const& problem) {
                if (problem.kind() == fault::duplicate && next.file.ends_with(ended_ending)) {
                    // What is there is of the same length; behind that the two may differ, which counts for nobody.
                    // Ours is put aside.
                    log_.write(pgq::log_level::warning, problem.what());
                    from_.remove(next.file);
                    return true;
                }
                if (is_final(problem.kind())) return fail(std::current_exception());
                last = std::current_exception();
                complain(next, problem.what(), said);
            } catch (std::exception const& problem) {
                last = std::current_exception();
                complain(next, problem.what(), said);
            }
            auto const pause = tries.failed();
            if (!pause) return fail(last);
            pgq::detail::sleep_until(std::chrono::steady_clock::now() + *pause, stop);
        }
        return false;
    }
    bool fail(std::exception_ptr const& why) {
        std::lock_guard const hold{mutex_};
        failed_ = why;
        changed_.notify_all();
        return false;
    }
    void complain(job const& next, char const* problem, bool& said) {
        if (!std::exchange(said, true))
            log_.write(pgq::log_level::error,
                       next.name + " cannot be archived yet, is kept here and tried again: " + std::string{problem});
    }

    partial_folder const& from_;
    Archive archive_;
    Log log_;
    Retry retry_;
    mutable std::mutex mutex_{};
    std::condition_variable_any changed_{};
    std::deque<job> waiting_{};
    std::exception_ptr failed_{};
    std::jthread thread_;
};

}  // namespace walmgr
