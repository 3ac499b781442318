#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/archive.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/codec/zstd.hpp>
#include <walmgr/fetch.hpp>
#include <walmgr/store/memory.hpp>
#include <walmgr/store/posix.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_archive)

using support::bytes_of_file;
using support::is_fault;
using support::scratch_folder;
using support::segment_bytes;
using support::small_cluster;
using walmgr::archived;
using walmgr::fault;
using walmgr::memory_store;
using walmgr::segment;
using walmgr::timeline;

namespace {

constexpr segment third{timeline{1}, 3};
std::string const third_name = file_name(third, small_cluster.size);
std::string const third_object = "main/wal/1/00000001/00000000/" + third_name + ".wal";

/// A folder with a server's files, and a store.
struct play {
    scratch_folder files{};
    memory_store where{};

    std::string file(segment which, unsigned seed = 1) const {
        return files.write(file_name(which, small_cluster.size), segment_bytes(which, small_cluster, seed));
    }
    archived archive(std::string const& path, std::string const& name = third_name,
                     walmgr::cluster const& of = small_cluster) const {
        return walmgr::archive_file(where, of, walmgr::zstd{}, path, name);
    }
    bool fetch(std::string const& name = third_name) const {
        return walmgr::fetch_file(where, small_cluster, name, files / "fetched");
    }
    [[nodiscard]] bool nothing_fetched() const {
        return !std::filesystem::exists(files / "fetched") && files.files() <= 2;
    }
};

void refuses(play const& here, std::string_view bytes, std::string const& name, fault kind, std::string const& words) {
    auto const path = here.files.write("offered", bytes);
    BOOST_CHECK_EXCEPTION(here.archive(path, name), walmgr::error, is_fault(kind, words));
    BOOST_TEST(here.where.list("").empty(), "something was stored for " << name);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(what_was_archived_is_fetched, play) {
    auto const path = file(third);
    BOOST_TEST((archive(path) == archived::now));
    BOOST_TEST(where.list("main/wal/1/00000001/00000000").front() == third_name + ".wal");
    BOOST_TEST(fetch());
    BOOST_TEST((bytes_of_file(files / "fetched") == bytes_of_file(path)));
}

BOOST_FIXTURE_TEST_CASE(the_same_bytes_again_are_fine_whatever_they_are_packed_by, play) {
    auto const path = file(third);
    BOOST_TEST((archive(path) == archived::now));
    BOOST_TEST((archive(path) == archived::before));
    BOOST_TEST((walmgr::archive_file(where, small_cluster, walmgr::lz4{}, path, third_name) == archived::before));
}

BOOST_FIXTURE_TEST_CASE(other_bytes_of_that_name_are_put_aside_and_never_acknowledged, play) {
    archive(file(third));
    auto const kept = where.bytes_of(third_object);
    for (int round = 0; round < 2; ++round)
        BOOST_CHECK_EXCEPTION(archive(file(third, 2)), walmgr::error,
                              is_fault(fault::duplicate, "put aside as main/quarantine/"));
    BOOST_TEST((where.bytes_of(third_object) == kept));
    auto const aside = where.list("main/quarantine");
    BOOST_TEST_REQUIRE(aside.size() == 1U);
    std::string raw;
    walmgr::unpack_object(*where.open("main/quarantine/" + aside.front()), "aside",
                          [&](std::string_view bytes) { raw += bytes; });
    BOOST_TEST((raw == segment_bytes(third, small_cluster, 2)));
}

BOOST_FIXTURE_TEST_CASE(the_same_bytes_again_are_not_acknowledged_where_the_stored_ones_are_damaged, play) {
    auto const path = file(third);
    archive(path);
    auto& stored = where.bytes_of(third_object);
    stored[stored.size() / 2] = static_cast<char>(~stored[stored.size() / 2]);
    BOOST_CHECK_EXCEPTION(archive(path), walmgr::error, is_fault(fault::corrupt, "in the store is damaged"));
}

BOOST_FIXTURE_TEST_CASE(histories_and_partial_segments_are_kept_too, play) {
    std::string const history = "1\t0/300000\tno recovery target specified\n";
    std::string const backup =
        "START WAL LOCATION: 0/300028 (file 000000010000000000000003)\nSTOP WAL LOCATION: 0/300100\n";
    std::vector<std::pair<std::string, std::string>> const all{{"00000002.history", history},
                                                               {third_name + ".00000028.backup", backup},
                                                               {third_name + ".partial", segment_bytes(third)}};
    for (auto const& [name, bytes] : all) {
        archive(files.write("offered", bytes), name);
        BOOST_TEST(fetch(name));
        BOOST_TEST((bytes_of_file(files / "fetched") == bytes));
    }
    BOOST_TEST(!fetch("00000003.history"));
}

BOOST_FIXTURE_TEST_CASE(the_end_is_not_in_front_of_the_point_where_a_later_timeline_goes_on, play) {
    archive(file(third));
    BOOST_TEST(!fetch(file_name({timeline{1}, 4}, small_cluster.size)));
    archive(files.write("offered", "1\t0/500000\tx\n"), "00000002.history");
    archive(files.write("offered", "1\t0/500000\tx\n2\t0/703000\tx\n"), "00000003.history");
    auto const refused = [&](segment which, std::string const& words) {
        BOOST_CHECK_EXCEPTION(fetch(file_name(which, small_cluster.size)), walmgr::error, is_fault(fault::gap, words));
    };
    refused({timeline{1}, 4}, "timeline 2 goes on behind it, from 0/500000 on");
    refused({timeline{2}, 5}, "timeline 3 goes on behind it, from 0/703000 on");
    for (segment const end : {segment{timeline{1}, 5}, segment{timeline{2}, 7}, segment{timeline{3}, 7}})
        BOOST_TEST(!fetch(file_name(end, small_cluster.size)));
}

BOOST_FIXTURE_TEST_CASE(a_name_that_is_none_is_refused, play) {
    auto const path = file(third);
    for (std::string const name : {"", "x", "../00000001.history", "0000000100000000000000G3"})
        BOOST_CHECK_EXCEPTION(archive(path, name), walmgr::error, is_fault(fault::usage));
    BOOST_CHECK_EXCEPTION(archive(files / "none"), walmgr::error, is_fault(fault::negative, "there is no file"));
    BOOST_TEST(where.list("").empty());
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_not_what_its_name_says_is_refused, play) {
    auto const bytes = segment_bytes(third);
    auto other = small_cluster;
    other.system_id = 5;
    refuses(*this, bytes.substr(0, 500'000), third_name, fault::corrupt, "has 500000 bytes");
    refuses(*this, bytes + 'x', third_name, fault::corrupt, "has 1048577 bytes");
    refuses(*this, "", third_name, fault::corrupt, "has 0 bytes");
    refuses(*this, std::string(bytes.size(), '\0'), third_name, fault::identity, "header of a segment");
    refuses(*this, segment_bytes(third, other), third_name, fault::identity, "its system id is 5");
    refuses(*this, segment_bytes({timeline{1}, 4}), third_name, fault::identity, "it begins at 0/400000");
    refuses(*this, segment_bytes({timeline{2}, 3}), third_name, fault::identity, "it is of timeline 2");
    refuses(*this, "", "00000002.history", fault::corrupt, "has 0 bytes");
    refuses(*this, "1\t0/30", "00000002.history", fault::corrupt, "no whole history");
    refuses(*this, "nonsense", third_name + ".00000028.backup", fault::corrupt, "no whole history");
    // The first segment of a new timeline begins with a page of the old one.
    auto const path = files.write("offered", bytes);
    BOOST_TEST((archive(path, "000000020000000000000003") == archived::now));
}

BOOST_FIXTURE_TEST_CASE(what_is_damaged_in_the_store_is_never_handed_out, play) {
    archive(file(third));
    auto& stored = where.bytes_of(third_object);
    auto const whole = stored;
    for (auto const at : {std::size_t{0}, whole.size() / 2, whole.size() - 1}) {
        stored = whole;
        stored[at] = static_cast<char>(~stored[at]);
        BOOST_CHECK_EXCEPTION(fetch(), walmgr::error, is_fault(fault::corrupt));
        BOOST_TEST(nothing_fetched());
    }
    stored = whole.substr(0, whole.size() - 50);
    BOOST_CHECK_EXCEPTION(fetch(), walmgr::error, is_fault(fault::corrupt, "cut short"));
    BOOST_TEST(nothing_fetched());
}

BOOST_FIXTURE_TEST_CASE(an_object_under_another_name_is_never_handed_out, play) {
    archive(file(third));
    auto out = where.create("main/wal/1/00000001/00000000/000000010000000000000004.wal");
    out.write(where.bytes_of(third_object));
    BOOST_TEST(out.seal());
    BOOST_CHECK_EXCEPTION(fetch("000000010000000000000004"), walmgr::error, is_fault(fault::identity));
    BOOST_TEST(nothing_fetched());
}

BOOST_FIXTURE_TEST_CASE(an_object_of_another_length_is_refused_before_its_first_byte, play) {
    auto const put = [&](std::string const& object, std::string_view raw, walmgr::origin const& from) {
        auto out = where.create(object);
        walmgr::object_packer pack{out, walmgr::zstd{}};
        pack.write(raw);
        pack.finish(from);
        BOOST_TEST_REQUIRE(out.seal());
        auto const name = object.substr(object.rfind('/') + 1);
        std::size_t came = 0;
        BOOST_CHECK_EXCEPTION(walmgr::detail::unpack_archived(*where.open(object), object,
                                                              *walmgr::parse_wal_name(name.substr(0, name.size() - 4)),
                                                              small_cluster, [&](auto raw) { came += raw.size(); }),
                              walmgr::error, is_fault(fault::identity, "is not what its name says"));
        BOOST_TEST(came == 0U);
    };
    auto const from = walmgr::detail::origin_of(*walmgr::parse_wal_name(third_name), small_cluster);
    put(third_object, segment_bytes(third) + std::string(std::size_t{4} << 20U, '\0'), from);
    put("main/wal/1/00000002.history.wal", std::string(std::size_t{4} << 20U, '\n'),
        {.system_id = from.system_id, .begin = {}, .tli = timeline{2}, .size = from.size});
}

BOOST_FIXTURE_TEST_CASE(a_missing_segment_is_the_end_only_when_none_comes_behind_it, play) {
    BOOST_TEST(!fetch());
    archive(file(third));
    BOOST_TEST(!fetch("000000010000000000000004"));
    BOOST_TEST(!fetch("000000010000000100000000"));
    BOOST_TEST(!fetch("000000020000000000000002"));  // another timeline
    BOOST_CHECK_EXCEPTION(fetch("000000010000000000000002"), walmgr::error, is_fault(fault::gap, third_name));
    segment const far{timeline{1}, 3 + 3 * 4096};
    archive(file(far), file_name(far, small_cluster.size));
    BOOST_CHECK_EXCEPTION(fetch("000000010000000000000004"), walmgr::error,
                          is_fault(fault::gap, file_name(far, small_cluster.size)));
    BOOST_CHECK_EXCEPTION(fetch("000000010000000100000000"), walmgr::error, is_fault(fault::gap));
    BOOST_TEST(nothing_fetched());
}

BOOST_FIXTURE_TEST_CASE(a_store_that_fails_at_any_step_acknowledges_nothing_and_hands_out_nothing, play) {
    auto const path = file(third);
    int steps = 0;
    for (;; ++steps) {
        where.fail_after(steps, fault::disk_full);
        try {
            archive(path);
            break;
        } catch (walmgr::error const& failure) { BOOST_TEST((failure.kind() == fault::disk_full)); }
        BOOST_TEST(where.list("").empty());
    }
    BOOST_TEST(where.failure_waits());
    BOOST_TEST(steps >= 3);
    for (steps = 0;; ++steps) {
        where.fail_after(steps);
        try {
            BOOST_TEST(fetch());
            break;
        } catch (walmgr::error const& failure) {
            BOOST_TEST((failure.kind() == fault::unavailable));  // never "not there"
        }
        BOOST_TEST(nothing_fetched());
    }
    BOOST_TEST(steps >= 3);
}

BOOST_AUTO_TEST_SUITE_END()
