#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/source/coop_subscription.hpp>

#include <support/boost_test.hpp>
#include <support/queue.hpp>

#include <chrono>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_source_coop_subscription)

using namespace std::chrono_literals;
using support::connect;
using support::consumed_queue;

namespace {

pgq::coop_subscription member_of(consumed_queue const& queue, std::string name,
                                 std::chrono::milliseconds dead_after = 1h) {
    return {queue.source.queue, "shared", std::move(name), dead_after};
}

}  // namespace

BOOST_AUTO_TEST_CASE(members_get_batches_of_their_own) {
    consumed_queue queue{"coop_shared"};
    auto const one = member_of(queue, "one");
    auto const two = member_of(queue, "two");
    BOOST_TEST(one.subscribe(queue.db));
    BOOST_TEST(!one.subscribe(queue.db));
    two.subscribe(queue.db);
    queue.insert("n", "first");
    queue.tick();
    queue.insert("n", "second");
    queue.tick();
    std::string seen;
    auto other = connect();
    pgq::consumer second{two, pgq::same_transaction{},
                         [&](pgq::event const& ev) { seen += std::string{ev.data} + ' '; }};
    pgq::consumer first{one, pgq::same_transaction{}, [&](pgq::event const& ev) {
                            while (second.step(other)) {}
                            seen += std::string{ev.data} + ' ';
                        }};
    while (first.step(queue.db)) {}
    BOOST_TEST(seen == "second first ");
    BOOST_TEST(one.unsubscribe(queue.db));
    BOOST_TEST(!one.unsubscribe(queue.db));
}

BOOST_AUTO_TEST_CASE(the_batch_of_a_dead_member_is_taken_over_and_refused_to_it) {
    consumed_queue queue{"coop_dead"};
    auto const slow = member_of(queue, "slow");
    slow.subscribe(queue.db);
    queue.insert("n", "1");
    queue.tick();
    auto other = connect();
    std::string seen;
    // A limit of zero takes the other member for dead at once.
    pgq::consumer heir{member_of(queue, "heir", 0ms), pgq::same_transaction{},
                       [&](pgq::event const&) { seen += "heir "; }};
    pgq::consumer zombie{slow, [&](pgq::event const&) {
                             while (heir.step(other)) {}
                             seen += "zombie ";
                         }};
    BOOST_CHECK_THROW(
        {
            while (zombie.step(queue.db)) {}
        },
        pgq::fenced_error);
    BOOST_TEST(seen == "heir zombie ");
    BOOST_TEST(!queue.db.in_transaction());
}

BOOST_AUTO_TEST_CASE(a_member_is_not_dead_while_its_transaction_is_open) {
    consumed_queue queue{"coop_alive"};
    auto const slow = member_of(queue, "slow");
    slow.subscribe(queue.db);
    queue.insert("n", "1");
    queue.tick();
    auto other = connect();
    std::string seen;
    pgq::consumer heir{member_of(queue, "heir", 0ms), [&](pgq::event const&) { seen += "heir "; }};
    pgq::consumer worker{slow, pgq::same_transaction{}, [&](pgq::event const&) {
                             while (heir.step(other)) {}
                             seen += "slow ";
                         }};
    while (worker.step(queue.db)) {}
    BOOST_TEST(seen == "slow ");
    // Nor does it hold anything when it has nothing to do.
    queue.insert("n", "2");
    queue.tick();
    while (heir.step(other)) {}
    BOOST_TEST(seen == "slow heir ");
}

BOOST_AUTO_TEST_SUITE_END()
