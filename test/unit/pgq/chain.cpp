#include <pgq/chain.hpp>
#include <pgq/policy/backoff.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/stage/decode.hpp>
#include <pgq/stage/filter.hpp>
#include <pgq/stage/retry.hpp>
#include <pgq/stage/savepoint.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>
#include <support/scripted.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_chain)

namespace {

using support::order_placed;

struct doubles {
    using output = int;
    pgq::outcome operator()(int in, pgq::event const&, auto const& next) const { return next(in * 2); }
};
struct counts {
    int& seen;
    pgq::outcome operator()(auto const& in, pgq::event const&, auto const& next) const {
        ++seen;
        return next(in);
    }
};
struct nothing {};

static_assert(pgq::stage<doubles, int>);
static_assert(pgq::stage<counts, order_placed>);
static_assert(!pgq::stage<nothing, int>);
static_assert(!pgq::stage<pgq::decode<order_placed>, order_placed>);

constexpr auto takes_order = [](order_placed const&) {};
constexpr auto takes_text = [](std::string const&) {};
constexpr auto takes_order_and_event = [](order_placed const&, pgq::event const&) { return pgq::done(); };
constexpr auto takes_session = [](order_placed const&, pgq::transaction<support::scripted>&) {};
constexpr auto takes_any_session = [](order_placed const&, pgq::transport auto&) {};
constexpr auto takes_two_texts = [](order_placed const&, std::string_view, std::string_view) {};
auto const takes_order_once = [last = order_placed{}](order_placed const& order) mutable { last = order; };

static_assert(pgq::handler_of<decltype(takes_order), order_placed>);
static_assert(pgq::handler_of<decltype(takes_order_and_event), order_placed>);
static_assert(pgq::handler_of<decltype(takes_session), order_placed>);
static_assert(pgq::handler_of<decltype(takes_any_session), order_placed>);
static_assert(pgq::handler_of<void (*)(order_placed const&), order_placed>);
static_assert(!pgq::handler_of<decltype(takes_text), order_placed>);
static_assert(!pgq::handler_of<decltype(takes_two_texts), order_placed>);
static_assert(!pgq::handler_of<std::remove_const_t<decltype(takes_order_once)>, order_placed>);
static_assert(!pgq::handler_of<nothing, order_placed>);
static_assert(!pgq::handler_of<int, order_placed>);

static_assert(pgq::policy<pgq::same_transaction> && !pgq::policy<doubles>);

template <class... Parts> using chain_of = pgq::detail::chain<pgq::event, Parts...>;
using decodes = pgq::decode<order_placed>;
using retries = pgq::retry<pgq::exponential>;
static_assert(!chain_of<decodes, decltype(takes_order)>::takes_session);
static_assert(chain_of<pgq::same_transaction, decodes, decltype(takes_session)>::exposed);
static_assert(!chain_of<pgq::same_transaction, decodes, pgq::savepoint, decltype(takes_session)>::exposed);
static_assert(chain_of<decodes, retries, pgq::savepoint, decltype(takes_any_session)>::fits);

pgq::outcome run(auto const& in, auto const&... parts) {
    pgq::no_session none;
    return pgq::detail::pass(in, pgq::event{}, none, parts...);
}

}  // namespace

BOOST_AUTO_TEST_CASE(stages_run_from_left_to_right) {
    std::vector<int> seen;
    auto const plus_one = [](int in, pgq::event const&, auto const& next) -> pgq::outcome { return next(in + 1); };
    auto const verdict = run(5, doubles{}, plus_one, [&](int in) { seen.push_back(in); });
    BOOST_TEST(seen == std::vector<int>{11});
    BOOST_TEST((verdict.what == pgq::outcome::kind::done));
}

BOOST_AUTO_TEST_CASE(a_stage_may_keep_an_event_to_itself) {
    int seen = 0;
    auto const stops = [](int, pgq::event const&, auto const&) -> pgq::outcome { return pgq::skipped(); };
    auto const verdict = run(5, counts{seen}, stops, counts{seen}, [](int) { BOOST_ERROR("the handler was called"); });
    BOOST_TEST(seen == 1);
    BOOST_TEST((verdict.what == pgq::outcome::kind::skipped));
}

BOOST_AUTO_TEST_CASE(the_handlers_outcome_is_the_verdict) {
    auto const verdict = run(5, [](int, pgq::event const&) { return pgq::retry_in(std::chrono::seconds{7}); });
    BOOST_TEST((verdict.what == pgq::outcome::kind::retry));
    BOOST_TEST(verdict.delay.count() == 7);
}

BOOST_AUTO_TEST_CASE(policies_among_the_stages_are_passed_over) {
    int seen = 0;
    static_cast<void>(run(5, pgq::at_least_once{}, counts{seen}, [](int in) { BOOST_TEST(in == 5); }));
    BOOST_TEST(seen == 1);
}

BOOST_AUTO_TEST_CASE(a_handler_gets_the_session_it_asks_for) {
    support::scripted db;
    auto const write = [](int in, pgq::transport auto& session) { pgq::query(session, "insert", std::to_string(in)); };
    static_cast<void>(pgq::detail::pass(5, pgq::event{}, db, doubles{}, write));
    BOOST_TEST(db.log == std::vector<std::string>{"insert <10>"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
