#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/backup/config_files.hpp>
#include <walmgr/backup/store_config.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/restore/config_folder.hpp>
#include <walmgr/store/memory.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_backup_config_files)

using namespace walmgr;

namespace {

/// A machine with a few files.
struct machine {
    std::map<std::string, std::string> files{};
    std::map<std::string, std::vector<std::string>> folders{};
    std::string secret{};  ///< may not be read

    std::optional<config_file> file(std::string const& path) {
        if (path == secret) throw error{fault::unavailable, "cannot open " + path + ": \x01 not for you"};
        auto const found = files.find(path);
        if (found == files.end()) return std::nullopt;
        return config_file{.path = path, .bytes = found->second, .mode = 0640, .from = {}};
    }
    std::vector<std::string> folder(std::string const& path) { return folders[path]; }
};

machine debians() {
    return {
        .files = {{"/etc/pg/postgresql.conf", "include_dir 'conf.d'\nInclude_If_Exists = more.conf # why\n"
                                              "#include 'no.conf'\ninclude_dir empty.d\ninclude '/data/inside.conf'\n"
                                              "work_mem = 'include ''x'''\ninclude 'it''s.conf'\n"},
                  {"/etc/pg/conf.d/a.conf", "include '../postgresql.conf'\n"},
                  {"/etc/pg/it's.conf", ""},
                  {"/data/inside.conf", "include '../etc/pg/far.conf'"},
                  {"/etc/pg/far.conf", "\r\n"},
                  {"/etc/pg/pg_hba.conf", "local @roles,\"@quoted\" all trust # @comment\nlocal \\\n @more all x\n"
                                          "include_if_exists rules\n"},
                  {"/etc/pg/roles", "one @/etc/pg/two\n"},
                  {"/etc/pg/two", "@roles"},
                  {"/etc/pg/more", "three"},
                  {"/etc/pg/pg_ident.conf", ""}},
        .folders = {{"/etc/pg/conf.d", {".hidden.conf", "a.conf", "b.txt"}}},
        .secret = {}};
}

config_places const places{"/data", "/etc/pg/postgresql.conf", "/etc/pg/pg_hba.conf", "/etc/pg/pg_ident.conf"};

bool in_data(std::string const& path) {
    return path.starts_with("/data/");
}

std::vector<std::string> paths_of(found_config const& found) {
    std::vector<std::string> paths;
    for (auto const& one : found.files)
        paths.push_back(one.path);
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_configuration_names_is_found_once_and_what_the_backup_has_is_left_to_it) {
    auto of = debians();
    auto const found = find_config_files(places, {"/etc/pg/conf.d/a.conf"}, of, in_data);
    BOOST_TEST(found.missing.empty());
    std::vector<std::string> const expected{
        "/etc/pg/conf.d/a.conf", "/etc/pg/far.conf",        "/etc/pg/it's.conf", "/etc/pg/more", "/etc/pg/pg_hba.conf",
        "/etc/pg/pg_ident.conf", "/etc/pg/postgresql.conf", "/etc/pg/roles",     "/etc/pg/two"};
    BOOST_TEST(paths_of(found) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_or_kept_is_noted) {
    auto of = debians();
    of.secret = "/etc/pg/pg_hba.conf";
    of.files.erase("/etc/pg/pg_ident.conf");
    of.files["/etc/pg/far.conf"] = std::string(longest_config_file + 1, '#');
    of.files["/etc/pg/postgresql.conf"] += "include '" + std::string(150, 'x') + "'\ninclude 'a\xFF'\n";
    of.files["/etc/pg/" + std::string(150, 'x')] = "";
    of.files["/etc/pg/a\xFF"] = "";
    auto const found = find_config_files(places, {}, of, in_data);
    std::vector<missing_config> const expected{
        {"/etc/pg/far.conf", "it is too long for a configuration file"},
        {"/etc/pg/" + std::string(150, 'x'), "its name cannot be kept"},
        {"/etc/pg/a?", "its name cannot be kept"},
        {"/etc/pg/pg_hba.conf", "cannot open /etc/pg/pg_hba.conf: ? not for you"},
        {"/etc/pg/pg_ident.conf", "there is no such file"}};
    BOOST_TEST((found.missing == expected));
    BOOST_TEST(!found.lacks_rights);
    auto const unseen = find_config_files(std::nullopt, {}, of, in_data);
    BOOST_TEST(unseen.lacks_rights);
    BOOST_TEST(unseen.missing.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_was_stored_is_given_back_and_replaces_nothing) {
    auto of = debians();
    of.files["/etc/pg/postgresql.conf"] += "  Recovery_Target_Time = 'then'\nrecovery_min_apply_delay=1d\n";
    auto const found = find_config_files(places, {}, of, in_data);
    memory_store const where;
    backup_record record{.label = "20260131T120102Z-F"};
    auto const folder = backup_folder(support::small_cluster, record.label);
    record.configuration = store_config(where, stored{}, {}, folder, found);
    BOOST_TEST_REQUIRE(record.configuration.has_value());
    BOOST_TEST(record.configuration->part->files == 9U);
    auto const files = read_config(where, support::small_cluster, record);
    BOOST_TEST_REQUIRE(files.size() == 9U);

    support::scratch_folder const target;
    auto const below = target.path() + "/below";
    check_config_folder(files, below);
    BOOST_TEST(write_config_files(files, below) == 9U);
    BOOST_TEST(write_config_files(files, below) == 0U);
    for (auto const& one : files) {
        auto const path = below + one.path;
        BOOST_TEST(support::bytes_of_file(path) == of.files[one.path]);
        BOOST_TEST((std::filesystem::status(path).permissions() == std::filesystem::perms{0640}));
    }
    BOOST_TEST(std::filesystem::is_directory(below + "/etc/pg/empty.d"));
    replace_text_file(below + "/etc/pg/roles", "another's");
    for (auto const &act :
         {+[](std::vector<config_file> const& all, std::string const& to) { check_config_folder(all, to); },
          +[](std::vector<config_file> const& all, std::string const& to) { write_config_files(all, to); }})
        BOOST_CHECK_EXCEPTION(act(files, below), error, support::is_fault(fault::duplicate, "roles is there already"));
    BOOST_TEST(support::bytes_of_file(below + "/etc/pg/roles") == "another's");

    std::vector<std::string> const started{"config_file=" + below + "/etc/pg/postgresql.conf", "data_directory=/new",
                                           "hba_file=" + below + "/etc/pg/pg_hba.conf",
                                           "ident_file=" + below + "/etc/pg/pg_ident.conf", "external_pid_file="};
    BOOST_TEST(config_settings(files, places, below, "/new") == started, boost::test_tools::per_element());
    auto const inside =
        config_settings(files, {"/data", "/data/postgresql.conf", "/etc/pg/pg_hba.conf", ""}, "/", "/new");
    BOOST_TEST(inside.front() == "config_file=/new/postgresql.conf");
    std::vector<std::string> const both{"recovery_target_time=", "recovery_min_apply_delay=0"};
    BOOST_TEST(without_guides(files, target_kind::latest) == both, boost::test_tools::per_element());
    BOOST_TEST(without_guides(files, target_kind::time).size() == 1U);
    auto const others = other_includes(files, places);
    BOOST_TEST_REQUIRE(others.size() == 1U);
    BOOST_TEST(others.front() ==
               "/etc/pg/postgresql.conf includes /data/inside.conf by its whole path, where it is read");
    auto const linked = other_includes(
        {{.path = "/data/postgresql.conf", .bytes = "include_dir conf.d", .mode = 0, .from = {}}}, places);
    BOOST_TEST_REQUIRE(linked.size() == 1U);
    BOOST_TEST(linked.front() == "/data/postgresql.conf includes /data/conf.d, which is in the data folder");

    // A damaged byte is noticed, and so is another's file.
    auto other = record;
    other.configuration->part->sha256 = std::string(64, '0');
    BOOST_CHECK_EXCEPTION(read_config(where, support::small_cluster, other), error, support::is_fault(fault::corrupt));
    where.remove(folder + "/config.tar");
    BOOST_CHECK_EXCEPTION(read_config(where, support::small_cluster, record), error, support::is_fault(fault::corrupt));
    BOOST_TEST((store_config(where, stored{}, {}, folder, {}) == std::nullopt));
}

BOOST_AUTO_TEST_SUITE_END()
