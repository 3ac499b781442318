#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <walmgr/journal.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace {

/// What happens once, in front of the next lock.
std::function<void()> before_lock;

}  // namespace

/// In place of the system's, for all tests.
extern "C" int flock(int descriptor, int how) noexcept {
    if (before_lock) std::exchange(before_lock, nullptr)();
    return static_cast<int>(::syscall(SYS_flock, descriptor, how));
}

BOOST_AUTO_TEST_SUITE(walmgr_journal)

using support::is_fault;
using support::scratch_folder;
using walmgr::journal;

BOOST_FIXTURE_TEST_CASE(one_that_is_left_behind_is_gone_on_with, scratch_folder) {
    auto const path = *this / "journal";
    int done = 0;
    {
        journal log{path, "boot"};
        BOOST_TEST(!log.resumed());
        log.step("first", [&] { ++done; });
        log.note("fact", "one");
    }
    BOOST_CHECK_EXCEPTION(journal(path, "rejoin"), walmgr::error,
                          is_fault(walmgr::fault::locked, "\"boot\" is unfinished"));
    journal log{path, "boot"};
    BOOST_TEST(log.resumed());
    log.step("first", [&] { ++done; });
    BOOST_TEST(done == 1);
    BOOST_TEST(log.noted("fact").value() == "one");
    BOOST_CHECK_EXCEPTION(journal(path, "boot"), walmgr::error, is_fault(walmgr::fault::locked, "somebody else works"));
    log.finish();
    BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_FIXTURE_TEST_CASE(one_that_was_finished_in_front_of_the_lock_is_not_gone_on_with, scratch_folder) {
    auto const path = *this / "journal";
    for (bool const another : {false, true}) {  // who is done, and one that somebody has begun since
        std::optional<journal> first{std::in_place, path, "switchover"};
        std::optional<journal> third;
        first->step("all of it", [] {});
        before_lock = [&] {
            first->finish();
            first.reset();
            if (another) third.emplace(path, "switchover");
        };
        if (another) {
            BOOST_CHECK_EXCEPTION(journal(path, "switchover"), walmgr::error, is_fault(walmgr::fault::locked));
            third->finish();
            continue;
        }
        journal second{path, "switchover"};
        BOOST_TEST(!second.resumed());
        BOOST_TEST(!second.done("all of it"));
        BOOST_TEST(std::filesystem::exists(path));
        BOOST_CHECK_EXCEPTION(journal(path, "switchover"), walmgr::error, is_fault(walmgr::fault::locked));
        second.finish();
    }
}

BOOST_AUTO_TEST_SUITE_END()
