// What is written reads back the same, as a field of each format, for the types whose values are made up of parts:
// include/pgq/codec/{numeric,uuid,enumeration,array,interval}.hpp
#include <pgq/codecs.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/payload/row_text.hpp>
#include <pgq/payload/urlencoded.hpp>

#include <boost/mpl/list.hpp>
#include <support/boost_test.hpp>
#include <support/random.hpp>
#include <support/said_by.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq_codec_laws {

enum class mood { sad, happy, sad_and_mad };

}  // namespace pgq_codec_laws

template <>
inline constexpr auto pgq::enum_names<pgq_codec_laws::mood> =
    std::array{std::pair{pgq_codec_laws::mood::sad, "sad"}, std::pair{pgq_codec_laws::mood::happy, "happy"},
               std::pair{pgq_codec_laws::mood::sad_and_mad, "sad & \"mad\""}};

BOOST_AUTO_TEST_SUITE(pgq_codec_laws)

namespace {

struct everything {
    BOOST_HANA_DEFINE_STRUCT(everything, (pgq::numeric, price), (std::optional<pgq::uuid>, key), (mood, how),
                             (std::vector<std::optional<std::string>>, texts),
                             (std::vector<std::optional<mood>>, moods),
                             (std::vector<std::optional<pgq::interval>>, spans), (pgq::interval, span),
                             (std::optional<std::vector<std::optional<pgq::numeric>>>, prices),
                             (std::vector<pgq::uuid>, keys), (std::vector<std::optional<bool>>, flags),
                             (std::optional<pgq::bytes>, image), (std::vector<pgq::bytes>, images));
    friend bool operator==(everything const&, everything const&) = default;
};

using engine_type = std::mt19937_64;

bool sometimes(engine_type& engine) {
    return engine() % 3 == 0;
}
pgq::numeric random_numeric(engine_type& engine) {
    if (sometimes(engine)) return {std::array{"NaN", "Infinity", "-Infinity", "0.00"}[engine() % 4]};
    std::string text = sometimes(engine) ? "-" : "";
    for (auto digits = 1 + engine() % 40; digits > 0; --digits)
        text += static_cast<char>('1' + engine() % 9);
    if (sometimes(engine)) text += "." + std::to_string(engine());
    return {text};
}
pgq::uuid random_uuid(engine_type& engine) {
    pgq::uuid value;
    for (auto& byte : value.bytes)
        byte = static_cast<std::uint8_t>(engine());
    return value;
}
pgq::interval random_interval(engine_type& engine) {
    pgq::interval value;
    if (!sometimes(engine)) value.months = static_cast<std::int32_t>(engine()) >> (engine() % 32);
    if (!sometimes(engine)) value.days = static_cast<std::int32_t>(engine()) >> (engine() % 32);
    if (!sometimes(engine)) value.microseconds = static_cast<std::int64_t>(engine()) >> (engine() % 64);
    return value;
}
template <class T> std::vector<std::optional<T>> random_list(engine_type& engine, auto const& make) {
    std::vector<std::optional<T>> values(engine() % 4);
    for (auto& value : values) {
        if (!sometimes(engine)) value = make(engine);
    }
    return values;
}

std::string text_of(pgq::interval const& value) {
    std::string out;
    pgq::codec<pgq::interval>::append(out, value);
    return out;
}
pgq::interval parsed(std::string_view text) {
    return pgq::codec<pgq::interval>::parse(text);
}

using formats = boost::mpl::list<pgq::urlencoded, pgq::json, pgq::row_text>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(everything_comes_back, Format, formats) {
    auto engine = test::random_engine();
    auto const random_mood = [](engine_type& from) { return static_cast<mood>(from() % 3); };
    for (int i = 0; i < 200; ++i) {
        everything value{.price = random_numeric(engine),
                         .key = std::nullopt,
                         .how = random_mood(engine),
                         .texts =
                             random_list<std::string>(engine, [](auto& from) { return test::random_text(from, 9); }),
                         .moods = random_list<mood>(engine, random_mood),
                         .spans = random_list<pgq::interval>(engine, random_interval),
                         .span = random_interval(engine),
                         .prices = std::nullopt,
                         .keys = {},
                         .flags = random_list<bool>(engine, [](auto& from) { return from() % 2 == 0; }),
                         .image = std::nullopt,
                         .images = {}};
        if (!sometimes(engine)) value.image = pgq::bytes(engine() % 9, static_cast<std::byte>(engine()));
        if (!sometimes(engine)) value.images = {pgq::bytes(engine() % 9, static_cast<std::byte>(engine())), {}};
        if (!sometimes(engine)) value.key = random_uuid(engine);
        if (!sometimes(engine)) value.prices = random_list<pgq::numeric>(engine, random_numeric);
        for (auto count = engine() % 3; count > 0; --count)
            value.keys.push_back(random_uuid(engine));
        BOOST_REQUIRE_MESSAGE((Format::template read<everything>(Format::write(value)) == value), Format::write(value));
    }
}

BOOST_AUTO_TEST_CASE(intervals_are_written_as_the_server_does) {
    std::int64_t const second = 1'000'000;
    BOOST_TEST(text_of({}) == "00:00:00");
    BOOST_TEST(text_of({14, 3, 4 * 3600 * second + 5 * 60 * second + 6'700'000}) == "1 year 2 mons 3 days 04:05:06.7");
    BOOST_TEST(text_of({-1, 1, 1}) == "-1 mons +1 day 00:00:00.000001");
    BOOST_TEST(text_of({12, -1, 3 * second}) == "1 year -1 days +00:00:03");
    BOOST_TEST(text_of({0, 0, -second / 2}) == "-00:00:00.5");
    BOOST_TEST(text_of({0, 0, std::numeric_limits<std::int64_t>::min()}) == "-2562047788:00:54.775808");
    BOOST_TEST(text_of(pgq::interval::infinity()) == "infinity");
    BOOST_TEST((parsed("-infinity") == pgq::interval::minus_infinity()));
}

BOOST_AUTO_TEST_CASE(intervals_are_read_in_two_styles) {
    std::int64_t const second = 1'000'000;
    BOOST_TEST((parsed("1 year 2 months 3 days 04:05:06.7") == parsed("P1Y2M3DT4H5M6.7S")));
    BOOST_TEST((parsed("P-1M+2DT-0.5S") == pgq::interval{-1, 2, -second / 2}));
    BOOST_TEST((parsed("-2 mons +1 day -01:00:00.25") == pgq::interval{-2, 1, -3600 * second - second / 4}));
    BOOST_TEST((parsed("2 weeks 1 hour 1 min 1 sec") == pgq::interval{0, 14, 3661 * second}));
    BOOST_TEST((parsed("PT0S") == pgq::interval{}));
    for (auto const* const text : {"",
                                   "1",
                                   "1 fortnight",
                                   "P",
                                   "PT",
                                   "P1",
                                   "P1H",
                                   "PT1D",
                                   "1 day ",
                                   "1 day  2 days",
                                   "01:02",
                                   "1:2:3:4",
                                   "01:60:00",
                                   "--1 day",
                                   "1 day 01:00:00 1 day",
                                   "00:00:00.1234567",
                                   "00:00:00.",
                                   "99999999999 days",
                                   "PT1.S",
                                   "PT1.5M"}) {
        BOOST_TEST(support::said_by<pgq::decode_error>([&] { static_cast<void>(parsed(text)); }) ==
                   "not an interval: \"" + std::string{text} + '"');
    }
}

BOOST_AUTO_TEST_SUITE_END()
