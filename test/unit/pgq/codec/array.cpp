// include/pgq/codec/array.hpp
#include <pgq/codecs.hpp>
#include <pgq/error.hpp>

#include <boost/test/unit_test.hpp>
#include <support/random.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_codec_array)

namespace {
template <class T> std::string text_of(std::vector<T> const& value) {
    std::string out;
    pgq::codec<std::vector<T>>::append(out, value);
    return out;
}
}  // namespace

BOOST_AUTO_TEST_CASE(texts_of_any_kind_come_back) {
    auto engine = test::random_engine();
    for (int i = 0; i < 300; ++i) {
        std::vector<std::optional<std::string>> values(engine() % 5);
        for (auto& value : values) {
            if (engine() % 4 != 0) value = test::random_text(engine, 12);
        }
        BOOST_REQUIRE((pgq::codec<std::vector<std::optional<std::string>>>::parse(text_of(values)) == values));
    }
}

BOOST_AUTO_TEST_CASE(the_servers_own_texts_are_read) {
    using texts = std::vector<std::optional<std::string>>;
    BOOST_TEST((pgq::codec<std::vector<int>>::parse("{}").empty()));
    BOOST_TEST((pgq::codec<std::vector<int>>::parse("{1,-2,3}") == std::vector{1, -2, 3}));
    BOOST_TEST((pgq::codec<texts>::parse(R"({a,"b c","d\"e\\",NULL,"NULL",""})") ==
                texts{"a", "b c", "d\"e\\", std::nullopt, "NULL", ""}));
}

BOOST_AUTO_TEST_CASE(what_is_no_array_of_one_dimension_is_refused) {
    for (auto const* const text : {"", "1,2", "{1", "1}", "{1,}", "{{1},{2}}", "[0:1]={1,2}", "{\"a}", "{\"a\"b}"}) {
        BOOST_CHECK_THROW((pgq::codec<std::vector<std::string>>::parse(text)), pgq::decode_error);
    }
    BOOST_CHECK_THROW((pgq::codec<std::vector<int>>::parse("{1,NULL}")), pgq::decode_error);
}

BOOST_AUTO_TEST_CASE(bytes_are_elements_and_arrays_are_none) {
    std::vector<pgq::bytes> const value{{std::byte{1}, std::byte{'"'}}, {}};
    BOOST_TEST(text_of(value) == R"({"\\x0122","\\x"})");
    BOOST_TEST((pgq::codec<std::vector<pgq::bytes>>::parse(text_of(value)) == value));
    static_assert(!pgq::field_codec<std::vector<std::vector<int>>>);
}

BOOST_AUTO_TEST_SUITE_END()
