#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/sql/coop.hpp>
#include <pgq/sql/info.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/sql/maintenance.hpp>
#include <pgq/sql/queue.hpp>
#include <pgq/sql/savepoint.hpp>
#include <pgq/sql/tick.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/stage/savepoint.hpp>
#include <pgq/testing/server.hpp>
#include <pgq/testing/session.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(testing_session)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using pgq::testing::lost;
using pgq::testing::refused;
using pgq::testing::server;
using pgq::testing::step;
using support::said_by;
using lines = std::vector<std::string>;

namespace {

constexpr auto counts = [](pgq::event const& ev, pgq::transport auto& session) {
    pgq::query(session, "insert into counted values ($1)", ev.data);
    if (ev.data == "bad") throw std::runtime_error{"bad"};
};

/// A consumer that writes into the batch's own transaction.
auto counter() {
    return pgq::consumer{pgq::subscription{"q", "c"}, pgq::same_transaction{},
                         pgq::retry{pgq::fixed{.delay = 10s, .attempts = 2}}, pgq::savepoint{}, counts};
}

void prepare(server& db, lines const& data) {
    db.create_queue("q");
    counter().subscribe(db);
    for (auto const& one : data)
        db.put("q", {.type = "t", .data = one});
    db.tick();
}

lines counted(server const& db) {
    lines values;
    for (auto const& one : db.committed())
        values.push_back(one.values.at(0).value());
    return values;
}

}  // namespace

BOOST_AUTO_TEST_CASE(effects_are_committed_with_the_batch_or_not_at_all) {
    server db;
    prepare(db, {"1", "bad", "2"});
    db.answer("insert into counted");
    auto consumer = counter();
    db.fail_next(step::finish, refused{"40001"});
    BOOST_CHECK_THROW(consumer.step(db), pgq::sql_error);
    BOOST_TEST(counted(db).empty());
    BOOST_TEST(!db.in_transaction());
    BOOST_TEST((consumer.step(db)->counts == pgq::verdict_counts{.events = 3, .done = 2, .retried = 1}));
    BOOST_TEST(counted(db) == (lines{"1", "2"}), per_element());
    BOOST_TEST(db.faults_left() == 0);
}

BOOST_AUTO_TEST_CASE(a_lost_session_takes_nothing_more) {
    server db;
    prepare(db, {"1"});
    db.answer("insert into counted");
    auto consumer = counter();
    db.fail_next(step::commit, lost{});
    try {
        consumer.step(db);
        BOOST_ERROR("threw nothing");
    } catch (pgq::connection_error const& failure) {
        BOOST_TEST(failure.in_doubt());
        BOOST_TEST(failure.connection_lost());
    }
    BOOST_TEST(said_by<pgq::connection_error>([&] { consumer.step(db); }) ==
               "the session is closed: reconnect with reset()");
    db.reset();
    BOOST_TEST(consumer.step(db)->counts.done == 1);
    BOOST_TEST(counted(db) == lines{"1"}, per_element());
}

BOOST_AUTO_TEST_CASE(a_commit_in_doubt_may_have_happened) {
    server db;
    prepare(db, {"1"});
    db.answer("insert into counted");
    auto consumer = counter();
    db.fail_next(step::commit, lost{.done = true});
    BOOST_CHECK_THROW(consumer.step(db), pgq::connection_error);
    db.reset();
    BOOST_TEST(!consumer.step(db).has_value());
    BOOST_TEST(counted(db) == lines{"1"}, per_element());
}

BOOST_AUTO_TEST_CASE(each_step_can_fail) {
    for (auto const at : {step::next_batch, step::events, step::retry, step::insert, step::finish, step::commit}) {
        server db;
        prepare(db, {"1", "bad", "dead"});
        pgq::consumer consumer{pgq::subscription{"q", "c"}, [](pgq::event const& ev) {
                                   if (ev.data == "bad") return pgq::retry_in(10s);
                                   return ev.data == "dead" ? pgq::dead_letter("dead") : pgq::done();
                               }};
        db.fail_next(at, lost{});
        BOOST_CHECK_THROW(consumer.step(db), pgq::connection_error);
        BOOST_TEST(db.faults_left() == 0);
        auto again = db.connect();
        BOOST_TEST(
            (consumer.step(again)->counts == pgq::verdict_counts{.events = 3, .done = 1, .retried = 1, .dead = 1}));
    }
    server db;
    db.fail_next(step::connect, lost{});
    BOOST_CHECK_THROW(static_cast<void>(db.connect()), pgq::connection_error);
}

BOOST_AUTO_TEST_CASE(a_fault_can_be_for_a_later_time) {
    server db;
    db.fail_next(step::statement, refused{"53100", "disk full"}, 1);
    db.create_queue("a");
    BOOST_TEST(said_by<pgq::sql_error>([&] { db.create_queue("b"); }) == "disk full");
    BOOST_TEST(!pgq::sql::queue_exists(db, "b"));
}

BOOST_AUTO_TEST_CASE(an_unknown_statement_is_never_taken_for_a_failing_event) {
    server db;
    prepare(db, {"1"});
    auto consumer = counter();
    BOOST_TEST(said_by<pgq::usage_error>([&] { consumer.step(db); }) ==
               "pgq::testing::server does not know this statement: insert into counted values ($1); "
               "say what comes back: server.answer(\"a part of its text\", pgq::testing::rows{...})");
    db.answer("insert into counted");
    BOOST_TEST(consumer.step(db)->counts.done == 1);
}

