// Laws and exact texts of the codecs for single values:
// include/pgq/codec/{integer,floating,bool,string,uuid,numeric,enumeration,bytea}.hpp
#include <pgq/codecs.hpp>
#include <pgq/error.hpp>

#include <boost/test/unit_test.hpp>
#include <support/random.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace pgq_codec_scalars {

enum class mood { sad, happy, secret };

}  // namespace pgq_codec_scalars

template <>
inline constexpr auto pgq::enum_names<pgq_codec_scalars::mood> =
    std::array{std::pair{pgq_codec_scalars::mood::sad, "sad"}, std::pair{pgq_codec_scalars::mood::happy, "happy"}};

BOOST_AUTO_TEST_SUITE(pgq_codec_scalars)

namespace {

template <class T> std::string text_of(T const& value) {
    std::string out;
    pgq::codec<T>::append(out, value);
    return out;
}

template <class T> void comes_back(T const& value) {
    BOOST_TEST((pgq::codec<T>::parse(text_of(value)) == value), "did not come back: " << text_of(value));
}

template <class T> void refused(std::string_view text, std::string_view message) {
    BOOST_CHECK_EXCEPTION(pgq::codec<T>::parse(text), pgq::decode_error,
                          [&](pgq::decode_error const& e) { return std::string_view{e.what()} == message; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(integers_come_back_over_their_whole_range) {
    auto engine = test::random_engine();
    for (int i = 0; i < 1000; ++i) {
        comes_back(static_cast<std::int64_t>(engine()));
        comes_back(static_cast<std::int32_t>(engine()));
        comes_back(static_cast<std::uint64_t>(engine()));
    }
    comes_back(std::numeric_limits<std::int64_t>::min());
    comes_back(std::numeric_limits<std::int64_t>::max());
    comes_back(std::numeric_limits<std::int8_t>::min());
    comes_back(std::numeric_limits<std::int16_t>::max());
}

BOOST_AUTO_TEST_CASE(integers_refuse_whatever_is_not_one) {
    refused<int>("", "not an integer: \"\"");
    refused<int>("1x", "not an integer: \"1x\"");
    refused<int>(" 1", "not an integer: \" 1\"");
    refused<int>("+1", "not an integer: \"+1\"");
    refused<int>("2147483648", "out of range for this integer type: \"2147483648\"");
    refused<unsigned>("-1", "not an integer: \"-1\"");
    refused<int>(std::string(50, '7') + '\n',
                 "out of range for this integer type: \"" + std::string(40, '7') + "...\"");
}

BOOST_AUTO_TEST_CASE(floats_come_back_bit_for_bit) {
    auto engine = test::random_engine();
    for (int i = 0; i < 2000; ++i) {
        std::uint64_t const bits = engine();
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        if (std::isfinite(value)) comes_back(value);
        auto const few = static_cast<std::uint32_t>(bits);
        float small = 0;
        std::memcpy(&small, &few, sizeof small);
        if (std::isfinite(small)) comes_back(small);
    }
    comes_back(std::numeric_limits<double>::infinity());
    comes_back(-std::numeric_limits<double>::infinity());
    BOOST_TEST(std::isnan(pgq::codec<double>::parse("NaN")));
    BOOST_TEST(text_of(0.1) == "0.1");
    BOOST_TEST(text_of(-std::numeric_limits<float>::infinity()) == "-Infinity");
    refused<double>("1e999", "out of range for this number type: \"1e999\"");
    refused<double>("1,5", "not a number: \"1,5\"");
    refused<double>("nan(0)", "not a number: \"nan(0)\"");
}

BOOST_AUTO_TEST_CASE(truth_values_have_the_forms_of_the_server_and_of_json) {
    BOOST_TEST(pgq::codec<bool>::parse("t"));
    BOOST_TEST(pgq::codec<bool>::parse("true"));
    BOOST_TEST(!pgq::codec<bool>::parse("f"));
    BOOST_TEST(!pgq::codec<bool>::parse("false"));
    BOOST_TEST(text_of(true) == "t");
    refused<bool>("1", "not a boolean: \"1\"");
}

BOOST_AUTO_TEST_CASE(uuids_are_read_in_each_form_of_the_server) {
    auto const value = pgq::codec<pgq::uuid>::parse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    BOOST_TEST(text_of(value) == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    for (auto const* const form : {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
                                   "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11"}) {
        BOOST_TEST((pgq::codec<pgq::uuid>::parse(form) == value), form);
    }
    refused<pgq::uuid>("a0eebc99", "not a uuid: \"a0eebc99\"");
    refused<pgq::uuid>("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "not a uuid: \"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g\"");
    refused<pgq::uuid>("a0eebc999c0b4ef8bb6d6bb9bd380a11-", "not a uuid: \"a0eebc999c0b4ef8bb6d6bb9bd380a11-\"");
}

BOOST_AUTO_TEST_CASE(numerics_keep_every_digit) {
    for (auto const* const text :
         {"0", "-12.500", ".5", "1.", "1e-400", "NaN", "-Infinity", "123456789012345678901234567890.1"}) {
        BOOST_TEST(text_of(pgq::codec<pgq::numeric>::parse(text)) == text);
    }
    refused<pgq::numeric>(".", "not a number: \".\"");
    refused<pgq::numeric>("1e", "not a number: \"1e\"");
    refused<pgq::numeric>("0x10", "not a number: \"0x10\"");
}

BOOST_AUTO_TEST_CASE(enumerations_travel_by_name) {
    comes_back(mood::happy);
    BOOST_TEST(text_of(mood::sad) == "sad");
    refused<mood>("Sad", "not a value of this enumeration: \"Sad\"");
    std::string out;
    BOOST_CHECK_THROW(pgq::codec<mood>::append(out, mood::secret), pgq::decode_error);
}

BOOST_AUTO_TEST_CASE(bytes_come_back_and_are_read_in_the_older_form_too) {
    auto engine = test::random_engine();
    for (std::size_t size = 0; size < 300; ++size) {
        pgq::bytes value(size);
        for (auto& byte : value)
            byte = static_cast<std::byte>(engine());
        comes_back(value);
    }
    auto const escaped = pgq::codec<pgq::bytes>::parse("a\\\\b\\000\\377");
    BOOST_TEST((escaped == pgq::bytes{std::byte{'a'}, std::byte{'\\'}, std::byte{'b'}, std::byte{0}, std::byte{255}}));
    refused<pgq::bytes>("\\x0", "not bytes in hex: \"\\x0\"");
    refused<pgq::bytes>("\\x0g", "not bytes in hex: \"\\x0g\"");
    refused<pgq::bytes>("\\400", "not bytes with escapes: \"\\400\"");
    refused<pgq::bytes>("a\\", "not bytes with escapes: \"a\\\"");
}

BOOST_AUTO_TEST_CASE(complaints_are_text_of_one_line_whatever_the_value) {
    refused<int>("a\nb\x01", "not an integer: \"a.b.\"");
    refused<int>("a\xff\xc3", "not an integer: \"a..\"");
    // The cut falls between two characters.
    std::string umlauts;
    for (int i = 0; i < 30; ++i)
        umlauts += "ü";
    refused<int>('x' + umlauts, "not an integer: \"x" + umlauts.substr(0, 40) + "...\"");
    refused<int>(std::string(40, 'y'), "not an integer: \"" + std::string(40, 'y') + '"');
}

BOOST_AUTO_TEST_SUITE_END()
