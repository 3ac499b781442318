#include <pgq/libpq/base_backup.hpp>

#include <support/tar.hpp>
#include <support/wal.hpp>
#include <walmgr/backup/part_pool.hpp>
#include <walmgr/backup/receiver.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/store/posix.hpp>

#include <functional>

BOOST_AUTO_TEST_SUITE(walmgr_backup_receiver)

using namespace walmgr;
using support::is_fault;
using support::tar_member;

namespace {

std::string sha(std::string_view bytes) {
    sha256 hash;
    hash.update(bytes);
    return hex_of(hash.finish());
}

struct one_file {
    std::string path;
    std::string bytes;
};

std::string manifest_of(std::vector<one_file> const& files) {
    std::string text = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [";
    for (auto const& one : files) {
        text += text.ends_with('[') ? "\n" : ",\n";
        text += R"({ "Path": ")" + one.path + R"(", "Size": )" + std::to_string(one.bytes.size()) +
                R"(, "Last-Modified": "2026-01-31 12:00:00 GMT", "Checksum-Algorithm": "SHA256", "Checksum": ")" +
                sha(one.bytes) + "\" }";
    }
    text += "\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": 1, \"Start-LSN\": \"0/28\", \"End-LSN\": \"0/100\" }\n],\n";
    return text + "\"Manifest-Checksum\": \"" + sha(text) + "\"}\n";
}

/// A server that sends a tablespace and a data folder, and a manifest.
void send(auto& to, std::vector<one_file> const& sent, std::vector<one_file> const& listed) {
    to.begin(pgq::libpq::backup_begin{.from = {0x28, 1}, .archives = {{16'384, "/srv/fast", 1}, {{}, "", 2}}});
    to.archive("16384.tar", "/srv/fast");
    to.data(tar_member("PG_15/1", '0', sent[0].bytes) + support::tar_end());
    to.archive("base.tar", "");
    to.data(tar_member("base", '5'));
    for (std::size_t i = 1; i < sent.size(); ++i)
        to.data(tar_member(sent[i].path, '0', sent[i].bytes));
    to.data(support::tar_end());
    to.manifest();
    auto const text = manifest_of(listed);
    to.data(std::string_view{text}.substr(0, 10));
    to.data(std::string_view{text}.substr(10));
}

std::vector<one_file> const files{{"pg_tblspc/16384/PG_15/1", "in the tablespace"},
                                  {"base/1", std::string(5000, 'a')},
                                  {"base/2", ""},
                                  {"global/pg_control", std::string(8192, 'c')}};

struct fixture {
    support::scratch_folder folder{};
    std::function<posix_store<>()> open = [this] { return posix_store{folder.path()}; };
    part_pool<std::function<posix_store<>()>, lz4> pool{
        open, lz4{}, {}, "main/base/x", {.workers = 2, .waiting = 2048, .block = 1024}};
    backup_receiver<decltype(pool), void (*)(std::uint64_t, std::uint64_t)> receive{
        pool, [](std::uint64_t, std::uint64_t) {}, 4096};
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(parts_are_cut_between_members, fixture) {
    send(receive, files, files);
    receive.compare();
    auto const parts = pool.finish();
    BOOST_REQUIRE(parts.size() == 3U);
    BOOST_TEST(parts[0].object == "16384-0000.tar");
    BOOST_TEST(parts[1].object == "main-0000.tar");
    BOOST_TEST(parts[1].files == 2U);
    BOOST_TEST(parts[2].object == "main-0001.tar");
    BOOST_TEST(parts[2].files == 2U);
    BOOST_TEST(receive.tablespaces().size() == 1U);
    std::string expected =
        tar_member("base/2", '0') + tar_member("global/pg_control", '0', files[3].bytes) + support::tar_end();
    std::string got;
    auto const name = std::string{"main/base/x/main-0001.tar"};
    auto const in = open().open(name);
    BOOST_REQUIRE(in.has_value());
    unpack_object(*in, name, [&](std::string_view raw) { got += raw; });
    BOOST_TEST((got == expected));
    BOOST_TEST(parts[2].sha256 == sha(expected));
    BOOST_TEST(parts[2].raw_size == expected.size());
    BOOST_TEST(parts[2].stored_size == in->size());
}

BOOST_FIXTURE_TEST_CASE(a_byte_that_differs_from_the_manifest_is_noticed, fixture) {
    auto listed = files;
    listed[1].bytes[4999] = 'b';
    send(receive, files, listed);
    BOOST_CHECK_EXCEPTION(receive.compare(), error, is_fault(fault::corrupt, "base/1 came with other bytes"));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_did_not_come_is_noticed, fixture) {
    auto listed = files;
    listed.push_back({"base/3", "more"});
    send(receive, files, listed);
    BOOST_CHECK_EXCEPTION(receive.compare(), error, is_fault(fault::corrupt, "base/3 is in the server's manifest"));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_nobody_announced_is_noticed, fixture) {
    auto listed = files;
    listed.pop_back();
    send(receive, files, listed);
    BOOST_CHECK_EXCEPTION(receive.compare(), error, is_fault(fault::corrupt, "global/pg_control came and is not in"));
}

BOOST_FIXTURE_TEST_CASE(an_archive_that_ends_in_the_middle_of_a_file_is_noticed, fixture) {
    receive.begin(pgq::libpq::backup_begin{.from = {0x28, 1}, .archives = {{{}, "", {}}}});
    receive.archive("base.tar", "");
    receive.data(tar_member("base/1", '0', std::string(1000, 'x')).substr(0, 700));
    BOOST_CHECK_EXCEPTION(receive.manifest(), error, is_fault(fault::corrupt, "ends too early"));
    BOOST_CHECK_EXCEPTION(receive.archive("16384.tar", "/x"), error, is_fault(fault::corrupt));
}

BOOST_FIXTURE_TEST_CASE(a_part_that_is_there_already_is_not_replaced, fixture) {
    auto out = open().create("main/base/x/main-0000.tar");
    BOOST_TEST(out.seal());
    auto const all = [&] {
        send(receive, files, files);
        pool.finish();
    };
    BOOST_CHECK_EXCEPTION(all(), error, is_fault(fault::duplicate));
}

BOOST_AUTO_TEST_SUITE_END()
