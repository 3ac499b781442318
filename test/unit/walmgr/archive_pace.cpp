#include <boost/test/unit_test.hpp>
#include <walmgr/archive_pace.hpp>

#include <cstdint>

BOOST_AUTO_TEST_SUITE(walmgr_archive_pace)

using walmgr::archive_pace;
using walmgr::segment;
using walmgr::sql::archiver_reading;

namespace {

constexpr walmgr::segment_size size{std::uint64_t{1} << 20U};
constexpr walmgr::timeline one{1};

/// When `archived` files were, the last of them at `last_at`, while the first of `waiting` others had come at `oldest`.
archiver_reading reading(std::int64_t archived, double last_at, std::int64_t waiting, double oldest, double at = 0) {
    return {.archived = archived,
            .since = "then",
            .last = file_name({one, static_cast<std::uint64_t>(archived)}, size),
            .last_at = last_at,
            .waiting = waiting,
            .oldest = oldest,
            .written = 0,
            .at = at};
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_counts_from_file_to_file_while_the_archiver_does_not_rest) {
    archive_pace pace;
    pace.note(reading(10, 100, 8, 50, 103));
    BOOST_TEST(pace.begun());
    BOOST_TEST(!pace.files_a_second());
    BOOST_TEST(!pace.seconds_to_drain(size));
    pace.note(reading(10, 100, 8, 50, 105));
    BOOST_TEST(!pace.files_a_second());  // whatever has passed since
    pace.note(reading(14, 102, 4, 50, 105));
    BOOST_TEST(*pace.files_a_second() == 2);
    BOOST_TEST(*pace.seconds_to_drain(size) == 2);
    BOOST_TEST(*pace.seconds_until({one, 20}, size) == 3);
    BOOST_TEST(!pace.seconds_until({one, 14}, size));
    BOOST_TEST(!pace.seconds_until({walmgr::timeline{2}, 20}, size));
    pace.note(reading(18, 104, 0, 0, 105));
    BOOST_TEST(*pace.files_a_second() == 2);
    BOOST_TEST(*pace.seconds_to_drain(size) == 0);
    pace.note(reading(19, 150, 3, 149.5, 151));
    BOOST_TEST(!pace.files_a_second());
}

BOOST_AUTO_TEST_CASE(a_pause_of_the_archiver_is_not_measured) {
    archive_pace pace;
    pace.note(reading(10, 100, 1, 100));  // it may have come a second after that, and the one before it long before
    BOOST_TEST(!pace.begun());
    pace.note(reading(11, 200, 0, 0));
    BOOST_TEST(!pace.files_a_second());
    BOOST_TEST(*pace.seconds_to_drain(size) == 0);
    pace.note({.archived = 12, .last_at = 300, .waiting = {}});  // we may not ask
    pace.note({.archived = 19, .last_at = 301, .waiting = {}});
    BOOST_TEST(!pace.files_a_second());
    BOOST_TEST(!pace.seconds_to_drain(size));
}

BOOST_AUTO_TEST_CASE(what_is_written_meanwhile_has_to_be_archived_too) {
    archive_pace pace;
    auto first = reading(10, 100, 8, 50, 100);
    auto next = reading(14, 102, 6, 50, 102);
    pace.note(first);
    next.written = size.bytes * 2;  // a segment in a second, and two are archived
    pace.note(next);
    BOOST_TEST(*pace.seconds_to_drain(size) == 6);
    next.written = size.bytes * 4;
    pace.note(next);
    BOOST_TEST(*pace.files_a_second() == 2);
    BOOST_TEST(!pace.seconds_to_drain(size));
}

BOOST_AUTO_TEST_CASE(statistics_that_begin_anew_are_no_pace) {
    archive_pace pace;
    pace.note(reading(10, 100, 8, 50));
    pace.note(reading(14, 102, 8, 50));
    auto anew = reading(1, 103, 8, 50);
    anew.since = "now";
    pace.note(anew);
    BOOST_TEST(!pace.files_a_second());
    anew.archived = 3;
    anew.last_at = 104;
    pace.note(anew);
    BOOST_TEST(*pace.files_a_second() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
