#include <support/boost_test.hpp>
#include <support/several.hpp>
#include <support/wal.hpp>
#include <walmgr/archive.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/found_gap.hpp>
#include <walmgr/receive/fetch_received.hpp>
#include <walmgr/receive/flush_policy.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/receive/server_facts.hpp>
#include <walmgr/store/memory.hpp>
#include <walmgr/store/stoppable.hpp>

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_receive_partial_folder)

using namespace std::chrono_literals;
using support::bytes_of_file;
using support::is_fault;
using support::segment_bytes;
using support::small_cluster;
using walmgr::fault;
using walmgr::lsn;
using walmgr::memory_store;
using walmgr::segment;
using walmgr::timeline;

namespace {

constexpr segment third{timeline{1}, 3};
std::string const third_name = file_name(third, small_cluster.size);

}  // namespace

BOOST_AUTO_TEST_CASE(a_folder_has_one_receiver_and_must_exist) {
    support::scratch_folder const files;
    walmgr::partial_folder const first{files.path()};
    BOOST_CHECK_EXCEPTION(walmgr::partial_folder{files.path()}, walmgr::error, is_fault(fault::locked));
    BOOST_CHECK_EXCEPTION(walmgr::partial_folder{files / "none"}, walmgr::error,
                          is_fault(fault::unavailable, "create it"));
    BOOST_TEST(!walmgr::list_partials(files / "none", small_cluster.size));
}

BOOST_AUTO_TEST_CASE(a_segment_has_its_full_length_and_is_overwritten_in_place) {
    support::scratch_folder const files;
    walmgr::partial_folder folder{files.path()};
    auto const bytes = segment_bytes(third);
    {
        walmgr::partial_segment first{folder, third, small_cluster.size};
        first.write(0, bytes);
    }
    walmgr::partial_segment again{folder, third, small_cluster.size};
    again.write(0, std::string_view{bytes}.substr(0, 10));
    again.flush();
    BOOST_TEST((bytes_of_file(files / (third_name + ".partial")) == bytes));  // nothing was cut off
    BOOST_TEST(folder.list(small_cluster.size).unfinished.size() == 1U);
    again.finish();
    auto const found = folder.list(small_cluster.size);
    BOOST_TEST((found.whole == std::vector{third}));
    BOOST_TEST(found.unfinished.empty());

    files.write("000000010000000000000004.ended", "log");
    files.write("000000010000000000000004.partial.0003F028.ended", "more log");
    files.write("000000010000000000000004.partial.00000000.ended", "");
    BOOST_TEST((folder.list(small_cluster.size).ended ==
                std::vector<walmgr::ended_segment>{
                    {{timeline{1}, 4}, "000000010000000000000004.ended", 0},
                    {{timeline{1}, 4}, "000000010000000000000004.partial.0003F028.ended", 0x3F028}}));
    folder.write("00000002.history", "1\t0/400100\tno reason\n");
    BOOST_TEST((folder.list(small_cluster.size).histories == std::vector{timeline{2}}));
}

BOOST_AUTO_TEST_CASE(the_flushed_position_is_remembered) {
    support::scratch_folder const files;
    walmgr::partial_folder folder{files.path()};
    BOOST_TEST(!folder.flushed());
    walmgr::wal_position const now{timeline{2}, lsn{0x12'3456'789A}};
    folder.note_flushed({timeline{1}, lsn{5}});
    folder.note_flushed(now);
    BOOST_TEST((walmgr::read_flushed(files.path()) == now));
    files.write("flushed", "00000002 0000001234567");
    BOOST_TEST(!folder.flushed());
}

BOOST_AUTO_TEST_CASE(an_unfinished_segment_is_for_those_only_who_have_given_its_timeline_up) {
    support::scratch_folder const files;
    support::several const stores{2};
    auto const fetch = [&](std::string const& folder) {
        auto all = stores.open();
        return walmgr::fetch_received(all, third_name, files / "place", folder).found;
    };
    std::filesystem::create_directory(files / "partial");
    auto const partial = files / "partial";
    auto const bytes = segment_bytes(third);
    BOOST_TEST(!fetch(partial));
    files.write("partial/" + third_name + ".partial", bytes);
    BOOST_TEST(!fetch(partial));
    record_intent(stores.held(1), small_cluster, {timeline{1}, lsn{}});
    BOOST_TEST(fetch(partial));
    BOOST_TEST((bytes_of_file(files / "place") == bytes));
    BOOST_TEST(!fetch(""));
    BOOST_TEST(!fetch(files / "none"));

    files.write("partial/" + third_name + ".partial", std::string(bytes.size(), '\0'));  // nothing has come yet
    BOOST_TEST(!fetch(partial));
    files.write("partial/" + third_name + ".partial", segment_bytes({timeline{1}, 4}));
    BOOST_CHECK_EXCEPTION(fetch(partial), walmgr::error, is_fault(fault::identity));
}

