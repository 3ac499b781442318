/// When something that failed is tried again: a policy of whatever tries.
#pragma once

#include <pgq/stop.hpp>

#include <sys/random.h>
#include <walmgr/file.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>

namespace walmgr {

/// `pause(failures, since)` says how long to pause after so many failures in a row, 1 for the first, of something that
/// was begun that long ago; nothing: give up. What is worth another try at all, whoever tries knows.
template <class R>
concept retry_policy = std::copyable<R> && requires(R const& by, int failures, std::chrono::milliseconds since) {
    { by.pause(failures, since) } -> std::same_as<std::optional<std::chrono::milliseconds>>;
};

/// Each pause is twice as long as the one before, with chance in it, so that many who lost the same server do not come
/// back at one moment: between half of its time and all of it.
struct backoff {
    std::chrono::milliseconds first{100};
    std::chrono::milliseconds longest{10'000};
    std::optional<std::chrono::milliseconds> limit{};  ///< gives up where a pause would end behind it; never without

    [[nodiscard]] std::optional<std::chrono::milliseconds> pause(int failures, std::chrono::milliseconds since) const {
        auto most = std::min(first, longest);
        for (int i = 1; i < failures && most < longest; ++i)
            most = std::min(2 * most, longest);
        std::uint64_t chance = 0;
        if (::getentropy(&chance, sizeof chance) != 0) refuse("the system gives no random numbers");
        auto const half = static_cast<std::uint64_t>(most.count()) / 2;
        std::chrono::milliseconds const chosen{most.count() - static_cast<std::int64_t>(chance % (half + 1))};
        if (limit && since + chosen >= *limit) return std::nullopt;
        return chosen;
    }
};

/// The first failure is the last.
struct no_retry {
    [[nodiscard]] std::optional<std::chrono::milliseconds> pause(int /*failures*/,
                                                                 std::chrono::milliseconds /*since*/) const {
        return std::nullopt;
    }
};

static_assert(retry_policy<backoff> && retry_policy<no_retry>);

/// Counts the failures of one thing that is tried, and pauses between them.
template <class Retry> class attempts {
    static_assert(retry_policy<Retry>, "walmgr::attempts: a retry policy needs pause(int failures, milliseconds since) "
                                       "const, which gives a std::optional<std::chrono::milliseconds>");
    using clock = std::chrono::steady_clock;

public:
    /// Begins now. A stop request ends a pause.
    explicit attempts(Retry by, std::stop_token stop = {}) : by_{std::move(by)}, stop_{std::move(stop)} {}

    /// It failed: how long to pause, for who has something to do meanwhile. Nothing: give up.
    [[nodiscard]] std::optional<std::chrono::milliseconds> failed() {
        return by_.pause(++failures_, std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began_));
    }
    /// It failed: pauses. False, to give up, when the policy says so or a stop was requested.
    [[nodiscard]] bool again() {
        auto const pause = failed();
        if (pause) pgq::detail::sleep_until(clock::now() + *pause, stop_);
        return pause && !stop_.stop_requested();
    }
    /// It did not: the next failure is a first one again.
    void reset() {
        failures_ = 0;
        began_ = clock::now();
    }

private:
    Retry by_;
    std::stop_token stop_;
    int failures_ = 0;
    clock::time_point began_ = clock::now();
};

}  // namespace walmgr
