// Payloads that nobody wrote: whatever the bytes, a reader gives a value or a decode_error, and the sanitizers agree.
#include <pgq/codecs.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/payload/row_text.hpp>
#include <pgq/payload/urlencoded.hpp>

#include <boost/mpl/list.hpp>
#include <support/boost_test.hpp>
#include <support/random.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_payload_mutations)

namespace {

struct item {
    BOOST_HANA_DEFINE_STRUCT(item, (int, id), (std::string, name), (std::optional<pgq::interval>, span),
                             (std::vector<std::optional<std::string>>, tags), (std::optional<pgq::json_text>, more),
                             (std::optional<double>, weight), (std::optional<pgq::bytes>, image),
                             (std::optional<pgq::uuid>, key), (std::optional<pgq::timestamp>, made));
};

item sample(std::mt19937_64& engine) {
    return {.id = static_cast<int>(engine()),
            .name = test::random_text(engine, 30),
            .span = pgq::interval{14, -3, 1'500'000},
            .tags = {test::random_text(engine, 5), std::nullopt},
            .more = pgq::json_text{R"({"a": [1, {"b": "\u00fc\ud83d\ude00"}], "c": -1.5e3})"},
            .weight = 0.25,
            .image = pgq::bytes(3, std::byte{7}),
            .key = pgq::uuid{},
            .made = pgq::timestamp{123'456'789}};
}

/// A few bytes replaced, taken out or doubled.
void spoil(std::string& text, std::mt19937_64& engine) {
    constexpr std::string_view sharp = R"({}[]",:\%&=+()u0-eT. )";
    for (auto changes = 1 + engine() % 4; changes > 0 && !text.empty(); --changes) {
        auto const at = engine() % text.size();
        switch (engine() % 4) {
        case 0:
            text[at] = static_cast<char>(engine());
            break;
        case 1:
            text[at] = sharp[engine() % sharp.size()];
            break;
        case 2:
            text.erase(at, 1 + engine() % 3);
            break;
        default:
            text.insert(at, text.substr(at, 1 + engine() % 8));
        }
    }
}

/// The obvious way to take escapes out; nothing for text that has broken ones.
std::optional<std::string> decoded_slowly(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        int const high = pgq::detail::hex_digit(text[i + 1]);
        int const low = pgq::detail::hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

using formats = boost::mpl::list<pgq::urlencoded, pgq::json, pgq::row_text>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(spoilt_payloads_are_read_or_refused, Format, formats) {
    auto engine = test::random_engine();
    int read = 0;
    int refused = 0;
    for (int i = 0; i < 1000; ++i) {
        std::string text = Format::write(sample(engine));
        spoil(text, engine);
        try {
            static_cast<void>(Format::template read<item>(text));
            ++read;
        } catch (pgq::decode_error const&) { ++refused; }
    }
    BOOST_TEST(read > 0);
    BOOST_TEST(refused > 0);
}

BOOST_AUTO_TEST_CASE(escapes_are_taken_out_as_the_obvious_way_does) {
    auto engine = test::random_engine();
    constexpr std::string_view parts[] = {"a",        "+",         "%2b",        "%00", "%fF",
                                          "\xab\x80", "+++++++++", "plain text", "%",   "*,"};
    for (int i = 0; i < 5000; ++i) {
        std::string text;
        for (auto count = engine() % (i % 100 == 0 ? 200 : 12); count > 0; --count)
            text += parts[engine() % (i % 10 == 0 ? 10 : 8)];
        pgq::detail::decode_space space;
        std::optional<std::string> mine;
        try {
            mine = pgq::detail::url_decoded(text, space);
        } catch (pgq::decode_error const&) {}
        BOOST_REQUIRE_MESSAGE(mine == decoded_slowly(text), text);
    }
}

BOOST_AUTO_TEST_SUITE_END()
