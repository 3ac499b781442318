// Bodies of <pgq/run_options.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/run_options.hpp>

namespace pgq {

PGQ_INLINE void trouble_to_stderr::operator()(std::string_view line) const {
    std::fprintf(stderr, "pgq: %.*s\n", static_cast<int>(line.size()), line.data());
}

}  // namespace pgq

namespace pgq::detail {

PGQ_INLINE std::string on_one_line(std::string text) {
    for (char& c : text) {
        if (c == '\n') c = ' ';
    }
    return text;
}

PGQ_INLINE std::string line_of(error const& failure, std::chrono::milliseconds pause) {
    auto text = on_one_line(failure.what());
    if (!failure.state().view().empty()) text += " (SQLSTATE " + std::string{failure.state().view()} + ')';
    return text + "; trying again in " + std::to_string(pause.count()) + " ms";
}

PGQ_INLINE std::chrono::milliseconds setbacks::pause_after(error const& failure) {
    if (failure.in_doubt() || failure.state() == "57014") ++unanswered_;
    return std::chrono::milliseconds{jittered(doubled(first_pause_.count(), longest_pause_.count(), failures_++), 20)};
}

PGQ_INLINE std::chrono::milliseconds setbacks::longer_silence() const {
    return std::chrono::milliseconds{doubled(silence_.count(), silence_.count() * 16, unanswered_)};
}

}  // namespace pgq::detail
