#include <pgq/group.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_group)

using namespace std::chrono_literals;
using support::event_row;
using support::scripted_session;

namespace {

struct remembers {
    std::vector<std::string>* lines;
    void operator()(std::string_view line) const { lines->emplace_back(line); }
};

/// A session in which each consumer finds `batches` batches of one event, then nothing.
scripted_session with_batches(int batches) {
    scripted_session db;
    for (int i = 0; i < batches; ++i) {
        db.answer("next_batch_custom", {{"7", "20", "19", "3000"}});
        db.answer("get_batch_events", {event_row("1", "x", "y")});
        db.answer("finish_batch", {{"1"}});
    }
    for (int i = 0; i < 100; ++i)
        db.answer("next_batch_custom", {{std::nullopt, std::nullopt, std::nullopt, std::nullopt}});
    return db;
}

constexpr pgq::poll often{.interval = 1ms, .longest = 1ms};

static_assert(pgq::shared_wait_policy<pgq::poll, scripted_session> &&
              pgq::shared_wait_policy<pgq::notify, scripted_session> &&
              pgq::shared_wait_policy<pgq::notify, pgq::libpq::connection>);

}  // namespace

BOOST_AUTO_TEST_CASE(its_consumers_take_turns_by_batches) {
    std::stop_source stop;
    std::string order;
    auto const writes = [&](char name) {
        return [&order, &stop, name](pgq::event const&) {
            order += name;
            if (order.size() == 6) stop.request_stop();
        };
    };
    pgq::consumer one{pgq::subscription{"orders", "one"}, often, writes('1')};
    pgq::consumer two{pgq::subscription{"orders", "two"}, often, writes('2')};
    auto const results = pgq::group{one, two}.run([] { return with_batches(3); }, stop.get_token());
    BOOST_TEST(order == "121212");
    BOOST_TEST(results.size() == 2U);
}

BOOST_AUTO_TEST_CASE(one_that_fails_for_good_ends_alone_and_is_thrown_at_the_end) {
    std::stop_source stop;
    std::vector<std::string> said;
    int handled = 0;
    pgq::consumer bad{pgq::subscription{"orders", "bad"}, often,
                      [](pgq::event const&) { throw std::runtime_error{"cannot\ndo that"}; }};
    pgq::consumer good{pgq::subscription{"orders", "good"}, often, [&](pgq::event const&) {
                           if (++handled == 3) stop.request_stop();
                       }};
    pgq::group both{bad, good};
    pgq::run_options<remembers> const options{.trouble = {&said}};
    BOOST_CHECK_EXCEPTION(
        both.run([] { return with_batches(3); }, stop.get_token(), options), std::runtime_error,
        [](std::runtime_error const& failure) { return std::string{failure.what()} == "cannot\ndo that"; });
    BOOST_TEST(handled == 3);
    BOOST_TEST(said == (std::vector<std::string>{"orders/bad: has ended, the others go on: cannot do that"}),
               boost::test_tools::per_element());
    BOOST_TEST(both.results()[0].consumer == "bad");
    BOOST_TEST((both.results()[0].failure != nullptr));
    BOOST_TEST(both.results()[1].report.batches == 3);
    BOOST_TEST((both.results()[1].failure == nullptr));
}

BOOST_AUTO_TEST_CASE(transient_trouble_of_one_is_its_own) {
    std::stop_source stop;
    std::vector<std::string> said;
    int opened = 0;
    int handled = 0;
    auto const connect = [&] {
        if (++opened != 1) return with_batches(2);
        scripted_session db;
        db.fail("next_batch_custom", pgq::connection_error{"server closed", {.connection_lost = true}});
        return db;
    };
    auto const counts = [&](pgq::event const&) {
        if (++handled == 4) stop.request_stop();
    };
    pgq::consumer unlucky{pgq::subscription{"orders", "unlucky"}, often, counts};
    pgq::consumer lucky{pgq::subscription{"orders", "lucky"}, often, counts};
    pgq::group both{pgq::threads{1}, unlucky, lucky};
    pgq::run_options<remembers> const options{.first_pause = 1ms, .longest_pause = 1ms, .trouble = {&said}};
    both.run(connect, stop.get_token(), options);
    BOOST_TEST(both.results()[0].report.sessions == 2);
    BOOST_TEST(both.results()[1].report.sessions == 1);
    BOOST_REQUIRE(said.size() == 1U);
    BOOST_TEST(said[0] == "orders/unlucky: server closed; trying again in 1 ms");
}

BOOST_AUTO_TEST_CASE(a_stop_request_before_the_start_opens_no_session) {
    std::stop_source stop;
    stop.request_stop();
    pgq::consumer one{pgq::subscription{"orders", "one"}, [](pgq::event const&) {}};
    pgq::group alone{one};
    BOOST_TEST(alone.run([] { return with_batches(1); }, stop.get_token())[0].report.sessions == 0);
}

BOOST_AUTO_TEST_SUITE_END()
