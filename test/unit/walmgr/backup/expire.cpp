#include <support/wal.hpp>
#include <walmgr/backup/expire.hpp>
#include <walmgr/backup/retention.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store/memory.hpp>

#include <functional>

BOOST_AUTO_TEST_SUITE(walmgr_backup_expire)

using namespace walmgr;
using support::small_cluster;

namespace {

constexpr std::uint64_t mib = 1U << 20U;

std::string label_of(int day, char kind) {
    return "2026010" + std::to_string(day) + "T120000Z-" + kind;
}

void put(memory_store const& where, std::string const& name) {
    BOOST_TEST(create_small_object(where, name, "x"));
}

void take(memory_store const& where, int day, char kind, std::string const& parent = {}) {
    backup_record const one{.label = label_of(day, kind),
                            .kind = kind == 'F' ? backup_kind::full : backup_kind::incremental,
                            .parent = parent,
                            .system_id = small_cluster.system_id,
                            .size = small_cluster.size,
                            .version = 17,
                            .tli = timeline{1},
                            .start = lsn{static_cast<std::uint64_t>(day) * 10 * mib},
                            .stop = lsn{static_cast<std::uint64_t>(day) * 10 * mib + 100},
                            .stopped = "2026-01-0" + std::to_string(day) + "T12:00:00Z",
                            .parts = {{.object = "main-0000.tar"}, {.object = "main-0001.tar"}}};
    auto const folder = backup_folder(small_cluster, one.label) + '/';
    put(where, folder + "main-0000.tar");
    put(where, folder + "main-0001.tar");
    put(where, folder + "backup_manifest");
    BOOST_TEST(create_small_object(where, folder + "backup.json", write_backup_record(one)));
}

void archive(memory_store const& where, unsigned tli, std::uint64_t number) {
    auto const text = file_name({timeline{tli}, number}, small_cluster.size);
    put(where, object_name(small_cluster, *parse_wal_name(text), text));
}

/// Three full backups, of which the first two have an incremental one each; log from the start, over two timelines.
memory_store filled() {
    memory_store where;
    take(where, 1, 'F');
    take(where, 2, 'I', label_of(1, 'F'));
    take(where, 3, 'F');
    take(where, 4, 'I', label_of(3, 'F'));
    take(where, 5, 'F');
    put(where, "main/base/20260106T120000Z-F/main-0000.tar");
    for (std::uint64_t number = 5; number < 55; ++number)
        archive(where, 1, number);
    for (std::uint64_t number = 28; number < 33; ++number)
        archive(where, 2, number);
    put(where, "main/wal/1/00000002.history.wal");
    put(where, "main/wal/1/00000001000000000000001C.partial.wal");
    put(where, "main/wal/1/00000001000000000000001F.00000028.backup.wal");
    return where;
}

struct silent {
    static void backup(std::size_t, backup_verdict const&) {}
    static void unfinished(std::size_t, std::string const&) {}
    static void log(std::size_t, std::size_t, lsn) {}
    static void no_log(std::string const& why) { BOOST_ERROR(why); }
};

/// As the program does it.
void expire(memory_store const& where) {
    std::vector<judged_backups<memory_store>> all{{.where = where, .of = small_cluster}};
    all[0].all = list_backups(where, small_cluster);
    all[0].verdicts = judge_backups(all[0].all, {}, 1, {.count = 2}, moment{});
    walmgr::expire(all, {}, silent{});
}

/// Whatever is a backup has all its parts, its parent and its log, and there is no gap.
void check_whole(memory_store const& where) {
    auto const all = list_backups(where, small_cluster);
    auto const ranges = archived_ranges(where, small_cluster);
    BOOST_TEST(all.damaged.empty());
    BOOST_TEST(all.sealed.size() >= 3U);
    for (auto const& one : all.sealed) {
        BOOST_TEST(where.list(backup_folder(small_cluster, one.label)).size() == 4U);
        BOOST_TEST((one.parent.empty() || find_backup(where, small_cluster, one.parent)));
        BOOST_TEST(ranges.front().first.number <= one.start.bytes / mib);
    }
    std::size_t first_timeline = 0;
    for (auto const& range : ranges)
        first_timeline += range.first.tli == timeline{1} ? 1U : 0U;
    BOOST_TEST(first_timeline == 1U);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_nobody_needs_goes_and_the_rest_stays) {
    auto const where = filled();
    expire(where);
    check_whole(where);
    auto const all = list_backups(where, small_cluster);
    BOOST_REQUIRE(all.sealed.size() == 3U);
    BOOST_TEST(all.sealed.front().label == label_of(3, 'F'));
    BOOST_TEST(all.unfinished.empty());
    auto const ranges = archived_ranges(where, small_cluster);
    BOOST_REQUIRE(ranges.size() == 2U);
    BOOST_TEST(ranges[0].first.number == 30U);
    BOOST_TEST(ranges[0].last.number == 54U);
    BOOST_TEST(ranges[1].first.number == 30U);
    BOOST_TEST(where.open("main/wal/1/00000002.history.wal").has_value());
    BOOST_TEST(!where.open("main/wal/1/00000001000000000000001C.partial.wal"));
    BOOST_TEST(where.open("main/wal/1/00000001000000000000001F.00000028.backup.wal").has_value());
}

BOOST_AUTO_TEST_CASE(wherever_it_ends_what_is_left_is_whole_and_it_can_be_done_again) {
    bool ended = false;
    for (int steps = 0; !ended; ++steps) {
        auto const where = filled();
        where.fail_after(steps);
        try {
            expire(where);
        } catch (error const& failure) { BOOST_TEST((failure.kind() == fault::unavailable)); }
        ended = where.failure_waits();
        where.fail_after(-1);
        check_whole(where);
        expire(where);
        check_whole(where);
        BOOST_TEST(list_backups(where, small_cluster).sealed.size() == 3U);
        BOOST_TEST(where.list("main/base").size() == 3U);
    }
}

BOOST_AUTO_TEST_SUITE_END()
