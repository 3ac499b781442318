/// clock_jump poll|notify CONNINFO QUEUE CONSUMER: prints the data of each event. The event "jump SECONDS" moves the
/// wall clock of this process by so much. Ends on SIGTERM.
#include <pgq/pgq.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

namespace {

std::atomic<std::time_t> moved_by = 0;

template <class Wait> void work(char** argv, Wait wait, pgq::signal_stop const& stop) {
    pgq::consumer consumer{pgq::subscription{argv[2], argv[3]}, wait, [](pgq::event const& ev) {
                               std::string const data{ev.data};
                               auto const before = std::chrono::system_clock::now();
                               if (data.starts_with("jump ")) {
                                   moved_by += std::stol(data.substr(5));
                                   auto const jumped = std::chrono::system_clock::now() - before;
                                   bool const worked =
                                       jumped > std::chrono::hours{1} || jumped < -std::chrono::hours{1};
                                   std::puts(worked ? "jumped" : "the clock has not moved");
                               }
                               std::puts(data.c_str());
                               std::fflush(stdout);
                           }};
    pgq::run(consumer, argv[1], stop.token());
}

}  // namespace

/// Takes the place of the C library's, also for the C++ library: std::chrono::system_clock asks here.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    auto const failed = ::syscall(SYS_clock_gettime, clock, time);
    if (failed == 0 && clock == CLOCK_REALTIME) time->tv_sec += moved_by;
    return static_cast<int>(failed);
}

int main(int argc, char** argv) try {
    if (argc != 5) return 2;
    auto const stop = pgq::stop_on_signals();
    using namespace std::chrono_literals;
    if (std::string_view{argv[1]} == "poll") work(argv + 1, pgq::poll{.interval = 20ms, .longest = 100ms}, stop);
    else work(argv + 1, pgq::notify{.fallback = 100ms}, stop);
} catch (std::exception const& trouble) {
    std::fprintf(stderr, "clock_jump: %s\n", trouble.what());
    return 1;
}
