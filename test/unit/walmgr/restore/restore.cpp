#include <support/tar.hpp>
#include <support/wal.hpp>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/codec/stored.hpp>
#include <walmgr/restore/restore.hpp>
#include <walmgr/store/memory.hpp>

#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_restore)

using namespace walmgr;
using support::bytes_of_file;
using support::is_fault;
using support::small_cluster;
using support::tar_end;
using support::tar_member;

namespace {

std::string const label = "20260131T120102Z-F";

std::string stored_as(memory_store const& where, std::string const& name, std::string const& bytes, origin from = {}) {
    auto out = where.create(name);
    object_packer pack{out, stored{}};
    pack.write(bytes);
    auto const said = pack.finish(from);
    BOOST_TEST_REQUIRE(out.seal());
    return hex_of(said.raw_digest);
}

std::string control(std::uint64_t system_id) {
    std::string bytes(8192, 'c');
    std::memcpy(bytes.data(), &system_id, sizeof system_id);
    return bytes;
}

/// A backup of a few files, and the log that it needs.
struct example {
    example() {
        files["PG_VERSION"] = "15\n";
        files["backup_label"] = "START WAL LOCATION: 0/200028\n";
        files["base/1/1259"] = std::string(100'000, 'r');
        files["global/pg_control"] = control(small_cluster.system_id);
        files["postgresql.auto.conf"] = "work_mem = '4MB'\nrestore_command = 'old'\n";
        files["pg_tblspc/16384/PG_15_1/5/6"] = "far away";
        record.label = label;
        record.system_id = small_cluster.system_id;
        record.size = small_cluster.size;
        record.version = 15;
        record.tli = timeline{1};
        record.start = lsn{(2U << 20U) + 40};
        record.stop = lsn{(2U << 20U) + 400};
        record.started = record.stopped = "2026-01-31T12:01:02Z";
        record.tablespaces = {{16'384, "/nowhere/at/all"}};
        auto const folder = backup_folder(small_cluster, label) + '/';
        std::string manifest = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [";
        std::string main = tar_member("base", '5', {}, {}, 0700) + tar_member("pg_wal", '5', {}, {}, 0700);
        for (auto const& [path, bytes] : files) {
            manifest += std::string{manifest.back() == '[' ? "\n" : ",\n"} + "{ \"Path\": \"" + path +
                        "\", \"Size\": " + std::to_string(bytes.size()) +
                        ", \"Checksum-Algorithm\": \"SHA256\", \"Checksum\": \"" + hex_of(detail::digest_of(bytes)) +
                        "\" }";
            if (!path.starts_with("pg_tblspc")) main += tar_member(path, '0', bytes);
        }
        manifest += "\n],\n\"WAL-Ranges\": [],\n";
        manifest += "\"Manifest-Checksum\": \"" + hex_of(detail::digest_of(manifest)) + "\"}\n";
        main += tar_member("pg_tblspc/16384", '2', {}, "/nowhere/at/all") + tar_end();
        auto const space = tar_member("PG_15_1", '5', {}, {}, 0700) +
                           tar_member("PG_15_1/5/6", '0', files["pg_tblspc/16384/PG_15_1/5/6"]) + tar_end();
        record.parts = {{"main-0000.tar", main.size(), 0, stored_as(where, folder + "main-0000.tar", main), 9, {}},
                        {"16384-0000.tar", space.size(), 0, stored_as(where, folder + "16384-0000.tar", space), 2, {}}};
        record.manifest_sha256 = stored_as(where, folder + "backup_manifest", manifest);
        stored_as(where, folder + "backup.json", write_backup_record(record));
        put_segment(2);
        put_segment(3);
    }

    void put_segment(std::uint64_t number) const {
        auto const text = file_name({timeline{1}, number}, small_cluster.size);
        auto out = where.create(object_name(small_cluster, *parse_wal_name(text), text));
        BOOST_TEST_REQUIRE(out.seal());
    }
    template <class Durability = synced>
    extraction restore(std::string const& to, bool delta = false, Durability const& by = {}) const {
        auto const plan = plan_restore(where, small_cluster, std::nullopt, {});
        target_folder data{to, {label, small_cluster.system_id, 15}, delta};
        restore_options const wanted{.outside = tablespace_folders(plan.from, {{16'384, here / "space"}}),
                                     .settings = {.target = {}, .on = plan.line.own, .restore_command = "fetch %f %p"}};
        return restore_backup([&] { return where; }, small_cluster, plan, data, wanted, inline_executor{}, by);
    }
    void check(std::string const& at) const {
        for (auto const* const path :
             {"PG_VERSION", "backup_label", "base/1/1259", "global/pg_control", "pg_tblspc/16384/PG_15_1/5/6"})
            BOOST_TEST((bytes_of_file(at + '/' + path) == files.at(path)), path);
        BOOST_TEST(std::filesystem::exists(at + "/recovery.signal"));
        BOOST_TEST(!std::filesystem::exists(at + "/walmgr.restoring"));
        BOOST_TEST(!std::filesystem::exists(at + "/global/pg_control.walmgr.old"));
        BOOST_TEST(std::filesystem::read_symlink(at + "/pg_tblspc/16384").string() == here / "space");
        BOOST_TEST(bytes_of_file(at + "/tablespace_map") == "16384 " + here / "space" + '\n');
        auto const settings = bytes_of_file(at + "/postgresql.auto.conf");
        BOOST_TEST(settings.starts_with("work_mem = '4MB'\n#walmgr# restore_command = 'old'\n"));
        BOOST_TEST(settings.find("\nrecovery_target_timeline = '1'\narchive_mode = 'off'\n") != settings.npos);
        struct stat found {};
        BOOST_TEST_REQUIRE(::stat(at.c_str(), &found) == 0);
        BOOST_TEST((found.st_mode & 0777U) == 0700U);
    }
    void damage(std::string const& object) const {
        auto& bytes = where.bytes_of(backup_folder(small_cluster, label) + '/' + object);
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    }

    memory_store where{};
    std::map<std::string, std::string> files{};
    backup_record record{};
    support::scratch_folder here{};
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_backup_comes_back_whole_and_cannot_be_laid_over_something, example) {
    auto const told = restore(here / "data");
    BOOST_TEST((told.written == files.size() && told.kept == 0U));
    check(here / "data");
    BOOST_CHECK_EXCEPTION(restore(here / "data"), error, is_fault(fault::identity, "is not empty"));
    std::filesystem::create_directory(here / "other");
    here.write("other/mine", "x");
    BOOST_CHECK_EXCEPTION(restore(here / "other", true), error, is_fault(fault::identity, "neither empty nor"));
    BOOST_CHECK_EXCEPTION(restore(here / "second"), error, is_fault(fault::identity, "not empty, and may be a living"));
    BOOST_TEST(bytes_of_file(here / "other/mine") == "x");
}

BOOST_FIXTURE_TEST_CASE(until_all_is_kept_no_server_can_start, example) {
    struct noted {
        std::function<void(std::string const&)> note;
        void keep(file& written) const { note(written.path()); }
        void keep_names(std::string const& folder) const { note(folder + "/"); }
        void keep_tree(std::string const& folder) const { note(folder + "/..."); }
    };
    std::string asked;
    restore(here / "data", false, noted{[&](std::string const& what) {
                asked += what.substr(here.path().size()) +
                         (detail::exists(here / "data/global/pg_control") ? " can" : "") + ' ';
            }});
    BOOST_TEST(asked == "/data/walmgr.restoring /data/ /space/... /data/... /data/global/ can /data/ can ");
}

BOOST_FIXTURE_TEST_CASE(delta_replaces_what_differs_and_puts_the_only_copies_of_log_aside, example) {
    restore(here / "data");
    here.write("data/base/1/1259", std::string(100'000, 'x'));
    here.write("data/base/1/4711", "a table that came later");
    here.write("data/standby.signal", "");
    here.write("data/mine", "notes");
    auto const name = file_name({timeline{1}, 4}, small_cluster.size);
    here.write("data/pg_wal/" + name, support::segment_bytes({timeline{1}, 4}));
    here.write("data/pg_wal/" + file_name({timeline{1}, 3}, small_cluster.size),
               support::segment_bytes({timeline{1}, 3}));
    here.write("data/pg_wal/" + file_name({timeline{1}, 5}, small_cluster.size),
               support::segment_bytes({timeline{1}, 1}));
    std::filesystem::create_hard_link(here / "data/base/1/1259", here / "linked");
    auto const told = restore(here / "data", true);
    // pg_control, the changed one, and those that the restore itself had changed.
    BOOST_TEST((told.written == 3U && told.kept == files.size() - 3));
    check(here / "data");
    BOOST_TEST((bytes_of_file(here / "linked") == std::string(100'000, 'x')));
    BOOST_TEST((!detail::exists(here / "data/base/1/4711") && !detail::exists(here / "data/standby.signal")));
    BOOST_TEST(bytes_of_file(here / "data/mine") == "notes");
    BOOST_TEST(std::filesystem::exists(here / ("data/pg_wal/walmgr.kept/" + name)));
    std::size_t log = 0;
    for (auto const& entry : std::filesystem::recursive_directory_iterator{here / "data/pg_wal"})
        log += entry.is_regular_file() ? 1U : 0U;
    BOOST_TEST(log == 1U);  // what is archived, and what was only made ready, is gone
}

BOOST_FIXTURE_TEST_CASE(another_cluster_is_never_touched, example) {
    restore(here / "data");
    here.write("data/global/pg_control", control(4711));
    BOOST_CHECK_EXCEPTION(restore(here / "data", true), error, is_fault(fault::identity, "with system id 4711"));
    here.write("data/global/pg_control", control(small_cluster.system_id));
    here.write("data/PG_VERSION", "14\n");
    BOOST_CHECK_EXCEPTION(restore(here / "data", true), error, is_fault(fault::identity, "is of PostgreSQL 14"));
    BOOST_TEST(!std::filesystem::exists(here / "data/walmgr.restoring"));
}

BOOST_FIXTURE_TEST_CASE(a_damaged_part_leaves_nothing_that_starts, example) {
    damage("main-0000.tar");
    BOOST_CHECK_EXCEPTION(restore(here / "data"), error, is_fault(fault::corrupt, "main-0000.tar"));
    BOOST_TEST(!std::filesystem::exists(here / "data/global/pg_control"));
    BOOST_TEST(std::filesystem::exists(here / "data/walmgr.restoring"));
    damage("main-0000.tar");  // the same bit again
    restore(here / "data");   // goes on without being asked to
    check(here / "data");
}

BOOST_FIXTURE_TEST_CASE(a_store_that_fails_anywhere_leaves_nothing_that_starts, example) {
    for (int steps = 0;; ++steps) {
        where.fail_after(steps);
        bool failed = false;
        try {
            restore(here / "data");
        } catch (error const& failure) {
            BOOST_TEST((failure.kind() == fault::unavailable));
            failed = true;
        }
        if (!failed) {
            BOOST_TEST(where.failure_waits());
            where.fail_after(-1);
            break;
        }
        BOOST_TEST(!std::filesystem::exists(here / "data/global/pg_control"));
    }
    check(here / "data");
}

BOOST_FIXTURE_TEST_CASE(what_cannot_come_to_its_target_is_refused_before_a_byte_is_written, example) {
    put_segment(5);
    BOOST_CHECK_EXCEPTION(restore(here / "data"), error, is_fault(fault::gap, "000000010000000000000004"));
    BOOST_TEST(!std::filesystem::exists(here / "data"));
    put_segment(4);
    damage("backup_manifest");
    BOOST_CHECK_EXCEPTION(restore(here / "data"), error, is_fault(fault::corrupt, "backup_manifest"));
    BOOST_TEST(!std::filesystem::exists(here / "data"));
    damage("backup_manifest");
    auto const planned = [&](recovery_target const& target) { plan_restore(where, small_cluster, label, target); };
    BOOST_CHECK_EXCEPTION(planned(target_at_position("0/200100")), error,
                          is_fault(fault::identity, "take an older one"));
    BOOST_CHECK_EXCEPTION(planned(target_at_time("2026-01-31 12:00:00Z")), error, is_fault(fault::identity));
    BOOST_CHECK_EXCEPTION(planned(target_at_position("0/700000")), error,
                          is_fault(fault::gap, "000000010000000000000006"));
    BOOST_CHECK_EXCEPTION(plan_restore(where, small_cluster, "20260101T000000Z-F", {}), error,
                          is_fault(fault::negative));
}

BOOST_FIXTURE_TEST_CASE(a_running_server_is_noticed, example) {
    restore(here / "data");
    here.write("data/postmaster.pid", std::to_string(::getpid()) + '\n');
    BOOST_TEST(!sign_of_server(here / "data"));
    auto const before = std::filesystem::current_path();
    std::filesystem::current_path(here / "data");
    BOOST_CHECK_EXCEPTION(restore(here / "data", true), error, is_fault(fault::server_running, "stop it first"));
    std::filesystem::current_path(before);
    BOOST_TEST(std::filesystem::exists(here / "data/global/pg_control"));
}

BOOST_AUTO_TEST_SUITE_END()
