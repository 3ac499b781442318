#include <support/wal.hpp>
#include <walmgr/backup/by_files.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_backup_data_files)

using namespace walmgr;
using support::is_fault;

namespace {

/// A page with a checksum, as the server writes it at that block.
std::string page_at(std::uint32_t block, lsn changed, char filler) {
    std::string page(data_page_bytes, filler);
    auto const put = [&]<class T>(std::size_t at, T value) { std::memcpy(page.data() + at, &value, sizeof value); };
    put(0, static_cast<std::uint32_t>(changed.bytes >> 32U));
    put(4, static_cast<std::uint32_t>(changed.bytes));
    put(8, page_checksum(data_page{page.data(), data_page_bytes}, block));
    return page;
}

struct reading {
    support::scratch_folder folder{};
    std::vector<torn_page> torn{};
    std::string came{};

    manifest_file read(std::string_view bytes, std::uint64_t size, std::uint32_t segment, lsn start) {
        auto const in = open_file(folder.write("1", bytes));
        detail::page_verifier pages{in, segment, start};
        came.clear();
        auto const file = read_data_file(
            in, size, [&](std::uint64_t at, std::span<char> some) { pages.check(at, some); },
            [&](std::string_view some) { came += some; });
        torn = pages.torn();
        return file;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_checksum_is_that_of_the_server) {
    std::string page(data_page_bytes, '\0');
    for (std::size_t i = 0; i < page.size(); ++i)
        page[i] = static_cast<char>(i * 7 + i / 256);
    data_page const bytes{page.data(), data_page_bytes};
    // By pg_checksum_page() of PostgreSQL 15.
    BOOST_TEST(page_checksum(bytes, 0) == 15'923);
    BOOST_TEST(page_checksum(bytes, 131'072 + 5) == 15'928);
}

BOOST_FIXTURE_TEST_CASE(a_damaged_page_is_named_and_a_torn_one_is_remembered, reading) {
    lsn const start{0x300'0000};
    auto const old = page_at(data_file_pages, {0x200'0000}, 'a');
    auto const young = page_at(data_file_pages + 2, {0x400'0000}, 'b');
    auto const whole = old + std::string(data_page_bytes, '\0') + young;
    auto const file = read(whole, whole.size(), 1, start);
    BOOST_TEST((came == whole && torn.empty()));
    BOOST_TEST(file.size == whole.size());
    BOOST_TEST(file.sha256 == hex_of(detail::digest_of(whole)));

    auto damaged = whole;
    damaged[100] = 'x';
    BOOST_CHECK_EXCEPTION(read(damaged, whole.size(), 1, start), error, is_fault(fault::corrupt, "page 0 of "));
    BOOST_CHECK_EXCEPTION(read(whole, whole.size(), 0, start), error, is_fault(fault::corrupt, "page 0 of "));
    damaged = whole;
    damaged[data_page_bytes + 4000] = 'x';  // no server makes a page without a header
    BOOST_CHECK_EXCEPTION(read(damaged, whole.size(), 1, start), error, is_fault(fault::corrupt, "page 1 of "));
    damaged = whole;
    damaged[2 * data_page_bytes + 4000] = 'x';
    read(damaged, whole.size(), 1, start);
    BOOST_REQUIRE(torn.size() == 1U);
    BOOST_TEST((torn.front().page == 2 && torn.front().changed == lsn{0x400'0000}));
}

BOOST_FIXTURE_TEST_CASE(a_file_has_the_length_that_it_had, reading) {
    auto const page = page_at(0, {1}, 'a');
    auto const longer = read(page + page_at(1, {1}, 'b'), page.size(), 0, {});
    BOOST_TEST((came == page && longer.size == page.size()));
    auto const shorter = read(page, 3 * page.size(), 0, {});
    BOOST_TEST((came == page + std::string(2 * data_page_bytes, '\0') && shorter.size == 3 * page.size()));
    BOOST_TEST(shorter.sha256 == hex_of(detail::digest_of(came)));
}

BOOST_AUTO_TEST_CASE(what_a_server_makes_anew_is_left_out) {
    support::scratch_folder const folder;
    auto const data = folder / "data";
    for (auto const* const one : {"data/base/5", "data/base/pgsql_tmp", "data/global", "data/pg_tblspc",
                                  "data/pg_notify", "data/pg_xact", "wal", "space/PG_15_1/5", "space/PG_14_1/5"})
        std::filesystem::create_directories(folder / one);
    std::filesystem::create_directory_symlink(folder / "wal", data + "/pg_wal");
    std::filesystem::create_directory_symlink(folder / "space", data + "/pg_tblspc/77");
    std::filesystem::create_symlink("/etc/hostname", data + "/link");
    for (auto const* const one : {"data/PG_VERSION",
                                  "data/base/5/10",
                                  "data/base/5/10_fsm",
                                  "data/base/5/11",
                                  "data/base/5/11_vm",
                                  "data/base/5/11_init",
                                  "data/base/5/11.1",
                                  "data/base/5/12.3",
                                  "data/base/5/t3_12",
                                  "data/base/5/t3_12_fsm.1",
                                  "data/base/5/pg_internal.init.7",
                                  "data/base/5/pg_filenode.map",
                                  "data/base/pgsql_tmp/x",
                                  "data/global/pg_control",
                                  "data/global/1262",
                                  "data/pg_notify/0000",
                                  "data/pg_xact/0000",
                                  "data/postmaster.pid",
                                  "data/backup_label",
                                  "data/base/5/13_other",
                                  "wal/000000010000000000000001",
                                  "space/PG_15_1/5/20",
                                  "space/PG_14_1/5/21"})
        folder.write(one, "x");

    auto const found = find_data_files(data, "PG_15_1", 15);
    std::vector<std::string> files;
    for (auto const& one : found.files)
        files.push_back(found.archives[one.archive].prefix + one.name +
                        (one.segment ? '@' + std::to_string(*one.segment) : ""));
    std::vector<std::string> const expected{"PG_VERSION",
                                            "base/5/10@0",
                                            "base/5/10_fsm@0",
                                            "base/5/11_init@0",
                                            "base/5/12.3@3",
                                            "base/5/13_other",
                                            "base/5/pg_filenode.map",
                                            "global/1262@0",
                                            "pg_xact/0000",
                                            "pg_tblspc/77/PG_15_1/5/20@0"};
    BOOST_TEST(files == expected, boost::test_tools::per_element());
    std::vector<std::string> folders;
    for (auto const& archive : found.archives)
        for (auto const& one : archive.folders)
            folders.push_back(archive.prefix + one.entry.name);
    std::vector<std::string> const kept{"base",
                                        "base/5",
                                        "global",
                                        "pg_notify",
                                        "pg_tblspc",
                                        "pg_wal",
                                        "pg_wal/archive_status",
                                        "pg_xact",
                                        "pg_tblspc/77/PG_15_1",
                                        "pg_tblspc/77/PG_15_1/5"};
    BOOST_TEST(folders == kept, boost::test_tools::per_element());
    BOOST_TEST((found.tablespaces == std::vector<backup_tablespace>{{77, folder / "space"}}));
    BOOST_TEST((found.skipped == std::vector<std::string>{data + "/link"}));

    auto sorted = std::vector<data_file>{
        {0, "a", 5, {}}, {1, "b", 900, {}}, {1, "c", 20, {}}, {0, "d", 800, {}}, {0, "e", 7, {}}};
    detail::sort_for_packing(sorted, 500);
    std::string order;
    for (auto const& one : sorted)
        order += one.name;
    BOOST_TEST(order == "bdeac");
}

BOOST_AUTO_TEST_CASE(a_control_file_is_known_to_be_whole) {
    std::string control(8192, '\0');
    for (std::size_t i = 0; i < 288; ++i)
        control[i] = static_cast<char>(i * 5);
    detail::crc32c sum;
    sum.update("123456789");
    BOOST_TEST(sum.value() == 0xE306'9283U);  // the check value of CRC-32C
    BOOST_TEST(!detail::is_whole_control(control));
    detail::crc32c of;
    of.update(std::string_view{control}.substr(0, 288));
    auto const value = of.value();
    std::memcpy(control.data() + 288, &value, sizeof value);
    BOOST_TEST(detail::is_whole_control(control));
    for (std::size_t const at : {0U, 150U, 287U, 288U}) {
        auto torn = control;
        torn[at] = static_cast<char>(torn[at] ^ 1);
        BOOST_TEST(!detail::is_whole_control(torn));
    }
}

BOOST_AUTO_TEST_CASE(a_label_of_another_backup_is_refused) {
    std::string const label = "START WAL LOCATION: 0/3000028 (file 000000020000000000000003)\n"
                              "CHECKPOINT LOCATION: 0/3000060\nLABEL: x START TIMELINE: 9\nSTART TIMELINE: 2\n";
    BOOST_TEST((detail::timeline_of_label(label, {0x300'0028}) == timeline{2}));
    BOOST_CHECK_EXCEPTION(detail::timeline_of_label(label, {0x300'0029}), error, is_fault(fault::corrupt, "0/3000028"));
    BOOST_CHECK_EXCEPTION(detail::timeline_of_label("LABEL: x\n", {1}), error, is_fault(fault::corrupt));
}

BOOST_AUTO_TEST_SUITE_END()
