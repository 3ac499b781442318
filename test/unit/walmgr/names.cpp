#include <support/boost_test.hpp>
#include <support/random.hpp>
#include <support/wal.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/page_header.hpp>
#include <walmgr/timeline_history.hpp>
#include <walmgr/wal_name.hpp>

#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_names)

using walmgr::lsn;
using walmgr::parse_wal_name;
using walmgr::segment;
using walmgr::segment_size;
using walmgr::timeline;
using walmgr::wal_kind;

namespace {

constexpr segment_size usual{16U << 20U};
constexpr segment_size largest{1U << 30U};

}  // namespace

BOOST_AUTO_TEST_CASE(positions_are_read_as_the_server_shows_them) {
    BOOST_TEST((walmgr::parse_lsn("16/B374D848") == lsn{0x16B374D848}));
    BOOST_TEST((walmgr::parse_lsn("0/0") == lsn{}));
    BOOST_TEST((walmgr::parse_lsn("FFFFFFFF/FFFFFFFF") == lsn{~0ULL}));
    BOOST_TEST(to_string(lsn{0x16B374D848}) == "16/B374D848");
    BOOST_TEST(to_string(lsn{0x1600000001}) == "16/1");
    for (auto const* text :
         {"", "/", "1/", "/1", "1/2/3", "1-2", "x/1", "-1/2", "1/-2", " 1/2", "1/2 ", "100000000/0", "0/100000000"})
        BOOST_TEST(!walmgr::parse_lsn(text), text);
}

BOOST_AUTO_TEST_CASE(segments_are_powers_of_two_from_a_megabyte_to_a_gigabyte) {
    BOOST_TEST(walmgr::valid_segment_size(1U << 20U).has_value());
    BOOST_TEST(walmgr::valid_segment_size(1U << 30U).has_value());
    for (std::uint64_t const bytes : {0ULL, 1ULL << 19U, 3ULL << 20U, 1ULL << 31U, 1ULL << 52U})
        BOOST_TEST(!walmgr::valid_segment_size(bytes), bytes);
}

BOOST_AUTO_TEST_CASE(each_kind_of_name_is_known) {
    BOOST_TEST(
        (parse_wal_name("0000000100000016000000B3") == walmgr::wal_name{wal_kind::segment, timeline{1}, 0x16, 0xB3}));
    BOOST_TEST((parse_wal_name("0000000A00000016000000B3.partial")->kind == wal_kind::partial));
    BOOST_TEST((parse_wal_name("0000000100000016000000B3.partial.0074D848") ==
                walmgr::wal_name{wal_kind::partial, timeline{1}, 0x16, 0xB3, 0x74D848}));
    BOOST_TEST((parse_wal_name("0000000A.history") == walmgr::wal_name{wal_kind::history, timeline{10}}));
    BOOST_TEST((parse_wal_name("0000000100000016000000B3.0074D848.backup") ==
                walmgr::wal_name{wal_kind::backup, timeline{1}, 0x16, 0xB3, 0x74D848}));
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_name) {
    for (std::string_view const text : {"",
                                        "1",
                                        "0000000100000016000000b3",
                                        "0000000000000016000000B3",
                                        "0000000100000016000000B",
                                        "0000000100000016000000B33",
                                        "0000000100000016000000B3.gz",
                                        "0000000100000016000000B3.partial.gz",
                                        "0000000100000016000000B3.partial.74D848",
                                        "0000000100000016000000B3.partial.00000000",
                                        "0000000100000016000000B3.partial-0074D848",
                                        "0000000100000016000000B3.partial.0074D848.",
                                        "00000001.histor",
                                        "00000001.history.tmp",
                                        "00000000.history",
                                        "0000000100000016000000B3.74D848.backup",
                                        "0000000100000016000000B3.0074D848.backupx",
                                        "../../00000001.history",
                                        "0000000100000016000000B3/..",
                                        "000000010000001-000000B3",
                                        "0x000001.history",
                                        "RECOVERYHISTORY",
                                        "+000000100000016000000B3"})
        BOOST_TEST(!parse_wal_name(text), text);
}

