/// Fetches the segments that a recovering server will ask for next, several at once, before it asks. They are verified
/// while they come, and what is not whole is not kept: the server then hears of it as if nobody had looked ahead.
#pragma once

#include <pgq/error.hpp>

#include <walmgr/agent/spool.hpp>
#include <walmgr/error.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

/// What was fetched.
struct fetched_segment {
    digest content{};
    segment_size size{};
};

/// `Fetching`, from any thread: `fetch(name, place)` puts a verified segment there and gives a fetched_segment,
/// or nothing when there is none; it throws where one is damaged or cannot be had.
///
/// How many are fetched ahead grows by one with each that comes too late, and is halved when one was fetched in vain.
template <class Fetching> class prefetch {
public:
    /// `most` bytes are in the spool at the most, or one segment.
    prefetch(spool& into, Fetching fetching, unsigned workers, std::uint64_t most)
        : spool_{into}, fetching_{std::move(fetching)}, most_{most} {
        for (unsigned i = 0; i < workers; ++i)
            threads_.emplace_back([this](std::stop_token const& stop) { work(stop); });
    }
    prefetch(prefetch const&) = delete;
    prefetch& operator=(prefetch const&) = delete;
    ~prefetch() { stop(); }

    /// Nothing more is begun, and whoever asks is told pgq::stopped.
    void stop() {
        stopping_.request_stop();
        for (auto& one : threads_)
            one.request_stop();
        std::lock_guard const hold{mutex_};
        changed_.notify_all();
    }

    /// Puts the segment at `place`, and then fetches those behind it. False when nobody has it.
    /// @throws error  what `Fetching` throws; pgq::stopped
    bool hand_out(std::string const& name, std::string const& place) {
        std::unique_lock lock{mutex_};
        ++counts_.asked;
        auto const coming = [&] { return found(name) && entries_[name].at == step::coming; };
        bool late = coming();
        changed_.wait(lock, [&] { return stopping_.stop_requested() || !coming(); });
        if (stopping_.stop_requested()) throw pgq::stopped{};
        std::optional<spooled> ready;
        if (found(name) && entries_[name].at == step::ready) ready = entries_[name].as;
        else late = late || (found(name) && entries_[name].at == step::waiting);
        entries_.erase(name);
        if (late) window_ = std::min(window_ + 1, largest());
        lock.unlock();

        bool done = ready && spool_.hand_out(name, *ready, place);
        bool const ahead = done;
        std::optional<fetched_segment> now;
        if (!done) {
            now = fetching_.fetch(name, place);
            done = now.has_value();
        }
        lock.lock();
        if (ahead) ++counts_.ahead;
        if (now) size_ = now->size;
        if (done) expect(name);
        return done;
    }

    /// What it has done so far.
    struct counts {
        std::uint64_t asked = 0;  ///< requests
        std::uint64_t ahead = 0;  ///< of them, answered by what was there before
        std::size_t waiting = 0;  ///< segments that are in the spool or on their way
        std::size_t ready = 0;    ///< of them, in the spool
    };
    [[nodiscard]] counts so_far() const {
        std::lock_guard const hold{mutex_};
        auto all = counts_;
        for (auto const& [name, one] : entries_) {
            all.waiting += one.at == step::none ? 0U : 1U;
            all.ready += one.at == step::ready ? 1U : 0U;
        }
        return all;
    }

private:
    enum class step { waiting, coming, ready, none };
    struct entry {
        step at = step::waiting;
        spooled as{};
    };

    bool found(std::string const& name) const { return entries_.contains(name); }
    /// How many segments may be in the spool.
    [[nodiscard]] std::size_t largest() const {
        return size_.bytes == 0 ? 1 : static_cast<std::size_t>(std::max<std::uint64_t>(1, most_ / size_.bytes));
    }

    /// `last` was handed out: those behind it come next, and no others.
    void expect(std::string const& last) {
        auto const parsed = parse_wal_name(last);
        auto const which = parsed ? segment_of(*parsed, size_) : std::nullopt;
        if (!which) return;
        std::map<std::string, entry> now;
        auto const wanted = std::min(window_, largest());
        for (std::size_t i = 1; i <= wanted; ++i) {
            auto const name = file_name({which->tli, which->number + i}, size_);
            bool const known = found(name) && entries_[name].at != step::none;
            now.emplace(name, known ? entries_[name] : entry{});
        }
        bool in_vain = false;
        for (auto const& [name, one] : entries_) {
            if (now.contains(name)) continue;
            if (one.at == step::coming) now.emplace(name, one);
            if (one.at != step::ready) continue;
            spool_.remove(name);
            in_vain = true;
        }
        if (in_vain) window_ = std::max<std::size_t>(1, window_ / 2);
        entries_.swap(now);
        changed_.notify_all();
    }

    void work(std::stop_token const& stop) {
        std::unique_lock lock{mutex_};
        while (!stop.stop_requested()) {
            auto const next = std::find_if(entries_.begin(), entries_.end(),
                                           [](auto const& one) { return one.second.at == step::waiting; });
            if (next == entries_.end()) changed_.wait(lock);
            else bring(lock, next->first);
        }
    }

    void bring(std::unique_lock<std::mutex>& lock, std::string const name) {
        entries_[name].at = step::coming;
        lock.unlock();
        std::optional<spooled> came;
        try {
            if (auto const one = fetching_.fetch(name, spool_ / name)) {
                auto const id = id_of(spool_ / name);
                if (id) came = spooled{*id, one->content};
            }
        } catch (std::exception const&) {  // whoever asks for it tries again, and hears why it fails
            came.reset();
        }
        lock.lock();
        // Behind one that is not there are no others.
        for (auto one = entries_.find(name); !came && one != entries_.end(); ++one) {
            if (one->second.at == step::waiting) one->second.at = step::none;
        }
        entries_[name] = {.at = came ? step::ready : step::none, .as = came.value_or(spooled{})};
        changed_.notify_all();
    }

    spool& spool_;
    Fetching fetching_;
    std::uint64_t most_;
    mutable std::mutex mutex_{};
    std::condition_variable changed_{};
    std::stop_source stopping_{};
    std::map<std::string, entry> entries_{};
    std::size_t window_ = 2;
    segment_size size_{0};
    counts counts_{};
    std::vector<std::jthread> threads_{};
};

}  // namespace walmgr
