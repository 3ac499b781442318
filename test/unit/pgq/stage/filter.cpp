#include <pgq/stage/filter.hpp>

#include <support/boost_test.hpp>

BOOST_AUTO_TEST_SUITE(pgq_stage_filter)

BOOST_AUTO_TEST_CASE(lets_pass_what_the_predicate_accepts) {
    int sum = 0;
    pgq::no_session none;
    pgq::filter const even{[](int in) { return in % 2 == 0; }};
    auto const add = [&](int in) { sum += in; };
    BOOST_TEST((pgq::detail::pass(4, pgq::event{}, none, even, add).what == pgq::outcome::kind::done));
    BOOST_TEST((pgq::detail::pass(5, pgq::event{}, none, even, add).what == pgq::outcome::kind::skipped));
    BOOST_TEST(sum == 4);
}

BOOST_AUTO_TEST_CASE(the_predicate_may_look_at_the_event) {
    pgq::no_session none;
    pgq::event ev{};
    ev.retry = 3;
    pgq::filter const fresh{[](int, pgq::event const& event) { return event.retry == 0; }};
    BOOST_TEST((pgq::detail::pass(4, ev, none, fresh, [](int) {}).what == pgq::outcome::kind::skipped));
}

BOOST_AUTO_TEST_SUITE_END()
