/// Many pieces of work, several at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace walmgr {

/// Calls `act(number)` for each number below `count`, on up to `jobs` threads (0 is 1). After the first exception no
/// further number is begun; it is thrown when those that run have ended.
void in_parallel(std::size_t count, unsigned jobs, auto const& act) {
    std::atomic<std::size_t> next = 0;
    std::exception_ptr failure;
    std::mutex guard;
    auto const work = [&] {
        for (auto number = next++; number < count; number = next++) {
            try {
                act(number);
            } catch (...) {
                std::lock_guard const lock{guard};
                if (!failure) failure = std::current_exception();
                next = count;
            }
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 1; i < std::min<std::size_t>(jobs, count); ++i)
            threads.emplace_back(work);
        work();
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace walmgr
