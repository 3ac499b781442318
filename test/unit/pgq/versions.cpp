#include <pgq/codecs.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/producer.hpp>
#include <pgq/stage/decode.hpp>
#include <pgq/versions.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>
#include <support/scripted.hpp>

#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_versions)

using boost::test_tools::per_element;

namespace {

struct placed_v1 {
    BOOST_HANA_DEFINE_STRUCT(placed_v1, (int, id), (int, euros));
};
struct placed_v2 {
    BOOST_HANA_DEFINE_STRUCT(placed_v2, (int, id), (int, cents));
    static placed_v2 upgrade(placed_v1 const& old) { return {.id = old.id, .cents = old.euros * 100}; }
};
struct placed {
    static constexpr std::string_view event_type = "placed";
    BOOST_HANA_DEFINE_STRUCT(placed, (int, id), (int, cents), (std::string, currency));
    static placed upgrade(placed_v2 old) {
        if (old.cents < 0) throw pgq::decode_error{"negative price"};
        return {.id = old.id, .cents = old.cents, .currency = "EUR"};
    }
    friend bool operator==(placed const&, placed const&) = default;
};
static_assert(pgq::version_of<placed> == 3 && pgq::version_of<placed_v1> == 1);
static_assert(pgq::written_type_of<placed>() == "placed@3");

struct forgetful {
    static constexpr std::string_view event_type = "forgetful";
    static constexpr int version = 107;
    BOOST_HANA_DEFINE_STRUCT(forgetful, (int, id));
};
static_assert(pgq::written_type_of<forgetful>() == "forgetful@107");

struct first {
    static constexpr std::string_view event_type = "first";
    BOOST_HANA_DEFINE_STRUCT(first, (int, id));
};
static_assert(pgq::written_type_of<first>() == "first");

template <class E, class Format = pgq::urlencoded>
pgq::outcome decoded(std::string_view type, std::string_view data, std::vector<E>& seen) {
    pgq::event const ev{.type = type, .data = data};
    pgq::no_session none;
    return pgq::detail::pass(ev, ev, none, pgq::decode<E, Format>{}, [&](E const& one) { seen.push_back(one); });
}

template <class E> std::string refusal(std::string_view type, std::string_view data) {
    std::vector<E> seen;
    auto const verdict = decoded<E>(type, data, seen);
    BOOST_TEST((verdict.what == pgq::outcome::kind::dead));
    BOOST_TEST(seen.empty());
    return verdict.reason;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_version_reaches_the_handler_as_the_newest) {
    std::vector<placed> seen;
    auto const read = [&]<class Format = pgq::urlencoded>(std::string_view type, std::string_view data, Format = {}) {
        BOOST_TEST((decoded<placed, Format>(type, data, seen).what == pgq::outcome::kind::done), type);
    };
    read("placed", "id=1&euros=2");
    read("placed@1", "id=1&euros=2");
    read("placed@2", "id=1&cents=200");
    read("placed@3", "id=1&cents=200&currency=EUR");
    read("placed@2", R"({"id":1,"cents":200})", pgq::json{});
    BOOST_TEST((seen == std::vector<placed>(5, placed{1, 200, "EUR"})));
}

BOOST_AUTO_TEST_CASE(what_is_newer_or_forgotten_is_set_aside_with_a_clear_text) {
    BOOST_TEST(refusal<placed>("placed@4", "id=1") ==
               "cannot decode event of type \"placed@4\": version 4 is newer than "
               "3, the newest known here");
    BOOST_TEST(refusal<first>("first@2", "id=1") ==
               "cannot decode event of type \"first@2\": version 2 is newer than 1, "
               "the newest known here");
    BOOST_TEST(refusal<forgetful>("forgetful@106", "id=1") == "cannot decode event of type \"forgetful@106\": version "
                                                              "106 is not known here any more");
    BOOST_TEST(refusal<forgetful>("forgetful", "id=1") == "cannot decode event of type \"forgetful\": version 1 is not "
                                                          "known here any more");
    BOOST_TEST(refusal<placed>("placed@2", "id=1&cents=-1") ==
               "cannot decode event of type \"placed@2\": negative price");
}

BOOST_AUTO_TEST_CASE(other_types_are_no_versions) {
    std::vector<placed> seen;
    for (auto const* const type : {"place", "placed@", "placed@0", "placed@02", "placed@x", "placed@2x", "placed.2",
                                   "placed@123456789", "replaced@2"}) {
        BOOST_TEST((decoded<placed>(type, "", seen).what == pgq::outcome::kind::skipped), type);
    }
    BOOST_TEST(seen.empty());
}

BOOST_AUTO_TEST_CASE(producers_write_the_version) {
    support::scripted db;
    db.answer("insert_event", {{"1"}}).answer("insert_event", {{"2"}});
    pgq::producer out{db, "orders"};
    out.insert(placed{1, 200, "EUR"});
    out.insert(first{1});
    BOOST_REQUIRE(db.log.size() == 2);
    BOOST_TEST(db.log[0].starts_with("insert_event <orders> <placed@3> <id=1&cents=200&currency=EUR>"));
    BOOST_TEST(db.log[1].starts_with("insert_event <orders> <first> <id=1>"));
}

BOOST_AUTO_TEST_SUITE_END()
