#include <pgq/stage/observe.hpp>

#include <support/boost_test.hpp>

#include <stdexcept>

BOOST_AUTO_TEST_SUITE(pgq_stage_observe)

BOOST_AUTO_TEST_CASE(sees_event_and_verdict_and_changes_neither) {
    pgq::no_session none;
    pgq::event ev{};
    ev.id = 77;
    long seen = 0;
    pgq::observe const watch{[&](pgq::event const& event, pgq::outcome const& verdict) {
        BOOST_TEST(verdict.reason == "broken");
        seen = event.id;
    }};
    auto const verdict = pgq::detail::pass(1, ev, none, watch, [](int) { return pgq::dead_letter("broken"); });
    BOOST_TEST(verdict.reason == "broken");
    BOOST_TEST(seen == 77);
}

BOOST_AUTO_TEST_CASE(is_silent_when_the_rest_throws) {
    pgq::no_session none;
    pgq::observe const watch{[](pgq::event const&, pgq::outcome const&) { BOOST_ERROR("called"); }};
    auto const fails = [](int) { throw std::runtime_error{"no"}; };
    BOOST_CHECK_THROW(static_cast<void>(pgq::detail::pass(1, pgq::event{}, none, watch, fails)), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
