// MEMBERS cooperating consumers share what is in the queue, each on a thread and a session of its own, with a handler
// that takes MILLISECONDS. Prints: events, seconds.
//     cooperate CONNINFO MEMBERS MILLISECONDS EVENTS
#include <pgq/pgq.hpp>

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

void work(std::string const& conninfo, std::size_t members, std::chrono::milliseconds each, std::size_t events) {
    std::stop_source stop;
    std::atomic<std::size_t> handled = 0;
    auto const start = std::chrono::steady_clock::now();
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i <= members; ++i) {
        threads.emplace_back([&, i] {
            try {
                pgq::consumer member{pgq::coop_subscription{"orders", "billing", "member-" + std::to_string(i)},
                                     [&](pgq::event const&) {
                                         std::this_thread::sleep_for(each);
                                         if (++handled == events) stop.request_stop();
                                     }};
                pgq::run(member, conninfo, stop.get_token());
            } catch (std::exception const& failure) {
                std::fprintf(stderr, "cooperate: %s\n", failure.what());
                std::_Exit(1);
            }
        });
    }
    threads.clear();
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
    std::printf("%zu %.6f\n", handled.load(), took.count());
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5) {
        std::fputs("usage: cooperate CONNINFO MEMBERS MILLISECONDS EVENTS\n", stderr);
        return 2;
    }
    work(argv[1], std::stoul(argv[2]), std::chrono::milliseconds{std::stol(argv[3])}, std::stoul(argv[4]));
} catch (std::exception const& failure) {
    std::fprintf(stderr, "cooperate: %s\n", failure.what());
    return 1;
}
