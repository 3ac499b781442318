#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/archive.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/known_lines.hpp>
#include <walmgr/store/memory.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_known_lines)

using support::small_cluster;
using walmgr::fault;
using walmgr::known_lines;
using walmgr::memory_store;
using walmgr::timeline;

namespace {

std::string object_of(timeline tli) {
    return "main/wal/1/" + history_name(tli) + ".wal";
}
struct play {
    std::vector<memory_store> where{std::vector<memory_store>(2)};

    void put(std::size_t which, std::uint32_t tli, std::string const& text) const {
        support::scratch_folder const files;
        auto const name = walmgr::history_name(timeline{tli});
        walmgr::archive_file(where[which], small_cluster, walmgr::stored{}, files.write(name, text), name);
    }
    void damage(std::size_t which, std::uint32_t tli) const {
        where[which].bytes_of(object_of(timeline{tli})).pop_back();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(histories_that_are_later_are_read_and_nothing_else, play) {
    put(0, 2, "1\t0/501000\tx\n");
    put(0, 3, "1\t0/501000\tx\n2\t0/701000\tx\n");
    where[0].create("main/wal/1/00000004.history.wal.tmp").seal();
    where[0].create("main/wal/1/00000005/00000000/x").seal();
    known_lines lines;
    lines.add(where[0], small_cluster, timeline{2});
    BOOST_TEST_REQUIRE(lines.all().size() == 1U);
    BOOST_TEST((lines.all().front().own == timeline{3}));
    BOOST_TEST(lines.all().front().past.size() == 2U);
    lines.add(where[0], small_cluster);
    BOOST_TEST(lines.all().size() == 2U);
    BOOST_TEST(!lines.damage().has_value());
}

BOOST_FIXTURE_TEST_CASE(one_that_is_damaged_is_taken_from_another_repository, play) {
    for (std::size_t const which : {0U, 1U})
        put(which, 2, "1\t0/501000\tx\n");
    damage(0, 2);
    known_lines lines;
    lines.add(where[0], small_cluster);
    BOOST_TEST(lines.all().empty());
    BOOST_TEST_REQUIRE(lines.damage().has_value());
    BOOST_TEST((lines.damage()->kind() == fault::corrupt));
    lines.add(where[1], small_cluster);
    BOOST_TEST(lines.all().size() == 1U);
    BOOST_TEST(!lines.damage().has_value());
    lines.add(where[0], small_cluster);
    BOOST_TEST(!lines.damage().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
