#include <pgq/format.hpp>
#include <pgq/log.hpp>

#include <support/boost_test.hpp>

#include <string>
#include <type_traits>

namespace pgq_log {

struct counted {
    int* formatted;
};

}  // namespace pgq_log

// fmt's own way to teach it a type.
template <> struct fmt::formatter<pgq_log::counted> {
    constexpr auto parse(format_parse_context& context) { return context.begin(); }
    auto format(pgq_log::counted const& value, format_context& context) const {
        ++*value.formatted;
        return context.out();
    }
};

BOOST_AUTO_TEST_SUITE(pgq_log)

static_assert(pgq::log_sink<pgq::no_log> && pgq::log_sink<pgq::log_to_stderr> && !pgq::log_sink<int>);
static_assert(std::is_empty_v<pgq::no_log> && !pgq::no_log::wants(pgq::log_level::error));

BOOST_AUTO_TEST_CASE(a_line_reaches_its_sink_with_its_level) {
    std::string heard;
    pgq::log_to const sink{pgq::log_level::info, [&](pgq::log_level level, std::string_view line) {
                               heard.append(pgq::name_of(level)).append(" ").append(line).append("\n");
                           }};
    pgq::log(sink, pgq::log_level::info, "{} owes {} cents", "ann", 250);
    pgq::log(sink, pgq::log_level::error, "no {}", "more");
    BOOST_TEST(heard == "info ann owes 250 cents\nerror no more\n");
}

BOOST_AUTO_TEST_CASE(what_the_sink_does_not_want_is_not_formatted) {
    int formatted = 0;
    std::string heard;
    pgq::log_to const sink{pgq::log_level::warning,
                           [&](pgq::log_level, std::string_view line) { heard.append(line).append("\n"); }};
    pgq::log(sink, pgq::log_level::info, "{}", counted{&formatted});
    pgq::log(pgq::no_log{}, pgq::log_level::error, "{}", counted{&formatted});
    BOOST_TEST(formatted == 0);
    pgq::log(sink, pgq::log_level::warning, "{}.", counted{&formatted});
    BOOST_TEST(formatted == 1);
    BOOST_TEST(heard == ".\n");
}

BOOST_AUTO_TEST_CASE(levels_are_in_order_and_have_names) {
    BOOST_TEST(pgq::name_of(pgq::log_level::debug) == "debug");
    BOOST_TEST(pgq::name_of(pgq::log_level::error) == "error");
    pgq::log_to_stderr const sink{.least = pgq::log_level::warning};
    BOOST_TEST(!sink.wants(pgq::log_level::info));
    BOOST_TEST(sink.wants(pgq::log_level::error));
}

BOOST_AUTO_TEST_SUITE_END()
