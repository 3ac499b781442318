// include/pgq/change.hpp: the events of both triggers.
#include <pgq/change.hpp>
#include <pgq/codecs.hpp>
#include <pgq/error.hpp>
#include <pgq/field.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_change)

namespace {

struct account {
    static constexpr std::string_view table = "public.account";
    BOOST_HANA_DEFINE_STRUCT(account, (std::int32_t, id), (std::string, owner));
};
struct account_key {
    BOOST_HANA_DEFINE_STRUCT(account_key, (std::int32_t, id));
};

pgq::event captured(std::string_view type, std::string_view data, std::string_view table = "public.account") {
    return {.type = type, .data = data, .extra = {table}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(logutriga_events_are_read) {
    auto const made = pgq::change<account>::read(captured("I:id", "id=3&owner=ann"));
    BOOST_TEST((made.what == pgq::operation::insert));
    BOOST_TEST(made.row.value().owner == "ann");
    BOOST_TEST(made.table == "public.account");
    BOOST_TEST((pgq::change<account>::read(captured("U:id", "id=3&owner=bob")).what == pgq::operation::update));
    BOOST_TEST((pgq::change<account>::read(captured("D:id", "id=3&owner=bob")).what == pgq::operation::remove));
    auto const emptied = pgq::change<account>::read(captured("R", ""));
    BOOST_TEST((emptied.what == pgq::operation::truncate));
    BOOST_TEST(!emptied.row.has_value());
}

BOOST_AUTO_TEST_CASE(jsontriga_events_are_read) {
    auto const made = pgq::change<account>::read(
        captured(R"({"op":"UPDATE","table":["public","account"],"pkey":["id"]})", R"({"id":3,"owner":"ann"})"));
    BOOST_TEST((made.what == pgq::operation::update));
    BOOST_TEST(made.row.value().id == 3);
    auto const emptied =
        pgq::change<account>::read(captured(R"({"op":"TRUNCATE","table":["public","account"],"pkey":["id"]})", "{}"));
    BOOST_TEST(!emptied.row.has_value());
}

BOOST_AUTO_TEST_CASE(the_old_row_is_read_with_the_columns_that_were_kept) {
    auto ev = captured("U:id", "id=4&owner=ann");
    BOOST_TEST(!pgq::change<account>::read(ev).old().has_value());
    ev.extra[1] = "id=3";
    BOOST_TEST(pgq::change<account>::read(ev).old<account_key>().value().id == 3);
    ev.extra[1] = "id=3&owner=eve";
    BOOST_TEST(pgq::change<account>::read(ev).old().value().owner == "eve");
}

BOOST_AUTO_TEST_CASE(the_key_columns_are_those_of_the_trigger) {
    auto const keys = [](std::string_view type, std::string_view data) {
        return pgq::change<account>::read(captured(type, data)).key_columns();
    };
    std::vector<std::string> const two{"id", "owner"};
    BOOST_TEST(keys("I:id,owner", "id=3&owner=ann") == two, boost::test_tools::per_element());
    BOOST_TEST(keys("I:", "id=3&owner=ann").empty());
    BOOST_TEST(keys("R", "").empty());
    BOOST_TEST(keys(R"({"op":"INSERT","table":["a","b"],"pkey":["id","owner"]})", R"({"id":3,"owner":"ann"})") == two,
               boost::test_tools::per_element());
    BOOST_TEST(keys(R"({"op":"TRUNCATE","table":["a","b"],"pkey":[]})", "{}").empty());
}

BOOST_AUTO_TEST_CASE(other_tables_and_other_events_are_not_accepted) {
    BOOST_TEST(pgq::change<account>::accepts(captured("I:id", "")));
    BOOST_TEST(pgq::change<account>::accepts(captured("R", "")));
    BOOST_TEST(!pgq::change<account>::accepts(captured("I:id", "", "public.branch")));
    BOOST_TEST(!pgq::change<account>::accepts(captured("order.placed", "")));
    BOOST_TEST(!pgq::change<account>::accepts(captured("I", "")));
    BOOST_TEST(pgq::change<account_key>::accepts(captured("I:id", "", "public.branch")));
}

BOOST_AUTO_TEST_CASE(what_is_no_change_is_refused) {
    BOOST_CHECK_THROW(pgq::change<account>::read(captured("order", "")), pgq::decode_error);
    BOOST_CHECK_THROW(pgq::change<account>::read(captured("{}", "")), pgq::decode_error);
    BOOST_CHECK_THROW(pgq::change<account>::read(captured(R"({"op":"LOOK"})", "")), pgq::decode_error);
    BOOST_CHECK_THROW(pgq::change<account>::read(captured("I:id", "id=3")), pgq::decode_error);
}

BOOST_AUTO_TEST_SUITE_END()