BOOST_AUTO_TEST_CASE(a_savepoint_undoes_what_came_after) {
    server db;
    db.create_queue("q");
    db.begin();
    pgq::sql::set_savepoint(db);
    db.create_queue("undone");
    BOOST_CHECK_THROW(pgq::query(db, "select pgq.finish_batch('x')"), pgq::sql_error);
    pgq::sql::rollback_to_savepoint(db);
    BOOST_TEST(!pgq::sql::queue_exists(db, "undone"));
    pgq::sql::release_savepoint(db);
    BOOST_CHECK_THROW(pgq::sql::release_savepoint(db), pgq::sql_error);
    db.rollback();
}

BOOST_AUTO_TEST_CASE(listeners_hear_of_ticks_after_their_commit) {
    server db;
    db.create_queue("q");
    db.listen("pgq_tick");
    auto other = db.connect();
    other.begin();
    pgq::query(other, "select pgq.force_tick('q')");
    pgq::query(other, "select pgq.ticker('q')");
    BOOST_TEST(!db.wait_notification({}).has_value());
    other.commit();
    BOOST_TEST(db.wait_notification({}).value().payload == "q");
    BOOST_TEST(!db.wait_notification({}).has_value());
}

// Whoever changes a statement of the framework, or adds one that consumers or producers send, finds out here.
BOOST_AUTO_TEST_CASE(every_statement_of_the_framework_is_known) {
    namespace sql = pgq::sql;
    server db;
    BOOST_TEST(sql::look_around(db).present);
    BOOST_TEST(sql::version(db).value() == "4.0");
    BOOST_TEST(sql::create_queue(db, "q"));
    BOOST_TEST(!sql::create_queue(db, "q"));
    sql::set_queue_config(db, "q", "ticker_max_count", "1");
    BOOST_TEST(sql::register_consumer(db, "q", "c"));
    BOOST_TEST(!sql::register_consumer_at(db, "q", "c", pgq::tick_id{1}));
    BOOST_TEST(sql::consumer_exists(db, "q", "c"));
    BOOST_TEST(!sql::consumer_exists(db, "q", "d"));
    BOOST_TEST(sql::insert_event(db, "q", {.type = "t", .data = "d"}) == 1);
    BOOST_TEST(sql::insert_events(db, "q", "{a,NULL}", "{b,c}") == 2);
    BOOST_TEST(sql::tick_all(db) == 1);
    BOOST_TEST(sql::tick_pending(db, "{q}").empty());
    db.clock().advance(1500ms);
    auto const info = sql::get_queue_info(db, "q").at(0);
    BOOST_TEST(info.ticker_lag.value().count() == 1500);
    BOOST_TEST(info.since_rotation.count() == 1500);
    BOOST_TEST(info.ticker_max_count == 1);
    BOOST_TEST(info.new_events.value() == 0);
    BOOST_TEST(info.last_tick.value() == 2);
    BOOST_TEST(sql::get_consumer_info(db).at(0).pending_events.value() == 2);
    auto const batch = sql::next_batch(db, "q", "c");
    BOOST_TEST(batch.value().events_at_most.value() == 2);
    BOOST_TEST(sql::batch_events(db, batch->id).size() == 3);
    db.begin();
    BOOST_TEST(sql::open_batch_cursor(db, batch->id, 2).size() == 2);
    BOOST_TEST(sql::fetch_batch_cursor(db, 2).size() == 1);
    sql::close_batch_cursor(db);
    BOOST_TEST(sql::current_event_table(db, "q").value().name == "pgq.event_1_0");
    db.commit();
    BOOST_CHECK_THROW(sql::event_retry(db, batch->id, "{1,99}", "{3600,3600}"), pgq::sql_error);
    sql::event_retry(db, batch->id, "{1,2}", "{0,0}");
    sql::event_retry(db, batch->id, "{3}", "{3600}");
    BOOST_TEST((sql::finish_batch(db, batch->id) && !sql::finish_batch(db, batch->id)));
    BOOST_TEST(sql::maint_retry_events(db) == 2);
    BOOST_TEST(sql::tick_pending(db, "{q}").at(0).ticked);
    BOOST_TEST(sql::coop::heartbeat_exists(db));
    BOOST_TEST(sql::coop::register_member(db, "q", "coop", "m"));
    BOOST_TEST(!sql::coop::next_batch(db, "q", "coop", "m", 1s).has_value());
    BOOST_TEST(!sql::coop::heartbeat(db, pgq::batch_id{99}));
    BOOST_TEST(!sql::coop::finish_batch(db, pgq::batch_id{99}));
    BOOST_TEST(sql::coop::unregister_member(db, "q", "coop", "m"));
    BOOST_TEST(sql::unregister_consumer(db, "q", "c"));
    BOOST_TEST(sql::try_lead(db, 1));
    sql::resign(db, 1);
    sql::drop_queue(db, "q", true);
    BOOST_TEST(!sql::queue_exists(db, "q"));
}

BOOST_AUTO_TEST_SUITE_END()
