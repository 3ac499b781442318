/// What consumers over libpq make of our templates: with separate compilation <pgq/src.hpp> compiles it, and the other
/// sources of a program only read the declarations. Not for users: <pgq/pgq.hpp> includes it.
#pragma once

#include <pgq/libpq/connection.hpp>
#include <pgq/policy/spooled.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/sql/batch.hpp>
#include <pgq/sql/consumer.hpp>
#include <pgq/sql/event.hpp>
#include <pgq/verdicts.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#ifdef PGQ_SEPARATE_COMPILATION
#ifndef PGQ_ONCE
#define PGQ_ONCE extern  // <pgq/src.hpp> defines it as nothing: there these are definitions
#endif

namespace pgq {
namespace sql {

PGQ_ONCE template std::optional<batch_info> next_batch(libpq::connection&, std::string_view, std::string_view,
                                                       batch_wishes const&);
PGQ_ONCE template bool finish_batch(libpq::connection&, batch_id);
PGQ_ONCE template bool register_consumer(libpq::connection&, std::string_view, std::string_view);
PGQ_ONCE template bool queue_exists(libpq::connection&, std::string_view);
PGQ_ONCE template bool event_retry_takes_many(libpq::connection&);
PGQ_ONCE template void event_retry(libpq::connection&, batch_id, std::string const&, std::string const&);

}  // namespace sql
namespace detail {

PGQ_ONCE template void read_event<true>(libpq::result const&, std::size_t, event&);
PGQ_ONCE template void read_event<false>(libpq::result const&, std::size_t, event&);
PGQ_ONCE template class spool_reader<libpq::connection>;
PGQ_ONCE template void hand_back(libpq::connection&, batch_id, std::string const&, std::string const&, std::string_view,
                                 std::string_view);
PGQ_ONCE template void verdicts::send(libpq::connection&, batch_id, dead_letters const&, std::string_view,
                                      std::string_view);

}  // namespace detail

PGQ_ONCE template std::optional<batch_info> subscription::next(libpq::connection&) const;
PGQ_ONCE template bool subscription::subscribe(libpq::connection&) const;

}  // namespace pgq
#endif
