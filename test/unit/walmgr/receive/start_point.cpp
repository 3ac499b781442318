#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/archive.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/receive/start_point.hpp>
#include <walmgr/store/memory.hpp>

#include <cstdint>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_receive_start_point)

using support::is_fault;
using support::small_cluster;
using walmgr::choose_start;
using walmgr::fault;
using walmgr::find_safe_log;
using walmgr::lsn;
using walmgr::memory_store;
using walmgr::segment;
using walmgr::timeline;

namespace {

constexpr std::uint64_t mib = 1U << 20U;

/// A store with these segments of a timeline.
memory_store archive_of(std::initializer_list<segment> segments) {
    support::scratch_folder const files;
    memory_store where;
    for (auto const& one : segments) {
        auto const name = file_name(one, small_cluster.size);
        archive_file(where, small_cluster, walmgr::lz4{}, files.write(name, support::segment_bytes(one)), name);
    }
    return where;
}

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_is_safe_where_there_is_nothing) {
    BOOST_TEST(!find_safe_log(memory_store{}, small_cluster, {}, {}));
}

BOOST_AUTO_TEST_CASE(what_was_received_counts_before_what_is_archived) {
    auto const where = archive_of({{timeline{1}, 3}, {timeline{1}, 4}, {timeline{2}, 4}});
    BOOST_TEST((find_safe_log(where, small_cluster, {}, {})->next == segment{timeline{2}, 5}));
    walmgr::partial_contents local{.whole = {{timeline{1}, 5}}};
    BOOST_TEST((find_safe_log(where, small_cluster, local, {})->next == segment{timeline{1}, 6}));
    local.unfinished = {{timeline{1}, 6}};
    auto const known =
        find_safe_log(where, small_cluster, local, walmgr::wal_position{timeline{1}, lsn{6 * mib + 100}});
    BOOST_TEST((known->next == segment{timeline{1}, 6}));
    BOOST_TEST(known->durable.bytes == 6 * mib + 100);
    // Of another timeline, so it says nothing about this one.
    auto const other = find_safe_log(where, small_cluster, local, walmgr::wal_position{timeline{2}, lsn{7 * mib}});
    BOOST_TEST(other->durable.bytes == 6 * mib);
}

BOOST_AUTO_TEST_CASE(the_folder_alone_knows_no_more_than_what_is_safe) {
    BOOST_TEST(!find_safe_log(small_cluster, {}, {}));
    walmgr::wal_position const at{timeline{1}, lsn{7 * mib + 5}};
    BOOST_TEST((find_safe_log(small_cluster, {}, at)->next == segment{timeline{1}, 7}));
    walmgr::partial_contents local{.whole = {{timeline{1}, 5}}};
    BOOST_TEST((find_safe_log(small_cluster, local, at)->next == segment{timeline{1}, 6}));
    local.unfinished = {{timeline{1}, 6}};
    auto const known = find_safe_log(small_cluster, local, at);
    BOOST_TEST((known->next == segment{timeline{1}, 6}));
    BOOST_TEST((known->durable == at.at));
}

BOOST_AUTO_TEST_CASE(what_an_archiver_has_brought_is_not_received_again_but_a_hole_is) {
    auto const where = archive_of({{timeline{1}, 3}, {timeline{1}, 4}, {timeline{1}, 6}});
    walmgr::partial_contents const local{.unfinished = {{timeline{1}, 3}}};
    BOOST_TEST((find_safe_log(where, small_cluster, local, {})->next == segment{timeline{1}, 5}));
}

BOOST_AUTO_TEST_CASE(a_position_without_anything_received_is_enough) {
    auto const known =
        find_safe_log(memory_store{}, small_cluster, {}, walmgr::wal_position{timeline{1}, lsn{7 * mib}});
    BOOST_TEST((known->next == segment{timeline{1}, 7}));
}

BOOST_AUTO_TEST_CASE(the_same_timeline_goes_on) {
    walmgr::safe_log const known{{timeline{1}, 6}, lsn{6 * mib + 500}};
    auto const start = choose_start(known, {timeline{1}, lsn{9 * mib}}, small_cluster.size);
    BOOST_TEST((start.at == known.next));
    BOOST_TEST(start.alarm.empty());
    // A crash may have cut a record that was flushed by half.
    BOOST_TEST((choose_start(known, {timeline{1}, lsn{6 * mib + 100}}, small_cluster.size).at == known.next));
    BOOST_CHECK_EXCEPTION(choose_start(known, {timeline{1}, lsn{6 * mib - 1}}, small_cluster.size), walmgr::error,
                          is_fault(fault::identity, "it is behind"));
}

BOOST_AUTO_TEST_CASE(a_later_timeline_is_reached_by_the_one_before) {
    walmgr::safe_log const known{{timeline{1}, 6}, lsn{6 * mib + 500}};
    walmgr::server_log server{
        timeline{3}, lsn{9 * mib}, {{timeline{1}, lsn{6 * mib + 500}}, {timeline{2}, lsn{8 * mib}}}};
    auto const start = choose_start(known, server, small_cluster.size);
    BOOST_TEST((start.at == known.next));
    BOOST_TEST(start.alarm.empty());

    server.past.front().end = lsn{6 * mib + 499};
    auto const beside = choose_start(known, server, small_cluster.size);
    BOOST_TEST((beside.at == segment{timeline{2}, 6}));
    BOOST_TEST(beside.alarm.find("timeline 2 leaves it at 0/6001F3") != std::string::npos);
    server.past.pop_back();
    BOOST_TEST((choose_start(known, server, small_cluster.size).at == segment{timeline{3}, 6}));
}

BOOST_AUTO_TEST_CASE(an_older_timeline_and_another_branch_are_refused) {
    walmgr::safe_log const known{{timeline{2}, 6}, lsn{6 * mib}};
    BOOST_CHECK_EXCEPTION(choose_start(known, {timeline{1}, lsn{9 * mib}}, small_cluster.size), walmgr::error,
                          is_fault(fault::identity, "old primary"));
    BOOST_CHECK_EXCEPTION(
        choose_start(known, {timeline{3}, lsn{9 * mib}, {{timeline{1}, lsn{5 * mib}}}}, small_cluster.size),
        walmgr::error, is_fault(fault::identity, "another branch"));
}

BOOST_AUTO_TEST_SUITE_END()
