#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/receive/receiver.hpp>
#include <walmgr/receive/sign_keeper.hpp>
#include <walmgr/retry.hpp>
#include <walmgr/store/memory.hpp>
#include <walmgr/store/s3.hpp>

#include <chrono>
#include <limits>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_retry)

using namespace walmgr;
using namespace std::chrono_literals;
using support::is_fault;
using support::small_cluster;

namespace {

/// Gives up after so many, and notes what it was asked.
struct counted {
    int most;
    std::vector<int>* asked;

    [[nodiscard]] std::optional<std::chrono::milliseconds> pause(int failures, std::chrono::milliseconds) const {
        asked->push_back(failures);
        return failures > most ? std::nullopt : std::optional{0ms};
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(pauses_grow_to_the_longest_and_have_chance_in_them) {
    backoff const by{.first = 100ms, .longest = 1000ms};
    std::set<long> seen;
    for (int round = 0; round < 50; ++round) {
        for (auto const& [failures, most] : {std::pair{1, 100}, {2, 200}, {4, 800}, {5, 1000}, {1'000'000'000, 1000}}) {
            auto const pause = by.pause(failures, 24h);
            BOOST_TEST_REQUIRE(pause.has_value());
            BOOST_TEST((pause->count() >= most / 2 && pause->count() <= most));
            if (failures == 5) seen.insert(pause->count());
        }
    }
    BOOST_TEST(seen.size() > 10U);
    BOOST_TEST((backoff{.first = 5s, .longest = 1s}.pause(1, 0ms).value() <= 1s));
}

BOOST_AUTO_TEST_CASE(behind_its_limit_it_gives_up) {
    backoff const by{.first = 100ms, .longest = 1s, .limit = 10s};
    BOOST_TEST(by.pause(1, 9800ms).has_value());
    BOOST_TEST(!by.pause(1, 9950ms).has_value());
    BOOST_TEST(!no_retry{}.pause(1, 0ms).has_value());
}

BOOST_AUTO_TEST_CASE(attempts_count_failures_in_a_row_and_a_stop_ends_a_pause) {
    std::vector<int> asked;
    attempts tries{counted{2, &asked}};
    BOOST_TEST((tries.again() && tries.again() && !tries.again()));
    tries.reset();
    BOOST_TEST(tries.again());
    BOOST_TEST(asked == (std::vector<int>{1, 2, 3, 1}), boost::test_tools::per_element());
    std::stop_source stop;
    attempts waiting{backoff{.first = 1h, .longest = 1h}, stop.get_token()};
    std::jthread const later{[&] { stop.request_stop(); }};
    BOOST_TEST(!waiting.again());
}

BOOST_AUTO_TEST_CASE(an_object_store_and_a_receiver_ask_the_policy_and_give_up_with_what_came_last) {
    std::vector<int> asked;
    // Nobody listens there.
    s3_store const where{{.by = reached_by::s3, .host = "bucket"},
                         {.endpoint = "http://127.0.0.1:1", .path_style = true},
                         counted{2, &asked}};
    BOOST_CHECK_EXCEPTION(static_cast<void>(where.list("")), error, is_fault(fault::unavailable, "s3://bucket: "));
    BOOST_TEST(asked == (std::vector<int>{1, 2, 3}), boost::test_tools::per_element());

    asked.clear();
    support::scratch_folder const files;
    partial_folder folder{files.path()};
    background_archiver archiver{folder, [](auto const&...) {}, pgq::no_log{}};
    receive_settings settings;
    settings.conninfo = [&] { return "host=" + files.path() + " user=nobody"; };
    walmgr::sign_keeper signs{{"vault", files.path(), "1"}, pgq::no_log{}};
    receiver receiving{memory_store{}, small_cluster, folder,        archiver,
                       signs,          settings,      pgq::no_log{}, counted{1, &asked}};
    BOOST_CHECK_EXCEPTION(receiving.run({}), error, is_fault(fault::unavailable, "could not connect"));
    BOOST_TEST(asked == (std::vector<int>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
