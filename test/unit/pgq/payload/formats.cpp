// include/pgq/payload/{urlencoded,json,row_text}.hpp: laws that hold for each, and the exact texts of both.
#include <pgq/codecs.hpp>
#include <pgq/error.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/payload/row_text.hpp>
#include <pgq/payload/urlencoded.hpp>

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>
#include <support/random.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_payload_formats)

namespace {

struct item {
    BOOST_HANA_DEFINE_STRUCT(item, (std::int64_t, id), (std::string, name), (std::optional<std::string>, note),
                             (std::optional<double>, weight), (bool, fresh), (std::vector<int>, sizes));
    friend bool operator==(item const&, item const&) = default;
};

struct place {
    BOOST_HANA_DEFINE_STRUCT(place, (std::string, city));
    friend bool operator==(place const&, place const&) = default;
};
struct parcel {
    BOOST_HANA_DEFINE_STRUCT(parcel, (place, from), (std::optional<place>, via), (std::vector<place>, to));
    friend bool operator==(parcel const&, parcel const&) = default;
};

using formats = boost::mpl::list<pgq::urlencoded, pgq::json, pgq::row_text>;

template <class E, class Format> void refused(std::string_view text, std::string_view message) {
    BOOST_CHECK_EXCEPTION(Format::template read<E>(text), pgq::decode_error, [&](pgq::decode_error const& e) {
        BOOST_TEST(std::string_view{e.what()} == message);
        return true;
    });
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(any_value_comes_back, Format, formats) {
    auto engine = test::random_engine();
    for (int i = 0; i < 300; ++i) {
        item value{};
        value.id = static_cast<std::int64_t>(engine());
        value.name = test::random_text(engine, 20);
        value.fresh = engine() % 2 == 0;
        if (engine() % 2 == 0) value.note = test::random_text(engine, 5);
        if (engine() % 2 == 0) value.weight = static_cast<double>(engine()) / 7;
        value.sizes.resize(engine() % 4, static_cast<int>(engine() % 1000));
        BOOST_REQUIRE_MESSAGE((Format::template read<item>(Format::write(value)) == value), Format::write(value));
    }
}

BOOST_AUTO_TEST_CASE(urlencoded_writes_what_the_trigger_writes) {
    BOOST_TEST(pgq::urlencoded::write(item{1, "a b&ü=%", "", {}, true, {}}) ==
               "id=1&name=a+b%26%c3%bc%3d%25&note=&weight&fresh=t&sizes=%7b%7d");
}

BOOST_AUTO_TEST_CASE(json_writes_numbers_and_truth_bare_and_the_rest_as_strings) {
    BOOST_TEST(pgq::json::write(item{1, "a\"\\\n\x01ü", {}, 0.5, false, {1, 2}}) ==
               R"({"id":1,"name":"a\"\\\n\u0001ü","note":null,"weight":0.5,"fresh":false,"sizes":[1,2]})");
}

BOOST_AUTO_TEST_CASE(fields_come_in_any_order_among_others_and_optionals_may_be_missing) {
    item const expected{7, "x", {}, {}, true, {}};
    BOOST_TEST((pgq::urlencoded::read<item>("sizes={}&later=1&fresh=t&nothing&name=x&id=7") == expected));
    BOOST_TEST((pgq::json::read<item>(
                    R"( {"sizes":[], "more":{"a":[1,{"b":null}],"c":"\"}"}, "fresh":true, "name":"x", "id":"7"} )") ==
                expected));
}

BOOST_AUTO_TEST_CASE(a_missing_a_null_and_a_wrong_field_are_named) {
    refused<item, pgq::urlencoded>("name=x", "field \"id\" is missing");
    refused<item, pgq::urlencoded>("id&name=x", "field \"id\" is null where a value is needed");
    refused<item, pgq::urlencoded>("id=1z", "field \"id\": not an integer: \"1z\"");
    refused<item, pgq::urlencoded>("name=%zz", "a % that two hex digits do not follow: \"%zz\"");
    refused<item, pgq::urlencoded>("name=%4", "a % that two hex digits do not follow: \"%4\"");
    refused<item, pgq::json>(R"({"id":1})", "field \"name\" is missing");
    refused<item, pgq::json>(R"({"id":null})", "field \"id\" is null where a value is needed");
    refused<item, pgq::json>(R"({"id":1.5})", "field \"id\": not an integer: \"1.5\"");
}

