/// A rotation that comes between a producer's look at the queue and its event loses none, however it is sent.
#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/policy/insert_pipelined.hpp>
#include <pgq/producer.hpp>

#include <boost/test/unit_test.hpp>
#include <support/queue.hpp>
#include <support/running.hpp>
#include <support/session.hpp>

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>

BOOST_AUTO_TEST_SUITE(server_pgq_producer_rotation)

using every_policy = std::tuple<pgq::insert_each, pgq::insert_pipelined, pgq::insert_bulk, pgq::insert_copy>;

namespace {

/// The data of all events up to the newest tick, one after the other.
std::string delivered(support::consumed_queue& queue) {
    std::string found;
    for (;;) {
        auto const batch = pgq::query(queue.db, "select pgq.next_batch($1, 'tester')", queue.source.queue);
        if (!batch.at(0, 0)) return found;
        auto const id = pgq::value_of<std::int64_t>(batch, 0, 0);
        found += support::text_of(
            pgq::query(queue.db, "select coalesce(string_agg(ev_data, ' '), '') from pgq.get_batch_events($1)", id));
        pgq::query(queue.db, "select pgq.finish_batch($1)", id);
    }
}

std::string current(support::consumed_queue& queue) {
    return support::text_of(
        pgq::query(queue.db, "select queue_data_pfx || '_' || queue_cur_table from pgq.queue where queue_name = $1",
                   queue.source.queue));
}

/// Until it succeeds: a transaction of anybody that is older than the queue holds it up. Nothing is delivered
/// meanwhile.
bool rotates(support::consumed_queue& queue) {
    auto const before = current(queue);
    return support::eventually([&] {
        queue.tick();
        BOOST_TEST(delivered(queue) == "");
        pgq::query(queue.db, "update pgq.queue set queue_switch_time = '2000-01-01' where queue_name = $1",
                   queue.source.queue);
        pgq::query(queue.db, "select pgq.maint_rotate_tables_step1($1)", queue.source.queue);
        queue.db.execute("select pgq.maint_rotate_tables_step2()");
        return current(queue) != before;
    });
}

/// True once the server process `pid` waits for a lock.
bool waits_for_lock(pgq::libpq::connection& observer, int pid) {
    return support::eventually([&] {
        return pgq::query(observer, "select 1 from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'", pid)
                   .size() == 1;
    });
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(loses_nothing, policy, every_policy) {
    support::consumed_queue queue{"producer_rotation"};
    queue.tick();
    BOOST_TEST(delivered(queue) == "");
    // The first number after a tick is logged, which gives an id to the transaction that takes it; most are not.
    pgq::query(queue.db, "select nextval(queue_event_seq::regclass) from pgq.queue where queue_name = $1",
               queue.source.queue);

    auto holder = support::connect();
    holder.begin();
    holder.execute("lock table " + current(queue) + " in share mode");
    auto db = support::connect();
    auto const pid = db.backend_pid();
    support::until_stopped<std::uint64_t> producer{[&](std::stop_token const& stop) {
        db.stop_token(stop);
        pgq::producer out{db, queue.source.queue, policy{}};
        out.insert({.type = "late", .data = "event"});
        return out.finish();
    }};
    BOOST_TEST(waits_for_lock(queue.db, pid));
    BOOST_TEST(rotates(queue));
    queue.tick();
    BOOST_TEST(delivered(queue) == "");
    holder.rollback();
    BOOST_TEST(producer.result() == 1U);
    queue.tick();
    BOOST_TEST(delivered(queue) == "event");
}

BOOST_AUTO_TEST_SUITE_END()
