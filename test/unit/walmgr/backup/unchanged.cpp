#include <pgq/libpq/base_backup.hpp>

#include <support/boost_test.hpp>
#include <support/random.hpp>
#include <support/tar.hpp>
#include <support/wal.hpp>
#include <walmgr/backup/part_pool.hpp>
#include <walmgr/backup/receiver.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/store/posix.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_backup_unchanged)

using namespace walmgr;
using support::tar_member;

namespace {

struct one_file {
    std::string path;
    std::string bytes;
    bool as_before;
};

std::string sha(std::string_view bytes) {
    sha256 hash;
    hash.update(bytes);
    return hex_of(hash.finish());
}

constexpr std::size_t large = (std::size_t{1} << 20U) + 5000;

/// What a member holds, by its path.
struct members {
    std::map<std::string, std::string> found{};
    std::string path{};

    void begin(tar_entry const& entry) {
        path = entry.name;
        if (entry.kind == tar_kind::file) BOOST_TEST(found.emplace(path, "").second, path << " came twice");
    }
    void data(std::string_view bytes) { found[path] += bytes; }
    void end() {}
};

struct play {
    support::scratch_folder folder{};
    std::function<posix_store<>()> open = [this] { return posix_store{folder.path()}; };

    /// Sends the files and looks at what was stored: just those that are not as before, in parts with names in a row.
    void check(std::vector<one_file> const& files, std::size_t piece, std::uint64_t part_size) {
        backup_manifest before;
        std::map<std::string, std::string> expected;
        for (auto const& one : files) {
            auto const was = one.as_before ? one.bytes : std::string(one.bytes.size(), '?');
            before.files[one.path] = {was.size(), sha(was)};
            if (!one.as_before) expected[one.path] = one.bytes;
        }
        std::string const place = "main/base/" + std::to_string(++round_);
        part_pool<std::function<posix_store<>()>, stored> pool{
            open, stored{}, {}, place, {.workers = 2, .waiting = 300'000, .block = 100'000}};
        backup_receiver receive{pool, [](std::uint64_t, std::uint64_t) {}, part_size, &before};
        receive.begin(pgq::libpq::backup_begin{.from = {0x28, 1}, .archives = {{{}, "", {}}}});
        receive.archive("base.tar", "");
        std::string tar = tar_member("base", '5');
        for (auto const& one : files)
            tar += tar_member(one.path, '0', one.bytes);
        tar += support::tar_end();
        for (std::size_t at = 0; at < tar.size(); at += piece)
            receive.data(std::string_view{tar}.substr(at, piece));
        receive.manifest();
        auto const parts = pool.finish();

        members got;
        std::vector<std::string> names;
        for (std::size_t number = 0; number < parts.size(); ++number) {
            BOOST_TEST(parts[number].object == "main-000" + std::to_string(number) + ".tar");
            auto const name = place + '/' + parts[number].object;
            names.push_back(parts[number].object);
            auto const in = open().open(name);
            BOOST_TEST_REQUIRE(in.has_value());
            tar_reader read;
            auto const label = unpack_object(*in, name, [&](std::string_view raw) { read.write(raw, got); });
            read.finish();
            BOOST_TEST(hex_of(label.raw_digest) == parts[number].sha256);
            BOOST_TEST(label.raw_size == parts[number].raw_size);
        }
        BOOST_TEST((got.found == expected));
        BOOST_TEST((open().list(place) == names));
    }

private:
    int round_ = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(files_that_are_as_before_are_not_stored_again, play) {
    std::vector<one_file> const files{{"base/1", std::string(large, 'a'), true},
                                      {"base/2", std::string(large, 'b'), true},
                                      {"base/3", "small", true},
                                      {"base/4", std::string(large, 'c'), false},
                                      {"base/5", "other", false},
                                      {"base/6", "", true},
                                      {"base/7", std::string(large, 'd'), true}};
    check(files, 10'000, 1U << 30U);
    check(files, 777, 4096);
    check(files, std::size_t{1} << 30U, 1);
}

BOOST_FIXTURE_TEST_CASE(whatever_changed_just_that_is_stored, play) {
    auto random = test::random_engine();
    auto const any = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
    for (int round = 0; round < 12; ++round) {
        std::vector<one_file> files;
        for (std::size_t number = 0, count = any(9); number < count; ++number) {
            auto const size = any(3) == 0 ? large + any(1000) : any(3000);
            files.push_back({"base/" + std::to_string(number), std::string(size, static_cast<char>('a' + number)),
                             any(2) == 0 && size > 0});
        }
        for (auto& one : files)
            one.as_before = one.as_before || one.bytes.empty();  // two empty files are the same
        check(files, 1 + any(200'000), 1 + any(std::size_t{3} << 20U));
    }
}

BOOST_AUTO_TEST_SUITE_END()
