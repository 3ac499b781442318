#include <support/boost_test.hpp>
#include <support/several.hpp>
#include <support/wal.hpp>
#include <walmgr/agent/archive_ahead.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/wait.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_agent_archive_ahead)

using support::is_fault;
using support::segment_bytes;
using support::small_cluster;
using walmgr::fault;
using walmgr::segment;
using walmgr::timeline;

namespace {

std::string name_of(std::uint64_t number) {
    return file_name({timeline{1}, number}, small_cluster.size);
}
std::string object_of(std::uint64_t number) {
    return "main/wal/1/00000001/00000000/" + name_of(number) + ".wal";
}

/// A repository behind one lock, because those in memory are for one thread, and what was stored in which order.
struct storing {
    support::several where{1};
    walmgr::repositories all = where.open();
    std::mutex mutex{};
    std::vector<std::string> order{};
    std::function<void(std::string const&)> before = [](std::string const&) {};

    walmgr::archive_report store(std::string const& path, std::string const& name, auto const& packed) {
        before(name);
        walmgr::detail::offered_file const offered{path, name, small_cluster};
        packed(offered.from, walmgr::object_label{});
        std::lock_guard const hold{mutex};
        auto report = walmgr::archive_file(all, walmgr::lz4{}, path, name);
        walmgr::require_archived(report, {}, 1);
        order.push_back(name);
        return report;
    }
    walmgr::archive_report still_stored(walmgr::archive_report const& before_that, std::string const& name) {
        std::lock_guard const hold{mutex};
        auto report = walmgr::still_archived(all, before_that, name);
        walmgr::require_archived(report, {}, 1);
        return report;
    }
};
struct use {
    storing* by;
    walmgr::archive_report store(std::string const& path, std::string const& name, auto const& packed) const {
        return by->store(path, name, packed);
    }
    walmgr::archive_report still_stored(walmgr::archive_report const& before, std::string const& name) const {
        return by->still_stored(before, name);
    }
};

/// A server's folder of log, and an agent that archives from it.
struct play {
    support::scratch_folder files{};
    storing storage{};
    walmgr::archive_ahead<use, pgq::no_log> agent{
        use{&storage}, {.workers = 3, .files = 8, .rest = std::chrono::milliseconds{20}}, {}};

    play() { std::filesystem::create_directory(files / "archive_status"); }
    ~play() { agent.stop(); }

