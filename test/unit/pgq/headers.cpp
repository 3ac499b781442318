#include <pgq/headers.hpp>

#include <support/boost_test.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_headers)

using boost::test_tools::per_element;
using lines = std::vector<std::string>;

namespace {

pgq::event with(std::optional<std::string_view> text) {
    pgq::event ev{};
    ev.extra[pgq::headers_extra] = text;
    return ev;
}

constexpr std::string_view trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_added_is_found) {
    std::string const odd = "a=b&c %+\xc3\xa4";
    pgq::headers const sent{{"tenant", "7"}, {odd, odd}, {"empty", ""}};
    auto const ev = with(sent.text());
    auto const got = pgq::headers_of(ev);
    BOOST_TEST(got.find("tenant").value().str() == "7");
    BOOST_TEST(got.find(odd).value().str() == odd);
    BOOST_TEST((got.find(odd).value() == odd));
    BOOST_TEST((got.find("empty").value() == ""));
    BOOST_TEST(!got.find("ten").has_value());
    BOOST_TEST(!got.find("").has_value());
    lines all;
    got.for_each([&](std::string_view name, std::string_view value) {
        all.push_back(std::string{name} + ": " + std::string{value});
    });
    BOOST_TEST(all == (lines{"tenant: 7", odd + ": " + odd, "empty: "}), per_element());
}

BOOST_AUTO_TEST_CASE(they_stand_in_one_column_as_readable_text) {
    pgq::headers const sent{{"tenant", "7"}, {"traceparent", trace}};
    std::array<pgq::nullable_text, 4> const extra = sent;
    BOOST_TEST((!extra[0] && !extra[1] && !extra[3]));
    BOOST_TEST(extra[2].value() == "tenant=7&traceparent=" + std::string{trace});
    BOOST_TEST(!pgq::headers{}.text().has_value());
}

BOOST_AUTO_TEST_CASE(an_event_without_headers_has_none) {
    BOOST_TEST(pgq::headers_of(with(std::nullopt)).empty());
    BOOST_TEST(!pgq::headers_of(with(std::nullopt)).find("a").has_value());
    BOOST_TEST(!pgq::headers_of(with("")).find("a").has_value());
}

BOOST_AUTO_TEST_CASE(the_last_of_a_name_counts_and_a_bare_name_is_empty) {
    BOOST_TEST(pgq::headers_of(with("a=1&b&a=2&a")).find("a").value().str().empty());
    BOOST_TEST(pgq::headers_of(with("a=1&b&a=2")).find("a").value().raw() == "2");
    BOOST_TEST(pgq::headers_of(with("a=1&b&a=2")).find("b").value().raw().empty());
}

BOOST_AUTO_TEST_CASE(text_that_is_none_is_an_error_only_where_it_is_decoded) {
    auto const ev = with("a=%zz&b=1");
    auto const got = pgq::headers_of(ev);
    BOOST_TEST(got.find("b").value().str() == "1");
    BOOST_TEST(got.find("a").value().raw() == "%zz");
    BOOST_CHECK_THROW(static_cast<void>(got.find("a").value().str()), pgq::decode_error);
}

BOOST_AUTO_TEST_CASE(a_trace_parent_comes_back) {
    auto const parsed = pgq::trace_parent::parse(trace).value();
    BOOST_TEST(parsed.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736");
    BOOST_TEST(parsed.parent_id == "00f067aa0ba902b7");
    BOOST_TEST(parsed.flags == 1);
    BOOST_TEST(parsed.str() == trace);
    pgq::headers const sent{{pgq::trace_parent::header, trace}};
    BOOST_TEST(pgq::trace_of(with(sent.text())).value().str() == trace);
    BOOST_TEST(!pgq::trace_of(with("traceparent=none")).has_value());
    BOOST_TEST(!pgq::trace_of(with(std::nullopt)).has_value());
}

BOOST_AUTO_TEST_CASE(trace_parents_of_later_versions_and_broken_ones) {
    std::string const later = "cc" + std::string{trace.substr(2)};
    BOOST_TEST(pgq::trace_parent::parse(later + "-more").value().str() == trace);
    for (std::string const& broken :
         lines{"", std::string{trace} + "-more", later + "more", "ff" + std::string{trace.substr(2)},
               "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
               "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
               "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
               "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x", std::string{trace.substr(0, 54)}}) {
        BOOST_TEST(!pgq::trace_parent::parse(broken).has_value(), broken);
    }
}

BOOST_AUTO_TEST_SUITE_END()
