#include <support/wal.hpp>
#include <walmgr/recovery_target.hpp>

#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_recovery_target)

using namespace walmgr;
using support::is_fault;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(moments_with_an_offset_are_read) {
    moment const at = std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 12h + 1min + 2s;
    for (auto const* const text :
         {"2026-01-31 12:01:02+00", "2026-01-31T12:01:02Z", "2026-01-31 13:01:02+01:00", "2026-01-31 13:01:02 +0100",
          "2026-01-31 07:31:02-0430", "2026-01-31 12:01:02 UTC", "2026-02-01 03:01:02+15"})
        BOOST_TEST((parse_moment(text) == at), text);
    BOOST_TEST((parse_moment("2026-01-31 12:01:02.000500+00") == at + 500us));
    BOOST_TEST((parse_moment("2026-01-31 12:01:02.5Z") == at + 500ms));
    BOOST_TEST((parse_moment("2026-01-31 12:01Z") == at - 2s));
    BOOST_TEST(to_string(at) == "2026-01-31 12:01:02+00");
    BOOST_TEST(to_string(at + 1us) == "2026-01-31 12:01:02.000001+00");
    BOOST_TEST((parse_moment(to_string(at + 1us)) == at + 1us));
    BOOST_TEST((parse_moment(to_string(moment{-1us})) == moment{-1us}));
}

BOOST_AUTO_TEST_CASE(what_is_no_moment_is_refused) {
    for (auto const* const text :
         {"", "yesterday", "2026-01-31", "2026-01-31 12:01:02", "2026-01-31T12:01:02", "2026-02-30 12:01:02Z",
          "2026-01-31 24:00:00Z", "2026-01-31 12:60:00Z", "2026-01-31 12:01:02+", "2026-01-31 12:01:02+1",
          "2026-01-31 12:01:02+01:", "2026-01-31 12:01:02+99", "2026-01-31 12:01:02 CET", "2026-01-31 12:01:02Z x",
          "2026-01-31 12:01:02.Z", "31.01.2026 12:01:02Z", "2026-1-31 12:01:02Z"})
        BOOST_CHECK_EXCEPTION(target_at_time(text), error, is_fault(fault::usage, "write it with an offset from UTC"));
    BOOST_TEST(target_at_time("2026-01-31 13:01:02+01:00").text == "2026-01-31 12:01:02+00");
}

BOOST_AUTO_TEST_CASE(other_targets_are_checked) {
    BOOST_TEST((target_at_position("16/B374D848").position == lsn{0x16B374D848}));
    BOOST_CHECK_EXCEPTION(target_at_position("B374D848"), error, is_fault(fault::usage, "no position"));
    BOOST_TEST(shown(target_at_transaction("4711")) == "transaction 4711");
    BOOST_CHECK_EXCEPTION(target_at_transaction("47a"), error, is_fault(fault::usage));
    BOOST_CHECK_EXCEPTION(target_at_transaction(""), error, is_fault(fault::usage));
    BOOST_TEST(shown(target_at_name("before it's 2 late")) == "restore point before it's 2 late");
    BOOST_CHECK_EXCEPTION(target_at_name(""), error, is_fault(fault::usage));
    BOOST_CHECK_EXCEPTION(target_at_name(std::string(64, 'x')), error, is_fault(fault::usage));
    BOOST_CHECK_EXCEPTION(target_at_name("a\nb"), error, is_fault(fault::usage));
}

BOOST_AUTO_TEST_SUITE_END()
