// include/pgq/payload/{fields,unknown_fields}.hpp: what may be missing, what is not described, where a failure is.
#include <pgq/codecs.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/payload/raw.hpp>
#include <pgq/payload/row_text.hpp>
#include <pgq/payload/urlencoded.hpp>

#include <boost/mpl/list.hpp>
#include <support/boost_test.hpp>
#include <support/said_by.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgq_payload_fields {

struct offer {
    int id = 0;
    int cents = 100;
    std::string currency = "EUR";
    std::optional<int> limit = 5;
    static constexpr std::array defaulted{"cents", "currency"};
    friend bool operator==(offer const&, offer const&) = default;
};

}  // namespace pgq_payload_fields

BOOST_HANA_ADAPT_STRUCT(pgq_payload_fields::offer, id, cents, currency, limit);

BOOST_AUTO_TEST_SUITE(pgq_payload_fields)

namespace {

struct strict {
    BOOST_HANA_DEFINE_STRUCT(strict, (int, id));
    static constexpr pgq::refused_fields unknown_fields{};
};

struct keeping {
    BOOST_HANA_DEFINE_STRUCT(keeping, (int, id));
    pgq::kept_fields unknown_fields{};
    friend bool operator==(keeping const&, keeping const&) = default;
};

struct nothing {
    BOOST_HANA_DEFINE_STRUCT(nothing);
    pgq::kept_fields unknown_fields{};
};

struct place {
    BOOST_HANA_DEFINE_STRUCT(place, (std::string, city), (std::optional<std::string>, street));
};
struct route {
    BOOST_HANA_DEFINE_STRUCT(route, (place, from), (std::optional<place>, via), (std::vector<place>, stops));
};

struct document {
    BOOST_HANA_DEFINE_STRUCT(document, (int, id), (pgq::json_text, body), (std::optional<pgq::json_text>, more));
    friend bool operator==(document const&, document const&) = default;
};

struct note {
    BOOST_HANA_DEFINE_STRUCT(note, (std::string, text));
};
struct number {
    BOOST_HANA_DEFINE_STRUCT(number, (int, value));
};

template <class Format, class E> std::string complaint(std::string_view text) {
    return support::said_by<pgq::decode_error>([&] { static_cast<void>(Format::template read<E>(text)); });
}

using formats = boost::mpl::list<pgq::urlencoded, pgq::json, pgq::row_text>;

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_defaulted_may_be_missing_and_then_is_as_the_struct_made_it) {
    BOOST_TEST((pgq::urlencoded::read<offer>("id=3") == offer{3}));
    BOOST_TEST((pgq::json::read<offer>(R"({"id":3})") == offer{3}));
    BOOST_TEST((pgq::row_text::read<offer>("(3)") == offer{3}));
    BOOST_TEST((pgq::json::read<offer>(R"({"cents":7,"id":3,"limit":null})") == offer{3, 7, "EUR", std::nullopt}));
    BOOST_TEST((complaint<pgq::json, offer>(R"({"cents":7})")) == "field \"id\" is missing");
    BOOST_TEST((complaint<pgq::urlencoded, offer>("cents=7")) == "field \"id\" is missing");
    BOOST_TEST((complaint<pgq::urlencoded, offer>("id=3&cents")) == "field \"cents\" is null where a value is needed");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(defaulted_fields_are_written, Format, formats) {
    offer const value{1, 2, "USD", std::nullopt};
    BOOST_TEST((Format::template read<offer>(Format::write(value)) == value));
}

BOOST_AUTO_TEST_CASE(unknown_names_are_refused_on_request_all_of_them) {
    BOOST_TEST(pgq::urlencoded::read<strict>("id=1").id == 1);
    BOOST_TEST((complaint<pgq::urlencoded, strict>("a=1&id=1&b")) == R"(unknown fields: "a", "b")");
    BOOST_TEST((complaint<pgq::json, strict>(R"({"a\"":{"x":[1]},"id":1,"b":null})")) ==
               R"(unknown fields: "a"", "b")");
    BOOST_TEST(pgq::row_text::read<strict>("(1)").id == 1);
    BOOST_TEST((complaint<pgq::row_text, strict>("(1,2,3)")) == "more columns than fields: 3");
    std::string many = "id=1";
    for (int i = 0; i < 1000; ++i)
        many += "&name=1";
    BOOST_TEST((complaint<pgq::urlencoded, strict>(many)).size() < 600U);
}

BOOST_AUTO_TEST_CASE(unknown_names_are_kept_on_request_and_written_again) {
    std::string_view const pairs = "id=1&b=x+y%26&a&b=2";
    auto const read = pgq::urlencoded::read<keeping>(pairs);
    BOOST_TEST(pgq::urlencoded::write(read) == pairs);
    BOOST_REQUIRE(read.unknown_fields.find("b") != nullptr);
    BOOST_TEST(read.unknown_fields.find("b")->text.value() == "2");
    BOOST_TEST(read.unknown_fields.find("id") == nullptr);
    BOOST_TEST(pgq::json::write(read) == R"({"id":1,"b":"x y&","a":null,"b":"2"})");

    std::string_view const object = R"({"id":1,"s":"a\"b","n":-1.5,"t":true,"o":{"x":[1, 2]},"z":null})";
    auto const kept = pgq::json::read<keeping>(object);
    BOOST_TEST(pgq::json::write(kept) == object);
    BOOST_TEST((pgq::json::read<keeping>(pgq::json::write(kept)) == kept));
    BOOST_TEST(pgq::urlencoded::write(kept) == "id=1&s=a%22b&n=-1.5&t=true&o=%7b%22x%22%3a%5b1%2c+2%5d%7d&z");

    auto const escaped = pgq::json::read<keeping>(R"({"\u0061\u0062":"\u0063","id":1})");
    BOOST_TEST((escaped.unknown_fields == pgq::kept_fields{{{.name = "ab", .text = "c"}}}));
    BOOST_TEST(pgq::json::write(pgq::json::read<nothing>(R"({"a":1})")) == R"({"a":1})");
    BOOST_TEST(pgq::json::write(nothing{}) == "{}");
}

