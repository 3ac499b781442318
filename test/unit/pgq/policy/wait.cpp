#include <pgq/policy/wait.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_policy_wait)

using namespace std::chrono_literals;

namespace {

struct hearing : support::scripted {
    std::vector<std::string> messages{};

    void listen(std::string_view channel) { log.push_back("listen " + std::string{channel}); }
    std::optional<pgq::notification> wait_notification(std::chrono::steady_clock::time_point) {
        log.emplace_back("wait");
        if (messages.empty()) return std::nullopt;
        auto queue = std::move(messages.front());
        messages.erase(messages.begin());
        return pgq::notification{"pgq_tick", std::move(queue)};
    }
};

static_assert(pgq::listener<hearing>);
static_assert(pgq::wait_policy<pgq::poll, support::scripted> && pgq::wait_policy<pgq::notify, hearing>);

}  // namespace

BOOST_AUTO_TEST_CASE(notify_returns_when_its_queue_has_a_tick) {
    hearing db;
    db.messages = {"others", "orders", "orders"};
    pgq::notify const policy{};
    policy.prepare(db);
    policy.wait(db, "orders", 1, {});
    BOOST_TEST(db.log == (std::vector<std::string>{"listen pgq_tick", "wait", "wait"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(notify_returns_when_nothing_is_heard) {
    hearing db;
    pgq::notify{}.wait(db, "orders", 1, {});
    BOOST_TEST(db.log.size() == 1);
}

BOOST_AUTO_TEST_CASE(notify_polls_where_it_cannot_listen) {
    support::scripted db;
    pgq::notify const policy{.without = {.interval = 1ms, .longest = 1ms}};
    policy.prepare(db);
    policy.wait(db, "orders", 1, {});
    BOOST_TEST(db.log.empty());
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_a_poll) {
    support::scripted db;
    std::stop_source stop;
    stop.request_stop();
    pgq::poll{.interval = 1h, .longest = 1h}.wait(db, "orders", 1, stop.get_token());
    BOOST_TEST(db.log.empty());
}

BOOST_AUTO_TEST_SUITE_END()
