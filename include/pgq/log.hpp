/// Where a program's own lines go: levels, sinks, and the sink that takes none and costs nothing.
/// Not for formatting: lines come ready made, or through <pgq/format.hpp>.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

namespace pgq {

/// How much a line matters, least first.
enum class log_level : std::uint8_t { debug, info, warning, error };

/// The level as it is written: debug, info, warning, error.
constexpr std::string_view name_of(log_level level) {
    constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
    return names[static_cast<std::size_t>(level)];
}

/// Takes lines without their line end. A line is only put together when `wants` says yes.
template <class S>
concept log_sink = requires(S const& sink, log_level level, std::string_view line) {
    { sink.wants(level) } -> std::convertible_to<bool>;
    sink.write(level, line);
};

/// Wants nothing, and the compiler sees it: what would have been logged is not even put together.
struct no_log {
    static constexpr bool wants(log_level) { return false; }
    static constexpr void write(log_level, std::string_view) {}
};

/// Lines such as `pgq: info: ...` on standard error. From any thread.
struct log_to_stderr {
    log_level least = log_level::info;

    [[nodiscard]] bool wants(log_level level) const { return level >= least; }
    void write(log_level level, std::string_view line) const;
};

/// Hands lines of `least` and above to a callable `(log_level, string_view) const`: the bridge to another logger.
template <class F> struct log_to {
    static_assert(std::invocable<F const&, log_level, std::string_view>,
                  "pgq::log_to needs a callable with (log_level, string_view), const, for the F named above");
    log_level least = log_level::info;
    F call;

    log_to(log_level from, F target) : least{from}, call{std::move(target)} {}
    [[nodiscard]] bool wants(log_level level) const { return level >= least; }
    void write(log_level level, std::string_view line) const { call(level, line); }
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/log.ipp>
#endif
