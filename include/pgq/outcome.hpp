/// The verdict of a stage or handler about one event. A value, so that returning it costs nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace pgq {

/// What becomes of an event.
struct [[nodiscard]] outcome {
    enum class kind : std::uint8_t {
        done,     ///< handled
        skipped,  ///< nobody wanted it; finished all the same
        retry,    ///< to be delivered again to this consumer, not before `delay`
        dead      ///< to be set aside with `reason`
    };

    kind what = kind::done;
    std::chrono::seconds delay{0};
    std::string reason{};
};

/// The event is dealt with: the verdict of a handler that returns nothing.
inline outcome done() {
    return {};
}
/// The event is of no interest here: finished like a handled one, but counted apart.
inline outcome skipped() {
    return {.what = outcome::kind::skipped};
}

/// Delivers the event again after `delay` (whole seconds, as the server counts them; negative counts as zero).
inline outcome retry_in(std::chrono::seconds delay) {
    return {.what = outcome::kind::retry, .delay = delay.count() < 0 ? std::chrono::seconds{0} : delay};
}

/// Sets the event aside in the dead-letter queue with `reason`.
inline outcome dead_letter(std::string reason) {
    return {.what = outcome::kind::dead, .reason = std::move(reason)};
}

}  // namespace pgq
