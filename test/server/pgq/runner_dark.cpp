/// Links that go dark under a running consumer: nothing passes any more, and nothing says so.
#include <pgq/codecs.hpp>
#include <pgq/group.hpp>
#include <pgq/runner.hpp>

#include <support/boost_test.hpp>
#include <support/proxy.hpp>
#include <support/queue.hpp>
#include <support/running.hpp>
#include <support/strikes.hpp>
#include <support/tracked.hpp>

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <stop_token>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(pgq_runner_dark)

using namespace std::chrono_literals;
using support::consumed_queue;
using support::eventually;
using support::fault;
using support::seen;

namespace {

constexpr pgq::poll often{.interval = 5ms, .longest = 20ms};

pgq::run_options<support::counts_trouble> impatient(std::chrono::milliseconds longest_silence) {
    return {.first_pause = 1ms,
            .longest_pause = 20ms,
            .longest_silence = longest_silence,
            .prepare_statements = false};  // each statement crosses the link with its text
}

/// The server, too, ends a session whose client has gone dark; else that would keep its locks.
std::string through(support::proxy const& link) {
    return link.conninfo() + " options='-c idle_in_transaction_session_timeout=200ms'";
}

void strike(support::proxy& link, consumed_queue& queue, std::initializer_list<char const*> steps, auto came) {
    auto const send = [&](std::string const& data) {
        queue.insert("n", data);
        queue.tick();
    };
    support::strike(link, {fault::stall_before, fault::stall_after}, steps, send, came);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_link_that_goes_dark_anywhere_loses_nothing_and_doubles_nothing) {
    consumed_queue queue{"dark_exact"};
    support::table const effects{queue.db, "dark_exact_effects", "data text"};
    support::proxy link{support::conninfo()};
    pgq::consumer writer{queue.source, pgq::same_transaction{}, often,
                         [](pgq::event const& ev, pgq::transport auto& session) {
                             pgq::query(session, "insert into dark_exact_effects values ($1)", ev.data);
                         }};
    auto const options = impatient(200ms);
    support::until_stopped<pgq::run_report> work{
        [&](std::stop_token const& stop) { return pgq::run(writer, through(link), stop, options); }};
    int expected = 0;
    strike(link, queue, {"next_batch_custom", "begin", "batch_event_sql", "copy (select", "finish_batch", "commit"},
           [&, last = std::string{}](std::string const& data) mutable {
               if (std::exchange(last, data) != data) ++expected;
               return effects.rows() == std::to_string(expected);
           });
    static_cast<void>(work.stop());
    BOOST_TEST(effects.rows() == "12");
    BOOST_TEST(*options.trouble.count >= 12);
}

BOOST_AUTO_TEST_CASE(with_at_least_once_a_link_that_goes_dark_loses_nothing) {
    consumed_queue queue{"dark_least"};
    support::proxy link{support::conninfo()};
    seen events;
    pgq::consumer collector{queue.source, pgq::spooled{}, pgq::notify{.fallback = 50ms},
                            [&](pgq::event const& ev) { events.add(ev.data); }};
    auto const options = impatient(200ms);
    support::until_stopped<pgq::run_report> work{
        [&](std::stop_token const& stop) { return pgq::run(collector, through(link), stop, options); }};
    strike(link, queue, {"next_batch_custom", "batch_event_sql", "copy (select", "begin", "finish_batch", "commit"},
           [&](std::string const& data) { return events.has(data); });
    static_cast<void>(work.stop());
}

BOOST_AUTO_TEST_CASE(a_group_gets_over_it_too) {
    consumed_queue one{"dark_group_one"};
    consumed_queue two{"dark_group_two"};
    support::proxy link{support::conninfo()};
    seen events;
    auto const collect = [&](pgq::event const& ev) { events.add(ev.data); };
    pgq::consumer first{one.source, pgq::notify{.fallback = 50ms}, collect};
    pgq::consumer second{two.source, pgq::notify{.fallback = 50ms}, collect};
    auto const options = impatient(200ms);
    support::until_stopped<int> work{[&](std::stop_token const& stop) {
        pgq::group{first, second}.run(through(link), stop, options);
        return 0;
    }};
    strike(link, one, {"next_batch_custom", "batch_event_sql", "finish_batch"},
           [&](std::string const& data) { return events.has(data); });
    two.insert("n", "other");
    two.tick();
    BOOST_TEST(eventually([&] { return events.has("other"); }));
    static_cast<void>(work.stop());
}

BOOST_AUTO_TEST_CASE(a_target_that_goes_dark_is_noticed_as_well) {
    support::tracked_play play{"dark_tracked"};
    support::proxy link{support::conninfo()};
    // It is given the silence of the run.
    auto const target = [&](std::stop_token const& stop) {
        return pgq::libpq::connection{through(link), {.stop = stop}};
    };
    pgq::consumer mover{play.queue.source, pgq::tracked{target}, often, support::store};
    auto const options = impatient(200ms);
    support::until_stopped<pgq::run_report> work{
        [&](std::stop_token const& stop) { return pgq::run(mover, support::conninfo(), stop, options); }};
    int expected = 0;
    strike(link, play.queue, {"begin", "advance_tick", "commit"},
           [&, last = std::string{}](std::string const& data) mutable {
               if (std::exchange(last, data) != data) ++expected;
               return play.effects.rows() == std::to_string(expected);
           });
    static_cast<void>(work.stop());
    BOOST_TEST(play.effects.rows() == "6");
    BOOST_TEST(*options.trouble.count >= 6);
}

BOOST_AUTO_TEST_CASE(a_session_that_goes_dark_while_it_is_opened_is_replaced) {
    consumed_queue queue{"dark_opening"};
    for (auto const* const step : {"pg_backend_pid", "listen"}) {
        support::proxy link{support::conninfo()};
        link.arm(fault::stall_after, step);
        seen events;
        pgq::consumer collector{queue.source, [&](pgq::event const& ev) { events.add(ev.data); }};
        auto const options = impatient(200ms);
        support::until_stopped<pgq::run_report> work{
            [&](std::stop_token const& stop) { return pgq::run(collector, through(link), stop, options); }};
        BOOST_TEST(eventually([&] { return link.struck(); }), "nothing was sent that holds " << step);
        link.disarm();
        queue.insert("n", step);
        queue.tick();
        BOOST_TEST(eventually([&] { return events.has(step); }), "after " << step);
        static_cast<void>(work.stop());
    }
}

BOOST_AUTO_TEST_CASE(a_handlers_statement_takes_as_long_as_it_takes) {
    consumed_queue queue{"dark_handler"};
    std::atomic<int> handled = 0;
    pgq::consumer sleeper{queue.source, pgq::same_transaction{}, often,
                          [&](pgq::event const&, pgq::transport auto& session) {
                              pgq::query(session, "select pg_sleep(3)");
                              ++handled;
                          }};
    auto const options = impatient(1s);
    queue.insert("n", "1");
    queue.tick();
    support::until_stopped<pgq::run_report> work{
        [&](std::stop_token const& stop) { return pgq::run(sleeper, support::conninfo(), stop, options); }};
    BOOST_TEST(eventually([&] { return handled == 1; }));
    BOOST_TEST(work.stop().counts.done == 1);
    BOOST_TEST(*options.trouble.count == 0);
}

BOOST_AUTO_TEST_SUITE_END()
