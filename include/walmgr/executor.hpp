/// On which threads pieces of work are done: a policy of whatever has many that do not wait for each other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace walmgr {

/// `run(work, most)` calls `work()` once or more, up to `most` times at once, on whatever threads, and returns when all
/// of these calls have. Each call takes pieces for as long as there are some, so that one alone does everything, and
/// one that comes late finds nothing to do. `work` throws nothing, and may be called by several threads.
template <class E> concept executor = requires(E const& on, void (&work)(), std::size_t most) { on.run(work, most); };

/// All of it on the thread that asks for it, in its order.
struct inline_executor {
    void run(auto const& work, std::size_t /*most*/) const { work(); }
};

/// On that thread and `count - 1` more, which live as long as the work does. Where the system gives fewer, fewer do it.
struct thread_executor {
    unsigned count = std::max(1U, std::thread::hardware_concurrency());

    void run(auto const& work, std::size_t most) const {
        std::vector<std::jthread> others;
        try {
            for (std::size_t i = 1; i < std::min<std::size_t>(count, most); ++i)
                others.emplace_back(work);
        } catch (std::system_error const&) {}  // no more threads for now
        work();
    }
};

static_assert(executor<inline_executor> && executor<thread_executor>);

}  // namespace walmgr
