#include <pgq/stage/transform.hpp>

#include <support/boost_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(pgq_stage_transform)

BOOST_AUTO_TEST_CASE(hands_on_what_the_function_makes) {
    std::string got;
    pgq::no_session none;
    pgq::transform const to_text{[](int in) { return std::to_string(in); }};
    static_cast<void>(pgq::detail::pass(42, pgq::event{}, none, to_text, [&](std::string const& in) { got = in; }));
    BOOST_TEST(got == "42");
}

BOOST_AUTO_TEST_CASE(knows_its_output_type) {
    auto const to_text = [](int in) { return std::to_string(in); };
    using stage = pgq::transform<decltype(to_text)>;
    static_assert(std::same_as<pgq::detail::output_of<stage, int>::type, std::string>);
}

BOOST_AUTO_TEST_SUITE_END()
