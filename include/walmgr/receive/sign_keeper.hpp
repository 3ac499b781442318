/// A receiver's signs in each of its repositories, so that the loss of one hides nothing from a failover. Each is
/// written on a thread of its own: one that is silent holds up neither the stream nor the signs in the others.
#pragma once

#include <pgq/log.hpp>

#include <walmgr/error.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/receive/sign.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/retry.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

/// What is wanted counts for a repository as soon as that can be reached: who was away gets it when it comes back, as
/// `Retry` says. Thread-safe.
template <pgq::log_sink Log, class Retry = backoff> class sign_keeper {
public:
    /// Opens the repository at a location for the thread that calls it, or throws.
    using opener = std::function<repository(std::string const&)>;

    sign_keeper(receiver_place place, Log log, Retry retry = {})
        : place_{std::move(place)}, log_{std::move(log)}, retry_{std::move(retry)} {}
    sign_keeper(sign_keeper const&) = delete;
    sign_keeper& operator=(sign_keeper const&) = delete;
    ~sign_keeper() {
        for (auto* const all : {&copies_, &left_})
            for (auto& one : *all)
                one.thread.request_stop();
    }

    /// These are the repositories from now on, and must be one at least. What was wanted before is written into those
    /// that were none.
    void go_by(std::vector<std::string> const& locations, opener open) {
        std::lock_guard const hold{mutex_};
        open_ = std::move(open);
        auto const named = [&](std::string const& one) {
            return std::find(locations.begin(), locations.end(), one) != locations.end();
        };
        for (auto one = copies_.begin(); one != copies_.end();) {
            auto const here = one++;
            if (named(here->location)) continue;
            here->thread.request_stop();  // which takes as long as the repository is silent, and nobody waits for that
            left_.splice(left_.end(), copies_, here);
        }
        for (auto const& location : locations) {
            auto const is = [&](copy const& one) { return one.location == location; };
            if (std::any_of(copies_.begin(), copies_.end(), is)) continue;
            auto& added = copies_.emplace_back(location);
            added.thread = std::jthread{[this, &added](std::stop_token const& stop) { keep(added, stop); }};
        }
    }

    /// Until one repository has it. @throws error  what all say, when none can
    void sign_on(timeline tli) { want({.tli = tli}); }
    /// The same.
    void sign_off(timeline tli, lsn has) { want({.tli = tli, .has = has}); }
    /// The same.
    void forget(timeline tli) { want({.tli = tli, .over = true}); }
    /// Until each repository has what is wanted or could not take it, or that long.
    void settle(std::chrono::milliseconds limit) {
        std::unique_lock lock{mutex_};
        changed_.wait_for(lock, limit, [&] {
            return std::all_of(copies_.begin(), copies_.end(), [&](copy const& one) { return one.tried == newest_; });
        });
    }

private:
    struct wish {
        timeline tli{};
        std::optional<lsn> has{};
        bool over = false;
        std::uint64_t number = 0;
    };
    struct copy {
        explicit copy(std::string where) : location{std::move(where)} {}

        std::string location;
        std::uint64_t done = 0;   ///< the newest wish that is written
        std::uint64_t tried = 0;  ///< or that could not be
        std::optional<repository_failure> failed{};
        std::jthread thread{};
    };

    void want(wish wanted) {
        std::unique_lock lock{mutex_};
        auto const number = wanted.number = ++newest_;
        std::erase_if(wishes_, [&](wish const& one) { return one.tli == wanted.tli; });
        wishes_.push_back(wanted);
        changed_.notify_all();
        auto const is_done = [&](copy const& one) { return one.done >= number; };
        auto const is_tried = [&](copy const& one) { return one.tried >= number; };
        changed_.wait(lock, [&] {
            return std::any_of(copies_.begin(), copies_.end(), is_done) ||
                   std::all_of(copies_.begin(), copies_.end(), is_tried);
        });
        if (std::any_of(copies_.begin(), copies_.end(), is_done)) return;
        std::vector<repository_failure> failures;
        for (auto const& one : copies_)
            failures.push_back(*one.failed);
        refuse_all(failures);
    }

    void keep(copy& in, std::stop_token const& stop) {
        attempts tries{retry_};
        std::unique_lock lock{mutex_};
        while (changed_.wait(lock, stop, [&] { return in.done < newest_; }) && !stop.stop_requested()) {
            auto const newest = newest_;
            std::vector<wish> due;
            std::copy_if(wishes_.begin(), wishes_.end(), std::back_inserter(due),
                         [&](wish const& one) { return one.number > in.done; });
            lock.unlock();
            auto problem = write(in.location, due, stop);
            lock.lock();
            if (stop.stop_requested()) return;
            in.tried = newest;
            if (!problem) {
                in.done = newest;
                in.failed.reset();
                tries.reset();
            } else if (!std::exchange(in.failed, problem)) {
                log_.write(pgq::log_level::warning,
                           in.location +
                               " was not told yet what is received, which boot may look for there: " + problem->why);
            }
            changed_.notify_all();
            if (!problem) continue;
            auto const has_more = [&] { return newest_ > newest; };
            if (auto const pause = tries.failed()) changed_.wait_for(lock, stop, *pause, has_more);
            else changed_.wait(lock, stop, has_more);
        }
    }
    /// Opened each time: between two there may be weeks. @return what went wrong
    std::optional<repository_failure> write(std::string const& location, std::vector<wish> const& due,
                                            std::stop_token const& stop) {
        auto const open = [&] {
            std::lock_guard const hold{mutex_};
            return open_;
        }();
        try {
            auto const in = open(location);
            for (auto const& one : due) {
                if (stop.stop_requested()) return std::nullopt;
                if (one.over) forget_receiver(in.where, in.of, one.tli, place_);
                else walmgr::sign_on(in.where, in.of, one.tli, place_);  // it may have been away until now
                if (one.has) walmgr::sign_off(in.where, in.of, one.tli, place_, *one.has);
            }
            return std::nullopt;
        } catch (error const& problem) {
            return repository_failure{location, problem.kind(), problem.what()};
        } catch (std::exception const& problem) {
            return repository_failure{location, fault::unavailable, problem.what()};
        }
    }

    receiver_place place_;
    Log log_;
    Retry retry_;
    opener open_{};
    std::mutex mutex_{};
    std::condition_variable_any changed_{};
    std::vector<wish> wishes_{};  ///< the newest of each timeline
    std::uint64_t newest_ = 0;
    std::list<copy> copies_{};
    std::list<copy> left_{};  ///< that are not named any more
};

}  // namespace walmgr
