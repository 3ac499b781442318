// Bodies of <pgq/libpq/detail/failure.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/failure.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE std::string one_line(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (char const c : text) {
        bool const blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!blank) out += c;
        if (blank && !out.empty() && out.back() != ' ') out += ' ';
    }
    while (!out.empty() && out.back() == ' ')
        out.pop_back();
    return out;
}

PGQ_INLINE std::string_view diagnostic(PGresult const* answer, int field) {
    char const* const text = answer == nullptr ? nullptr : PQresultErrorField(answer, field);
    return text == nullptr ? std::string_view{} : std::string_view{text};
}

PGQ_INLINE std::string message_of(PGresult const* answer) {
    auto const primary = diagnostic(answer, PG_DIAG_MESSAGE_PRIMARY);
    if (!primary.empty()) return one_line(primary);
    auto const text = one_line(answer == nullptr ? "" : PQresultErrorMessage(answer));
    return text.empty() ? "no answer from the server" : text;
}

PGQ_INLINE std::string context_of(PGresult const* answer) {
    std::string out;
    auto const add = [&](std::string_view label, int field) {
        auto const text = diagnostic(answer, field);
        if (text.empty()) return;
        if (!out.empty()) out += '\n';
        out.append(label).append(text);
    };
    add("detail: ", PG_DIAG_MESSAGE_DETAIL);
    add("hint: ", PG_DIAG_MESSAGE_HINT);
    add("", PG_DIAG_CONTEXT);
    return out;
}

PGQ_INLINE failure failure_of(PGresult const* answer, std::string_view statement) {
    return {.state = sqlstate{diagnostic(answer, PG_DIAG_SQLSTATE)},
            .statement = std::string{statement},
            .context = context_of(answer)};
}

PGQ_INLINE connection_error session_lost(PGresult const* answer, std::string_view reason, std::string_view statement,
                                         bool in_doubt) {
    auto facts = failure_of(answer, statement);
    facts.connection_lost = true;
    facts.in_doubt = in_doubt;
    if (facts.state.view().empty()) facts.state = sqlstate{"08006"};
    auto text = answer == nullptr ? one_line(reason) : message_of(answer);
    if (text.empty()) text = "the server closed the connection";
    return connection_error{"the session was lost: " + text, std::move(facts)};
}

}  // namespace pgq::libpq::detail
