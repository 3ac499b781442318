#include <support/wal.hpp>
#include <unistd.h>
#include <walmgr/restore/needed_room.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_restore_needed_room)

using namespace walmgr;

namespace {

backup_manifest manifest_of(std::vector<std::pair<std::string, std::uint64_t>> const& files) {
    backup_manifest made;
    for (auto const& [path, size] : files)
        made.files[path].size = size;
    return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_files_of_a_backup_are_counted_on_the_disk_that_they_come_to) {
    support::scratch_folder const files;
    restore_plan plan;
    plan.manifest = manifest_of({{"base/1/a", 100}, {"base/1/INCREMENTAL.b", 5}, {"pg_tblspc/7/PG_15/1/c", 30}});
    auto const all = room_needed_by(plan, files / "data", {{"pg_tblspc/7", files / "space/7"}});
    BOOST_TEST_REQUIRE(all.size() == 1U);  // they share a disk
    BOOST_TEST((all.front().folders == std::vector{files / "space/7", files / "data"}));
    BOOST_TEST(all.front().least == 135U);
    BOOST_TEST(all.front().likely == 135U);
    BOOST_TEST(all.front().there == 0U);
    BOOST_TEST(!all.front().cannot_be());
    BOOST_TEST(!all.front().is_short());
    BOOST_TEST(all.front().disk.at_most >= all.front().disk.free);
}

BOOST_AUTO_TEST_CASE(a_chain_is_as_large_as_its_largest_backup_and_changes_are_not_sure) {
    support::scratch_folder const files;
    restore_plan plan;
    plan.before.push_back({{}, manifest_of({{"base/1/a", 100}, {"base/1/b", 50}})});
    plan.before.push_back({{}, manifest_of({{"base/1/INCREMENTAL.a", 10}, {"base/1/c", 200}})});
    plan.manifest = manifest_of({{"base/1/INCREMENTAL.a", 1}, {"base/1/INCREMENTAL.c", 1}, {"base/1/d", 1}});
    auto all = room_needed_by(plan, files.path(), {});
    BOOST_TEST_REQUIRE(all.size() == 1U);
    BOOST_TEST(all.front().least == 200U);
    BOOST_TEST(all.front().likely == 301U);
    all.front().disk = {.free = 250, .at_most = 250, .plain = true};
    BOOST_TEST(!all.front().cannot_be());
    BOOST_TEST(all.front().is_short());
}

BOOST_AUTO_TEST_CASE(what_is_sure_is_refused_and_nothing_else) {
    needed_room one{.least = 100, .likely = 100, .disk = {.free = 99, .at_most = 99, .plain = true}};
    BOOST_TEST(one.cannot_be());
    one.there = 1;  // is replaced or kept
    BOOST_TEST(!one.cannot_be());
    BOOST_TEST(!one.is_short());
    one.there = 0;
    one.disk.at_most = 100;  // root may have it
    BOOST_TEST(!one.cannot_be());
    BOOST_TEST(one.is_short());
    one.disk.at_most = 0;
    one.disk.plain = false;  // the system may pack it
    BOOST_TEST(!one.cannot_be());
}

BOOST_AUTO_TEST_CASE(what_is_there_counts_with_its_holes) {
    support::scratch_folder const files;
    std::filesystem::create_directory(files / "base");
    auto const path = files.write("base/1", "x");
    BOOST_TEST_REQUIRE(::truncate(path.c_str(), 1 << 20) == 0);
    std::filesystem::create_directory_symlink("/", files / "elsewhere");
    auto const there = detail::bytes_in(files.path());
    BOOST_TEST(there.bytes >= 1U << 20U);
    BOOST_TEST(there.bytes < 2U << 20U);
    BOOST_TEST(there.sure);
    BOOST_TEST(detail::bytes_in(files / "none").bytes == 0U);
    BOOST_TEST(room_at(files / "none/of/them").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
