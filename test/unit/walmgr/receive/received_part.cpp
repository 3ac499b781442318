#include <support/boost_test.hpp>
#include <support/several.hpp>
#include <support/wal.hpp>
#include <walmgr/archive.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/intent.hpp>
#include <walmgr/receive/fetch_received.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/receive/received_files.hpp>
#include <walmgr/receive/received_part.hpp>
#include <walmgr/store/any.hpp>
#include <walmgr/store/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_receive_received_part)

using boost::test_tools::per_element;
using support::segment_bytes;
using support::small_cluster;
using walmgr::lsn;
using walmgr::segment;
using walmgr::timeline;

namespace {

constexpr segment third{timeline{1}, 3};
std::string const third_name = file_name(third, small_cluster.size);

}  // namespace

BOOST_AUTO_TEST_CASE(of_an_unfinished_segment_the_longest_is_handed_out) {
    support::scratch_folder const files;
    support::several const stores{2};
    std::filesystem::create_directory(files / "partial");
    auto const bytes = segment_bytes(third);
    auto const first_of = [&](std::size_t length) {
        auto cut = bytes;
        std::fill(cut.begin() + static_cast<std::ptrdiff_t>(length), cut.end(), '\0');
        cut[length - 1] = 'x';
        return cut;
    };
    auto const fetched = [&](std::string const& folder) {
        auto all = stores.open();
        BOOST_TEST(walmgr::fetch_received(all, third_name, files / "place", folder).found);
        return length_without_zeros(walmgr::open_file(files / "place"));
    };
    auto const store = [&](std::size_t in, std::size_t length, std::string const& name) {
        archive_file(stores.held(in), small_cluster, walmgr::lz4{}, files.write("part", first_of(length)), name);
    };
    record_intent(stores.held(1), small_cluster, {timeline{1}, lsn{}});
    auto const folder = files / "partial";
    files.write("partial/" + third_name + ".partial", first_of(3000));
    // One of before, which does not say how far it reaches, is better than nothing only.
    store(0, 2000, third_name + ".partial");
    BOOST_TEST(fetched("") == 2000U);
    BOOST_TEST(fetched(folder) == 3000U);
    store(0, 4000, walmgr::received_part_name(third, small_cluster.size, 4000));
    store(1, 5000, walmgr::received_part_name(third, small_cluster.size, 5000));
    archive_file(stores.held(1), small_cluster, walmgr::lz4{}, files.write("part", segment_bytes({timeline{1}, 4})),
                 walmgr::received_part_name({timeline{1}, 4}, small_cluster.size, 100'000));
    BOOST_TEST(fetched("") == 5000U);
    BOOST_TEST(fetched(folder) == 5000U);
    files.write("partial/" + third_name + ".partial.00001389.ended", first_of(5001));
    BOOST_TEST(fetched(folder) == 5001U);
    files.write("partial/" + third_name + ".partial", first_of(6000));
    BOOST_TEST(fetched(folder) == 6000U);
}

namespace {

/// Something happens when somebody looks for an intent.
struct watched {
    walmgr::memory_store held{};
    std::function<void()> happens{};

    [[nodiscard]] auto open(std::string const& name) const {
        if (name.find("intents/") != name.npos) happens();
        return held.open(name);
    }
    [[nodiscard]] auto list(std::string const& folder) const { return held.list(folder); }
    [[nodiscard]] auto create(std::string const& name) const { return held.create(name); }
    bool remove(std::string const& name) const { return held.remove(name); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_moves_from_the_folder_into_the_repository_is_never_absent) {
    support::scratch_folder const files;
    support::several const stores{1};
    auto const bytes = segment_bytes(third);
    auto const path = files.write(third_name, bytes);
    watched const where{stores.held(0), [&] {
                            archive_file(stores.held(0), small_cluster, walmgr::lz4{}, path, third_name);
                            std::filesystem::remove(path);
                        }};
    walmgr::repositories all{{"here"}, "main", [&](std::string const& place) {
                                 return walmgr::any_store{where, place};
                             }};
    BOOST_TEST(walmgr::fetch_received(all, third_name, files / "place", files.path()).found);
    BOOST_TEST((support::bytes_of_file(files / "place") == bytes));
}

namespace {

/// What it is given to archive.
struct noted_names {
    std::vector<std::string> all{};
    void add(std::string const& /*file*/, std::string const& name) { all.push_back(name); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_handed_over_says_how_far_it_reaches) {
    support::scratch_folder const files;
    walmgr::partial_folder folder{files.path()};
    auto const hand_over = [&] {
        noted_names names;
        archive_unfinished(folder, small_cluster.size, names);
        return names.all;
    };
    std::string bytes(small_cluster.size.bytes, '\0');
    files.write(third_name + ".partial", bytes);
    BOOST_TEST(hand_over().empty());
    BOOST_TEST(folder.list(small_cluster.size).unfinished.empty());
    bytes[0xFF] = 'x';
    files.write(third_name + ".partial", bytes);
    folder.note_flushed({timeline{2}, lsn{0x300'2000}});
    BOOST_TEST(hand_over() == std::vector{third_name + ".partial.00000100"}, per_element());
    // What was durable may end with zeros. What is not archived yet stays beside.
    files.write(third_name + ".partial", bytes);
    folder.note_flushed({timeline{1}, begin_of(third, small_cluster.size)});
    folder.note_flushed({timeline{1}, lsn{begin_of(third, small_cluster.size).bytes + 0x108}});
    BOOST_TEST(hand_over() == (std::vector{third_name + ".partial.00000100", third_name + ".partial.00000108"}),
               per_element());
    // A walmgr of before has left it.
    std::filesystem::rename(files / (third_name + ".partial.00000108.ended"), files / (third_name + ".ended"));
    BOOST_TEST(hand_over() == (std::vector{third_name + ".partial.00000100", third_name + ".partial.00000100"}),
               per_element());
}

BOOST_AUTO_TEST_SUITE_END()
