/// One request to the server, and the limits of its waits.
#pragma once

#include <pgq/libpq/detail/wait.hpp>

#include <chrono>
#include <string_view>

namespace pgq::libpq::detail {

/// How long the server has to answer after a stop request, and after a deadline. Then the session is closed.
inline constexpr std::chrono::milliseconds stop_grace{80};
inline constexpr std::chrono::milliseconds deadline_grace{2'000};
/// How long cleaning up may take where nobody set a limit.
inline constexpr std::chrono::milliseconds cleanup_limit{10'000};

enum class interruption { none, deadline, silence, stop };

/// One request to the server and what becomes of it.
struct call {
    std::string_view statement{};
    instant end = never;
    bool heed_stop = true;  ///< false for the calls that clean up
    bool cancels = true;    ///< whether ending it early asks the server to cancel
    bool in_doubt = false;  ///< losing the session now leaves open whether it took effect
    bool commits = false;   ///< it is a COMMIT: a stop must not hide its outcome
    interruption cut = interruption::none;
    bool cancel_taken = true;
};

}  // namespace pgq::libpq::detail
