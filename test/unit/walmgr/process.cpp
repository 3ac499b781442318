#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/journal.hpp>
#include <walmgr/process.hpp>

#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_process)

using support::is_fault;
using support::scratch_folder;
using walmgr::fault;
using walmgr::run_checked;
using walmgr::run_process;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(arguments_reach_a_program_as_they_are) {
    BOOST_TEST(run_checked({"printf", "%s|", "a b", "$HOME", "'; rm -rf /", ""}) == "a b|$HOME|'; rm -rf /||");
    BOOST_TEST(run_checked({"cat"}).empty());  // there is nothing on standard input
    // What is given stays open behind its line, as long as the program runs.
    BOOST_TEST(run_checked({"sh", "-c", "read line; timeout 0.2 cat; echo $line $?"}, {.input = "one line\n"}) ==
               "one line 124\n");
    BOOST_TEST(run_checked({"printenv", "OURS"}, {.environment = {{"OURS", "x y"}}}) == "x y\n");
}

BOOST_AUTO_TEST_CASE(what_a_program_says_and_how_it_ends_is_told) {
    auto const done = run_process({"sh", "-c", "echo out; echo one >&2; echo two >&2; exit 7"});
    BOOST_TEST(done.status == 7);
    BOOST_TEST(done.out == "out\n");
    BOOST_TEST(done.err == "one\ntwo\n");
    BOOST_TEST(run_process({"sh", "-c", "kill -KILL $$"}).status == 137);
    BOOST_CHECK_EXCEPTION(run_checked({"sh", "-c", "echo; echo no way >&2; exit 3"}), walmgr::error,
                          is_fault(fault::unavailable, "sh ended with status 3: no way"));
    BOOST_CHECK_EXCEPTION(run_process({"/nowhere/pg_ctl"}), walmgr::error,
                          is_fault(fault::configuration, "no program /nowhere/pg_ctl"));
}

BOOST_AUTO_TEST_CASE(much_output_blocks_nobody_and_is_cut) {
    auto const done = run_process({"sh", "-c", "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"});
    BOOST_TEST(done.status == 0);
    BOOST_TEST(done.out.size() == std::size_t{1} << 20U);
    BOOST_TEST(done.err.size() == std::size_t{1} << 20U);
}

BOOST_AUTO_TEST_CASE(a_program_in_the_background_is_not_waited_for) {
    auto const done = run_process({"sh", "-c", "sleep 60 & echo $!"}, {.deadline = 50s});
    BOOST_TEST(done.status == 0);
    BOOST_TEST(run_process({"kill", walmgr::first_line(done.out)}).status == 0);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_program_and_what_it_has_started) {
    BOOST_CHECK_EXCEPTION(run_process({"sh", "-c", "sleep 600 & sleep 600"}, {.deadline = 100ms}), walmgr::error,
                          is_fault(fault::timed_out, "sh did not end"));
}

BOOST_AUTO_TEST_CASE(steps_that_are_done_are_not_done_again) {
    scratch_folder const folder;
    auto const path = folder / "boot.journal";
    int first = 0;
    int second = 0;
    auto const run = [&](bool killed) {
        walmgr::journal log{path, "boot"};
        log.step("first", [&] {
            ++first;
            log.note("position", "0/16 on timeline 1");
        });
        log.step("second", [&] {
            ++second;
            if (killed) throw walmgr::error{fault::unavailable, "killed"};
        });
        BOOST_TEST(log.resumed());
        BOOST_TEST(log.noted("position").value_or("") == "0/16 on timeline 1");
        log.finish();
    };
    BOOST_CHECK_THROW(run(true), walmgr::error);
    {
        // The power went while a line was written.
        auto torn = walmgr::open_file(path, O_WRONLY | O_APPEND);
        torn.write("done sec");
    }
    BOOST_CHECK_EXCEPTION((walmgr::journal{path, "switchover"}), walmgr::error,
                          is_fault(fault::locked, "\"boot\" is unfinished"));
    {
        walmgr::journal const log{path, "boot"};
        BOOST_TEST((log.done("first") && log.begun("second") && !log.done("second")));
        BOOST_CHECK_EXCEPTION((walmgr::journal{path, "boot"}), walmgr::error, is_fault(fault::locked, "somebody else"));
    }
    run(false);
    BOOST_TEST(first == 1);
    BOOST_TEST(second == 2);
    BOOST_TEST(folder.files() == 0U);
    BOOST_TEST(!(walmgr::journal{path, "switchover"}.resumed()));
}

BOOST_AUTO_TEST_CASE(a_lock_lives_as_long_as_the_program_that_inherits_it) {
    scratch_folder const folder;
    auto const path = folder / "x.journal";
    std::string sleeper;
    {
        walmgr::journal const log{path, "x"};
        auto const done = run_process({"sh", "-c", "sleep 60 & echo $!"}, {.inherited = {log.descriptor()}});
        sleeper = walmgr::first_line(done.out);
    }
    BOOST_CHECK_EXCEPTION((walmgr::journal{path, "x"}), walmgr::error, is_fault(fault::locked, "is not done yet"));
    BOOST_TEST(run_process({"kill", "-9", sleeper}).status == 0);
}

BOOST_AUTO_TEST_SUITE_END()
