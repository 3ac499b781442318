#include <pgq/stage/dispatch.hpp>
#include <pgq/stage/filter.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>
#include <support/scripted.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_stage_dispatch)

using support::order_cancelled;
using support::order_placed;

namespace {

pgq::event cancelled() {
    auto ev = support::placed("id=9");
    ev.type = order_cancelled::event_type;
    return ev;
}

pgq::event unknown() {
    auto ev = support::placed("");
    ev.type = "unknown";
    return ev;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_type_has_its_branch) {
    std::vector<std::string> seen;
    pgq::match const both{
        pgq::on<order_placed>([&](order_placed const& order) { seen.push_back(order.customer); }),
        pgq::on<order_cancelled>([&](order_cancelled const& order) { seen.push_back(std::to_string(order.id)); }),
    };
    pgq::no_session none;
    for (auto const& ev : {support::placed(support::anns_order), cancelled()}) {
        BOOST_TEST((pgq::detail::pass(ev, ev, none, both).what == pgq::outcome::kind::done));
    }
    BOOST_TEST(seen == (std::vector<std::string>{"ann", "9"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(other_types_are_skipped_or_go_to_otherwise) {
    pgq::no_session none;
    pgq::match const one{pgq::on<order_placed>([](order_placed const&) {})};
    BOOST_TEST((pgq::detail::pass(unknown(), unknown(), none, one).what == pgq::outcome::kind::skipped));
    pgq::match const strict{pgq::on<order_placed>([](order_placed const&) {}), pgq::otherwise([](pgq::event const& ev) {
                                return pgq::dead_letter(std::string{ev.type});
                            })};
    BOOST_TEST(pgq::detail::pass(unknown(), unknown(), none, strict).reason == "unknown");
}

BOOST_AUTO_TEST_CASE(a_branch_may_have_stages) {
    pgq::no_session none;
    pgq::match const dear{
        pgq::on<order_placed>(pgq::filter{[](order_placed const& order) { return order.cents > 1000; }},
                              [](order_placed const&) { BOOST_ERROR("called"); })};
    auto const ev = support::placed(support::anns_order);
    BOOST_TEST((pgq::detail::pass(ev, ev, none, dear).what == pgq::outcome::kind::skipped));
}

BOOST_AUTO_TEST_CASE(a_branch_may_take_the_session) {
    support::scripted db;
    pgq::match const one{
        pgq::on<order_cancelled>([](order_cancelled const& order, pgq::transport auto& session) {
            pgq::query(session, "delete", order.id);
        }),
    };
    static_assert(decltype(one)::takes_session && decltype(one)::exposed);
    static_cast<void>(pgq::detail::pass(cancelled(), cancelled(), db, one));
    BOOST_TEST(db.log == std::vector<std::string>{"delete <9>"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
