/// Reading what a request brings back.
#pragma once

#include <pgq/libpq/detail/session.hpp>
#include <pgq/libpq/result.hpp>

#include <libpq-fe.h>

#include <utility>

namespace pgq::libpq::detail {

/// All answers of a request that was sent: the last one, or the first error as an exception.
result_handle collect(session& db, call& running);

}  // namespace pgq::libpq::detail

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/detail/collect.ipp>
#endif
