#include <pgq/stage/decode.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_stage_decode)

using support::order_placed;

namespace {

pgq::outcome decoded(pgq::event const& ev, std::vector<order_placed>& seen) {
    pgq::no_session none;
    return pgq::detail::pass(ev, ev, none, pgq::decode<order_placed>{},
                             [&](order_placed const& o) { seen.push_back(o); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(hands_on_the_struct) {
    std::vector<order_placed> seen;
    BOOST_TEST((decoded(support::placed(support::anns_order), seen).what == pgq::outcome::kind::done));
    BOOST_REQUIRE(seen.size() == 1);
    BOOST_TEST(seen[0].id == 1);
    BOOST_TEST(seen[0].customer == "ann");
    BOOST_TEST(seen[0].cents == 250);
}

BOOST_AUTO_TEST_CASE(skips_other_types) {
    std::vector<order_placed> seen;
    auto ev = support::placed(support::anns_order);
    ev.type = "order.cancelled";
    BOOST_TEST((decoded(ev, seen).what == pgq::outcome::kind::skipped));
    BOOST_TEST(seen.empty());
}

BOOST_AUTO_TEST_CASE(sets_malformed_payloads_aside_with_a_reason) {
    std::vector<order_placed> seen;
    auto const verdict = decoded(support::placed("id=one&customer=ann&cents=250"), seen);
    BOOST_TEST((verdict.what == pgq::outcome::kind::dead));
    BOOST_TEST(verdict.reason.starts_with("cannot decode event of type \"order.placed\": "));
    BOOST_TEST(seen.empty());
}

BOOST_AUTO_TEST_CASE(sets_events_without_payload_aside) {
    std::vector<order_placed> seen;
    auto const verdict = decoded(support::placed({}), seen);
    BOOST_TEST((verdict.what == pgq::outcome::kind::dead));
    BOOST_TEST(verdict.reason == "cannot decode event of type \"order.placed\": event data is null");
}

BOOST_AUTO_TEST_CASE(lets_a_decode_error_of_the_handler_pass) {
    auto const ev = support::placed(support::anns_order);
    pgq::no_session none;
    auto const fails = [](order_placed const&) { throw pgq::decode_error{"not ours"}; };
    BOOST_CHECK_THROW(static_cast<void>(pgq::detail::pass(ev, ev, none, pgq::decode<order_placed>{}, fails)),
                      pgq::decode_error);
}

BOOST_AUTO_TEST_SUITE_END()
