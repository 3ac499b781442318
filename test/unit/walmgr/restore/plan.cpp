#include <support/wal.hpp>
#include <walmgr/backup/take.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/restore/plan.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store/memory.hpp>

#include <initializer_list>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_restore_plan)

using namespace walmgr;
using support::is_fault;
using support::small_cluster;

namespace {

struct held_by_us {
    bool is_ours(memory_store const&) const { return true; }
};

constexpr std::uint64_t mib = 1U << 20U;
std::string const label = "20260131T120102Z-F";

void put_segments(memory_store const& where, std::initializer_list<std::uint64_t> numbers) {
    for (auto const number : numbers) {
        auto const text = file_name({timeline{1}, number}, small_cluster.size);
        auto out = where.create(object_name(small_cluster, *parse_wal_name(text), text));
        BOOST_TEST_REQUIRE(out.seal());
    }
}

/// A backup that lies in the segments 2 and 3, with its manifest.
void put_backup(memory_store const& where) {
    std::string manifest = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [";
    for (auto const* const path : {"PG_VERSION", "backup_label", "global/pg_control"})
        manifest += std::string{manifest.back() == '[' ? "\n" : ",\n"} + "{ \"Path\": \"" + path +
                    "\", \"Size\": 1, \"Checksum-Algorithm\": \"SHA256\", \"Checksum\": \"" + std::string(64, 'a') +
                    "\" }";
    manifest += "\n],\n\"WAL-Ranges\": [],\n";
    manifest += "\"Manifest-Checksum\": \"" + hex_of(detail::digest_of(manifest)) + "\"}\n";
    auto out = where.create(backup_folder(small_cluster, label) + '/' + std::string{backup_manifest_object});
    object_packer pack{out, stored{}};
    pack.write(manifest);
    auto const packed = pack.finish({.system_id = small_cluster.system_id, .size = small_cluster.size});
    BOOST_TEST_REQUIRE(out.seal());
    create_small_object(where, backup_folder(small_cluster, label) + "/main-0000.tar", "x");
    seal_backup(where, small_cluster, stored{},
                {.label = label,
                 .system_id = small_cluster.system_id,
                 .size = small_cluster.size,
                 .version = 15,
                 .tli = timeline{1},
                 .start = lsn{2 * mib},
                 .stop = lsn{3 * mib + 4096},
                 .started = "2026-01-31T12:01:02Z",
                 .stopped = "2026-01-31T12:01:02Z",
                 .manifest_sha256 = hex_of(packed.raw_digest),
                 .parts = {{"main-0000.tar", 10, 10, std::string(64, '0'), 1, {}}}},
                held_by_us{});
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_backup_is_of_one_store_and_the_log_of_any) {
    std::vector<memory_store> const both(2);
    put_backup(both[1]);
    put_segments(both[1], {2, 3, 6});
    put_segments(both[0], {4});
    BOOST_CHECK_EXCEPTION(plan_restore(both, small_cluster, std::nullopt, {}), error,
                          is_fault(fault::gap, "000000010000000000000005"));
    put_segments(both[0], {5});
    auto const plan = plan_restore(both, small_cluster, std::nullopt, {});
    BOOST_TEST(plan.repository == 1U);
    BOOST_TEST(plan.from.label == label);
    BOOST_TEST(plan.last->number == 6U);
    BOOST_CHECK_EXCEPTION(plan_restore(both[1], small_cluster, label, {}), error, is_fault(fault::gap));
    BOOST_CHECK_EXCEPTION(plan_restore(both, small_cluster, label, {}, {}, 0), error, is_fault(fault::negative));
}

BOOST_AUTO_TEST_CASE(the_log_goes_on_to_where_a_later_timeline_was_begun) {
    std::vector<memory_store> const both(2);
    put_backup(both[0]);
    put_segments(both[0], {2, 3, 4});
    support::scratch_folder const files;
    archive_file(both[1], small_cluster, stored{}, files.write("offered", "1\t0/601000\tx\n"), "00000002.history");
    for (auto const on : {std::optional<timeline>{}, std::optional{timeline{1}}})
        BOOST_CHECK_EXCEPTION(plan_restore(both, small_cluster, std::nullopt, {.on = on}), error,
                              is_fault(fault::gap, "000000010000000000000005"));
    auto const before = plan_restore(both, small_cluster, std::nullopt, {.kind = target_kind::immediate});
    BOOST_TEST(before.last->number == 4U);
    BOOST_TEST(accept_gap(both[1], small_cluster, {timeline{1}, 5, 5}, "test"));
    auto const plan = plan_restore(both, small_cluster, std::nullopt, {});
    BOOST_TEST(plan.last->number == 4U);
    BOOST_TEST((plan.accepted == wal_gap{timeline{1}, 5, 5}));
}

BOOST_AUTO_TEST_SUITE_END()
