#include <support/boost_test.hpp>
#include <walmgr/in_parallel.hpp>

#include <atomic>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_in_parallel)

using namespace walmgr;

namespace {

/// Somebody's pool, which knows nothing of numbers, and asks once more when everything is done.
struct own_pool {
    std::atomic<int>& calls;

    void run(auto const& work, std::size_t most) const {
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < most; ++i)
                threads.emplace_back([&] { ++calls, work(); });
        }
        ++calls, work();
    }
};

struct shut_down {
    void run(auto const& /*work*/, std::size_t /*most*/) const {}
};

std::string failure_of(auto const& act) {
    try {
        act();
    } catch (std::exception const& problem) { return problem.what(); }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(inline_all_comes_in_its_order_and_nothing_behind_a_failure) {
    std::vector<std::size_t> done;
    in_parallel(4, inline_executor{}, [&](std::size_t number) { done.push_back(number); });
    BOOST_TEST(done == (std::vector<std::size_t>{0, 1, 2, 3}));
    BOOST_TEST(failure_of([&] {
                   in_parallel(4, inline_executor{}, [&](std::size_t number) {
                       done.push_back(number + 10);
                       if (number == 1) throw std::runtime_error{"one"};
                   });
               }) == "one");
    BOOST_TEST(done == (std::vector<std::size_t>{0, 1, 2, 3, 10, 11}));
}

BOOST_AUTO_TEST_CASE(by_threads_each_number_comes_once_and_each_thread_makes_its_own) {
    std::atomic<int> calls = 0;
    auto const each_once = [](auto const& on) {
        constexpr std::size_t count = 200;
        std::atomic<int> made = 0;
        std::vector<std::atomic<int>> times(count);
        std::atomic<bool> shared = false;
        in_parallel(
            count, on,
            [&made] {
                return std::pair{++made, std::thread::id{}};
            },
            [&](std::size_t number, auto& own) {
                if (own.second == std::thread::id{}) own.second = std::this_thread::get_id();
                if (own.second != std::this_thread::get_id()) shared = true;
                ++times[number];
            });
        BOOST_TEST(!shared);
        BOOST_TEST((made >= 1 && made <= 200));
        BOOST_TEST(std::accumulate(times.begin(), times.end(), 0) == 200);
        BOOST_TEST(std::all_of(times.begin(), times.end(), [](auto const& one) { return one == 1; }));
    };
    each_once(thread_executor{3});
    each_once(thread_executor{0});
    each_once(own_pool{calls});
    BOOST_TEST(calls == 201);
}

BOOST_AUTO_TEST_CASE(what_a_pool_drops_is_done_all_the_same) {
    std::size_t done = 0;
    in_parallel(5, shut_down{}, [&done](std::size_t) { ++done; });
    BOOST_TEST(done == 5U);
}

BOOST_AUTO_TEST_CASE(a_failure_on_any_thread_or_before_the_first_number_is_thrown_by_the_caller) {
    std::atomic<int> done = 0;
    auto const fail_at_50 = [&](std::size_t number) {
        if (number == 50) throw std::runtime_error{"fifty"};
        ++done;
    };
    BOOST_TEST(failure_of([&] { in_parallel(1'000'000, thread_executor{4}, fail_at_50); }) == "fifty");
    BOOST_TEST(done < 1'000'000);
    auto const no_store = []() -> int { throw std::runtime_error{"no store"}; };
    auto const never = [](std::size_t, int) { BOOST_ERROR("begun without a store"); };
    BOOST_TEST(failure_of([&] { in_parallel(9, thread_executor{2}, no_store, never); }) == "no store");
    BOOST_TEST(failure_of([&] { in_parallel(0, thread_executor{2}, no_store, never); }).empty());
}

BOOST_AUTO_TEST_SUITE_END()
