#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/agent/prefetch.hpp>
#include <walmgr/wait.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_agent_prefetch)

using support::bytes_of_file;
using support::segment_bytes;
using support::small_cluster;
using walmgr::segment;
using walmgr::timeline;

namespace {

std::string name_of(std::uint64_t number) {
    return file_name({timeline{1}, number}, small_cluster.size);
}

/// An archive of segments 1 to `last`, which knows how often each was fetched.
struct archive {
    std::uint64_t last = 24;
    std::uint64_t damaged = 0;
    std::mutex mutex{};
    std::map<std::string, int> fetched{};

    std::optional<walmgr::fetched_segment> fetch(std::string const& name, std::string const& place) {
        auto const which = segment_of(walmgr::parse_wal_name(name).value(), small_cluster.size).value();
        std::lock_guard const hold{mutex};
        if (which.number == damaged) throw walmgr::error{walmgr::fault::corrupt, "damaged"};
        if (which.number > last) return std::nullopt;
        ++fetched[name];
        auto const bytes = segment_bytes(which);
        walmgr::sha256 hash;
        hash.update(bytes);
        walmgr::unfinished_file out{place};
        out.write(bytes);
        out.finish();
        return walmgr::fetched_segment{hash.finish(), small_cluster.size};
    }
};
struct use {
    archive* by;
    std::optional<walmgr::fetched_segment> fetch(std::string const& name, std::string const& place) const {
        return by->fetch(name, place);
    }
};

struct play {
    support::scratch_folder files{};
    archive from{};
    walmgr::spool spool{files.path(), "main"};
    walmgr::prefetch<use> agent{spool, use{&from}, 2, 8U << 20U};

    ~play() { agent.stop(); }

    bool ask(std::uint64_t number) {
        std::filesystem::remove(files / "place");
        bool const done = agent.hand_out(name_of(number), files / "place");
        if (done) BOOST_TEST((bytes_of_file(files / "place") == segment_bytes({timeline{1}, number})));
        else BOOST_TEST(!std::filesystem::exists(files / "place"));
        return done;
    }
    [[nodiscard]] std::size_t spooled() const { return support_files() - 1; }
    [[nodiscard]] std::size_t support_files() const {
        std::size_t count = 0;
        for (auto const& entry : std::filesystem::directory_iterator{files / "walmgr-spool-main"})
            count += entry.is_regular_file() ? 1U : 0U;
        return count;
    }
    /// A file can be there before the agent knows that it is whole. Who asks faster than it fetches lets it fetch more.
    void wait_for_at_least(std::size_t count) {
        BOOST_TEST_REQUIRE(walmgr::holds_within(std::chrono::seconds{20}, [&] {
            auto const now = agent.so_far();
            return now.ready >= count && now.waiting == now.ready && spooled() == now.ready;
        }));
    }
    void wait_for(std::size_t count) {
        wait_for_at_least(count);
        BOOST_TEST(spooled() == count);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(each_is_fetched_once_in_bounds_and_the_end_is_an_end, play) {
    for (std::uint64_t number = 1; number <= 24; ++number) {
        BOOST_TEST(ask(number));
        BOOST_TEST(spooled() <= 8U);
    }
    BOOST_TEST(!ask(25));
    BOOST_TEST(from.fetched.size() == 24U);
    for (auto const& [name, times] : from.fetched)
        BOOST_TEST(times == 1, name << " was fetched " << times << " times");
    BOOST_TEST(agent.so_far().ahead >= 1U);
    // What comes later is found.
    {
        std::lock_guard const hold{from.mutex};
        from.last = 25;
    }
    BOOST_TEST(ask(25));
}

BOOST_FIXTURE_TEST_CASE(a_damaged_one_is_not_handed_out_and_what_was_changed_in_the_spool_neither, play) {
    from.damaged = 3;
    BOOST_TEST(ask(1));
    BOOST_TEST(ask(2));
    BOOST_CHECK_EXCEPTION(ask(3), walmgr::error, support::is_fault(walmgr::fault::corrupt));
    from.damaged = 0;
    BOOST_TEST(ask(3));
    wait_for_at_least(2);
    files.write("walmgr-spool-main/" + name_of(4), "something else");
    BOOST_TEST(ask(4));
    BOOST_TEST(from.fetched[name_of(4)] == 2);
}

BOOST_FIXTURE_TEST_CASE(another_place_in_the_log_begins_anew, play) {
    BOOST_TEST(ask(1));
    wait_for(2);
    BOOST_TEST(ask(20));
    wait_for(2);
    BOOST_TEST(ask(21));
    BOOST_TEST(from.fetched[name_of(21)] == 1);
}

BOOST_FIXTURE_TEST_CASE(a_spool_is_for_one_and_trusts_nothing_that_was_left, support::scratch_folder) {
    write("000000010000000000000001", "not ours");
    {
        walmgr::spool const first{path(), "main"};
        BOOST_CHECK_EXCEPTION((walmgr::spool{path(), "main"}), walmgr::error,
                              support::is_fault(walmgr::fault::locked, "another agent uses the spool"));
        walmgr::spool const other{path(), "other"};
        write("walmgr-spool-main/000000010000000000000002", "left");
    }
    write("walmgr-spool-main/000000010000000000000003", "left by a crash");
    walmgr::spool const next{path(), "main"};
    BOOST_TEST(!std::filesystem::exists(next / "000000010000000000000003"));
    BOOST_TEST(std::filesystem::exists(*this / "000000010000000000000001"));
}

BOOST_AUTO_TEST_SUITE_END()
