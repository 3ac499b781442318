#include <support/boost_test.hpp>
#include <support/several.hpp>
#include <support/wal.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/repositories/archive.hpp>
#include <walmgr/repositories/fetch.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_repositories_archive)

using support::is_fault;
using support::segment_bytes;
using support::small_cluster;
using walmgr::fault;
using walmgr::quorum;
using walmgr::segment;
using walmgr::timeline;

namespace {

constexpr segment third{timeline{1}, 3};
std::string const third_name = file_name(third, small_cluster.size);
std::string const third_object = "main/wal/1/00000001/00000000/" + third_name + ".wal";

struct play {
    support::scratch_folder files{};
    support::several where{2};
    std::string path = files.write("offered", segment_bytes(third));

    walmgr::archive_report archive() const {
        auto all = where.open();
        return walmgr::archive_file(all, walmgr::lz4{}, path, third_name);
    }
    void requires_that(walmgr::archive_report const& report, bool by_one, bool by_all) const {
        auto const says = [&](quorum const& rule) {
            try {
                walmgr::require_archived(report, rule, 2);
                return true;
            } catch (walmgr::error const&) { return false; }
        };
        BOOST_TEST(says({1}) == by_one);
        BOOST_TEST(says({2}) == by_all);
        BOOST_TEST(says({}) == by_all);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(each_repository_gets_the_file, play) {
    for (int round = 0; round < 2; ++round) {
        auto const report = archive();
        BOOST_TEST(report.kept == (std::vector<std::size_t>{0, 1}), boost::test_tools::per_element());
        BOOST_TEST(report.failed.empty());
        requires_that(report, true, true);
    }
    BOOST_TEST((where.held(0).bytes_of(third_object) == where.held(1).bytes_of(third_object)));
}

BOOST_FIXTURE_TEST_CASE(one_that_fails_at_any_step_leaves_the_other_whole_and_is_named, play) {
    for (int steps = 0;; ++steps) {
        where.told(0).fail_after(steps, walmgr::faulty<walmgr::memory_store>::for_good, fault::disk_full);
        auto const report = archive();
        where.told(0).heal();
        if (report.failed.empty()) {
            BOOST_TEST(steps > 4);
            break;
        }
        BOOST_TEST(report.kept == (std::vector<std::size_t>{1}), boost::test_tools::per_element());
        BOOST_TEST(report.failed.front().why.starts_with("repository repository0: "));
        BOOST_CHECK_EXCEPTION(walmgr::require_archived(report, {}, 2), walmgr::error, is_fault(fault::disk_full));
        requires_that(report, true, false);
        BOOST_TEST(!where.has(0, third_object));
        BOOST_TEST(where.has(1, third_object));
        where.held(1).remove(third_object);
    }
}

BOOST_FIXTURE_TEST_CASE(a_repository_that_is_cut_off_has_nothing, play) {
    where.told(1).cut_after(100'000);
    requires_that(archive(), true, false);
    BOOST_TEST(!where.has(1, third_object));
    where.told(0).cut_after(100'000);
    BOOST_CHECK_EXCEPTION(archive(), walmgr::error, is_fault(fault::unavailable, "repository1: the store is cut off"));
}

BOOST_FIXTURE_TEST_CASE(other_bytes_in_one_of_them_are_never_acknowledged, play) {
    auto const other = files.write("other", segment_bytes(third, small_cluster, 2));
    walmgr::archive_file(where.held(1), small_cluster, walmgr::lz4{}, other, third_name);
    auto const report = archive();
    requires_that(report, false, false);
    BOOST_CHECK_EXCEPTION(walmgr::require_archived(report, {1}, 2), walmgr::error,
                          is_fault(fault::duplicate, "put aside as main/quarantine/"));
}

BOOST_FIXTURE_TEST_CASE(a_damaged_copy_is_not_counted, play) {
    archive();
    auto& stored = where.held(0).bytes_of(third_object);
    stored[stored.size() / 2] = static_cast<char>(~stored[stored.size() / 2]);
    auto const report = archive();
    requires_that(report, true, false);
    BOOST_TEST((report.failed.front().kind == fault::corrupt));
}

BOOST_FIXTURE_TEST_CASE(a_repository_of_another_cluster_or_of_none_is_not_counted, play) {
    auto other = small_cluster;
    other.system_id = 5;
    where.held(1).remove("main/history/1.ini");
    auto report = archive();
    requires_that(report, true, false);
    BOOST_TEST((report.failed.front().kind == fault::configuration));
    walmgr::record_cluster(where.held(1), other);
    report = archive();
    requires_that(report, true, false);
    BOOST_TEST((report.failed.front().kind == fault::identity));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_not_what_its_name_says_is_the_fault_of_no_repository, play) {
    files.write("offered", segment_bytes({timeline{1}, 4}));
    BOOST_CHECK_EXCEPTION(archive(), walmgr::error, is_fault(fault::identity, "it begins at 0/400000"));
    BOOST_TEST(!where.has(0, third_object));
}

BOOST_AUTO_TEST_SUITE_END()
