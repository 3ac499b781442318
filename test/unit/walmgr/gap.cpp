#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/gap.hpp>
#include <walmgr/store/memory.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_gap)

using support::small_cluster;
using walmgr::segment;
using walmgr::timeline;
using walmgr::wal_gap;

BOOST_AUTO_TEST_CASE(gaps_are_between_segments_of_one_timeline) {
    BOOST_TEST(walmgr::gaps_between({}).empty());
    std::vector<segment> const there{
        {timeline{1}, 2}, {timeline{1}, 3}, {timeline{1}, 6}, {timeline{2}, 9}, {timeline{2}, 11}};
    auto const gaps = walmgr::gaps_between(there);
    BOOST_TEST((gaps == std::vector<wal_gap>{{timeline{1}, 4, 5}, {timeline{2}, 10, 10}}));
    BOOST_TEST(gaps[0].count() == 2U);
    BOOST_TEST(gaps[0].has({timeline{1}, 5}));
    BOOST_TEST(!gaps[0].has({timeline{1}, 6}));
    BOOST_TEST(!gaps[0].has({timeline{2}, 5}));
}

BOOST_AUTO_TEST_CASE(accepted_gaps_are_read_back_and_what_else_lies_there_is_not) {
    walmgr::memory_store const where;
    wal_gap const far{timeline{0xAB}, 4090, 4100};
    BOOST_TEST(walmgr::accept_gap(where, small_cluster, far, "by whom"));
    BOOST_TEST(where.list("main/gaps").front() == "1-000000AB-0000000000000FFA-0000000100000004");
    auto other = small_cluster;
    other.history = 2;
    walmgr::accept_gap(where, other, far, "by whom");
    for (std::string const name :
         {"1-x", "1-000000AB-0000000000000FFA-0000000000000FF9", "1-000000AB-0000000000000FFA-00000001FFFFFFFF",
          "1-000000AB_0000000000000FFA-0000000100000004"})
        BOOST_TEST(where.create("main/gaps/" + name).seal());
    BOOST_TEST((walmgr::accepted_gaps(where, small_cluster) == std::vector<wal_gap>{far}));
}

BOOST_AUTO_TEST_CASE(segments_are_listed_by_name) {
    walmgr::memory_store const where;
    std::vector<segment> const there{{timeline{1}, 3}, {timeline{1}, 5000}, {timeline{2}, 1}};
    for (auto const& one : there) {
        auto const name = file_name(one, small_cluster.size);
        where.create(walmgr::object_name(small_cluster, *walmgr::parse_wal_name(name), name)).seal();
    }
    where.create("main/wal/1/00000002.history.wal").seal();
    where.create("main/wal/1/00000001/00000000/nonsense.wal").seal();
    where.create("main/wal/1/00000001/00000000/x").seal();
    BOOST_TEST((walmgr::list_segments(where, small_cluster) == there));
}

BOOST_AUTO_TEST_SUITE_END()
