// expect: pgq: the first argument of a consumer is a source with next(db), finish(db, batch_id), queue and consumer
// max-errors: 1
#include <support/mistakes.hpp>

#if REJECT
std::string const from = "orders";
#else
pgq::subscription const& from = orders;
#endif

void work(support::scripted_session& db) {
    pgq::consumer billing{from, [](pgq::event const&) {}};
    billing.step(db);
}
