#include <pgq/consumer.hpp>
#include <pgq/policy/spooled.hpp>

#include <support/boost_test.hpp>
#include <support/queue.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_policy_spooled)

using support::connect;
using support::consumed_queue;

BOOST_AUTO_TEST_CASE(a_batch_of_transactions_that_overlap_comes_in_order_of_id) {
    consumed_queue queue{"consumer_mixed"};
    auto first = connect();
    auto second = connect();
    first.begin();
    second.begin();
    for (int i = 0; i < 300; ++i) {
        for (auto* const db : {&second, &first})
            pgq::query(*db, "select pgq.insert_event('consumer_mixed', 'n', repeat('x', 100))");
    }
    second.commit();
    first.commit();
    queue.insert_many("n", 300);
    queue.tick();
    for (std::size_t const memory : {std::size_t{0}, std::size_t{20'000}, std::size_t{16} << 20U}) {
        std::vector<std::int64_t> ids;
        pgq::consumer reader{queue.source, pgq::spooled{.memory = memory}, [&](pgq::event const& ev) {
                                 ids.push_back(ev.id);
                                 if (ids.size() == 900) throw pgq::error{"keep it"};
                             }};
        BOOST_CHECK_THROW(queue.step(reader), pgq::error);
        BOOST_TEST(ids.size() == 900U);
        BOOST_TEST(std::is_sorted(ids.begin(), ids.end()));
    }
}

BOOST_AUTO_TEST_CASE(a_large_batch_comes_in_order_whether_in_memory_or_not) {
    consumed_queue queue{"consumer_large"};
    queue.insert_many("n", 30'000);
    queue.tick();
    for (std::size_t const memory : {std::size_t{0}, std::size_t{64} << 20U}) {
        std::int64_t expected = 0;
        pgq::consumer counter{queue.source, pgq::same_transaction{}, pgq::spooled{.memory = memory},
                              [&](pgq::event const& ev) {
                                  ++expected;
                                  if (ev.data != std::to_string(expected)) throw std::runtime_error{"out of order"};
                                  if (expected == 30'000) throw pgq::error{"keep it"};
                              }};
        BOOST_CHECK_THROW(queue.step(counter), pgq::error);
        BOOST_TEST(expected == 30'000);
    }
    std::int64_t sum = 0;
    pgq::consumer adds{queue.source, pgq::same_transaction{}, [&](pgq::event const&) { ++sum; }};
    BOOST_TEST(queue.step(adds)->counts.done == 30'000);
    BOOST_TEST(sum == 30'000);
}

BOOST_AUTO_TEST_SUITE_END()
