#include <pgq/consumer.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/testing/expect.hpp>
#include <pgq/testing/fault.hpp>
#include <pgq/testing/run.hpp>
#include <pgq/testing/server.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(testing_fault)

using pgq::testing::fault;
using pgq::testing::lost;
using pgq::testing::refused;
using pgq::testing::server;
using pgq::testing::step;

namespace {

/// Handled, retried once, and set aside: each of three events makes the consumer say something else.
pgq::outcome verdict(pgq::event const& ev) {
    if (ev.data == "late" && ev.retry == 0) return pgq::retry_in(std::chrono::seconds{10});
    if (ev.data == "bad") return pgq::dead_letter("bad");
    return pgq::done();
}

struct bills {
    server db;
    std::vector<std::int64_t> ids;
    std::uint64_t troubles = 0;

    explicit bills(auto& consumer) {
        db.create_queue("q");
        consumer.subscribe(db);
        db.answer("insert into bills");
        for (auto const* data : {"good", "late", "bad"})
            ids.push_back(db.put("q", {.type = "t", .data = data}));
    }
    void run(auto& consumer) { troubles = run_until_idle(consumer, db).troubles.size(); }
    void check_ends() { expect(db, "q", "c").handled(ids[0]).handled(ids[1]).set_aside(ids[2], "bad").nothing_left(); }
};

auto in_one_transaction() {
    return pgq::consumer{pgq::subscription{"q", "c"}, pgq::same_transaction{},
                         [](pgq::event const& ev, pgq::transport auto& session) {
                             pgq::query(session, "insert into bills values ($1)", ev.data);
                             return verdict(ev);
                         }};
}

constexpr std::array steps{step::connect, step::begin,  step::next_batch, step::events,   step::retry,
                           step::insert,  step::finish, step::commit,     step::statement};

std::vector<fault> faults() {
    return {lost{},
            lost{.done = true},
            pgq::testing::serialization_failure(),
            pgq::testing::deadlock(),
            pgq::testing::statement_timeout(),
            pgq::testing::disk_full()};
}

}  // namespace

BOOST_AUTO_TEST_CASE(whatever_fails_wherever_effects_happen_once) {
    std::size_t met = 0;
    for (auto const at : steps) {
        for (auto const& what : faults()) {
            for (std::size_t spared = 0; spared < 4; ++spared) {
                auto consumer = in_one_transaction();
                bills all{consumer};
                all.db.fail_next(at, what, spared);
                all.run(consumer);
                all.check_ends();
                met += all.troubles;
                BOOST_TEST(all.troubles + all.db.faults_left() == 1);
                // The event that is retried has its effect with each delivery.
                pgq::testing::expect_committed(all.db, "insert into bills", 4);
            }
        }
    }
    BOOST_TEST(met > steps.size() * faults().size());
}

BOOST_AUTO_TEST_CASE(without_a_transaction_nothing_is_lost) {
    for (auto const at : steps) {
        for (auto const& what : faults()) {
            for (std::size_t spared = 0; spared < 4; ++spared) {
                pgq::consumer consumer{pgq::subscription{"q", "c"}, verdict};
                bills all{consumer};
                all.db.fail_next(at, what, spared);
                all.run(consumer);
                all.check_ends();
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_statement_can_be_named_by_its_text) {
    auto consumer = in_one_transaction();
    bills all{consumer};
    all.db.fail_next("into bills", refused{"23505", "duplicate key"}, 1);
    all.db.fail_next("pgq.finish_batch", lost{});
    all.db.tick();
    BOOST_TEST(support::said_by<pgq::sql_error>([&] { consumer.step(all.db); }) == "duplicate key");
    BOOST_TEST(all.db.faults_left() == 1);
    BOOST_CHECK_THROW(consumer.step(all.db), pgq::connection_error);
    BOOST_TEST(all.db.faults_left() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
