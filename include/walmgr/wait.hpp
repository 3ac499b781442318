/// Waiting for something to become true, with a deadline.
#pragma once

#include <walmgr/error.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

namespace walmgr {

/// Looks again and again, at growing distances up to a quarter of a second. False when `limit` has passed.
bool holds_within(std::chrono::milliseconds limit, auto&& condition) {
    using clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds longest{250};
    auto const end = clock::now() + limit;
    for (std::chrono::milliseconds pause{10}; !condition(); pause = std::min(pause * 2, longest)) {
        if (clock::now() >= end) return false;
        std::this_thread::sleep_for(pause);
    }
    return true;
}

/// As holds_within(). `what()` says what did not come true and what to do. @throws error  timed_out
void wait_until(std::chrono::milliseconds limit, auto&& condition, auto&& what) {
    if (holds_within(limit, condition)) return;
    throw error{fault::timed_out, "after " +
                                      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) +
                                      " s " + what()};
}

}  // namespace walmgr
