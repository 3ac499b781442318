// How long from an insertion to the handler: PRODUCERS connections insert RATE events per second between them, each in
// a transaction of its own, for SECONDS, while a consumer runs by default policies. With PRODUCERS = 0 one event comes
// every SECONDS, RATE times. Prints: events, events per second, and the 50th and 99th percentile of the delay in
// milliseconds, counted from before the insertion. The first second, or the first event, is not counted: sessions plan
// their statements then.
//     latency CONNINFO PRODUCERS RATE SECONDS
#include "orders.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t payload = 200;

/// Ends the program when `work` fails, as nobody can join a thread that waits for the others.
void or_exit(auto const& work) {
    try {
        work();
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "latency: %s\n", failure.what());
        std::_Exit(1);
    }
}

/// Inserts `count` orders from `next` on, one every `interval`; the order's number is the time of its insertion.
void insert(std::string const& conninfo, std::size_t count, steady::time_point next, steady::duration interval) {
    pgq::libpq::connection db{conninfo, {.prepare_statements = true}};
    pgq::producer out{db, "orders"};
    auto order = sample_order(payload);
    for (std::size_t i = 0; i < count; ++i, next += interval) {
        std::this_thread::sleep_until(next);
        order.id = steady::now().time_since_epoch().count();
        out.insert(order);
    }
}

double percentile(std::vector<double> const& sorted, double share) {
    return sorted.at(std::min(sorted.size() - 1, static_cast<std::size_t>(static_cast<double>(sorted.size()) * share)));
}

void measure(std::string const& conninfo, std::size_t producers, std::size_t rate, std::size_t seconds) {
    std::size_t const each = producers == 0 ? rate : rate * seconds / producers;
    std::size_t const count = producers == 0 ? rate : each * producers;
    steady::duration const second = std::chrono::seconds{1};
    auto const between = producers == 0 ? second * static_cast<int>(seconds) : second / static_cast<int>(rate);
    auto const threads = std::max<std::size_t>(producers, 1);
    auto const warming = static_cast<std::ptrdiff_t>(producers == 0 ? 1 : rate);

    std::stop_source stop;
    std::vector<double> delays;
    pgq::consumer consumer{
        pgq::subscription{"orders", "billing"},
        pgq::decode<order_placed>{},
        [&](order_placed const& order) {
            auto const now = steady::now();
            delays.push_back(milliseconds{now - steady::time_point{steady::duration{order.id}}}.count());
            if (delays.size() == count) stop.request_stop();
        },
    };
    std::jthread const consuming{[&] { or_exit([&] { pgq::run(consumer, conninfo, stop.get_token()); }); }};
    auto const start = steady::now();
    std::vector<std::jthread> inserting;
    for (std::size_t i = 1; i <= threads; ++i) {
        auto const first = start + between * i;
        inserting.emplace_back([&, first] { or_exit([&] { insert(conninfo, each, first, between * threads); }); });
    }
    for (auto& thread : inserting)
        thread.join();
    std::chrono::duration<double> const took = steady::now() - start;
    while (!stop.stop_requested())
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    delays.erase(delays.begin(), delays.begin() + std::min(warming, static_cast<std::ptrdiff_t>(delays.size()) - 1));
    std::sort(delays.begin(), delays.end());
    std::printf("%zu %.1f %.3f %.3f\n", delays.size(), static_cast<double>(count) / took.count(),
                percentile(delays, 0.5), percentile(delays, 0.99));
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5) {
        std::fputs("usage: latency CONNINFO PRODUCERS RATE SECONDS\n", stderr);
        return 2;
    }
    measure(argv[1], std::stoul(argv[2]), std::stoul(argv[3]), std::stoul(argv[4]));
} catch (std::exception const& failure) {
    std::fprintf(stderr, "latency: %s\n", failure.what());
    return 1;
}
