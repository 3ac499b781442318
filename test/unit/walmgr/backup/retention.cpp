#include <support/wal.hpp>
#include <walmgr/backup/retention.hpp>

BOOST_AUTO_TEST_SUITE(walmgr_backup_retention)

using namespace walmgr;

namespace {

backup_record taken(int day, char kind, std::string parent = {}, int history = 1) {
    auto const digits = (day < 10 ? "0" : "") + std::to_string(day);
    return {.label = "202601" + digits + "T120000Z-" + kind,
            .kind = kind == 'F' ? backup_kind::full : backup_kind::incremental,
            .parent = std::move(parent),
            .system_id = static_cast<std::uint64_t>(history),
            .history = history,
            .version = 17,
            .tli = timeline{1},
            .start = lsn{static_cast<std::uint64_t>(day) << 24U},
            .stop = lsn{(static_cast<std::uint64_t>(day) << 24U) + 100},
            .stopped = "2026-01-" + digits + "T12:30:00Z"};
}

/// Days of the full backups 1, 5, 9, and of incremental ones behind each.
backup_list three_chains() {
    return {.sealed = {taken(1, 'F'), taken(2, 'I', "20260101T120000Z-F"), taken(3, 'I', "20260102T120000Z-I"),
                       taken(5, 'F'), taken(6, 'I', "20260105T120000Z-F"), taken(9, 'F'),
                       taken(10, 'I', "20260109T120000Z-F")}};
}

auto const now = *parse_moment("2026-01-11 00:00:00Z");

std::string kept_days(backup_list const& all, retention const& rules, std::set<std::string> const& pins = {},
                      moment at = now) {
    std::string days;
    for (auto const& one : judge_backups(all, pins, rules, at)) {
        if (one.kept) days += (days.empty() ? "" : " ") + one.backup->label.substr(6, 2);
    }
    return days;
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_rules_everything_is_kept) {
    BOOST_TEST(kept_days(three_chains(), {}) == "01 02 03 05 06 09 10");
    BOOST_TEST(judge_backups({}, {}, {.count = 1}, now).empty());
}

BOOST_AUTO_TEST_CASE(a_count_is_of_full_backups_and_what_builds_on_them) {
    BOOST_TEST(kept_days(three_chains(), {.count = 2}) == "05 06 09 10");
    BOOST_TEST(kept_days(three_chains(), {.count = 1}) == "09 10");
    BOOST_TEST(kept_days(three_chains(), {.count = 7}) == "01 02 03 05 06 09 10");
}

BOOST_AUTO_TEST_CASE(a_window_begins_with_the_backup_before_it) {
    BOOST_TEST(kept_days(three_chains(), {.days = 2}) == "05 06 09 10");
    BOOST_TEST(kept_days(three_chains(), {.days = 5}) == "05 06 09 10");
    BOOST_TEST(kept_days(three_chains(), {.days = 6}) == "01 02 03 05 06 09 10");
    BOOST_TEST(kept_days(three_chains(), {.count = 1, .days = 2}) == "05 06 09 10");
}

BOOST_AUTO_TEST_CASE(a_clock_that_jumps_removes_nothing_that_the_days_before_the_newest_need) {
    for (auto const* const at : {"2026-01-20 00:00:00Z", "2027-01-11 00:00:00Z", "2126-01-11 00:00:00Z"}) {
        BOOST_TEST(kept_days(three_chains(), {.days = 3}, {}, *parse_moment(at)) == "05 06 09 10");
        BOOST_TEST(kept_days(three_chains(), {.days = 5}, {}, *parse_moment(at)) == "01 02 03 05 06 09 10");
    }
    BOOST_TEST(kept_days(three_chains(), {.days = 3}, {}, *parse_moment("2025-01-11 00:00:00Z")) ==
               "01 02 03 05 06 09 10");
}

BOOST_AUTO_TEST_CASE(the_minimum_outweighs_the_rules) {
    BOOST_TEST(kept_days(three_chains(), {.count = 1, .minimum = 2}) == "05 06 09 10");
    BOOST_TEST(kept_days(three_chains(), {.days = 1, .minimum = 0}) == "05 06 09 10");
    auto const later = *parse_moment("2030-01-01 00:00:00Z");
    auto const all = three_chains();
    auto const verdicts = judge_backups(all, {}, {.days = 1}, later);
    BOOST_TEST(verdicts.back().kept);
    BOOST_TEST(!verdicts.front().kept);
}

BOOST_AUTO_TEST_CASE(a_pin_keeps_a_backup_and_its_parents) {
    BOOST_TEST(kept_days(three_chains(), {.count = 1}, {"20260102T120000Z-I"}) == "01 02 03 09 10");
    BOOST_TEST(kept_days(three_chains(), {.count = 1}, {"20260103T120000Z-I"}) == "01 02 03 09 10");
    BOOST_TEST(kept_days(three_chains(), {.count = 1}, {"20260105T120000Z-F"}) == "05 06 09 10");
}

BOOST_AUTO_TEST_CASE(those_from_before_an_upgrade_are_the_older_ones) {
    auto all = three_chains();
    all.sealed.push_back(taken(11, 'F', {}, 2));
    BOOST_TEST(kept_days(all, {}) == "01 02 03 05 06 09 10 11");
    BOOST_TEST(kept_days(all, {.count = 1}) == "11");
    BOOST_TEST(kept_days(all, {.count = 2}) == "09 10 11");
    BOOST_TEST(kept_days(all, {.days = 3}) == "05 06 09 10 11");
    BOOST_TEST(kept_days(all, {.count = 1}, {"20260102T120000Z-I"}) == "01 02 03 11");
    auto const verdicts = judge_backups(all, {}, {.count = 2}, now);
    BOOST_TEST(log_horizon(all, verdicts, 1)->bytes == 9U << 24U);
    BOOST_TEST(log_horizon(all, verdicts, 2)->bytes == 11U << 24U);
    // A clock that was ahead before the upgrade makes nothing newer.
    BOOST_TEST(kept_days({.sealed = {taken(1, 'F', {}, 2), taken(5, 'F')}}, {.count = 1}) == "01");
}

BOOST_AUTO_TEST_CASE(what_nobody_can_judge_is_kept) {
    auto all = three_chains();
    all.sealed.erase(all.sealed.begin());
    all.damaged.push_back({"20260101T120000Z-F", "why"});
    BOOST_TEST(kept_days(all, {.count = 1}) == "02 03 09 10");
    auto const verdicts = judge_backups(all, {}, {.count = 1}, now);
    BOOST_TEST(!log_horizon(all, verdicts, 1));
    BOOST_TEST(!log_horizon({}, {}, 1));
}

BOOST_AUTO_TEST_SUITE_END()
