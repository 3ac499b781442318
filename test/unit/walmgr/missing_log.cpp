#include <support/boost_test.hpp>
#include <support/several.hpp>
#include <support/wal.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/fetch.hpp>
#include <walmgr/refill.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_missing_log)

using support::segment_bytes;
using support::small_cluster;
using walmgr::fault;
using walmgr::segment;
using walmgr::timeline;
using walmgr::wal_gap;

namespace {

constexpr timeline one{1};

std::string name_of(segment which) {
    return file_name(which, small_cluster.size);
}

struct play {
    support::scratch_folder files{};
    support::several where{2};

    void store(std::size_t which, segment what) const {
        auto const path = files.write("offered", segment_bytes(what));
        walmgr::archive_file(where.held(which), small_cluster, walmgr::lz4{}, path, name_of(what));
    }
    void store_history(std::size_t which, std::string const& text) const {
        walmgr::archive_file(where.held(which), small_cluster, walmgr::lz4{}, files.write("offered", text),
                             "00000002.history");
    }
    walmgr::missing_log look() const {
        auto all = where.open();
        return find_missing_log(all);
    }
    /// `server` are the segments that the server gives.
    walmgr::refill_report refill(std::set<segment> const& server = {}) const {
        auto all = where.open();
        auto const missing = find_missing_log(all);
        auto const give = [&](segment which, std::string const& path) {
            if (!server.contains(which)) return false;
            BOOST_TEST(path == files / "scratch");
            files.write("scratch", segment_bytes(which));
            return true;
        };
        auto told = walmgr::refill(all, missing, walmgr::lz4{}, files / "scratch", give);
        BOOST_TEST(!std::filesystem::exists(files / "scratch"));
        return told;
    }
    bool has(std::size_t which, segment what) const { return has_segment(where.held(which), small_cluster, what); }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(what_one_repository_lacks_is_no_gap_and_comes_from_the_other, play) {
    for (std::uint64_t number = 2; number <= 7; ++number)
        store(0, {one, number});
    for (std::uint64_t const number : {3U, 6U})
        store(1, {one, number});
    auto const found = look();
    BOOST_TEST(found.everywhere.empty());
    BOOST_TEST_REQUIRE(found.in_one.size() == 2U);
    BOOST_TEST((found.in_one.front().where == wal_gap{one, 4, 5}));
    BOOST_TEST((found.in_one.back().where == wal_gap{one, 7, 7}));
    auto& damaged = where.held(0).bytes_of("main/wal/1/00000001/00000000/" + name_of({one, 5}) + ".wal");
    damaged[damaged.size() / 2] = static_cast<char>(~damaged[damaged.size() / 2]);
    auto const told = refill();
    BOOST_TEST((told.filled == std::set<segment>{{one, 4}, {one, 7}}));
    BOOST_TEST((told.left == std::set<segment>{{one, 5}}));
    BOOST_TEST_REQUIRE(told.failed.size() == 1U);
    BOOST_TEST((told.failed.front().kind == fault::corrupt));
    BOOST_TEST(has(1, {one, 4}));
    BOOST_TEST(!has(1, {one, 5}));
    BOOST_TEST(!has(1, {one, 2}));
}

BOOST_FIXTURE_TEST_CASE(a_gap_is_filled_in_all_repositories_by_who_has_it, play) {
    for (std::size_t const which : {0U, 1U})
        for (std::uint64_t const number : {3U, 6U})
            store(which, {one, number});
    record_found_gap(where.held(1), small_cluster, {one, 8, 8});
    accept_gap(where.held(1), small_cluster, {one, 8, 8}, "by somebody: gone\n");
    auto const found = look();
    BOOST_TEST(found.in_one.empty());
    BOOST_TEST_REQUIRE(found.everywhere.size() == 2U);
    BOOST_TEST((found.everywhere[0].where == wal_gap{one, 4, 5}));
    BOOST_TEST(!found.everywhere[0].found.has_value());
    BOOST_TEST(!found.everywhere[0].accepted.has_value());
    BOOST_TEST(found.everywhere[1].found.value() == "gone from the server before it was received");
    BOOST_TEST(found.everywhere[1].accepted.value() == "by somebody: gone\n");
    auto const told = refill({{one, 5}});
    BOOST_TEST((told.filled == std::set<segment>{{one, 5}}));
    BOOST_TEST((told.left == std::set<segment>{{one, 4}, {one, 8}}));
    BOOST_TEST(has(0, {one, 5}));
    BOOST_TEST(has(1, {one, 5}));
    BOOST_TEST((look().everywhere[0].where == wal_gap{one, 4, 4}));
}

BOOST_FIXTURE_TEST_CASE(a_gap_at_the_end_of_a_timeline_is_known_by_the_history_of_the_next, play) {
    for (std::uint64_t const number : {3U, 4U})
        store(0, {one, number});
    BOOST_TEST(look().everywhere.empty());
    store_history(1, "1\t0/703000\tx\n");
    auto const found = look();
    BOOST_TEST_REQUIRE(found.everywhere.size() == 1U);
    BOOST_TEST((found.everywhere[0].where == wal_gap{one, 5, 6}));
    auto const told = refill({{one, 5}});
    BOOST_TEST((told.filled == std::set<segment>{{one, 5}}));
    BOOST_TEST((told.left == std::set<segment>{{one, 6}}));
    where.held(1).bytes_of("main/wal/1/00000002.history.wal").pop_back();
    BOOST_TEST_REQUIRE(look().damage.has_value());
    BOOST_TEST((look().damage->kind() == fault::corrupt));
    store_history(0, "1\t0/703000\tx\n");
    BOOST_TEST(!look().damage.has_value());
    BOOST_TEST((look().everywhere[0].where == wal_gap{one, 6, 6}));
}

BOOST_FIXTURE_TEST_CASE(who_cannot_be_asked_is_named, play) {
    store(0, {one, 3});
    where.told(1).fail_after(0);
    auto const found = look();
    BOOST_TEST(found.failed.size() == 1U);
    BOOST_TEST(found.of.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
