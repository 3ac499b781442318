#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/log_gaps.hpp>

#include <cstdint>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_log_gaps)

using support::small_cluster;
using walmgr::lineage;
using walmgr::lsn;
using walmgr::segment;
using walmgr::timeline;
using walmgr::wal_gap;
using gaps = std::vector<wal_gap>;

namespace {

constexpr timeline one{1};
constexpr timeline two{2};
constexpr timeline three{3};
walmgr::segment_size const size = small_cluster.size;

lsn in_segment(std::uint64_t number, std::uint64_t offset = 4096) {
    return lsn{number * size.bytes + offset};
}
std::vector<segment> segments(timeline tli, std::uint64_t first, std::uint64_t last) {
    std::vector<segment> all;
    for (auto number = first; number <= last; ++number)
        all.push_back({tli, number});
    return all;
}
std::vector<segment> operator+(std::vector<segment> all, std::vector<segment> const& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
}
gaps missing(std::vector<segment> const& there, std::vector<lineage> const& lines) {
    return walmgr::missing_segments(there, lines, size);
}

/// 2 goes on from 1 within segment 8, and 3 from 2 within 11.
lineage const second{.past = {{one, in_segment(8)}}, .own = two};
lineage const third{.past = {{one, in_segment(8)}, {two, in_segment(11)}}, .own = three};

}  // namespace

BOOST_AUTO_TEST_CASE(gaps_are_holes_and_what_was_found_and_did_not_come) {
    std::vector<segment> const there{{one, 2}, {one, 3}, {one, 6}, {two, 6}};
    BOOST_TEST((walmgr::gaps_among(there, {}) == gaps{{one, 4, 5}}));
    BOOST_TEST((walmgr::gaps_among(there, {{one, 4, 5}}) == gaps{{one, 4, 5}}));
    BOOST_TEST((walmgr::gaps_among(there, {{one, 3, 4}, {one, 7, 8}}) == gaps{{one, 4, 5}, {one, 7, 8}}));
    BOOST_TEST((walmgr::gaps_among(there, {{one, 5, 9}}) == gaps{{one, 4, 5}, {one, 7, 9}}));
    BOOST_TEST((walmgr::gaps_among(there, {{one, 2, 3}, {two, 6, 6}}) == gaps{{one, 4, 5}}));
    BOOST_TEST((walmgr::gaps_among(there, {{two, 4, 7}}) == gaps{{one, 4, 5}, {two, 4, 5}, {two, 7, 7}}));
}

