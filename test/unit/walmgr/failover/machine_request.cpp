#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/failover/machine_request.hpp>

#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_failover_machine_request)

using support::is_fault;
using walmgr::fault;
using walmgr::machine_answer;
using walmgr::machine_request;
using walmgr::parse_machine_answer;
using walmgr::parse_machine_request;

BOOST_AUTO_TEST_CASE(what_is_asked_comes_over_whole) {
    for (auto const& [step, name] : walmgr::machine_steps) {
        machine_request const asked{.node = "the \"master\"\n\\",
                                    .step = step,
                                    .limit = std::chrono::seconds{86400},
                                    .system_id = 18'446'744'073'709'551'615U,
                                    .cluster = "k\xc3\xa4se ; rm -rf / $(x)",
                                    .slot = "one"};
        auto const line = to_line(asked);
        BOOST_TEST((line.find('\n') == line.size() - 1));
        BOOST_TEST((parse_machine_request(line) == asked), name);
    }
    BOOST_TEST((parse_machine_request(to_line(machine_request{})) == machine_request{}));
}

BOOST_AUTO_TEST_CASE(what_is_answered_comes_over_whole) {
    for (auto const& given :
         {machine_answer{}, machine_answer{.failed = fault::locked, .why = "a\tb"},
          machine_answer{.sign = "", .control = "x: 1\ny: 2\n", .obstacle = "none", .archive_command = "'w' %p"}})
        BOOST_TEST((parse_machine_answer(to_line(given)) == given));
    // Numbers that nobody knows, as of a later version, are failures all the same.
    BOOST_TEST((parse_machine_answer(R"({"walmgr": 1, "failed": 99, "why": ""})").failed == fault::unavailable));
}

BOOST_AUTO_TEST_CASE(what_is_of_another_version_or_of_somebody_else_is_refused) {
    for (auto const* const other : {R"({"walmgr": 2})", R"({"walmgr": 2, "new": [1]})", "{}"}) {
        auto const what = "install the same walmgr on both machines";
        BOOST_CHECK_EXCEPTION(parse_machine_answer(other), walmgr::error, is_fault(fault::configuration, what));
        BOOST_CHECK_EXCEPTION(parse_machine_request(other), walmgr::error, is_fault(fault::configuration, what));
    }
    for (auto const* const other : {"", "Welcome!", R"({"walmgr": 1)", R"({"walmgr": 1} x)", R"({"walmgr": 1, "x": 1})",
                                    R"({"walmgr": "one"})", R"({"walmgr": 1, "failed": true})"})
        BOOST_CHECK_EXCEPTION(parse_machine_answer(other), walmgr::error, is_fault(fault::unavailable, "walmgr says"));
    BOOST_CHECK_EXCEPTION(parse_machine_request(R"({"walmgr": 1, "node": "the slave", "action": "rm"})"), walmgr::error,
                          is_fault(fault::unavailable, "nobody knows how to \"rm\""));
}

BOOST_AUTO_TEST_SUITE_END()
