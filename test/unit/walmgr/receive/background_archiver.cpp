#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/archive.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/receive/background_archiver.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/store/faulty.hpp>
#include <walmgr/store/memory.hpp>
#include <walmgr/store/stoppable.hpp>

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_receive_background_archiver)

using namespace std::chrono_literals;
using support::segment_bytes;
using support::small_cluster;
using walmgr::segment;
using walmgr::timeline;

BOOST_AUTO_TEST_CASE(a_slow_store_holds_up_neither_what_comes_nor_a_stop) {
    support::scratch_folder const files;
    walmgr::partial_folder folder{files.path()};
    walmgr::memory_store const held;
    walmgr::faulty const where{held};
    auto const archive = [&](std::string const& path, std::string const& name, std::stop_token const& stop) {
        archive_file(walmgr::stoppable_store{where, stop}, small_cluster, walmgr::lz4{}, path, name);
    };
    {
        where.slow_down(300ms);
        walmgr::background_archiver archiver{folder, archive, pgq::no_log{}};
        for (std::uint64_t number = 3; number < 6; ++number) {
            auto const name = file_name(segment{timeline{1}, number}, small_cluster.size);
            files.write(name, segment_bytes({timeline{1}, number}));
            archiver.add(name, name);
        }
        BOOST_TEST(archiver.waiting() == 3U);
        std::stop_source stop;
        stop.request_stop();
        archiver.wait_until_empty(stop.get_token());  // is what a stop ends
        BOOST_TEST(archiver.waiting() == 3U);
    }
    // What was begun was given up at its next step, and nothing has left the folder.
    BOOST_TEST(held.list("").empty());
    BOOST_TEST(folder.list(small_cluster.size).whole.size() == 3U);

    where.heal();
    walmgr::background_archiver archiver{folder, archive, pgq::no_log{}};
    for (auto const& one : folder.list(small_cluster.size).whole)
        archiver.add(file_name(one, small_cluster.size), file_name(one, small_cluster.size));
    archiver.wait_until_empty({});
    BOOST_TEST(folder.list(small_cluster.size).whole.empty());
    BOOST_TEST(held.list("main/wal/1/00000001/00000000").size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_policy_that_gives_up_ends_the_work_with_what_came_last) {
    support::scratch_folder const files;
    walmgr::partial_folder folder{files.path()};
    auto const away = [](std::string const&, std::string const& name, std::stop_token const&) {
        throw walmgr::error{walmgr::fault::unavailable, "no way to store " + name};
    };
    walmgr::background_archiver archiver{folder, away, pgq::no_log{}, walmgr::no_retry{}};
    files.write("000000010000000000000003", "log");
    archiver.add("000000010000000000000003", "000000010000000000000003");
    BOOST_CHECK_EXCEPTION(archiver.wait_until_empty({}), walmgr::error,
                          support::is_fault(walmgr::fault::unavailable, "no way to store 0000"));
    BOOST_CHECK_THROW(archiver.check(), walmgr::error);
    BOOST_TEST(std::filesystem::exists(files / "000000010000000000000003"));
}

BOOST_AUTO_TEST_SUITE_END()