BOOST_AUTO_TEST_CASE(names_and_long_values_may_have_escapes) {
    BOOST_TEST(pgq::urlencoded::read<place>("c%69ty=a+b").city == "a b");
    std::string const longest(1000, '&');
    BOOST_TEST(pgq::urlencoded::read<place>(pgq::urlencoded::write(place{longest})).city == longest);
    BOOST_TEST(pgq::urlencoded::read<place>("&&city=a=b&").city == "a=b");
    BOOST_TEST(pgq::urlencoded::read<place>("city=a&city=b").city == "b");
    BOOST_TEST(pgq::json::read<place>(R"({"c\u0069ty":"12345678\"12345678"})").city == "12345678\"12345678");
}

BOOST_AUTO_TEST_CASE(row_text_is_what_the_server_writes) {
    item const value{1, "a \"b\"\\", "", {}, true, {3, 4}};
    BOOST_TEST(pgq::row_text::write(value) == R"((1,"a ""b""\\","",,t,"{""3"",""4""}"))");
    BOOST_TEST((pgq::row_text::read<item>(R"((1,"a ""b""\\","",,t,"{3,4}"))") == value));
    BOOST_TEST((pgq::row_text::read<item>(R"((1,a"" "b",,,t,{},more,))") == item{1, "a b", {}, {}, true, {}}));
    refused<item, pgq::row_text>("(1,)", "field \"name\" is null where a value is needed");
    refused<item, pgq::row_text>("(1,a)", "field \"fresh\" is missing");
    refused<item, pgq::row_text>("(x,a)", "field \"id\": not an integer: \"x\"");
    for (auto const* const text : {"", "(", "1,2", "(1", "(1,\"a)", "(1,a\\)", "(1,(a))"}) {
        BOOST_CHECK_THROW(pgq::row_text::read<item>(text), pgq::decode_error);
    }
}

BOOST_AUTO_TEST_CASE(json_that_is_broken_is_refused) {
    for (auto const* const text : {"",
                                   "[]",
                                   "{",
                                   R"({"id")",
                                   R"({"id":})",
                                   R"({"id":01})",
                                   R"({"name":"a)",
                                   "{\"name\":\"a\nb\"}",
                                   R"({"name":"\x"})",
                                   R"({"name":"\ud800"})",
                                   R"({"name":"\udc00"})",
                                   R"({"name":"\ud800\u0041"})",
                                   R"({"name":"\u0000"})",
                                   R"({"a":tru})",
                                   "{\"city\":\"\xff\"}",
                                   "{\"city\":\"\xc0\xaf\"}",
                                   "{\"city\":\"\xed\xa0\x80\"}",
                                   "{\"city\":\"12345678\xc3\"}",
                                   "{\"city\":\"1234567\x1f\"}",
                                   R"({"a":[1,2})",
                                   R"({"a":1}x)",
                                   R"({"a":1,})",
                                   R"({"a" 1})"}) {
        BOOST_CHECK_THROW(pgq::json::read<place>(text), pgq::decode_error);
    }
    BOOST_CHECK_THROW(pgq::json::read<place>(R"({"a":)" + std::string(100'000, '[')), pgq::decode_error);
}

BOOST_AUTO_TEST_CASE(json_escapes_become_utf8) {
    BOOST_TEST(pgq::json::read<place>(R"({"city":"\u004d\u00fc\u20ac\ud83d\ude00\/\b"})").city == "Mü€😀/\b");
}

BOOST_AUTO_TEST_CASE(json_structs_nest) {
    parcel const value{{"Tallinn"}, {}, {{"Riga"}, {"Tartu"}}};
    BOOST_TEST(pgq::json::write(value) ==
               R"({"from":{"city":"Tallinn"},"via":null,"to":[{"city":"Riga"},{"city":"Tartu"}]})");
    BOOST_TEST((pgq::json::read<parcel>(pgq::json::write(value)) == value));
}

BOOST_AUTO_TEST_CASE(an_array_of_a_table_comes_as_the_servers_text) {
    BOOST_TEST(
        (pgq::json::read<item>(R"({"id":1,"name":"","fresh":false,"sizes":"{4,5}"})").sizes == std::vector{4, 5}));
}

BOOST_AUTO_TEST_SUITE_END()
