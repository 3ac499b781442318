#include <pgq/turns.hpp>

#include <support/boost_test.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_turns)

using namespace std::chrono_literals;
using pgq::detail::turn;
using pgq::detail::turns;

namespace {

using work = std::function<std::optional<turn::time>()>;

struct scripted_turn final : turn {
    work does;
    int watched = -1;
    std::exception_ptr* failure = nullptr;

    explicit scripted_turn(work what, int socket = -1, std::exception_ptr* kept = nullptr)
        : does{std::move(what)}, watched{socket}, failure{kept} {}
    std::optional<time> take() override { return does(); }
    [[nodiscard]] int socket() const noexcept override { return watched; }
    void ended(std::exception_ptr why) noexcept override {
        if (failure != nullptr) *failure = why;
    }
};

template <class... Turns> std::vector<std::unique_ptr<turn>> all(Turns&&... each) {
    std::vector<std::unique_ptr<turn>> out;
    (out.push_back(std::make_unique<scripted_turn>(std::forward<Turns>(each))), ...);
    return out;
}

auto const some_time = 1h;  // longer than any test may take
turn::time later() {
    return std::chrono::steady_clock::now() + some_time;
}

/// Two sockets that are connected with each other.
struct wire_pair {
    std::array<int, 2> ends{-1, -1};
    wire_pair() { BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0); }
    wire_pair(wire_pair const&) = delete;
    wire_pair& operator=(wire_pair const&) = delete;
    ~wire_pair() {
        for (int const end : ends)
            ::close(end);
    }
    // Called on several threads, where Boost.Test must not be.
    void write() const {
        if (::write(ends[1], "x", 1) != 1) throw std::runtime_error{"cannot write"};
    }
    void read() const {
        char byte = 0;
        if (::read(ends[0], &byte, 1) != 1) throw std::runtime_error{"cannot read"};
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(those_with_work_take_turns) {
    std::stop_source stop;
    std::string order;
    auto const writes = [&](char name) {
        return [&order, &stop, name]() -> std::optional<turn::time> {
            order += name;
            if (order.size() == 9) stop.request_stop();
            return std::nullopt;
        };
    };
    turns{all(writes('a'), writes('b'), writes('c')), stop.get_token()}.run(1);
    BOOST_TEST(order == "abcabcabc");
}

BOOST_AUTO_TEST_CASE(who_waits_is_not_starved_by_who_always_has_work) {
    std::stop_source stop;
    wire_pair wire;
    int turns_of_busy = 0;
    int turns_of_waiting = 0;
    auto const busy = [&]() -> std::optional<turn::time> {
        if (++turns_of_busy % 3 == 0) wire.write();
        return std::nullopt;
    };
    scripted_turn waiting{[&]() -> std::optional<turn::time> {
                              if (turns_of_waiting++ > 0) wire.read();
                              if (turns_of_waiting == 4) stop.request_stop();
                              return later();
                          },
                          wire.ends[0]};
    std::vector<std::unique_ptr<turn>> both;
    both.push_back(std::make_unique<scripted_turn>(busy));
    both.push_back(std::make_unique<scripted_turn>(waiting.does, waiting.watched));
    turns{both, stop.get_token()}.run(1);
    BOOST_TEST(turns_of_waiting == 4);
    BOOST_TEST(turns_of_busy <= 11);
}

BOOST_AUTO_TEST_CASE(a_pause_ends_by_itself_and_nobody_is_asked_before) {
    std::stop_source stop;
    std::vector<turn::time> asked;
    auto const pauses = [&]() -> std::optional<turn::time> {
        asked.push_back(std::chrono::steady_clock::now());
        if (asked.size() == 3) stop.request_stop();
        return asked.back() + 20ms;
    };
    int others = 0;
    auto const sleeps = [&]() -> std::optional<turn::time> {
        ++others;
        return later();
    };
    turns{all(pauses, sleeps), stop.get_token()}.run(1);
    BOOST_REQUIRE(asked.size() == 3);
    BOOST_TEST((asked[1] - asked[0] >= 20ms && asked[2] - asked[1] >= 20ms));
    BOOST_TEST(others == 1);
}

BOOST_AUTO_TEST_CASE(a_socket_wakes_whoever_waits_for_it_on_any_number_of_threads) {
    for (unsigned const count : {1U, 2U, 8U}) {
        std::stop_source stop;
        std::array<wire_pair, 3> wires;
        std::array<std::atomic<int>, 3> heard{};
        std::vector<std::unique_ptr<turn>> each;
        for (std::size_t i = 0; i < wires.size(); ++i) {
            each.push_back(std::make_unique<scripted_turn>(
                [&, i]() -> std::optional<turn::time> {
                    if (heard[i]++ > 0) wires[i].read();
                    if (heard[i] == 50) {
                        if (std::all_of(heard.begin(), heard.end(), [](auto const& n) { return n >= 50; }))
                            stop.request_stop();
                        return later();
                    }
                    wires[(i + 1) % wires.size()].write();
                    return later();
                },
                wires[i].ends[0]));
        }
        turns{each, stop.get_token()}.run(count);
        BOOST_TEST(heard[0] >= 50);
    }
}

BOOST_AUTO_TEST_CASE(nobody_is_on_two_threads_at_once_and_all_threads_work) {
    std::stop_source stop;
    std::array<std::atomic<int>, 4> inside{};
    std::atomic<int> doubled = 0;
    std::atomic<int> together = 0;
    std::vector<std::unique_ptr<turn>> each;
    for (auto& mine : inside) {
        each.push_back(std::make_unique<scripted_turn>([&]() -> std::optional<turn::time> {
            if (++mine != 1) ++doubled;
            // Waits for another one, which can only be there on another thread.
            for (int i = 0; i < 6000 && !stop.stop_requested() && together < 2; ++i) {
                int here = 0;
                for (auto const& one : inside)
                    here += one > 0 ? 1 : 0;
                if (here >= 2) {
                    if (++together >= 2) stop.request_stop();
                    break;
                }
                std::this_thread::sleep_for(5ms);
            }
            --mine;
            return std::nullopt;
        }));
    }
    turns{each, stop.get_token()}.run(2);
    BOOST_TEST(together >= 2);
    BOOST_TEST(doubled == 0);
}

BOOST_AUTO_TEST_CASE(who_fails_ends_and_the_others_go_on) {
    std::stop_source stop;
    std::exception_ptr failure;
    int more = 0;
    auto const goes_on = [&]() -> std::optional<turn::time> {
        if (++more == 5) stop.request_stop();
        return std::nullopt;
    };
    std::vector<std::unique_ptr<turn>> both = all(goes_on);
    both.push_back(std::make_unique<scripted_turn>(
        []() -> std::optional<turn::time> { throw std::runtime_error{"no"}; }, -1, &failure));
    turns{both, stop.get_token()}.run(1);
    BOOST_TEST(more == 5);
    BOOST_CHECK_THROW(std::rethrow_exception(failure), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(it_ends_when_all_have_failed) {
    auto const fails = []() -> std::optional<turn::time> { throw std::runtime_error{"no"}; };
    for (unsigned const count : {1U, 3U})
        turns{all(fails, fails, fails), {}}.run(count);
}

BOOST_AUTO_TEST_CASE(a_stop_request_from_elsewhere_ends_all_waits) {
    for (unsigned const count : {1U, 3U}) {
        std::stop_source stop;
        std::atomic<int> waiting = 0;
        auto const waits = [&]() -> std::optional<turn::time> {
            ++waiting;
            return later();
        };
        auto const running = all(waits, waits, waits);
        auto ended = std::async(std::launch::async, [&] { turns{running, stop.get_token()}.run(count); });
        for (int i = 0; i < 6000 && waiting < 3; ++i)
            std::this_thread::sleep_for(5ms);
        stop.request_stop();
        BOOST_TEST((ended.wait_for(30s) == std::future_status::ready));
        BOOST_TEST(waiting == 3);
    }
}

BOOST_AUTO_TEST_SUITE_END()
