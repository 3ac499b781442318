#include <pgq/maintenance.hpp>
#include <pgq/sql/info.hpp>
#include <pgq/sql/queue.hpp>

#include <boost/test/unit_test.hpp>
#include <support/fresh_queue.hpp>
#include <support/session.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_maintenance)

using pgq::libpq::connection;
using support::connect;
using support::text_of;

namespace {

struct fresh_queue : support::fresh_queue {
    [[nodiscard]] int current_table() { return pgq::sql::get_queue_info(db, name).at(0).current_table; }
};

auto const unexpected = [](pgq::sql::maint_operation const& operation, pgq::error const& problem) {
    BOOST_ERROR(operation.function + ": " + problem.what());
};

}  // namespace

BOOST_AUTO_TEST_CASE(rotates_what_is_due) {
    fresh_queue due;
    fresh_queue later;
    pgq::sql::set_queue_config(due.db, due.name, "rotation_period", "0");
    auto session = connect();
    BOOST_TEST(pgq::maintenance{session}.run(unexpected) >= 2U);
    BOOST_TEST(due.current_table() == 1);
    BOOST_TEST(later.current_table() == 0);
    BOOST_TEST(text_of(pgq::query(due.db, "select count(*) from pgq.queue where queue_switch_step2 is null")) == "0");
}

BOOST_AUTO_TEST_CASE(a_queue_that_fails_does_not_stop_the_next) {
    fresh_queue broken;
    fresh_queue sound;
    for (auto* queue : {&broken, &sound})
        pgq::sql::set_queue_config(queue->db, queue->name, "rotation_period", "0");
    // As after a restore into a cluster whose transactions have lower numbers.
    pgq::query(broken.db, "update pgq.queue set queue_switch_step1 = 9000000000000 where queue_name = $1", broken.name);
    auto session = connect();
    std::vector<std::string> failures;
    pgq::maintenance{session}.run([&](pgq::sql::maint_operation const& operation, pgq::error const&) {
        failures.push_back(operation.argument.value_or(""));
    });
    BOOST_TEST(failures == std::vector<std::string>{broken.name}, boost::test_tools::per_element());
    BOOST_TEST(sound.current_table() == 1);
}

BOOST_AUTO_TEST_CASE(moves_all_events_that_are_due_for_retry) {
    fresh_queue queue;
    pgq::query(queue.db, "select pgq.register_consumer($1, 'retrying')", queue.name);
    pgq::query(
        queue.db,
        "select pgq.event_retry_raw($1, 'retrying', now(), null, now(), null, 't', i::text, null, null, null, null) "
        "from generate_series(1, 25) i",
        queue.name);
    auto session = connect();
    BOOST_TEST(pgq::maintenance{session}.retry() == 25U);
    BOOST_TEST(pgq::maintenance{session}.retry() == 0U);
    BOOST_TEST(
        text_of(pgq::query(queue.db,
                           "select count(distinct ev_data) from pgq.event_template where ev_owner = (select sub_id "
                           "from pgq.subscription join pgq.queue on queue_id = sub_queue where queue_name = $1)",
                           queue.name)) == "25");
}

BOOST_AUTO_TEST_CASE(calls_the_functions_that_a_queue_names_itself) {
    fresh_queue queue;
    queue.db.execute(
        "create table if not exists public.tidied (queue text); "
        "create or replace function public.tidy(queue text) returns integer language plpgsql as "
        "$$ begin insert into public.tidied values ($1); return (select 3 - count(*) from public.tidied); end $$");
    pgq::query(queue.db, "update pgq.queue set queue_extra_maint = array['public.tidy'] where queue_name = $1",
               queue.name);
    auto session = connect();
    pgq::maintenance{session}.run(unexpected);
    BOOST_TEST(text_of(pgq::query(queue.db, "select count(*) from public.tidied where queue = $1", queue.name)) == "3");
    queue.db.execute("drop table public.tidied; drop function public.tidy");
}

BOOST_AUTO_TEST_SUITE_END()
