#include <support/boost_test.hpp>
#include <support/several.hpp>
#include <support/wal.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/pressure/settle.hpp>
#include <walmgr/repositories/fetch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_pressure_settle)

using support::is_fault;
using support::segment_bytes;
using support::small_cluster;
using walmgr::fault;
using walmgr::segment;
using walmgr::timeline;
using walmgr::wal_gap;

namespace {

constexpr timeline one{1};

std::string name_of(std::uint64_t number) {
    return file_name({one, number}, small_cluster.size);
}

struct play {
    support::scratch_folder files{};
    support::several where{2};
    walmgr::dropped_log dropped{files / "main.dropped"};

    std::string write(std::uint64_t number, std::string const& ending = {}) const {
        return files.write(name_of(number) + ending, segment_bytes({one, number}));
    }
    void drop(std::uint64_t number, bool gone = true) const {
        auto const path = write(number);
        dropped.note(path, name_of(number), "dropped for a test");
        if (gone) std::filesystem::remove(path);
    }
    void store(std::size_t which, std::uint64_t number) const {
        walmgr::archive_file(where.held(which), small_cluster, walmgr::lz4{}, write(number), name_of(number));
    }
    walmgr::settled settle(std::size_t most = 100) const {
        auto all = where.open();
        return settle_dropped(dropped, all, {}, walmgr::lz4{}, most);
    }
    bool has(std::size_t which, std::uint64_t number) const {
        return has_segment(where.held(which), small_cluster, {one, number});
    }
    std::vector<wal_gap> told(std::size_t which) const { return found_gaps(where.held(which), small_cluster); }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(each_repository_hears_what_it_lacks_and_gets_what_is_left, play) {
    for (auto const number : {3U, 4U, 6U})
        drop(number);
    drop(7, false);
    store(1, 4);
    std::filesystem::remove(files / name_of(4));
    auto const done = settle();
    BOOST_TEST((done.stored == std::vector{name_of(7)}));
    BOOST_TEST((done.missing == std::vector{name_of(3), name_of(4), name_of(6)}));
    BOOST_TEST((told(0) == std::vector<wal_gap>{{one, 3, 4}, {one, 6, 7}}));
    BOOST_TEST((told(1) == std::vector<wal_gap>{{one, 3, 3}, {one, 6, 7}}));
    BOOST_TEST((has(0, 7) && has(1, 7) && !has(0, 6)));
    BOOST_TEST(dropped.names().empty());
    BOOST_TEST(why_of_gap(where.held(0), small_cluster, {one, 3, 4}) == "dropped for a test");
    auto all = where.open();
    BOOST_CHECK_EXCEPTION(fetch_file(all, name_of(3), files / "fetched"), walmgr::error,
                          is_fault(fault::gap, "such as"));
    BOOST_TEST(fetch_file(all, name_of(4), files / "fetched").found);
}

BOOST_FIXTURE_TEST_CASE(wherever_it_ends_it_can_be_done_again, play) {
    auto const limit = 80U;
    std::size_t ends = 0;
    for (unsigned steps = 0; steps < limit; ++steps) {
        play again;
        again.drop(3);
        again.drop(4, false);
        again.dropped.put_aside(files.write("history", "1\t0/500000\tno reason\n"), "00000002.history");
        again.where.told(steps % 2).fail_after(steps / 2);
        auto const first = again.settle();
        if (!first.failed.empty()) ++ends;
        // Whatever was forgotten here is there, or known to be missing, in both.
        for (std::size_t which = 0; which < 2; ++which) {
            auto const gaps = again.told(which);
            auto const names = again.dropped.names();
            for (auto const number : {3U, 4U}) {
                bool const noted = std::find(names.begin(), names.end(), name_of(number)) != names.end();
                bool const known = std::any_of(gaps.begin(), gaps.end(), [&](wal_gap const& gap) {
                    return gap.has({one, number});
                });
                BOOST_TEST((noted || known || again.has(which, number)), "after " << steps << " steps");
            }
        }
        again.where.told(steps % 2).heal();
        again.settle();
        BOOST_TEST(again.dropped.names().empty());
        BOOST_TEST(again.dropped.aside().empty());
        for (std::size_t which = 0; which < 2; ++which) {
            BOOST_TEST(again.has(which, 4));
            BOOST_TEST(again.where.has(which, "main/wal/1/00000002.history.wal"));
            auto found = walmgr::repositories{again.where.open()};
            BOOST_TEST_REQUIRE(find_missing_log(found).everywhere.size() == 1U);
            BOOST_TEST((find_missing_log(found).everywhere.front().where == wal_gap{one, 3, 3}));
        }
    }
    BOOST_TEST(ends > 20U);
}

BOOST_FIXTURE_TEST_CASE(a_partial_segment_is_told_of_when_nobody_can_store_it_any_more, play) {
    auto const name = name_of(5) + ".partial";
    auto const path = write(5, ".partial");
    dropped.note(path, name, "dropped for a test");
    settle(0);
    BOOST_TEST((dropped.names() == std::vector{name}));
    BOOST_TEST(told(0).empty());
    BOOST_TEST((settle().stored == std::vector{name}));
    BOOST_TEST(where.has(1, "main/wal/1/" + name + ".wal"));
    dropped.note(write(6, ".partial"), name_of(6) + ".partial", "dropped for a test");
    std::filesystem::remove(files / (name_of(6) + ".partial"));
    settle();
    BOOST_TEST((told(0) == std::vector<wal_gap>{{one, 6, 6}}));
}

BOOST_FIXTURE_TEST_CASE(what_is_another_clusters_stays_noted_and_one_settles_at_a_time, play) {
    auto other = small_cluster;
    other.system_id = 5;
    auto const path = files.write(name_of(3), segment_bytes({one, 3}, other));
    dropped.note(path, name_of(3), "dropped for a test");
    auto const done = settle();
    BOOST_TEST_REQUIRE(!done.failed.empty());
    BOOST_TEST((done.failed.front().kind == fault::identity));
    BOOST_TEST((dropped.names() == std::vector{name_of(3)}));
    BOOST_CHECK_EXCEPTION(dropped.note(path, name_of(4), "x"), walmgr::error, is_fault(fault::identity));
    dropped.forget(name_of(3));
    drop(4);
    {
        auto const held = dropped.lock();
        BOOST_TEST(held.is_open());
        settle();
        BOOST_TEST(dropped.names().size() == 1U);
    }
    settle();
    BOOST_TEST(dropped.names().empty());
}

BOOST_AUTO_TEST_SUITE_END()
