#include <pgq/policy/backoff.hpp>
#include <pgq/stage/retry.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

BOOST_AUTO_TEST_SUITE(pgq_stage_retry)

using namespace std::chrono_literals;

namespace {

constexpr auto thrice = [](int retries, std::exception const&) {
    return retries < 2 ? std::optional<std::chrono::seconds>{60s} : std::nullopt;
};

template <class Failure> pgq::outcome attempt(auto const& stage, int retries, Failure failure) {
    pgq::no_session none;
    pgq::event ev{};
    ev.retry = retries;
    return pgq::detail::pass(1, ev, none, stage, [&](int) -> void { throw failure; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(turns_an_exception_into_a_later_attempt) {
    auto const verdict = attempt(pgq::retry{thrice}, 0, std::runtime_error{"printer on fire"});
    BOOST_TEST((verdict.what == pgq::outcome::kind::retry));
    BOOST_TEST(verdict.delay.count() == 60);
    BOOST_TEST(verdict.reason == "printer on fire");
}

BOOST_AUTO_TEST_CASE(sets_the_event_aside_when_the_policy_gives_up) {
    auto const verdict = attempt(pgq::retry{thrice}, 2, std::runtime_error{"printer on fire"});
    BOOST_TEST((verdict.what == pgq::outcome::kind::dead));
    BOOST_TEST(verdict.reason == "printer on fire");
}

BOOST_AUTO_TEST_CASE(rethrows_at_the_end_when_told_so) {
    pgq::retry const stage{thrice, pgq::giving_up::rethrows};
    BOOST_CHECK_THROW(static_cast<void>(attempt(stage, 2, std::runtime_error{"no"})), std::runtime_error);
    BOOST_TEST((attempt(stage, 1, std::runtime_error{"no"}).what == pgq::outcome::kind::retry));
}

BOOST_AUTO_TEST_CASE(lets_failures_of_the_session_pass) {
    pgq::retry const stage{thrice};
    BOOST_CHECK_THROW(static_cast<void>(attempt(stage, 0, pgq::connection_error{"gone", {.connection_lost = true}})),
                      pgq::connection_error);
    BOOST_CHECK_THROW(static_cast<void>(attempt(stage, 0, pgq::fenced_error{"not ours"})), pgq::fenced_error);
    BOOST_CHECK_THROW(static_cast<void>(attempt(stage, 0, pgq::stopped{})), pgq::stopped);
    BOOST_TEST(
        (attempt(stage, 0, pgq::sql_error{"no", {.state = pgq::sqlstate{"23505"}}}).what == pgq::outcome::kind::retry));
}

BOOST_AUTO_TEST_CASE(takes_an_aborted_transaction_for_the_batchs_only_where_it_can_be) {
    auto const fails = [](int, auto&) -> void { throw pgq::sql_error{"no", {.transaction_aborted = true}}; };
    support::scripted_session session;
    BOOST_CHECK_THROW(static_cast<void>(pgq::detail::pass(1, pgq::event{}, session, pgq::retry{thrice}, fails)),
                      pgq::sql_error);
    // What a handler does in a transaction of its own hinders nobody from giving a verdict.
    pgq::no_session none;
    auto const verdict = pgq::detail::pass(1, pgq::event{}, none, pgq::retry{thrice}, fails);
    BOOST_TEST((verdict.what == pgq::outcome::kind::retry));
}

BOOST_AUTO_TEST_SUITE_END()
