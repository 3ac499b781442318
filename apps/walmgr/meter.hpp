/// How far a backup is, for who watches it.
#pragma once

#include "command.hpp"
#include "megabytes.hpp"

#include <chrono>
#include <cstdint>

namespace walmgr_app {

/// Shows how much has come, once in a while.
class meter {
public:
    explicit meter(bool wanted) : wanted_{wanted} {}
    void operator()(std::uint64_t came, std::uint64_t expected) {
        if (!wanted_ || std::chrono::steady_clock::now() < next_) return;
        next_ = std::chrono::steady_clock::now() + std::chrono::seconds{1};
        say("received " + megabytes(came) + " of about " + megabytes(expected));
    }

private:
    bool wanted_;
    std::chrono::steady_clock::time_point next_{};
};

}  // namespace walmgr_app
