/// The one door to fmt: formatted text for logs. Programs that include it link libfmt; nothing else of pgq needs it.
#pragma once

#include <pgq/log.hpp>

#if __has_include(<fmt/base.h>)
#include <fmt/base.h>
#else
#include <fmt/core.h>
#endif

#include <iterator>
#include <string>
#include <utility>

namespace pgq {

/// Appends to `out` as fmt formats; the format string is checked when it is compiled.
template <class... Args> void append_format(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
#if FMT_VERSION < 110000
    // The buffer function behind format_to has a name that g++ and clang spell differently, so that one cannot link
    // what the other has compiled into libfmt.
    fmt::string_view const text = format;
    out += fmt::vformat(text, fmt::make_format_args(args...));
#else
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
#endif
}

/// One line to `sink`: `log(sink, log_level::info, "{} owes {} cents", customer, cents)`. Nothing is formatted, and no
/// argument is looked at, when the sink does not want the level.
template <log_sink Sink, class... Args>
void log(Sink const& sink, log_level level, fmt::format_string<Args...> format, Args&&... args) {
    if (!sink.wants(level)) return;
    std::string line;
    append_format(line, format, std::forward<Args>(args)...);
    sink.write(level, line);
}

}  // namespace pgq
