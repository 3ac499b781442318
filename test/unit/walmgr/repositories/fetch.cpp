#include <support/boost_test.hpp>
#include <support/several.hpp>
#include <support/wal.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/repositories/fetch.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_repositories_fetch)

using support::bytes_of_file;
using support::is_fault;
using support::segment_bytes;
using support::small_cluster;
using walmgr::fault;
using walmgr::segment;
using walmgr::timeline;

namespace {

std::string name_of(std::uint64_t number) {
    return file_name({timeline{1}, number}, small_cluster.size);
}
std::string object_of(std::uint64_t number) {
    return "main/wal/1/00000001/00000000/" + name_of(number) + ".wal";
}

/// A repository into which something comes while its log is listed, once.
struct arriving {
    walmgr::memory_store where;
    mutable std::function<void()> meanwhile;

    auto open(std::string const& name) const { return where.open(name); }
    auto create(std::string const& name) const { return where.create(name); }
    bool remove(std::string const& name) const { return where.remove(name); }
    std::vector<std::string> list(std::string const& folder) const {
        if (meanwhile && folder.starts_with("main/wal/")) std::exchange(meanwhile, nullptr)();
        return where.list(folder);
    }
};

struct play {
    support::scratch_folder files{};
    support::several where{2};

    void store(std::size_t which, std::uint64_t number) const {
        auto const path = files.write("offered", segment_bytes({timeline{1}, number}));
        walmgr::archive_file(where.held(which), small_cluster, walmgr::lz4{}, path, name_of(number));
    }
    void store_history(std::size_t which, std::string const& text) const {
        walmgr::archive_file(where.held(which), small_cluster, walmgr::lz4{}, files.write("offered", text),
                             "00000002.history");
    }
    walmgr::fetch_report fetch(std::uint64_t number) const {
        std::filesystem::remove(files / "fetched");
        auto all = where.open();
        auto report = walmgr::fetch_file(all, name_of(number), files / "fetched");
        BOOST_TEST(std::filesystem::exists(files / "fetched") == report.found);
        if (report.found) BOOST_TEST((bytes_of_file(files / "fetched") == segment_bytes({timeline{1}, number})));
        return report;
    }
    void damage(std::size_t which, std::uint64_t number) const {
        auto& stored = where.held(which).bytes_of(object_of(number));
        stored[stored.size() / 2] = static_cast<char>(~stored[stored.size() / 2]);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_next_repository_gives_what_the_first_has_not_or_has_damaged, play) {
    store(1, 3);
    auto report = fetch(3);
    BOOST_TEST(report.found);
    BOOST_TEST(report.failed.empty());
    store(0, 3);
    damage(0, 3);
    report = fetch(3);
    BOOST_TEST(report.found);
    BOOST_TEST_REQUIRE(report.failed.size() == 1U);
    BOOST_TEST((report.failed.front().kind == fault::corrupt));
    damage(1, 3);
    BOOST_CHECK_EXCEPTION(fetch(3), walmgr::error, is_fault(fault::corrupt, "repository1: "));
    BOOST_TEST(!std::filesystem::exists(files / "fetched"));
}

BOOST_FIXTURE_TEST_CASE(a_file_is_absent_only_when_every_repository_was_asked, play) {
    BOOST_TEST(!fetch(3).found);
    where.told(1).fail_after(0);
    BOOST_CHECK_EXCEPTION(fetch(3), walmgr::error, is_fault(fault::unavailable, "repository1: "));
    store(0, 3);
    BOOST_TEST(fetch(3).found);
    where.told(0).fail_after(0);
    BOOST_CHECK_EXCEPTION(fetch(3), walmgr::error, is_fault(fault::unavailable, "repository1: "));
}

BOOST_FIXTURE_TEST_CASE(a_repository_that_fails_at_any_step_is_passed_over, play) {
    store(0, 3);
    store(1, 3);
    for (int steps = 0;; ++steps) {
        where.told(0).fail_after(steps);
        auto const report = fetch(3);
        BOOST_TEST(report.found);
        if (report.failed.empty()) {
            BOOST_TEST(steps > 4);
            break;
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_gap_is_one_over_all_repositories, play) {
    store(1, 5);
    BOOST_TEST(!fetch(6).found);
    BOOST_CHECK_EXCEPTION(fetch(3), walmgr::error, is_fault(fault::gap, name_of(5)));
    store(0, 3);
    BOOST_TEST(fetch(3).found);
    BOOST_CHECK_EXCEPTION(fetch(4), walmgr::error, is_fault(fault::gap, name_of(5)));
    store(0, 4);
    BOOST_TEST(fetch(4).found);
    BOOST_TEST(fetch(5).found);
}

BOOST_FIXTURE_TEST_CASE(one_that_comes_with_its_successor_while_it_is_asked_for_is_no_gap, play) {
    auto const meanwhile = [&](std::uint64_t number) {
        return arriving{where.held(0), [this, number] { store(0, number), store(0, number + 1); }};
    };
    walmgr::repositories all{{"here"}, "main", [&](std::string const& place) {
                                 return walmgr::any_store{meanwhile(6), place};
                             }};
    BOOST_TEST(walmgr::fetch_file(all, name_of(6), files / "fetched").found);
    BOOST_TEST((bytes_of_file(files / "fetched") == segment_bytes({timeline{1}, 6})));
    BOOST_CHECK_EXCEPTION(fetch(5), walmgr::error, is_fault(fault::gap, name_of(6)));
}

BOOST_FIXTURE_TEST_CASE(a_gap_that_is_accepted_is_where_the_log_ends, play) {
    store(1, 3);
    store(1, 7);
    walmgr::wal_gap const gap{timeline{1}, 4, 5};
    BOOST_TEST(walmgr::accept_gap(where.held(0), small_cluster, gap, "test"));
    BOOST_TEST(!walmgr::accept_gap(where.held(0), small_cluster, gap, "test"));
    BOOST_TEST(!fetch(4).found);
    BOOST_TEST(!fetch(5).found);
    BOOST_CHECK_EXCEPTION(fetch(6), walmgr::error, is_fault(fault::gap, name_of(7)));
}

BOOST_FIXTURE_TEST_CASE(a_timeline_that_another_goes_on_from_does_not_end_in_front_of_that, play) {
    store(0, 3);
    BOOST_TEST(!fetch(4).found);
    store_history(1, "1\t0/503000\tx\n");
    BOOST_CHECK_EXCEPTION(fetch(4), walmgr::error, is_fault(fault::gap, "timeline 2 goes on behind it, from 0/503000"));
    BOOST_TEST(!fetch(5).found);
    auto& stored = where.held(1).bytes_of("main/wal/1/00000002.history.wal");
    auto const whole = stored;
    stored.pop_back();
    BOOST_CHECK_EXCEPTION(fetch(4), walmgr::error, is_fault(fault::corrupt, "00000002.history"));
    BOOST_CHECK_EXCEPTION(fetch(5), walmgr::error, is_fault(fault::corrupt, "00000002.history"));
    stored = whole;
    BOOST_TEST(walmgr::accept_gap(where.held(0), small_cluster, {timeline{1}, 4, 4}, "test"));
    BOOST_TEST(!fetch(4).found);
    stored.pop_back();
    BOOST_TEST(!fetch(4).found);
}

BOOST_AUTO_TEST_SUITE_END()
