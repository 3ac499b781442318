/// Packs and stores the parts of a backup, several at a time, while the next ones arrive.
#pragma once

#include <walmgr/backup/packed_part.hpp>
#include <walmgr/backup/part_limits.hpp>
#include <walmgr/backup/record.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/object.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

/// Each part is packed by a thread of its own with a store of its own, which `open()` gives: stores need not be
/// thread-safe. For one thread, which gives the parts one after the other. What fails in a worker is thrown by the next
/// call. Without finish() what is under way is dropped, and not sealed.
template <class Open, codec Codec> class part_pool {
public:
    /// Objects go to `folder`, labelled as of `from`.
    part_pool(Open open, Codec const& way, origin const& from, std::string folder, part_limits const& limits)
        : open_{std::move(open)}, way_{way}, from_{from}, folder_{std::move(folder)}, limits_{limits} {}
    part_pool(part_pool const&) = delete;
    part_pool& operator=(part_pool const&) = delete;
    ~part_pool() {
        {
            std::lock_guard const lock{mutex_};
            dropped_ = true;
        }
        changed_.notify_all();
    }

    /// Begins a part. Waits for a worker that is free.
    void begin(std::string object) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return running_ < limits_.workers || failure_; });
        rethrow();
        ++running_;
        parts_.push_back(std::make_unique<part>());
        auto* const one = parts_.back().get();
        one->done.object = std::move(object);
        one->thread = std::jthread{[this, one] { work(*one); }};
    }
    /// Bytes of the part that was begun last. Waits when too much is waiting.
    void write(std::string_view bytes) {
        block_ += bytes;
        parts_.back()->done.raw_size += bytes.size();
        if (block_.size() >= limits_.block) hand_over();
    }
    /// Counts a member of that part.
    void count_member() { ++parts_.back()->done.files; }
    /// Ends that part.
    void end() {
        hand_over();
        std::lock_guard const lock{mutex_};
        parts_.back()->ended = true;
        changed_.notify_all();
    }
    /// Drops the part that was begun last, which then is none, and waits until nothing is left of it.
    void give_up() {
        block_.clear();
        {
            std::lock_guard const lock{mutex_};
            auto& one = *parts_.back();
            one.given_up = true;
            for (auto const& block : one.blocks)
                waiting_ -= block.size();
            one.blocks.clear();
        }
        changed_.notify_all();
        parts_.back()->thread.join();
        std::lock_guard const lock{mutex_};
        parts_.pop_back();
    }
    /// Bytes of the part that was begun last; 0 when there is none.
    [[nodiscard]] std::uint64_t current_size() const { return parts_.empty() ? 0 : parts_.back()->done.raw_size; }

    /// Waits for all parts, which are durable then. @return them in their order
    std::vector<backup_part> finish() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return running_ == 0 || failure_; });
        rethrow();
        std::vector<backup_part> all;
        for (auto const& one : parts_)
            all.push_back(one->done);
        return all;
    }

private:
    struct part {
        backup_part done{};
        std::deque<std::string> blocks{};
        bool ended = false;
        bool given_up = false;
        std::jthread thread{};
    };

    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
    }

    void hand_over() {
        if (block_.empty()) return;
        std::unique_lock lock{mutex_};
        auto const most = limits_.waiting * limits_.workers;
        changed_.wait(lock, [&] { return waiting_ + block_.size() <= most || waiting_ == 0 || failure_; });
        rethrow();
        waiting_ += block_.size();
        parts_.back()->blocks.push_back(std::exchange(block_, {}));
        block_.reserve(limits_.block + (std::size_t{64} << 10U));
        changed_.notify_all();
    }

    /// The next block; empty at the end of the part. False when nobody wants the part any more.
    bool take(part& one, std::string& block) {
        std::unique_lock lock{mutex_};
        waiting_ -= block.size();
        changed_.notify_all();
        changed_.wait(lock, [&] { return !one.blocks.empty() || one.ended || one.given_up || dropped_ || failure_; });
        if (one.given_up || dropped_ || failure_) return false;
        block.clear();
        if (one.blocks.empty()) return true;
        block = std::move(one.blocks.front());
        one.blocks.pop_front();
        return true;
    }

    void work(part& one) {
        std::exception_ptr failure;
        try {
            store_part(one);
        } catch (...) { failure = std::current_exception(); }
        std::lock_guard const lock{mutex_};
        --running_;
        if (failure && !failure_) failure_ = failure;
        changed_.notify_all();
    }

    void store_part(part& one) {
        auto const where = open_();
        packed_part out{where, way_, folder_, one.done.object};
        for (std::string block;;) {
            if (!take(one, block)) return;
            if (block.empty()) break;
            out.write(block);
        }
        auto const done = out.finish(from_);
        one.done.stored_size = done.stored_size;
        one.done.sha256 = done.sha256;
    }

    Open open_;
    Codec way_;
    origin from_;
    std::string folder_;
    part_limits limits_;
    std::mutex mutex_{};
    std::condition_variable changed_{};
    std::string block_{};
    std::size_t waiting_ = 0;
    unsigned running_ = 0;
    bool dropped_ = false;
    std::exception_ptr failure_{};
    std::vector<std::unique_ptr<part>> parts_{};  // last: their threads end before the rest goes
};

}  // namespace walmgr
