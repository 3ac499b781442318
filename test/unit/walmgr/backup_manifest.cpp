#include <support/wal.hpp>
#include <walmgr/backup/manifest_writer.hpp>
#include <walmgr/backup/parent_manifest.hpp>
#include <walmgr/backup_manifest.hpp>
#include <walmgr/object.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_backup_manifest)

using namespace walmgr;
using support::is_fault;

namespace {

std::string sealed(std::string text) {
    auto const digest = hex_of(detail::digest_of(text));
    return text + "\"Manifest-Checksum\": \"" + digest + "\"}\n";
}

std::string const files =
    R"({ "Path": "base/1/1259", "Size": 114688, "Last-Modified": "2026-01-31 12:01:02 GMT", "Checksum-Algorithm": "SHA256", "Checksum": "abcd" },
{ "Encoded-Path": "6261ff", "Size": 3, "Last-Modified": "2026-01-31 12:01:02 GMT", "Checksum-Algorithm": "CRC32C", "Checksum": "12345678" },
{ "Path": "plain", "Size": 0, "Last-Modified": "2026-01-31 12:01:02 GMT" })";

std::string manifest(std::string const& list = files, std::string const& version = "1") {
    return sealed("{ \"PostgreSQL-Backup-Manifest-Version\": " + version + ",\n\"Files\": [\n" + list +
                  "\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": 1, \"Start-LSN\": \"0/2000028\", \"End-LSN\": "
                  "\"0/2000100\" }\n],\n");
}

}  // namespace

BOOST_AUTO_TEST_CASE(files_and_ranges_are_read) {
    auto const read = parse_backup_manifest(manifest(), "x");
    BOOST_TEST(read.files.size() == 3U);
    BOOST_TEST((read.files.at("base/1/1259") == manifest_file{114'688, "abcd"}));
    BOOST_TEST((read.files.at("ba\xFF") == manifest_file{3, ""}));  // a digest that is not ours is none
    BOOST_TEST((read.files.at("plain") == manifest_file{0, ""}));
    BOOST_TEST(read.ranges.size() == 1U);
    BOOST_TEST((read.ranges.front().end == lsn{0x200'0100} && read.ranges.front().tli == timeline{1}));
    BOOST_TEST(!read.system_id);
}

BOOST_AUTO_TEST_CASE(a_server_is_told_of_no_visibility_map) {
    auto const line = [](std::string const& path) { return R"({ "Path": ")" + path + R"(", "Size": 8192 })"; };
    auto const list = [&](std::vector<std::string> const& paths) {
        std::string text;
        for (auto const& path : paths)
            text.append(text.empty() ? "" : ",\n").append(line(path));
        return manifest(text);
    };
    std::vector<std::string> const kept{"base/1/1259", "base/1/1259_fsm", "base/1/1259_init", "conf.d/1_vmx", "x_vm"};
    BOOST_TEST(without_visibility_maps(list(kept)) == list(kept));
    for (auto const* const map : {"base/1/1259_vm", "1259_vm.1", "pg_tblspc/16384/PG_18_202506291/5/16385_vm"}) {
        for (std::size_t at = 0; at <= kept.size(); ++at) {
            auto with = kept;
            with.insert(with.begin() + static_cast<std::ptrdiff_t>(at), map);
            BOOST_TEST(without_visibility_maps(list(with)) == list(kept));
        }
    }
    auto const read = parse_backup_manifest(without_visibility_maps(manifest()), "x");
    BOOST_TEST(read.files.size() == 3U);
    // And of one that we wrote.
    manifest_entry const table{.path = "base/5/1", .file = {1, "ab"}}, map{.path = "base/5/1_vm", .file = {1, "ab"}};
    manifest_range const range{.tli = timeline{1}, .start = lsn{1}, .end = lsn{2}};
    BOOST_TEST(without_visibility_maps(write_backup_manifest(18, 7, {table, map}, range)) ==
               write_backup_manifest(18, 7, {table}, range));
}

BOOST_AUTO_TEST_CASE(each_byte_is_covered_by_its_digest) {
    auto const text = manifest();
    for (std::size_t at = 0; at < text.size() - 5; ++at) {
        auto damaged = text;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        BOOST_CHECK_EXCEPTION(parse_backup_manifest(damaged, "x"), error, is_fault(fault::corrupt));
        BOOST_CHECK_EXCEPTION(parse_backup_manifest(text.substr(0, at), "x"), error, is_fault(fault::corrupt));
    }
}

BOOST_AUTO_TEST_CASE(what_is_whole_and_no_manifest_is_refused) {
    for (auto const* const list :
         {R"({ "Path": "../x", "Size": 0 })", R"({ "Path": "/x", "Size": 0 })",
          R"({ "Encoded-Path": "2e2e", "Size": 0 })", R"({ "Size": 0 })", R"({ "Path": "x", "Size": -1 })",
          R"({ "Encoded-Path": "6", "Size": 0 })", R"({ "Path": "x", "Size": 0 }, { "Path": "x", "Size": 0 })"})
        BOOST_CHECK_EXCEPTION(parse_backup_manifest(manifest(list), "x"), error,
                              is_fault(fault::corrupt, "x is no backup manifest"));
    BOOST_CHECK_EXCEPTION(parse_backup_manifest(manifest(files, "9"), "x"), error, is_fault(fault::corrupt, "newer"));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
    std::vector<manifest_entry> const entries{{"base/1/1259", {114'688, "abcd"}, 1'769'860'862},
                                              {"odd \"name\"\n\xFF", {3, "12"}, 0}};
    for (int const version : {16, 17}) {
        auto const text =
            write_backup_manifest(version, 7'000'000'001, entries, {timeline{3}, {0x1'0000'0028}, {0x1'0000'0100}});
        auto const read = parse_backup_manifest(text, "x");
        BOOST_TEST(read.files.size() == 2U);
        for (auto const& one : entries)
            BOOST_TEST((read.files.at(one.path) == one.file));
        BOOST_TEST((read.system_id == (version == 17 ? std::optional<std::uint64_t>{7'000'000'001} : std::nullopt)));
        BOOST_REQUIRE(read.ranges.size() == 1U);
        auto const& range = read.ranges.front();
        BOOST_TEST((range.tli == timeline{3} && range.start == lsn{0x1'0000'0028} && range.end == lsn{0x1'0000'0100}));
        BOOST_TEST(text.find(R"("Last-Modified": "2026-01-31 12:01:02 GMT")") != text.npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
