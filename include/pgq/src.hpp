/// The functions that take long to compile and are not called per event, compiled once for the whole program. One
/// source of it includes this header before any other of <pgq/>; all sources are compiled with PGQ_SEPARATE_COMPILATION
/// defined, upon which the other headers only declare these functions. Without both, everything is compiled with each
/// source.
///
/// A source without the definition can be linked with those that have it: its own copies are the same functions.
#pragma once

#ifdef PGQ_INLINE
#error "<pgq/src.hpp> comes before every other header of pgq in its source"
#endif
#ifndef PGQ_SEPARATE_COMPILATION
#define PGQ_SEPARATE_COMPILATION
#endif
#define PGQ_INLINE [[gnu::weak]]  // as inline functions are for the linker, but kept although nothing here calls them
#define PGQ_ONCE                  // in <pgq/compiled_once.hpp>: what is declared elsewhere is defined here

#include <pgq/check_table.ipp>
#include <pgq/codec/bytea.ipp>
#include <pgq/codec/interval.ipp>
#include <pgq/codec/malformed.ipp>
#include <pgq/codec/numeric.ipp>
#include <pgq/codec/time.ipp>
#include <pgq/codec/uuid.ipp>
#include <pgq/compiled_once.hpp>
#include <pgq/consumer_turn.ipp>
#include <pgq/dead_letter_queue.ipp>
#include <pgq/error.ipp>
#include <pgq/headers.ipp>
#include <pgq/libpq/cancel.ipp>
#include <pgq/libpq/connection.ipp>
#include <pgq/libpq/conninfo.ipp>
#include <pgq/libpq/detail/arguments.ipp>
#include <pgq/libpq/detail/collect.ipp>
#include <pgq/libpq/detail/connect.ipp>
#include <pgq/libpq/detail/copying.ipp>
#include <pgq/libpq/detail/failure.ipp>
#include <pgq/libpq/detail/pipeline.ipp>
#include <pgq/libpq/detail/prepared.ipp>
#include <pgq/libpq/detail/session.ipp>
#include <pgq/libpq/detail/statements.ipp>
#include <pgq/libpq/detail/wait.ipp>
#include <pgq/libpq/quote.ipp>
#include <pgq/libpq/result.ipp>
#include <pgq/log.ipp>
#include <pgq/metrics.ipp>
#include <pgq/payload/json_string.ipp>
#include <pgq/policy/backoff.ipp>
#include <pgq/policy/bisected.ipp>
#include <pgq/policy/dead_letters.ipp>
#include <pgq/policy/insert.ipp>
#include <pgq/policy/insert_pipelined.ipp>
#include <pgq/policy/keyed_workers.ipp>
#include <pgq/policy/sorted_rows.ipp>
#include <pgq/policy/spool.ipp>
#include <pgq/policy/spool_file.ipp>
#include <pgq/policy/wait.ipp>
#include <pgq/run_options.ipp>
#include <pgq/source/coop_subscription.ipp>
#include <pgq/source/subscription.ipp>
#include <pgq/stage/retry.ipp>
#include <pgq/stop.ipp>
#include <pgq/turns.ipp>
#include <pgq/verdicts.ipp>
#include <pgq/versions.ipp>
