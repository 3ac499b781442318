#include <pgq/libpq/copy_in.hpp>
#include <pgq/libpq/copy_out.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(unit_pgq_libpq_copy_text)

using pgq::libpq::append_copy_row;
using pgq::libpq::copy_row_reader;
using field = std::optional<std::string_view>;

namespace {

std::string row(auto... fields) {
    std::string out;
    append_copy_row(out, std::array<field, sizeof...(fields)>{fields...});
    return out;
}

std::string only_field(std::string_view text) {
    copy_row_reader reader;
    auto const& fields = reader.read(text);
    BOOST_REQUIRE(fields.size() == 1U);
    BOOST_REQUIRE(fields[0].has_value());
    return std::string{fields[0].value_or("")};
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_has_a_meaning_is_escaped) {
    BOOST_TEST(row("a", "b") == "a\tb\n");
    BOOST_TEST(row("", std::nullopt) == "\t\\N\n");
    BOOST_TEST(row("\b\f\n\r\t\v\\") == "\\b\\f\\n\\r\\t\\v\\\\\n");
    BOOST_TEST(row("\\N") == "\\\\N\n");
    BOOST_TEST(row("\\.") == "\\\\.\n");
}

BOOST_AUTO_TEST_CASE(every_escape_is_read) {
    BOOST_TEST(only_field("\\b\\f\\n\\r\\t\\v\\\\") == "\b\f\n\r\t\v\\");
    BOOST_TEST(only_field("\\101\\x42\\x4z\\7") == "AB\x04z\x07");
    BOOST_TEST(only_field("\\q\\xg\\9") == "qxg9");
    BOOST_TEST(only_field("") == "");
    BOOST_CHECK_THROW(only_field("ends\\"), pgq::decode_error);
}

BOOST_AUTO_TEST_CASE(rows_come_back_as_they_were) {
    std::string all;
    for (int c = 1; c < 256; ++c)
        all += static_cast<char>(c);
    copy_row_reader reader;
    auto const text = row("first", all, std::nullopt, "", all);
    auto const& fields = reader.read(text);
    BOOST_REQUIRE(fields.size() == 5U);
    BOOST_TEST((fields[0] == field{"first"}));
    BOOST_TEST((fields[1] == field{all}));
    BOOST_TEST(!fields[2].has_value());
    BOOST_TEST((fields[3] == field{""}));
    BOOST_TEST((fields[4] == field{all}));
    BOOST_TEST(reader.read("next").size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
