#include <pgq/codecs.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/stage/filter.hpp>
#include <pgq/stage/match_all.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_stage_match_all)

using support::order_cancelled;
using support::order_placed;
using lines = std::vector<std::string>;

namespace {

pgq::event of_type(std::string_view type, std::string_view data) {
    return {.type = type, .data = data};
}
pgq::outcome passed(pgq::event const& ev, auto const& handler) {
    pgq::no_session none;
    return pgq::detail::pass(ev, ev, none, handler);
}

constexpr std::string_view ann = R"({"id":1,"customer":"ann","cents":250})";
using orders = pgq::schema_in<pgq::json, order_placed, order_cancelled>;

}  // namespace

BOOST_AUTO_TEST_CASE(branches_read_the_schemas_format) {
    lines seen;
    auto const both = pgq::match_all<orders>(
        pgq::on<order_placed>(pgq::filter{[](order_placed const& order) { return order.cents > 0; }},
                              [&](order_placed const& order) { seen.push_back(order.customer); }),
        pgq::on<order_cancelled>([&](order_cancelled const& order) { seen.push_back(std::to_string(order.id)); }));
    BOOST_TEST((passed(of_type("order.placed", ann), both).what == pgq::outcome::kind::done));
    BOOST_TEST((passed(of_type("order.cancelled", R"({"id":2})"), both).what == pgq::outcome::kind::done));
    BOOST_TEST((passed(of_type("order.other", "{}"), both).what == pgq::outcome::kind::skipped));
    BOOST_TEST((passed(of_type("order.placed", "id=1"), both).what == pgq::outcome::kind::dead));
    BOOST_TEST(seen == (lines{"ann", "2"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ignored_types_are_skipped_and_the_rest_goes_to_otherwise) {
    lines seen;
    auto const rest = pgq::otherwise([&](pgq::event const& ev) { seen.emplace_back(ev.type); });
    auto const ignoring = pgq::match_all<orders>(pgq::ignore<order_placed>(), rest);
    BOOST_TEST((passed(of_type("order.placed", ann), ignoring).what == pgq::outcome::kind::skipped));
    BOOST_TEST((passed(of_type("order.placed@9", ann), ignoring).what == pgq::outcome::kind::skipped));
    BOOST_TEST((passed(of_type("order.cancelled", "{}"), ignoring).what == pgq::outcome::kind::done));
    BOOST_TEST((passed(of_type("order.other", "{}"), ignoring).what == pgq::outcome::kind::done));
    BOOST_TEST(seen == (lines{"order.cancelled", "order.other"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
