// include/pgq/codec/time.hpp
#include <pgq/codec/time.hpp>
#include <pgq/error.hpp>

#include <boost/test/unit_test.hpp>
#include <support/random.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(pgq_codec_time)

namespace {

std::string text_of(pgq::timestamp value) {
    std::string out;
    pgq::codec<pgq::timestamp>::append(out, value);
    return out;
}
std::int64_t micros(std::string_view text) {
    return pgq::codec<pgq::timestamp>::parse(text).microseconds;
}

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t day = 86'400 * second;

}  // namespace

BOOST_AUTO_TEST_CASE(the_epoch_is_that_of_the_server) {
    BOOST_TEST(micros("2000-01-01 00:00:00+00") == 0);
    BOOST_TEST(micros("2000-01-02") == day);
    BOOST_TEST(micros("1999-12-31 23:59:59.999999") == -1);
    BOOST_TEST(micros("2024-02-29T12:30:00.25+01:30") == micros("2024-02-29 11:00:00.250000Z"));
    BOOST_TEST(micros("2024-02-29 12:00:00-03") == micros("2024-02-29 15:00:00+00"));
    BOOST_TEST(micros("1900-01-01 00:00:00+00:19:32") == micros("1899-12-31 23:40:28"));
}

BOOST_AUTO_TEST_CASE(years_go_beyond_four_digits_and_before_christ) {
    BOOST_TEST(text_of({micros("12345-06-07 01:02:03+00")}) == "12345-06-07 01:02:03+00");
    BOOST_TEST(text_of({micros("0044-03-15 12:00:00+00 BC")}) == "0044-03-15 12:00:00+00 BC");
    BOOST_TEST(micros("0001-01-01") - micros("0001-12-31 BC") == day);
}

BOOST_AUTO_TEST_CASE(infinity_stays_infinite) {
    BOOST_TEST(text_of(pgq::codec<pgq::timestamp>::parse("infinity")) == "infinity");
    BOOST_TEST(text_of(pgq::codec<pgq::timestamp>::parse("-infinity")) == "-infinity");
    BOOST_TEST((pgq::codec<pgq::system_time>::parse("infinity") == pgq::system_time::max()));
}

BOOST_AUTO_TEST_CASE(the_ends_of_the_servers_range_come_back) {
    for (auto const* const text : {"294276-12-31 23:59:59.999999+00", "4714-11-24 00:00:00+00 BC"}) {
        BOOST_TEST(text_of({micros(text)}) == text);
    }
    BOOST_TEST(micros("2024-01-01 24:00:00") == micros("2024-01-02"));
    BOOST_TEST(micros("2016-12-31 23:59:60") == micros("2017-01-01"));
    BOOST_TEST((pgq::codec<pgq::system_time>::parse("294276-12-31") == pgq::system_time::max()));
    BOOST_TEST((pgq::to_timestamp(pgq::system_time{pgq::system_time::min() + std::chrono::hours{1}}) ==
                pgq::timestamp::minus_infinity()));
}

BOOST_AUTO_TEST_CASE(every_timestamp_comes_back) {
    auto engine = test::random_engine();
    for (int i = 0; i < 5000; ++i) {
        // From 4000 BC to 9000 AD, at any microsecond.
        auto const value = static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(13'000LL * 365 * day)) -
                           6'000LL * 365 * day;
        BOOST_REQUIRE_MESSAGE(micros(text_of({value})) == value, text_of({value}));
    }
}

BOOST_AUTO_TEST_CASE(dates_come_back_and_agree_with_chrono) {
    using namespace std::chrono;
    for (sys_days date{1899y / December / 1}; date < sys_days{2101y / January / 1}; date += days{1}) {
        std::string out;
        pgq::codec<sys_days>::append(out, date);
        BOOST_REQUIRE((pgq::codec<sys_days>::parse(out) == date));
    }
    BOOST_TEST((pgq::codec<sys_days>::parse("2024-02-29") == sys_days{2024y / February / 29}));
    for (auto const* const text : {"infinity", "-infinity", "5874897-12-31", "4714-11-24 BC"}) {
        std::string out;
        pgq::codec<sys_days>::append(out, pgq::codec<sys_days>::parse(text));
        BOOST_TEST(out == text);
    }
    BOOST_CHECK_THROW(pgq::codec<sys_days>::parse("2024-02-29 12:00:00"), pgq::decode_error);
}

BOOST_AUTO_TEST_CASE(impossible_times_are_refused_with_their_text) {
    for (auto const* const text :
         {"", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-01 25:00:00", "2024-01-01 12:60:00",
          "2024-01-01 12:00", "2024-01-01 24:00:01", "294277-01-01 00:00:00", "2024-01-01 12:00:00.",
          "2024-01-01 12:00:00 CET", "01.02.2024", "now"}) {
        BOOST_CHECK_EXCEPTION(pgq::codec<pgq::timestamp>::parse(text), pgq::decode_error,
                              [&](pgq::decode_error const& e) {
                                  return std::string_view{e.what()} == "not a timestamp: \"" + std::string{text} + '"';
                              });
    }
}

BOOST_AUTO_TEST_SUITE_END()