BOOST_AUTO_TEST_CASE(a_line_goes_through_whole_segments_up_to_the_one_in_which_a_timeline_was_left) {
    auto const at = [&](lsn left) { return walmgr::whole_past({.past = {{one, left}}, .own = two}, size); };
    BOOST_TEST((at(in_segment(8)) == gaps{{one, 0, 7}}));
    BOOST_TEST((at(in_segment(8, 1)) == gaps{{one, 0, 7}}));
    BOOST_TEST((at(in_segment(8, 0)) == gaps{{one, 0, 7}}));
    BOOST_TEST((at(lsn{in_segment(8, 0).bytes - 1}) == gaps{{one, 0, 6}}));
    BOOST_TEST(at(in_segment(0)).empty());
    BOOST_TEST(at(lsn{}).empty());
    BOOST_TEST((walmgr::whole_past(third, size) == gaps{{one, 0, 7}, {two, 8, 10}}));
    // Left again within the same segment, or at once.
    BOOST_TEST((walmgr::whole_past({.past = {{one, in_segment(8)}, {two, in_segment(8, 9000)}}, .own = three}, size) ==
                gaps{{one, 0, 7}}));
    BOOST_TEST(walmgr::whole_past({.past = {}, .own = one}, size).empty());

    std::vector const lines{second, third};
    BOOST_TEST(walmgr::line_through(lines, {one, 7}, size) == &lines[0]);
    BOOST_TEST(walmgr::line_through(lines, {two, 10}, size) == &lines[1]);
    for (segment const end : {segment{one, 8}, segment{two, 7}, segment{two, 11}, segment{three, 11}})
        BOOST_TEST(walmgr::line_through(lines, end, size) == nullptr);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_timeline_is_missing_where_another_goes_on_from_behind_it) {
    auto const there = segments(one, 3, 5) + segments(two, 8, 9);
    BOOST_TEST(missing(there, {}).empty());
    BOOST_TEST((missing(there, {second}) == gaps{{one, 6, 7}}));
    BOOST_TEST((missing(segments(one, 3, 5), {second}) == gaps{{one, 6, 7}}));  // nothing of 2 is archived yet
    BOOST_TEST(missing(segments(one, 3, 7) + segments(two, 8, 9), {second}).empty());
    BOOST_TEST(missing(segments(one, 3, 7), {second}).empty());
    for (auto const left : {in_segment(8, 0), in_segment(8), lsn{in_segment(9, 0).bytes - 1}})
        BOOST_TEST((missing(there, {{.past = {{one, left}}, .own = two}}) == gaps{{one, 6, 7}}));
    BOOST_TEST((missing(there, {{.past = {{one, in_segment(6, 0)}}, .own = two}}) == gaps{{two, 6, 7}}));
    // A hole and the end that it reaches to are one gap, and so is what is recorded of it.
    BOOST_TEST((walmgr::missing_segments(segments(one, 3, 4) + segments(one, 6, 6), {second}, size, {{one, 7, 9}}) ==
                gaps{{one, 5, 5}, {one, 7, 9}}));
}

BOOST_AUTO_TEST_CASE(what_was_written_behind_the_point_where_a_timeline_was_left_is_no_gap) {
    auto const there = segments(one, 3, 12) + segments(two, 8, 9);
    BOOST_TEST(missing(there, {second}).empty());
    // Of two lines the one that left later counts.
    lineage const early{.past = {{one, in_segment(5)}}, .own = three};
    BOOST_TEST(missing(segments(one, 3, 7) + segments(two, 8, 9) + segments(three, 5, 6), {second, early}).empty());
    BOOST_TEST((missing(segments(one, 3, 5) + segments(three, 5, 6), {second, early}) == gaps{{one, 6, 7}}));
    BOOST_TEST(missing(segments(one, 3, 5) + segments(three, 5, 6), {early}).empty());
}

BOOST_AUTO_TEST_CASE(a_timeline_may_be_missing_from_its_begin_or_as_a_whole) {
    BOOST_TEST((missing(segments(one, 3, 5) + segments(three, 11, 12), {third}) == gaps{{one, 6, 7}, {two, 8, 10}}));
    BOOST_TEST((missing(segments(one, 3, 7) + segments(two, 10, 12), {second}) == gaps{{two, 8, 9}}));
    // The older one's copy of the segment ends where that was left.
    BOOST_TEST((missing(segments(one, 8, 8) + segments(two, 9, 9), {second}) == gaps{{two, 8, 8}}));
    BOOST_TEST(missing(segments(one, 3, 8), {second}).empty());
}

BOOST_AUTO_TEST_CASE(what_is_in_front_of_all_that_is_there_is_no_gap) {
    BOOST_TEST(missing({}, {second, third}).empty());
    BOOST_TEST(missing(segments(three, 11, 12), {second, third}).empty());
    BOOST_TEST(missing(segments(two, 10, 12), {second}).empty());
    BOOST_TEST(missing(segments(two, 9, 10) + segments(three, 11, 12), {second, third}).empty());
    // What a given up timeline has is not of the line.
    BOOST_TEST(missing(segments(one, 9, 12) + segments(two, 10, 12), {second}).empty());
    lineage const between{.past = {{one, in_segment(8, 0)}}, .own = two};
    BOOST_TEST(missing(segments(one, 8, 8) + segments(two, 9, 9), {between}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