    void put(std::uint64_t number, unsigned seed = 1) {
        files.write(name_of(number), segment_bytes({timeline{1}, number}, small_cluster, seed));
        files.write("archive_status/" + name_of(number) + ".ready", "");
    }
    walmgr::archive_report ask(std::uint64_t number) {
        auto const id = walmgr::id_of(files / name_of(number));
        auto report = agent.archive(files.path(), name_of(number), to_string(id.value()));
        std::filesystem::remove(files / ("archive_status/" + name_of(number) + ".ready"));
        return report;
    }
    bool has(std::uint64_t number) {
        std::lock_guard const hold{storage.mutex};
        return storage.where.has(0, object_of(number));
    }
    void wait_for(std::uint64_t number) {
        BOOST_TEST_REQUIRE(walmgr::holds_within(std::chrono::seconds{20}, [&] { return has(number); }));
    }
    /// Until the agent is done with what it knows.
    void wait_until_stored(std::uint64_t first, std::uint64_t last) {
        for (auto number = first; number <= last; ++number)
            wait_for(number);
        BOOST_TEST_REQUIRE(
            walmgr::holds_within(std::chrono::seconds{20}, [&] { return agent.so_far().waiting == last - first + 1; }));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(what_waits_behind_is_archived_in_order_and_asking_for_it_stores_nothing_twice, play) {
    for (std::uint64_t number = 1; number <= 6; ++number)
        put(number);
    ask(1);
    wait_until_stored(2, 6);
    {
        std::lock_guard const hold{storage.mutex};
        BOOST_TEST(std::is_sorted(storage.order.begin() + 1, storage.order.end()));
    }
    for (std::uint64_t number = 2; number <= 6; ++number)
        BOOST_TEST(ask(number).kept.size() == 1U);
    BOOST_TEST(storage.order.size() == 6U);
    BOOST_TEST(agent.so_far().ahead == 5U);
}

BOOST_FIXTURE_TEST_CASE(a_store_that_has_lost_it_or_has_another_is_never_vouched_for, play) {
    for (std::uint64_t number = 1; number <= 4; ++number)
        put(number);
    ask(1);
    wait_until_stored(2, 4);
    {
        std::lock_guard const hold{storage.mutex};
        storage.where.held(0).remove(object_of(2));
        storage.where.held(0).bytes_of(object_of(3)).resize(5000);
    }
    ask(2);
    BOOST_TEST(has(2));
    BOOST_CHECK_EXCEPTION(ask(3), walmgr::error, is_fault(fault::corrupt));
    ask(4);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_was_recycled_meanwhile_is_looked_at_again, play) {
    for (std::uint64_t number = 1; number <= 3; ++number)
        put(number);
    ask(1);
    wait_until_stored(2, 3);
    // The same bytes in another file are fine, other bytes are refused as by a plain archiver.
    std::filesystem::remove(files / name_of(2));
    put(2);
    ask(2);
    auto const mended = std::filesystem::last_write_time(files / name_of(3));
    put(3, 7);
    std::filesystem::last_write_time(files / name_of(3), mended);
    BOOST_CHECK_EXCEPTION(ask(3), walmgr::error, is_fault(fault::duplicate));
    // The one who asks sees another file than is here.
    put(4);
    BOOST_CHECK_THROW(agent.archive(files.path(), name_of(4), "1 2 3 4 5"), pgq::error);
    BOOST_TEST(!has(4));
}

BOOST_FIXTURE_TEST_CASE(a_damaged_segment_holds_up_nobody_but_a_failing_store_holds_up_all, play) {
    for (std::uint64_t number = 1; number <= 4; ++number)
        put(number);
    files.write(name_of(2), segment_bytes({timeline{1}, 9}));
    ask(1);
    wait_for(3);
    wait_for(4);
    BOOST_CHECK_EXCEPTION(ask(2), walmgr::error, is_fault(fault::identity));
    ask(3);
    ask(4);

    std::atomic<bool> fails = true;
    storage.before = [&](std::string const& name) {
        if (fails && name == name_of(6)) throw walmgr::error{fault::unavailable, "down"};
    };
    for (std::uint64_t number = 5; number <= 8; ++number)
        put(number);
    std::filesystem::remove(files / ("archive_status/" + name_of(2) + ".ready"));
    ask(5);
    BOOST_CHECK_EXCEPTION(ask(6), walmgr::error, is_fault(fault::unavailable));
    BOOST_TEST(!has(7));
    BOOST_TEST(!has(8));
    fails = false;
    wait_until_stored(6, 8);
    ask(6);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_comes_while_the_folder_is_read_keeps_its_place, play) {
    put(1);
    put(3);
    // As if 2 had come when the look through the folder was past its place.
    std::atomic<bool> late = false;
    storage.before = [&](std::string const& name) {
        if (name == name_of(3) && !late.exchange(true)) put(2);
    };
    ask(1);
    wait_for(3);
    std::lock_guard const hold{storage.mutex};
    BOOST_TEST((storage.order == std::vector{name_of(1), name_of(2), name_of(3)}));
}

BOOST_FIXTURE_TEST_CASE(one_that_is_stopped_answers_nothing, play) {
    put(1);
    agent.stop();
    BOOST_CHECK_THROW(ask(1), pgq::stopped);
    BOOST_TEST(!has(1));
}

BOOST_AUTO_TEST_SUITE_END()
