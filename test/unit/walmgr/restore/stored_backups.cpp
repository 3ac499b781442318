#include <support/wal.hpp>
#include <walmgr/backup/take.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/restore/stored_backups.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store/memory.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_stored_backups)

using namespace walmgr;
using support::is_fault;
using support::small_cluster;

namespace {

struct held_by_us {
    bool is_ours(memory_store const&) const { return true; }
};

constexpr std::uint64_t mib = 1U << 20U;
lineage const first{.past = {}, .own = timeline{1}};

std::string label_of(int day) {
    return "2026010" + std::to_string(day) + "T000000Z-F";
}

/// A backup of that day, which ended in that segment.
void seal(memory_store const& where, int day, std::uint64_t segment, int history = 1) {
    create_small_object(where, backup_folder(small_cluster, label_of(day)) + "/main-0000.tar", "x");
    seal_backup(where, small_cluster, stored{},
                {.label = label_of(day),
                 .system_id = small_cluster.system_id,
                 .history = history,
                 .size = small_cluster.size,
                 .version = 15,
                 .tli = timeline{1},
                 .start = lsn{segment * mib},
                 .stop = lsn{segment * mib + 4096},
                 .started = "2026-01-0" + std::to_string(day) + "T00:00:00Z",
                 .stopped = "2026-01-0" + std::to_string(day) + "T00:10:00Z",
                 .parts = {{"main-0000.tar", 10, 10, std::string(64, '0'), 1, {}}}},
                held_by_us{});
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_newest_that_suits_is_chosen_wherever_it_is) {
    std::vector<memory_store> const stores(3);
    seal(stores[1], 1, 4);
    seal(stores[1], 3, 8);
    seal(stores[2], 2, 6);
    seal(stores[2], 4, 8);
    stored_backups const all{stores, small_cluster};
    auto const chosen = [&](recovery_target const& target) { return all.choose(first, target); };
    BOOST_TEST(chosen({}).record.label == label_of(3));  // two are as new, and this is of the first of their stores
    BOOST_TEST(chosen({}).which == 1U);
    BOOST_TEST(chosen(target_at_position("0/700000")).record.label == label_of(2));
    BOOST_TEST(chosen(target_at_position("0/700000")).which == 2U);
    BOOST_TEST(chosen(target_at_time("2026-01-01 12:00:00Z")).which == 1U);
    BOOST_CHECK_EXCEPTION(chosen(target_at_position("0/100000")), error,
                          is_fault(fault::negative, "the oldest of timeline 1, " + label_of(1)));
    BOOST_TEST(all.everywhere().size() == 4U);
    BOOST_TEST(all.of_store(2).size() == 2U);

    stored_backups const only{stores, small_cluster, 2};
    BOOST_TEST(only.choose(first, {}).record.label == label_of(4));
    BOOST_CHECK_EXCEPTION(static_cast<void>(only.find(label_of(1))), error,
                          is_fault(fault::negative, "there is no backup " + label_of(1)));
    stored_backups const none{stores, small_cluster, 0};
    BOOST_CHECK_EXCEPTION(static_cast<void>(none.choose(first, {})), error,
                          is_fault(fault::negative, "no backup from which timeline 1"));
}

BOOST_AUTO_TEST_CASE(a_label_is_found_in_the_first_store_that_has_it_whole) {
    std::vector<memory_store> const stores(2);
    seal(stores[0], 1, 4);
    seal(stores[1], 1, 4);
    seal(stores[1], 2, 6, 2);
    stored_backups const all{stores, small_cluster};
    BOOST_TEST(all.find(label_of(1)).which == 0U);
    BOOST_CHECK_EXCEPTION(static_cast<void>(all.find(label_of(2))), error, is_fault(fault::identity, "pg_upgrade"));
    auto const damage = [&](std::size_t which) {
        auto& bytes =
            stores[which].bytes_of(backup_folder(small_cluster, label_of(1)) + '/' + std::string{backup_seal});
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    };
    damage(0);
    BOOST_TEST(all.find(label_of(1)).which == 1U);
    damage(1);
    BOOST_CHECK_EXCEPTION(static_cast<void>(all.find(label_of(1))), error, is_fault(fault::corrupt));
}

BOOST_AUTO_TEST_SUITE_END()
