/// Many pieces of work, several at once.
#pragma once

#include <walmgr/executor.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>

namespace walmgr {

/// Calls `act(number, own)` for each number below `count`, as `on` has threads for it; `own` is what `make()` gives,
/// once for each thread: a store, as stores need not be thread-safe. After the first exception no further number is
/// begun; it is thrown when those that run have ended.
void in_parallel(std::size_t count, executor auto const& on, auto const& make, auto const& act) {
    std::atomic<std::size_t> next = 0;
    std::exception_ptr failure;
    std::mutex guard;
    auto const work = [&]() noexcept {
        try {
            auto number = next++;
            if (number >= count) return;
            for (auto own = make(); number < count; number = next++)
                act(number, own);
        } catch (...) {
            std::lock_guard const lock{guard};
            if (!failure) failure = std::current_exception();
            next = count;
        }
    };
    if (count > 0) on.run(work, count);
    work();  // nothing is left, unless a pool that was shut down has dropped it: what was not looked at is not fine
    if (failure) std::rethrow_exception(failure);
}

/// The same where threads need nothing of their own: `act(number)`.
void in_parallel(std::size_t count, executor auto const& on, auto const& act) {
    in_parallel(
        count, on, [] { return 0; }, [&act](std::size_t number, int /*own*/) { act(number); });
}

}  // namespace walmgr
