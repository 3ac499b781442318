#include <support/wal.hpp>
#include <walmgr/backup/by_files.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/store/posix.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(walmgr_backup_pack_files)

using namespace walmgr;
using support::is_fault;

namespace {

using opener = std::function<posix_store<>()>;
using hearer = std::function<void(std::uint64_t, std::uint64_t)>;
using job_type = backup_job<opener, lz4, hearer>;

/// What parts hold, by name; a member that comes twice is told by its bytes.
struct collector {
    std::map<std::string, std::string> files{};
    std::string name{};
    std::size_t folders = 0;

    void begin(tar_entry const& entry) {
        name = entry.name;
        if (entry.kind == tar_kind::folder) ++folders;
        else files[name] += '>';
    }
    void data(std::string_view bytes) { files[name] += bytes; }
    void end() {}
};

struct fixture {
    support::scratch_folder folder{};
    std::string data = folder / "data";
    opener open = [this] { return posix_store{folder / "store"}; };
    hearer progress = [](std::uint64_t, std::uint64_t) {};
    lz4 way{};
    backup_order order{.limits = {.workers = 4}, .part_size = 20'000};
    std::map<std::string, std::string> written{};

    fixture() {
        std::filesystem::create_directories(data + "/base/5");
        std::filesystem::create_directory(folder / "store");
        for (int i = 0; i < 60; ++i) {
            auto const name = "base/5/f" + std::to_string(i);
            written[name] = std::string(static_cast<std::size_t>(i * i * 10), static_cast<char>('A' + i));
            folder.write("data/" + name, written[name]);
        }
    }
    packed_files pack(
        data_files const& all, part_list& parts, backup_manifest const* before = nullptr,
        std::stop_token const& stop = {}, void (*each_second)() = [] {}) {
        job_type const job{
            .open = open, .way = way, .folder = "main/base/x", .order = order, .before = before, .progress = progress};
        return pack_files(job, all, parts, {.checksums = true, .start = {~std::uint64_t{0}}}, stop, each_second);
    }
    collector stored(part_list& parts) const {
        collector found;
        for (auto const& part : parts.take()) {
            auto const name = "main/base/x/" + part.object;
            auto const in = posix_store{folder / "store"}.open(name);
            BOOST_REQUIRE(in.has_value());
            tar_reader tar;
            unpack_object(*in, name, [&](std::string_view bytes) { tar.write(bytes, found); });
            tar.finish();
        }
        return found;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(each_file_is_in_one_part_as_it_is_when_it_is_read, fixture) {
    auto all = find_data_files(data, "PG_15_1", 15);
    std::filesystem::remove(data + "/base/5/f59");
    written.erase("base/5/f59");
    written["base/5/f1"] = "longer than it was";
    folder.write("data/base/5/f1", written["base/5/f1"]);
    detail::sort_for_packing(all.files, order.part_size);
    part_list parts{std::vector<unsigned>(all.archives.size())};
    auto const packed = pack(all, parts);
    auto const found = stored(parts);
    BOOST_TEST(found.folders == 2U);
    BOOST_TEST(found.files.size() == written.size());
    BOOST_TEST(packed.entries.size() == written.size());
    for (auto const& [name, bytes] : written)
        BOOST_TEST((found.files.at(name) == '>' + bytes), name);
    for (auto const& one : packed.entries)
        BOOST_TEST(
            (one.file == manifest_file{written.at(one.path).size(), hex_of(detail::digest_of(written.at(one.path)))}));

    // What is as it was in another backup is listed, and not packed.
    backup_manifest before;
    for (auto const& one : packed.entries)
        before.files.emplace(one.path, one.file);
    written["base/5/f20"].front() = '!';
    folder.write("data/base/5/f20", written["base/5/f20"]);
    std::filesystem::remove_all(folder / "store");
    std::filesystem::create_directory(folder / "store");
    part_list next{std::vector<unsigned>(all.archives.size())};
    BOOST_TEST(pack(all, next, &before).entries.size() == written.size());
    auto const changed = stored(next);
    BOOST_REQUIRE(changed.files.size() == 1U);
    BOOST_TEST(changed.files.at("base/5/f20") == '>' + written["base/5/f20"]);
}

BOOST_FIXTURE_TEST_CASE(what_ends_one_thread_ends_all_and_is_told, fixture) {
    folder.write("data/base/5/77", std::string(2 * data_page_bytes, 'x'));
    auto const all = find_data_files(data, "PG_15_1", 15);
    part_list parts{std::vector<unsigned>(all.archives.size())};
    BOOST_CHECK_EXCEPTION(pack(all, parts), error, is_fault(fault::corrupt, "base/5/77 is damaged"));

    std::filesystem::remove(data + "/base/5/77");
    std::stop_source stop;
    stop.request_stop();
    BOOST_CHECK_THROW(pack(all, parts, nullptr, stop.get_token()), pgq::stopped);

    order.max_rate = 32;  // so that it would take longer than a second
    BOOST_CHECK_THROW(pack(all, parts, nullptr, {}, [] { throw std::runtime_error{"the session is lost"}; }),
                      std::runtime_error);
    std::filesystem::remove_all(folder / "store");
    folder.write("store", "no folder");
    order.max_rate = 0;
    BOOST_CHECK_THROW(pack(all, parts), error);
}

BOOST_AUTO_TEST_SUITE_END()
