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

/// What small_cluster becomes.
cluster upgraded() {
    auto now = small_cluster;
    now.system_id += 1;
    now.history = 2;
    return now;
}

std::string label_of(int day, char kind) {
    return "2026010" + std::to_string(day) + "T120000Z-" + kind;
}

void put(memory_store const& where, std::string const& name) {
    BOOST_TEST(create_small_object(where, name, "x"));
}

void take(memory_store const& where, int day, char kind, std::string const& parent = {},
          cluster const& of = small_cluster) {
    backup_record const one{.label = label_of(day, kind),
                            .kind = kind == 'F' ? backup_kind::full : backup_kind::incremental,
                            .parent = parent,
                            .system_id = of.system_id,
                            .history = of.history,
                            .size = of.size,
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

void archive(memory_store const& where, unsigned tli, std::uint64_t number, cluster const& of = small_cluster) {
    auto const text = file_name({timeline{tli}, number}, of.size);
    put(where, object_name(of, *parse_wal_name(text), text));
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
    static void earlier_log(std::size_t, std::size_t, cluster const&) { BOOST_ERROR("there was no upgrade"); }
    static void no_log(std::string const& why) { BOOST_ERROR(why); }
};

/// As the program does it.
void expire(memory_store const& where) {
    std::vector<judged_backups<memory_store>> all{{.where = where, .of = small_cluster}};
    all[0].all = list_backups(where, small_cluster);
    all[0].verdicts = judge_backups(all[0].all, {}, {.count = 2}, moment{});
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

/// Names what is removed of the time before an upgrade.
struct listening {
    static void backup(std::size_t, backup_verdict const&) {}
    static void unfinished(std::size_t, std::string const&) {}
    static void log(std::size_t, std::size_t, lsn) {}
    void earlier_log(std::size_t which, std::size_t count, cluster const& of) const {
        *said += std::to_string(which) + ": " + std::to_string(count) + " of " + std::to_string(of.history) + "; ";
    }
    void no_log(std::string const&) const { *said += "none now; "; }
    std::string* said;
};

/// Of the upgraded cluster. The second repository was made after the upgrade, and its history is the first there.
std::string expire_upgraded(memory_store const& where, memory_store const& second, unsigned count, bool act = true) {
    auto here = upgraded();
    here.history = 1;
    std::vector<judged_backups<memory_store>> all{{.where = where, .of = upgraded(), .earlier = {small_cluster}},
                                                  {.where = second, .of = here}};
    for (auto& one : all) {
        one.all = list_backups(one.where, one.of);
        one.verdicts = judge_backups(one.all, {}, {.count = count}, moment{});
    }
    std::string said;
    walmgr::expire(all, {.act = act}, listening{&said});
    return said;
}

BOOST_AUTO_TEST_CASE(log_from_before_an_upgrade_goes_with_its_last_backup) {
    auto const before = [](memory_store const& where) { return archived_ranges(where, small_cluster); };
    auto const where = filled();
    memory_store const second;
    for (std::uint64_t number = 1; number < 70; ++number)
        archive(where, 1, number, upgraded());
    // Without a backup of what it is now: as it would have been without the upgrade.
    BOOST_TEST(expire_upgraded(where, second, 2) == "none now; 0: 28 of 1; ");
    check_whole(where);
    take(where, 6, 'F', {}, upgraded());
    BOOST_TEST(expire_upgraded(where, second, 2) == "0: 24 of 1; ");
    BOOST_TEST(before(where).front().first.number == 50U);
    BOOST_TEST(archived_ranges(where, upgraded()).front().first.number == 60U);
    // With the last one all of it goes, wherever the removal was ended before.
    BOOST_TEST(expire_upgraded(where, second, 1, false) == "0: 6 of 1; ");
    where.fail_after(8);
    BOOST_CHECK_EXCEPTION(expire_upgraded(where, second, 1), error, [](auto const&) { return true; });
    where.fail_after(-1);
    BOOST_TEST(!before(where).empty());
    expire_upgraded(where, second, 1);
    BOOST_TEST(where.list("main/wal/1").empty());
    BOOST_TEST(list_backups(where, upgraded()).sealed.size() == 1U);
    BOOST_TEST(archived_ranges(where, upgraded()).front().first.number == 60U);
    BOOST_TEST(expire_upgraded(where, second, 1).empty());
}

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
