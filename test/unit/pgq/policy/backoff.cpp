#include <pgq/policy/backoff.hpp>

#include <support/boost_test.hpp>

#include <chrono>
#include <limits>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(pgq_policy_backoff)

using namespace std::chrono_literals;

namespace {

std::runtime_error const failure{"no"};

struct timeout : std::runtime_error {
    using runtime_error::runtime_error;
};

static_assert(pgq::retry_policy<pgq::never> && pgq::retry_policy<pgq::fixed> && pgq::retry_policy<pgq::exponential>);
static_assert(!pgq::retry_policy<int>);

}  // namespace

BOOST_AUTO_TEST_CASE(fixed_gives_the_same_delay_until_its_attempts_are_used) {
    pgq::fixed const policy{.delay = 5s, .attempts = 3};
    BOOST_TEST((policy(0, failure) == 5s));
    BOOST_TEST((policy(1, failure) == 5s));
    BOOST_TEST(!policy(2, failure).has_value());
}

BOOST_AUTO_TEST_CASE(exponential_doubles_up_to_its_limit) {
    pgq::exponential const policy{.first = 10s, .limit = 1h, .attempts = 100, .jitter = 0};
    BOOST_TEST((policy(0, failure) == 10s));
    BOOST_TEST((policy(1, failure) == 20s));
    BOOST_TEST((policy(5, failure) == 320s));
    BOOST_TEST((policy(9, failure) == 1h));
    BOOST_TEST((policy(98, failure) == 1h));
    BOOST_TEST(!policy(99, failure).has_value());
}

BOOST_AUTO_TEST_CASE(exponential_survives_the_largest_numbers) {
    using limits = std::numeric_limits<std::int64_t>;
    BOOST_TEST(pgq::detail::doubled(1, limits::max(), 1000) == limits::max());
    BOOST_TEST(pgq::detail::doubled(0, 10, 2) == 4);
    BOOST_TEST(pgq::detail::doubled(50, 10, 0) == 10);
}

BOOST_AUTO_TEST_CASE(jitter_only_shortens_and_only_by_its_share) {
    pgq::exponential const policy{.first = 1000s, .limit = 1000s, .attempts = 10, .jitter = 20};
    for (int i = 0; i < 200; ++i) {
        auto const delay = policy(0, failure);
        BOOST_REQUIRE(delay.has_value());
        BOOST_TEST((*delay >= 800s && *delay <= 1000s));
    }
}

BOOST_AUTO_TEST_CASE(policies_choose_by_state) {
    pgq::for_state const policy{"40", pgq::fixed{.delay = 1s}};
    BOOST_TEST((policy(0, pgq::sql_error{"no", {.state = pgq::sqlstate{"40P01"}}}) == 1s));
    BOOST_TEST(!policy(0, pgq::sql_error{"no", {.state = pgq::sqlstate{"23505"}}}).has_value());
    BOOST_TEST(!policy(0, failure).has_value());
}

BOOST_AUTO_TEST_CASE(policies_choose_what_is_transient) {
    pgq::for_transient const policy{pgq::fixed{.delay = 1s}};
    BOOST_TEST((policy(0, pgq::sql_error{"no", {.state = pgq::sqlstate{"53300"}}}) == 1s));
    BOOST_TEST(!policy(0, pgq::sql_error{"no", {.state = pgq::sqlstate{"42P01"}}}).has_value());
    BOOST_TEST(!policy(0, failure).has_value());
}

BOOST_AUTO_TEST_CASE(policies_choose_by_type_and_combine) {
    pgq::first_of const policy{pgq::for_exception<timeout>(pgq::fixed{.delay = 1s}),
                               pgq::for_transient{pgq::fixed{.delay = 2s}}};
    BOOST_TEST((policy(0, timeout{"late"}) == 1s));
    BOOST_TEST((policy(0, pgq::sql_error{"no", {.state = pgq::sqlstate{"40001"}}}) == 2s));
    BOOST_TEST(!policy(0, failure).has_value());
}

BOOST_AUTO_TEST_CASE(never_gives_up_at_once) {
    BOOST_TEST(!pgq::never{}(0, failure).has_value());
}

BOOST_AUTO_TEST_CASE(policies_leave_a_type_out) {
    auto const policy = pgq::unless_exception<timeout>(pgq::exponential{.first = 10s, .attempts = 3, .jitter = 0});
    BOOST_TEST(!policy(0, timeout{"late"}).has_value());
    BOOST_TEST((policy(0, failure) == 10s));
    BOOST_TEST((policy(1, failure) == 20s));
    BOOST_TEST(!policy(2, failure).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
