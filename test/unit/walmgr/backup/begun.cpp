#include <support/wal.hpp>
#include <walmgr/backup/begun.hpp>
#include <walmgr/backup/counted_members.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store/memory.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_backup_begun)

using namespace walmgr;
using support::is_fault;
using support::small_cluster;

namespace {

manifest_file file_of(std::string_view bytes) {
    return {bytes.size(), hex_of(detail::digest_of(bytes))};
}

part_contents part_of(std::string object, std::map<std::string, manifest_file> files,
                      std::vector<std::string> folders = {}) {
    backup_part part{
        .object = std::move(object), .raw_size = 10'240, .stored_size = 300, .sha256 = std::string(64, 'a')};
    part.files = files.size() + folders.size();
    return {std::move(part), std::move(files), std::move(folders)};
}

/// What an attempt leaves behind in the repository.
void leave(memory_store const& where, std::string const& label, part_contents const& contents) {
    auto const folder = backup_folder(small_cluster, label);
    BOOST_TEST(create_small_object(where, folder + '/' + contents.part.object, "x"));
    store_part_contents(where, folder, stored{}, contents);
}

std::vector<std::string> objects(memory_store const& where, std::string const& label) {
    auto const found = where.list(backup_folder(small_cluster, label));
    return {found.begin(), found.end()};
}

}  // namespace

BOOST_AUTO_TEST_CASE(parts_have_names) {
    BOOST_TEST(to_string(part_name{"main", 7}) == "main-0007.tar");
    BOOST_TEST(to_string(part_name{"16384", 12'345}) == "16384-12345.tar");
    BOOST_TEST((parse_part_name("16384-12345.tar") == part_name{"16384", 12'345}));
    for (auto const* const other :
         {"", "main", "main-7.tar", "main-0007.tar.list", "main-0007", "main--001.tar", "-0007.tar", "other-0007.tar",
          "main-00070.tar", "backup_manifest", "main-99999999999.tar"})
        BOOST_TEST(!parse_part_name(other).has_value(), other);
    BOOST_TEST(prefix_of_part("main-0000.tar") == "");
    BOOST_TEST(prefix_of_part("77-0000.tar") == "pg_tblspc/77/");
    BOOST_CHECK_EXCEPTION(prefix_of_part("../x-0000.tar"), error, is_fault(fault::corrupt, "no name of a part"));
}

BOOST_AUTO_TEST_CASE(contents_are_read_as_they_were_written) {
    auto const one =
        part_of("main-0003.tar", {{"base/5/1259", file_of("a")}, {"a \"name\"", file_of("")}}, {"base", "base/5"});
    BOOST_TEST((parse_part_contents(write_part_contents(one), "x") == one));
    auto const none = part_of("77-0000.tar", {});
    BOOST_TEST((parse_part_contents(write_part_contents(none), "x") == none));

    auto const text = write_part_contents(one);
    for (std::size_t size = 0; size + 1 < text.size(); ++size)
        BOOST_CHECK_EXCEPTION(parse_part_contents(text.substr(0, size), "x"), error,
                              is_fault(fault::corrupt, "x lists no part"));
    for (auto const* const name : {"../1259", "/etc/passwd", ""}) {
        auto const other = part_of("main-0003.tar", {{name, file_of("a")}});
        BOOST_CHECK_EXCEPTION(parse_part_contents(write_part_contents(other), "x"), error,
                              is_fault(fault::corrupt, "not a file"));
    }
    auto const strange = part_of("backup.json", {});
    BOOST_CHECK_EXCEPTION(parse_part_contents(write_part_contents(strange), "x"), error,
                          is_fault(fault::corrupt, "x lists no part"));
}

BOOST_AUTO_TEST_CASE(a_file_counts_where_it_was_stored_last_and_has_not_changed) {
    begun_backup const begun{"20260101T120000Z-F",
                             {part_of("main-0002.tar", {{"twice", file_of("new")}, {"later", file_of("x")}}),
                              part_of("main-0000.tar", {{"twice", file_of("old")}, {"stays", file_of("s")}}, {"base"}),
                              part_of("77-0000.tar", {{"stays", file_of("t")}}, {"PG_15"}),
                              part_of("main-0001.tar", {{"goes", file_of("g")}}, {})}};
    BOOST_REQUIRE(begun.find("twice") != nullptr);
    BOOST_TEST((*begun.find("twice") == file_of("new")));
    BOOST_TEST((*begun.find("pg_tblspc/77/stays") == file_of("t")));
    BOOST_TEST((begun.find("goes") != nullptr && begun.find("base") == nullptr && begun.find("other") == nullptr));
    BOOST_TEST(begun.next_number("main") == 3U);
    BOOST_TEST(begun.next_number("77") == 1U);
    BOOST_TEST(begun.next_number("78") == 0U);

    auto const parts = begun.parts_with({"twice", "stays", "pg_tblspc/77/stays"});
    BOOST_REQUIRE(parts.size() == 3U);
    std::map<std::string, std::vector<std::string>> superseded;
    for (auto const& part : parts)
        superseded[part.object] = part.superseded;
    BOOST_TEST((superseded.at("main-0000.tar") == std::vector<std::string>{"base", "twice"}));
    BOOST_TEST((superseded.at("main-0002.tar") == std::vector<std::string>{"later"}));
    BOOST_TEST((superseded.at("77-0000.tar") == std::vector<std::string>{"PG_15"}));
    BOOST_TEST(begun.parts_with({}).empty());
}

BOOST_AUTO_TEST_CASE(only_the_newest_is_gone_on_with_and_only_with_what_is_whole) {
    memory_store const where;
    auto const find = [&](backup_kind kind, backup_list const& all) {
        return find_begun(where, small_cluster, all, kind);
    };
    auto const list = [&] { return list_backups(where, small_cluster); };
    BOOST_TEST(!find(backup_kind::full, list()).has_value());
    leave(where, "20260101T120000Z-F", part_of("main-0000.tar", {{"a", file_of("a")}}));
    leave(where, "20260102T120000Z-F", part_of("main-0000.tar", {{"b", file_of("b")}}));
    leave(where, "20260103T120000Z-I", part_of("main-0000.tar", {{"c", file_of("c")}}));
    // An attempt that has nothing, and one that did not come to write down what it has.
    BOOST_TEST(create_small_object(where, "main/base/20260104T120000Z-F/backup_manifest", "x"));
    BOOST_TEST(create_small_object(where, "main/base/20260105T120000Z-F/main-0000.tar", "x"));
    BOOST_TEST(create_small_object(where, "main/base/20260105T120000Z-F/main-0000.tar.list", "damaged"));
    BOOST_TEST(find(backup_kind::full, list())->label() == "20260102T120000Z-F");
    BOOST_TEST(find(backup_kind::incremental, list())->label() == "20260103T120000Z-I");

    // What comes behind a finished backup by its label must have been taken behind it.
    auto all = list();
    all.sealed.push_back({.label = "20260102T130000Z-F"});
    BOOST_TEST(!find(backup_kind::full, all).has_value());
    BOOST_TEST(find(backup_kind::incremental, all).has_value());
    all.damaged.push_back({"20260103T130000Z-F", "damaged"});
    BOOST_TEST(!find(backup_kind::incremental, all).has_value());
}

BOOST_AUTO_TEST_CASE(what_nobody_names_is_removed) {
    memory_store const where;
    std::string const label = "20260101T120000Z-F";
    auto const folder = backup_folder(small_cluster, label);
    leave(where, label, part_of("main-0000.tar", {{"a", file_of("a")}}));
    leave(where, label, part_of("main-0001.tar", {{"b", file_of("b")}}));
    for (auto const* const other : {"/main-0002.tar", "/backup_manifest"})
        BOOST_TEST(create_small_object(where, folder + other, "x"));
    auto const begun = find_begun(where, small_cluster, list_backups(where, small_cluster), backup_kind::full);
    remove_all_but(where, folder, begun->parts());
    BOOST_TEST((objects(where, label) == std::vector<std::string>{"main-0000.tar", "main-0000.tar.list",
                                                                  "main-0001.tar", "main-0001.tar.list"}));
    for (auto const* const other : {"/backup_manifest", "/backup.json"})
        BOOST_TEST(create_small_object(where, folder + other, "x"));
    remove_unnamed(where, small_cluster, {.label = label, .parts = begun->parts_with({"b"})});
    BOOST_TEST((objects(where, label) == std::vector<std::string>{"backup.json", "backup_manifest", "main-0001.tar"}));
}

BOOST_AUTO_TEST_CASE(members_that_do_not_count_are_passed_over) {
    struct collector {
        std::string seen{};
        void begin(tar_entry const& entry) { seen += entry.name + '('; }
        void data(std::string_view bytes) { seen += bytes; }
        void end() { seen += ')'; }
    } seen;
    backup_part const part{.object = "main-0000.tar", .superseded = {"base", "old"}};
    detail::counted_members counted{part, seen};
    for (auto const* const name : {"kept", "old", "older"}) {
        counted.begin({.name = name});
        counted.data(name);
        counted.end();
    }
    counted.begin({.kind = tar_kind::folder, .name = "base"});
    BOOST_TEST(seen.seen == "kept(kept)older(older)");
    BOOST_TEST(counted.members() == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
