// expect: pgq: a consumer needs a handler as its last argument
// expect: pgq::group needs at least one consumer
// expect: pgq::producer needs a session as its first argument, see pgq::transport
// expect: pgq::maintenance needs a session as its first argument, see pgq::transport
// max-errors: 6
#include <pgq/group.hpp>
#include <pgq/maintenance.hpp>
#include <pgq/producer.hpp>

#include <support/mistakes.hpp>

#if REJECT
using session = std::string;
pgq::consumer const billing{orders};
pgq::group<> const nobody{};
#else
using session = support::scripted;
pgq::consumer billing{orders, [](pgq::event const&) {}};
pgq::group const all{billing};
#endif

void work(session& db) {
    pgq::producer const out{db, "orders"};
    pgq::maintenance const janitor{db};
}
