#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <sys/wait.h>
#include <unistd.h>
#include <walmgr/unfinished_file.hpp>

#include <filesystem>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_unfinished_file)

using support::bytes_of_file;
using walmgr::unfinished_file;

BOOST_FIXTURE_TEST_CASE(two_for_one_place_at_once_do_not_share_their_bytes, support::scratch_folder) {
    auto const place = *this / "place";
    {
        unfinished_file one{place};
        one.write("one ");
        unfinished_file other{place};
        other.write("other ");
        one.write("is whole");
        one.finish();
        BOOST_TEST(bytes_of_file(place) == "one is whole");
        other.write("is whole");
        other.finish();
    }
    BOOST_TEST(bytes_of_file(place) == "other is whole");
    BOOST_TEST(files() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_process_that_is_killed_leaves_nothing, support::scratch_folder) {
    auto const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        unfinished_file killed{*this / "place"};
        killed.write("half");
        ::_exit(0);
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(status == 0);
    BOOST_TEST(files() == 0U);
    { unfinished_file abandoned{*this / "place"}; }
    BOOST_TEST(files() == 0U);
    BOOST_CHECK_EXCEPTION(unfinished_file{*this / "none/place"}, walmgr::error,
                          support::is_fault(walmgr::fault::unavailable, "cannot create"));
}

BOOST_AUTO_TEST_SUITE_END()