BOOST_AUTO_TEST_CASE(failures_inside_of_nested_structs_say_where) {
    auto const said = [](std::string_view text) { return complaint<pgq::json, route>(text); };
    BOOST_TEST(said(R"({"from":{}})") == R"(field "from": field "city" is missing)");
    BOOST_TEST(said(R"({"from":null})") == R"(field "from" is null where a value is needed)");
    BOOST_TEST(said(R"({"from":{"city":"a"},"via":{"city":null}})") ==
               R"(field "via": field "city" is null where a value is needed)");
    BOOST_TEST(said(R"({"from":{"city":"a"},"stops":[{"city":"a"},3]})") ==
               R"(field "stops": not a JSON object: "3]}")");
    BOOST_TEST(said(R"({"from":{"city":"a"}})") == R"(field "stops" is missing)");
    auto const read = pgq::json::read<route>(R"({"from":{"city":"a"},"stops":[{"city":"b","street":"c"}]})");
    BOOST_TEST(!read.via.has_value());
    BOOST_TEST(read.stops.at(0).street.value() == "c");
}

BOOST_AUTO_TEST_CASE(json_inside_of_json_stays_as_it_is) {
    std::string_view const text = R"({"id":1,"body":{"a": [1,"x"]},"more":null})";
    auto const read = pgq::json::read<document>(text);
    BOOST_TEST(read.body.text == R"({"a": [1,"x"]})");
    BOOST_TEST(!read.more.has_value());
    BOOST_TEST(pgq::json::write(read) == text);
    for (auto const* const value : {R"("a \" string")", "null", "-1e5", "true", "[]", "{}", R"(["\u00e9", {}])"}) {
        document const one{1, {value}, pgq::json_text{value == std::string_view{"null"} ? "0" : value}};
        BOOST_TEST((pgq::json::read<document>(pgq::json::write(one)) == one), value);
        BOOST_TEST((pgq::urlencoded::read<document>(pgq::urlencoded::write(one)) == one), value);
        BOOST_TEST((pgq::row_text::read<document>(pgq::row_text::write(one)) == one), value);
    }
    BOOST_TEST((complaint<pgq::urlencoded, document>("id=1&body=%7b")) ==
               R"(field "body": not a JSON string: "end of text")");
    BOOST_TEST((complaint<pgq::urlencoded, document>("id=1&body=1+2")) ==
               R"(field "body": not JSON: something follows the value: "2")");
    BOOST_TEST((complaint<pgq::urlencoded, document>("id=1&body=")) ==
               R"(field "body": not a JSON value: "end of text")");
}

BOOST_AUTO_TEST_CASE(a_raw_payload_is_one_value) {
    BOOST_TEST(pgq::raw::read<note>("a=1&b \n").text == "a=1&b \n");
    BOOST_TEST(pgq::raw::write(note{"a=1&b \n"}) == "a=1&b \n");
    BOOST_TEST(pgq::raw::read<number>("-12").value == -12);
    BOOST_TEST((complaint<pgq::raw, number>("12 ")) == "not an integer: \"12 \"");
}

BOOST_AUTO_TEST_SUITE_END()
