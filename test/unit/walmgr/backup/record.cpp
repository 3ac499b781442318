#include <support/wal.hpp>
#include <walmgr/backup/record.hpp>

BOOST_AUTO_TEST_SUITE(walmgr_backup_record)

using namespace walmgr;

namespace {

backup_record example() {
    return {.label = "20260131T120102Z-I",
            .kind = backup_kind::incremental,
            .parent = "20260130T120102Z-F",
            .system_id = 18'000'000'000'000'000'001U,
            .history = 2,
            .size = {1U << 20U},
            .version = 17,
            .tli = timeline{3},
            .start = lsn{0x1'0000'0028},
            .stop = lsn{0x1'0000'1000},
            .started = "2026-01-31T12:01:02Z",
            .stopped = "2026-01-31T12:02:03Z",
            .time_zone = "Europe/Tallinn",
            .checksums = true,
            .manifest_sha256 = std::string(64, 'a'),
            .tablespaces = {{16'384, "/srv/fast \"disk\"\n"}},
            .parts = {{"main-0000.tar", 134'217'728, 30'000'000, std::string(64, '0'), 700, {"base", "base/5/1259"}},
                      {"16384-0000.tar", 10'240, 300, std::string(64, '1'), 1, {}}},
            .annotation = "before the upgrade"};
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    auto const at = text.find(what);
    BOOST_REQUIRE(at != text.npos);
    return text.replace(at, what.size(), by);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_record_is_read_as_it_was_written) {
    auto const one = example();
    BOOST_TEST((parse_backup_record(write_backup_record(one), "x") == one));
    auto files = one;
    files.whole_files = true;
    files.of_standby = true;
    BOOST_TEST((parse_backup_record(write_backup_record(files), "x") == files));
    // Records of before that was known are of blocks.
    auto const older = replaced(write_backup_record(one), "\"holds\": \"blocks\",", "");
    BOOST_TEST((parse_backup_record(older, "x") == one));
    auto full = one;
    full.kind = backup_kind::full;
    full.parent.clear();
    full.tablespaces.clear();
    BOOST_TEST((parse_backup_record(write_backup_record(full), "x") == full));
    full.configuration = kept_config{.places = {"/data", "/etc/\"x\"", "", "/etc/z"},
                                     .part = backup_part{"config.tar", 2048, 300, std::string(64, '2'), 3, {}},
                                     .missing = {{"/etc/y", "not \"ours\""}, {"/etc/w", ""}}};
    BOOST_TEST((parse_backup_record(write_backup_record(full), "x") == full));
    full.configuration->part.reset();
    full.configuration->missing.clear();
    BOOST_TEST((parse_backup_record(write_backup_record(full), "x") == full));
    BOOST_TEST(raw_size_of(one) == 134'227'968U);
    BOOST_TEST(stored_size_of(one) == 30'000'300U);
}

BOOST_AUTO_TEST_CASE(what_a_later_version_adds_is_passed_over) {
    auto const text = replaced(write_backup_record(example()), "\"version\"", R"("new": {"a": [1]}, "version")");
    BOOST_TEST((parse_backup_record(text, "x") == example()));
}

BOOST_AUTO_TEST_CASE(what_is_not_whole_is_refused) {
    auto const text = write_backup_record(example());
    for (std::size_t length = 0; length + 1 < text.size(); ++length)
        BOOST_CHECK_EXCEPTION(parse_backup_record(std::string_view{text}.substr(0, length), "x"), error,
                              support::is_fault(fault::corrupt, "x is no record of a backup"));
    for (auto const& [what, by] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"20260131T120102Z-I", "../../etc/passwd"},
             {"\"incremental\"", "\"full\""},
             {"\"incremental\"", "\"other\""},
             {"\"20260130T120102Z-F\"", "null"},
             {"1/28", "2/28"},
             {"1048576", "1048577"},
             {"main-0000.tar", "../main-0000.tar"},
             {"\"version\": 17", "\"version\": -17"}})
        BOOST_CHECK_EXCEPTION(parse_backup_record(replaced(text, what, by), "x"), error,
                              support::is_fault(fault::corrupt));
}

BOOST_AUTO_TEST_CASE(labels_are_told_from_other_names) {
    BOOST_TEST(is_backup_label("20260131T120102Z-F"));
    BOOST_TEST(is_backup_label("20260131T120102Z-I"));
    for (auto const* const other :
         {"", "20260131T120102Z", "20260131T120102Z-X", "20260131T120102Z-F/", "2026013xT120102Z-F"})
        BOOST_TEST(!is_backup_label(other));
}

BOOST_AUTO_TEST_SUITE_END()
