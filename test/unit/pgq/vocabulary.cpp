// include/pgq/{sqlstate,error,outcome,timestamp,field}.hpp
#include <pgq/codecs.hpp>
#include <pgq/error.hpp>
#include <pgq/event.hpp>
#include <pgq/field.hpp>
#include <pgq/outcome.hpp>
#include <pgq/sqlstate.hpp>
#include <pgq/timestamp.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(pgq_vocabulary)

namespace {

struct point {
    static constexpr std::string_view event_type = "point";
    BOOST_HANA_DEFINE_STRUCT(point, (int, x), (double, y));
};
struct nothing {};

static_assert(pgq::described<point> && !pgq::described<nothing> && !pgq::described<int>);
static_assert(pgq::event_struct<point> && !pgq::event_struct<nothing>);
static_assert(pgq::field_count<point> == 2);
static_assert(pgq::field<point, 1>::name == "y");
static_assert(pgq::field_codec<int> && !pgq::field_codec<nothing> && !pgq::field_codec<char>);
static_assert(pgq::nullable_codec<std::optional<int>> && !pgq::nullable_codec<std::optional<nothing>>);

}  // namespace

BOOST_AUTO_TEST_CASE(a_state_has_five_characters_or_none) {
    BOOST_TEST(pgq::sqlstate{"40001"}.view() == "40001");
    BOOST_TEST(pgq::sqlstate{"40001"}.condition_class() == "40");
    for (auto const* const text : {"", "4000", "400011"})
        BOOST_TEST(pgq::sqlstate{text}.view().empty(), text);
    BOOST_TEST((pgq::sqlstate{"40001"} == std::string_view{"40001"}));
    BOOST_TEST((pgq::sqlstate{"40001"} != pgq::sqlstate{"40P01"}));
}

BOOST_AUTO_TEST_CASE(what_may_go_away_by_itself_is_transient) {
    for (auto const* const code : {"08006", "40001", "40P01", "53300", "57P01", "57014", "58030", "55P03"}) {
        BOOST_TEST(pgq::sqlstate{code}.transient(), code);
    }
    for (auto const* const code : {"", "42601", "23505", "22P02", "57P04", "55000", "28P01", "3D000"}) {
        BOOST_TEST(!pgq::sqlstate{code}.transient(), code);
    }
}

BOOST_AUTO_TEST_CASE(an_error_answers_what_is_known_of_it) {
    pgq::sql_error failure{"refused",
                           {.state = pgq::sqlstate{"40001"}, .transaction_aborted = true, .statement = "select 1"}};
    BOOST_TEST(failure.transient());
    BOOST_TEST(failure.transaction_aborted());
    BOOST_TEST(!failure.in_doubt());
    BOOST_TEST(failure.statement() == "select 1");
    failure.transaction_restored();
    BOOST_TEST(!failure.transaction_aborted());
    pgq::connection_error const lost{"gone", {.connection_lost = true}};
    BOOST_TEST(lost.transient());
    BOOST_TEST(!pgq::decode_error{"not an integer"}.transient());
}

BOOST_AUTO_TEST_CASE(a_verdict_is_a_value) {
    using namespace std::chrono_literals;
    BOOST_TEST((pgq::done().what == pgq::outcome::kind::done));
    BOOST_TEST((pgq::skipped().what == pgq::outcome::kind::skipped));
    BOOST_TEST((pgq::retry_in(90s).delay == 90s));
    BOOST_TEST((pgq::retry_in(-1s).delay == 0s));
    BOOST_TEST(pgq::dead_letter("why").reason == "why");
}

BOOST_AUTO_TEST_CASE(timestamps_have_a_form_in_chrono_and_back) {
    using namespace std::chrono;
    BOOST_TEST((pgq::to_system_time(pgq::timestamp{0}) == sys_days{2000y / January / 1}));
    BOOST_TEST((pgq::to_timestamp(sys_days{1970y / January / 1}).microseconds == -946'684'800'000'000));
    for (auto const end : {pgq::timestamp::infinity(), pgq::timestamp::minus_infinity()}) {
        BOOST_TEST(!end.finite());
        BOOST_TEST((pgq::to_timestamp(pgq::to_system_time(end)) == end));
    }
}

BOOST_AUTO_TEST_CASE(fields_are_visited_in_order_of_description) {
    point value{1, 2.5};
    std::string seen;
    pgq::for_each_field<point>(value, [&](std::string_view name, auto& member) {
        seen += name;
        member += 1;
    });
    BOOST_TEST(seen == "xy");
    BOOST_TEST(value.x == 2);
    BOOST_TEST(value.y == 3.5);
}

BOOST_AUTO_TEST_SUITE_END()