BOOST_AUTO_TEST_CASE(a_number_and_its_name_belong_together) {
    auto random = test::random_engine();
    for (auto const size : {segment_size{1U << 20U}, usual, segment_size{64U << 20U}, largest}) {
        std::uint64_t const all = (std::uint64_t{1} << 63U) / size.bytes;
        for (int i = 0; i < 200; ++i) {
            segment const which{timeline{static_cast<std::uint32_t>(random() % 0xFFFF'FFFF + 1)}, random() % all};
            auto const name = parse_wal_name(file_name(which, size));
            BOOST_TEST_REQUIRE(name.has_value());
            BOOST_TEST((segment_of(*name, size) == which));
        }
    }
    BOOST_TEST(file_name({timeline{1}, 256}, usual) == "000000010000000100000000");
    BOOST_TEST(file_name({timeline{1}, 5}, largest) == "000000010000000100000001");
    BOOST_TEST(to_string(begin_of({timeline{1}, 257}, usual)) == "1/1000000");
}

BOOST_AUTO_TEST_CASE(digits_that_segments_of_a_length_have_not_are_no_segment) {
    BOOST_TEST(segment_of(*parse_wal_name("0000000100000000000000FF"), usual).has_value());
    BOOST_TEST(!segment_of(*parse_wal_name("000000010000000000000100"), usual));
    BOOST_TEST(!segment_of(*parse_wal_name("000000010000000000000004"), largest));
    BOOST_TEST(!segment_of(*parse_wal_name("00000001.history"), usual));
}

BOOST_AUTO_TEST_CASE(the_first_page_tells_whose_segment_it_is) {
    auto const bytes = support::segment_bytes({timeline{3}, 77});
    auto const page = walmgr::parse_page_header(bytes);
    BOOST_TEST_REQUIRE(page.has_value());
    BOOST_TEST(walmgr::major_version(page->magic) == 15);
    BOOST_TEST((page->tli == timeline{3}));
    BOOST_TEST((page->at == lsn{77U << 20U}));
    BOOST_TEST(page->system_id == support::small_cluster.system_id);
    BOOST_TEST((page->size == support::small_cluster.size));
    BOOST_TEST(page->page_size == 8192U);
    BOOST_TEST(!walmgr::parse_page_header(std::string_view{bytes}.substr(0, 39)));
    BOOST_TEST(!walmgr::parse_page_header(std::string(8192, '\0')));
    BOOST_TEST(walmgr::major_version(0xD1FF) == 0);
    BOOST_TEST(walmgr::major_version(walmgr::latest_magic) == 18);
    for (auto const length : {1024U, 8192U, 65536U})
        BOOST_TEST(walmgr::is_page_size(length));
    for (auto const length : {0U, 512U, 8000U, 131072U})
        BOOST_TEST(!walmgr::is_page_size(length));
}

BOOST_AUTO_TEST_CASE(a_history_names_where_older_timelines_were_left) {
    std::string_view const text =
        "1\t0/3000148\tno recovery target specified\n\n# by hand\n2\t0/5000000\tbefore 2026-01-01\n";
    std::vector<walmgr::ancestor> const expected{{timeline{1}, lsn{0x3000148}}, {timeline{2}, lsn{0x5000000}}};
    BOOST_TEST((walmgr::parse_timeline_history(text, timeline{3}) == expected));
    BOOST_TEST(!walmgr::parse_timeline_history(text, timeline{2}));
    for (std::size_t size = 0; size < text.size(); ++size) {
        // Cut in the middle of a line it is refused; at the end of a line it is a history that is merely shorter.
        auto const part = text.substr(0, size);
        if (!part.ends_with('\n')) BOOST_TEST(!walmgr::parse_timeline_history(part, timeline{3}), size);
    }
    for (std::string_view const bad :
         {"", "\n", "x\t0/1\t\n", "1\n", "1\t0-1\t\n", "0\t0/1\t\n", "2\t0/2\t\n1\t0/3\t\n", "1\t0/5\t\n2\t0/4\t\n"})
        BOOST_TEST(!walmgr::parse_timeline_history(bad, timeline{3}), bad);
}

BOOST_AUTO_TEST_SUITE_END()
