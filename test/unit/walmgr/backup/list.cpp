#include <support/wal.hpp>
#include <walmgr/backup/list.hpp>
#include <walmgr/codec/zstd.hpp>
#include <walmgr/store/memory.hpp>

BOOST_AUTO_TEST_SUITE(walmgr_backup_list)

using namespace walmgr;
using support::small_cluster;

namespace {

backup_record example(std::string label) {
    return {.label = std::move(label),
            .system_id = small_cluster.system_id,
            .size = small_cluster.size,
            .version = 15,
            .tli = timeline{1},
            .start = lsn{0x28},
            .stop = lsn{0x100},
            .parts = {{.object = "main-0000.tar"}}};
}

void put(memory_store const& where, std::string const& folder, backup_record const& one) {
    auto out = where.create("main/base/" + folder + "/backup.json");
    object_packer pack{out, zstd{}};
    pack.write(write_backup_record(one));
    pack.finish({});
    BOOST_TEST(out.seal());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_folder_without_a_record_is_no_backup) {
    memory_store const where;
    BOOST_TEST(list_backups(where, small_cluster).sealed.empty());
    put(where, "20260131T120103Z-F", example("20260131T120103Z-F"));
    put(where, "20260131T120102Z-F", example("20260131T120102Z-F"));
    auto out = where.create("main/base/20260131T120104Z-F/main-0000.tar");
    BOOST_TEST(out.seal());
    auto const found = list_backups(where, small_cluster);
    BOOST_REQUIRE(found.sealed.size() == 2U);
    BOOST_TEST(found.sealed[0].label == "20260131T120102Z-F");
    BOOST_TEST(found.sealed[1].label == "20260131T120103Z-F");
    BOOST_TEST(found.unfinished == std::vector<std::string>{"20260131T120104Z-F"}, boost::test_tools::per_element());
    BOOST_TEST(!find_backup(where, small_cluster, "20260131T120104Z-F"));
    BOOST_CHECK_EXCEPTION(find_backup(where, small_cluster, "../x"), error, support::is_fault(fault::usage));
}

BOOST_AUTO_TEST_CASE(a_damaged_record_and_one_of_another_are_named) {
    memory_store const where;
    put(where, "20260131T120102Z-F", example("20260131T120102Z-F"));
    put(where, "20260131T120103Z-F", example("20260131T120102Z-F"));
    put(where, "20260131T120104Z-F", example("20260131T120104Z-F"));
    where.bytes_of("main/base/20260131T120104Z-F/backup.json")[20] ^= 1;
    auto const found = list_backups(where, small_cluster);
    BOOST_TEST(found.sealed.size() == 1U);
    BOOST_REQUIRE(found.damaged.size() == 2U);
    BOOST_TEST(found.damaged[0].label == "20260131T120103Z-F");
    BOOST_TEST(found.damaged[1].label == "20260131T120104Z-F");
    where.fail_after(2);
    BOOST_CHECK_EXCEPTION(list_backups(where, small_cluster), error, support::is_fault(fault::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()
