/// Several threads that together do no more than so much in a second.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace walmgr {

/// Thread-safe. What nobody asked for is not saved up for longer than a tenth of a second.
class pace {
public:
    /// 0 for no limit.
    explicit pace(std::uint64_t bytes_per_second) : rate_{bytes_per_second} {}

    /// Takes so many bytes, and waits until they are due. @return false when asked to stop meanwhile
    bool take(std::uint64_t bytes, std::stop_token const& stop) {
        if (rate_ == 0) return !stop.stop_requested();
        using clock = std::chrono::steady_clock;
        constexpr std::chrono::milliseconds saved{100};
        std::unique_lock lock{mutex_};
        auto const now = clock::now();
        if (due_ < now - saved) due_ = now - saved;
        due_ += std::chrono::microseconds{bytes * 1'000'000 / rate_};
        auto const mine = due_;
        wake_.wait_until(lock, stop, mine, [] { return false; });
        return !stop.stop_requested();
    }

private:
    std::uint64_t rate_;
    std::mutex mutex_{};
    std::condition_variable_any wake_{};
    std::chrono::steady_clock::time_point due_{};
};

}  // namespace walmgr