BOOST_AUTO_TEST_CASE(a_whole_one_is_for_everybody_and_a_hole_is_no_end) {
    support::scratch_folder const files;
    support::several const stores{1};
    auto const fetch = [&] {
        auto all = stores.open();
        return walmgr::fetch_received(all, third_name, files / "place", files.path()).found;
    };
    files.write("000000010000000000000004", segment_bytes({timeline{1}, 4}));
    BOOST_CHECK_EXCEPTION(fetch(), walmgr::error, is_fault(fault::gap, "was received into"));
    files.write(third_name, segment_bytes(third));
    BOOST_TEST(fetch());
    // The repository has a later one already.
    archive_file(stores.held(0), small_cluster, walmgr::lz4{}, files / "000000010000000000000004",
                 "000000010000000000000004");
    BOOST_TEST(fetch());
    std::filesystem::remove(files / third_name);
    BOOST_CHECK_EXCEPTION(fetch(), walmgr::error, is_fault(fault::gap));
}

BOOST_AUTO_TEST_CASE(gaps_are_recorded_once_and_open_until_they_are_filled) {
    support::scratch_folder const files;
    memory_store const where;
    walmgr::wal_gap const gap{timeline{1}, 3, 3};
    BOOST_TEST(record_found_gap(where, small_cluster, gap));
    BOOST_TEST(!record_found_gap(where, small_cluster, gap));
    BOOST_TEST((found_gaps(where, small_cluster) == std::vector{gap}));
    BOOST_TEST(is_open(where, small_cluster, gap));
    archive_file(where, small_cluster, walmgr::lz4{}, files.write(third_name, segment_bytes(third)), third_name);
    BOOST_TEST(!is_open(where, small_cluster, gap));
    BOOST_TEST(is_open(where, small_cluster, {timeline{1}, 3, 4}));
}

BOOST_AUTO_TEST_CASE(a_policy_says_when_to_flush) {
    using when = walmgr::flush_policy::when;
    auto const now = std::chrono::steady_clock::now();
    walmgr::flush_policy const segment{.kind = when::segment, .bytes = 100, .delay = 1s};
    BOOST_TEST(!segment.due(1000, now, now + 10s));
    BOOST_TEST(!segment.latest(1000, now, now));
    walmgr::flush_policy const every{.kind = when::every, .bytes = 100, .delay = 1s};
    BOOST_TEST(!every.due(0, now, now + 10s));
    BOOST_TEST(!every.due(99, now, now + 999ms));
    BOOST_TEST(every.due(100, now, now));
    BOOST_TEST(every.due(1, now, now + 1s));
    BOOST_TEST((every.latest(1, now, now) == now + 1s));
    walmgr::flush_policy const synchronous{.kind = when::synchronous, .bytes = 100, .delay = 1s};
    BOOST_TEST(!synchronous.due(99, now, now + 10s));  // what comes meanwhile shares the flush
    BOOST_TEST(synchronous.due(100, now, now));
    BOOST_TEST((synchronous.latest(1, now, now) == now));
    BOOST_TEST(!synchronous.latest(0, now, now));
}

BOOST_AUTO_TEST_CASE(lengths_of_segments_as_a_server_shows_them) {
    BOOST_TEST((walmgr::detail::shown_segment_size("16MB") == walmgr::segment_size{16U << 20U}));
    BOOST_TEST((walmgr::detail::shown_segment_size("1GB") == walmgr::segment_size{1U << 30U}));
    for (auto const* const text : {"", "MB", "3MB", "2GB", "16", "16XB"})
        BOOST_TEST(!walmgr::detail::shown_segment_size(text), text);
}

BOOST_AUTO_TEST_CASE(a_stopped_store_begins_nothing_and_leaves_nothing) {
    std::stop_source stop;
    memory_store const inner;
    walmgr::stoppable_store const where{inner, stop.get_token()};
    static_assert(walmgr::store<walmgr::stoppable_store<memory_store>>);
    BOOST_TEST(walmgr::create_small_object(where, "a", "text"));
    auto out = where.create("b");
    out.write("half");
    stop.request_stop();
    BOOST_CHECK_THROW(out.write("more"), pgq::stopped);
    BOOST_CHECK_THROW(out.seal(), pgq::stopped);
    BOOST_CHECK_THROW(static_cast<void>(where.open("a")), pgq::stopped);
    BOOST_CHECK_THROW(static_cast<void>(where.list("")), pgq::stopped);
    BOOST_CHECK_THROW(where.remove("a"), pgq::stopped);
    BOOST_TEST(inner.list("").size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
