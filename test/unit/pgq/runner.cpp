#include <pgq/runner.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_runner)

using namespace std::chrono_literals;
using support::event_row;
using support::scripted_session;

namespace {

struct remembers {
    std::vector<std::string>* lines;
    void operator()(std::string_view line) const { lines->emplace_back(line); }
};

struct stops_instead_of_waiting {
    using policy_axis = pgq::wait_axis;
    std::stop_source* source;
    void prepare(pgq::transport auto&) const {}
    void wait(pgq::transport auto&, std::string_view queue, int rounds, std::stop_token const&) const {
        BOOST_TEST(queue == "orders");
        if (rounds == 3) source->request_stop();
    }
};

pgq::subscription const orders{"orders", "billing"};

scripted_session with_batch() {
    scripted_session db;
    db.answer("next_batch_custom", {{"7", "20", "19", "3000"}});
    db.answer("get_batch_events", {event_row("1", "x", "y")});
    db.answer("finish_batch", {{"1"}});
    return db;
}

/// Keeps what it is told of the longest silence.
struct limited_session : scripted_session {
    std::vector<std::chrono::milliseconds>* told;
    std::chrono::milliseconds now{};

    limited_session(scripted_session script, std::vector<std::chrono::milliseconds>& limits)
        : scripted_session{std::move(script)}, told{&limits} {}
    void longest_silence(std::chrono::milliseconds limit) { told->push_back(now = limit); }
    [[nodiscard]] std::chrono::milliseconds longest_silence() const { return now; }
};

scripted_session lost() {
    scripted_session db;
    db.fail("next_batch_custom", pgq::connection_error{"server closed\nthe connection", {.connection_lost = true}});
    return db;
}

}  // namespace

BOOST_AUTO_TEST_CASE(opens_a_new_session_after_transient_trouble_and_says_so) {
    std::stop_source stop;
    std::vector<std::string> said;
    int opened = 0;
    pgq::consumer billing{orders, [&](pgq::event const&) { stop.request_stop(); }};
    auto const connect = [&] { return ++opened < 3 ? lost() : with_batch(); };
    pgq::run_options<remembers> const options{.first_pause = 1ms, .longest_pause = 1ms, .trouble = {&said}};
    auto const report = pgq::run(billing, connect, stop.get_token(), options);
    BOOST_TEST(report.sessions == 3);
    BOOST_TEST(report.batches == 1);
    BOOST_TEST(report.counts.done == 1);
    BOOST_REQUIRE(said.size() == 2);
    BOOST_TEST(said[0] == "server closed the connection; trying again in 1 ms");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_only_slow_is_given_more_time_each_time) {
    std::stop_source stop;
    std::vector<std::chrono::milliseconds> told;
    int opened = 0;
    pgq::consumer billing{orders, [&](pgq::event const&) { stop.request_stop(); }};
    auto const connect = [&] {
        scripted_session db;
        if (++opened == 1) db.fail("next_batch_custom", pgq::connection_error{"gone", {.connection_lost = true}});
        else if (opened < 10) db.fail("next_batch_custom", pgq::sql_error{"", {.state = pgq::sqlstate{"57014"}}});
        else db = with_batch();
        return limited_session{std::move(db), told};
    };
    pgq::run_options<remembers> options{.first_pause = 1ms, .longest_pause = 1ms, .longest_silence = 10ms};
    std::vector<std::string> said;
    options.trouble = {&said};
    pgq::run(billing, connect, stop.get_token(), options);
    std::vector<std::chrono::milliseconds> const expected{10ms,  10ms,  20ms,  40ms,  80ms, 160ms,
                                                          160ms, 160ms, 160ms, 160ms, 10ms};
    BOOST_TEST((told == expected));
}

BOOST_AUTO_TEST_CASE(what_does_not_go_away_ends_it) {
    pgq::consumer billing{orders, [](pgq::event const&) {}};
    auto const refused = [] {
        scripted_session db;
        db.fail("next_batch_custom", pgq::sql_error{"permission denied", {.state = pgq::sqlstate{"42501"}}});
        return db;
    };
    BOOST_CHECK_THROW(pgq::run(billing, refused), pgq::sql_error);
    pgq::consumer failing{orders, [](pgq::event const&) { throw std::runtime_error{"no"}; }};
    BOOST_CHECK_THROW(pgq::run(failing, with_batch), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_stop_request_before_the_start_opens_no_session) {
    std::stop_source stop;
    stop.request_stop();
    pgq::consumer billing{orders, [](pgq::event const&) {}};
    BOOST_TEST(pgq::run(billing, with_batch, stop.get_token()).sessions == 0);
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_the_pause_after_trouble) {
    std::stop_source stop;
    pgq::consumer billing{orders, [](pgq::event const&) {}};
    struct stops {
        std::stop_source* source;
        void operator()(std::string_view) const { source->request_stop(); }
    };
    pgq::run_options<stops> const options{.first_pause = 1h, .longest_pause = 1h, .trouble = {&stop}};
    BOOST_TEST(pgq::run(billing, lost, stop.get_token(), options).sessions == 1);
}

BOOST_AUTO_TEST_CASE(log_and_metrics_hear_of_sessions_batches_and_trouble) {
    std::stop_source stop;
    std::string heard;
    pgq::metrics counted;
    int opened = 0;
    pgq::consumer billing{orders, [&](pgq::event const&) { stop.request_stop(); }};
    auto const connect = [&] {
        if (++opened == 1) return lost();
        scripted_session db;
        db.answer("next_batch_custom", {{"7", "20", "19", "3000", "1500"}});
        db.answer("get_batch_events", {event_row("1", "x", "y")});
        db.answer("finish_batch", {{"1"}});
        return db;
    };
    auto const options =
        pgq::run_options<>{.first_pause = 1ms, .longest_pause = 1ms}
            .with_log(pgq::log_to{pgq::log_level::debug,
                                  [&](pgq::log_level level, std::string_view line) {
                                      heard.append(pgq::name_of(level)).append(" ").append(line).append("\n");
                                  }})
            .with_metrics(pgq::count_in{counted});
    pgq::run(billing, connect, stop.get_token(), options);
    auto const batch = heard.find("debug orders/billing: batch 7: 1 events in ");
    BOOST_TEST(heard.starts_with("info orders/billing: has a session\n"
                                 "warning orders/billing: server closed the connection; trying again in 1 ms\n"
                                 "info orders/billing: has a session\n"));
    BOOST_TEST(batch != std::string::npos);
    BOOST_TEST(heard.ends_with("ms, 0 handed back, 0 set aside\ninfo orders/billing: has ended\n"));
    auto const& mine = counted.of("orders", "billing");
    BOOST_TEST(mine.batches == 1U);
    BOOST_TEST(mine.events == 1U);
    BOOST_TEST(mine.reconnects == 1U);
    BOOST_TEST(mine.lag_seconds.sum() >= 1.5);
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_an_idle_wait) {
    std::stop_source stop;
    auto const idle = [&] {
        scripted_session db;
        for (int i = 0; i < 3; ++i)
            db.answer("next_batch_custom", {{std::nullopt, std::nullopt, std::nullopt, std::nullopt}});
        return db;
    };
    pgq::consumer billing{orders, stops_instead_of_waiting{&stop}, [](pgq::event const&) {}};
    BOOST_TEST(pgq::run(billing, idle, stop.get_token()).batches == 0);
}

BOOST_AUTO_TEST_SUITE_END()
