/// Work of a program that gets over lost sessions by itself, so that killing the server does not end it.
#pragma once

#include <pgq/error.hpp>
#include <pgq/stop.hpp>

#include <chrono>
#include <cstdio>
#include <stop_token>
#include <thread>

/// Calls `work(std::stop_token)` again after each transient trouble, until it returns or is stopped. The exit status.
int go_on(char const* program, auto const& work) {
    auto const signals = pgq::stop_on_signals();
    for (;;) {
        try {
            work(signals.token());
            return 0;
        } catch (pgq::stopped const&) { return 0; } catch (pgq::error const& trouble) {
            if (!trouble.transient()) {
                std::fprintf(stderr, "%s: %s\n", program, trouble.what());
                return 1;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        }
    }
}
