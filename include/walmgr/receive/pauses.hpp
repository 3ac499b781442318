/// Pauses between attempts: each twice as long as the one before, with chance in it, so that many who lost the same
/// server do not come back at one moment.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace walmgr {

/// For one thread.
class pauses {
public:
    pauses(std::chrono::milliseconds first, std::chrono::milliseconds longest)
        : first_{first}, longest_{longest}, now_{first} {}

    /// Between half of its time and all of it.
    [[nodiscard]] std::chrono::milliseconds next() {
        auto const most = std::exchange(now_, std::min(now_ * 2, longest_)).count();
        return std::chrono::milliseconds{std::uniform_int_distribution<long long>{most / 2, most}(chance_)};
    }
    /// It has worked: begin with the first again.
    void reset() noexcept { now_ = first_; }

private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds longest_;
    std::chrono::milliseconds now_;
    std::minstd_rand chance_{std::random_device{}()};
};

}  // namespace walmgr
