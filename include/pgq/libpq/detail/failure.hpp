/// Turns what libpq reports into the framework's exceptions.
#pragma once

#include <pgq/error.hpp>

#include <libpq-fe.h>

#include <string>
#include <string_view>
#include <utility>

namespace pgq::libpq::detail {

/// Line breaks and runs of blanks become single blanks; the ends are trimmed.
[[gnu::cold]] std::string one_line(std::string_view text);

/// A field of an error or notice; empty when it has none. Lives as long as the result.
std::string_view diagnostic(PGresult const* answer, int field);

/// The message of an error answer, in one line.
[[gnu::cold]] std::string message_of(PGresult const* answer);

/// Detail, hint and the server's call stack, a line each.
[[gnu::cold]] std::string context_of(PGresult const* answer);

/// What the server says of a statement that failed.
[[gnu::cold]] failure failure_of(PGresult const* answer, std::string_view statement);

[[gnu::cold]] connection_error session_lost(PGresult const* answer, std::string_view reason, std::string_view statement,
                                            bool in_doubt);

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/failure.ipp>
#endif
