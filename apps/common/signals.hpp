/// Signals as ordinary calls on a thread of their own.
#pragma once

#include <pthread.h>

#include <concepts>
#include <csignal>
#include <thread>
#include <utility>

namespace apps {

/// While it lives, SIGINT, SIGTERM and SIGHUP come as `heard(number)` on its thread and interrupt nothing else; SIGPIPE
/// is ignored. Must be made before any other thread, because threads inherit what is blocked.
class signal_listener {
public:
    template <std::invocable<int> F> explicit signal_listener(F heard) {
        std::signal(SIGPIPE, SIG_IGN);
        sigemptyset(&watched_);
        for (int const number : {SIGINT, SIGTERM, SIGHUP, wake})
            sigaddset(&watched_, number);
        pthread_sigmask(SIG_BLOCK, &watched_, &before_);
        thread_ = std::jthread{[heard = std::move(heard), watched = watched_](std::stop_token const& stop) {
            while (!stop.stop_requested()) {
                int number = 0;
                if (sigwait(&watched, &number) == 0 && number != wake) heard(number);
            }
        }};
    }
    signal_listener(signal_listener const&) = delete;
    signal_listener& operator=(signal_listener const&) = delete;
    ~signal_listener() {
        thread_.request_stop();
        pthread_kill(thread_.native_handle(), wake);
        thread_.join();
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    static constexpr int wake = SIGUSR2;

    sigset_t watched_{};
    sigset_t before_{};
    std::jthread thread_{};
};

}  // namespace apps
