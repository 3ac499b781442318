#include <pgq/change.hpp>
#include <pgq/codecs.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/producer.hpp>
#include <pgq/schema.hpp>
#include <pgq/stage/decode.hpp>

#include <support/boost_test.hpp>
#include <support/orders.hpp>
#include <support/scripted.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(pgq_schema)

using support::order_cancelled;
using support::order_placed;

namespace {

struct account {
    static constexpr std::string_view table = "public.account";
    BOOST_HANA_DEFINE_STRUCT(account, (int, id));
};
struct branch {
    static constexpr std::string_view table = "public.branch";
    BOOST_HANA_DEFINE_STRUCT(branch, (int, id));
};
struct any_row {
    BOOST_HANA_DEFINE_STRUCT(any_row, (int, id));
};

using orders = pgq::schema<order_placed, order_cancelled, pgq::change<account>, pgq::change<branch>>;
static_assert(orders::fits && orders::contains<order_placed> && !orders::contains<any_row>);
static_assert(pgq::detail::distinct_events<pgq::change<account>, pgq::change<branch>>);
static_assert(!pgq::detail::distinct_events<pgq::change<account>, pgq::change<account>>);
static_assert(pgq::reads<orders, order_placed> && pgq::writes<orders, order_placed>);

using in_json = pgq::schema_in<pgq::json, order_placed, order_cancelled>;

}  // namespace

BOOST_AUTO_TEST_CASE(a_producer_of_a_schema_writes_in_its_format) {
    support::scripted db;
    db.answer("insert_event", {{"1"}});
    pgq::producer out{db, "orders", pgq::insert_each{}, in_json{}};
    BOOST_TEST(out.insert(order_cancelled{7}) == 1);
    BOOST_REQUIRE(db.log.size() == 1);
    BOOST_TEST(db.log[0].starts_with(R"(insert_event <orders> <order.cancelled> <{"id":7}>)"));
}

BOOST_AUTO_TEST_CASE(a_schema_is_a_format_to_read_from_too) {
    using reader = pgq::event_reader<order_cancelled, in_json>;
    BOOST_TEST(reader::read({.type = "order.cancelled", .data = R"({"id":7})"}).id == 7);
    BOOST_TEST(in_json::read<order_cancelled>(R"({"id":8})").id == 8);
}

BOOST_AUTO_TEST_SUITE_END()
