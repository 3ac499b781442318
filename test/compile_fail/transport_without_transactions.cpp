// expect: pgq::same_transaction needs a transport with begin, commit, rollback and in_transaction
// max-errors: 1
#include <support/mistakes.hpp>

#if REJECT
using session = support::scripted;
#else
using session = support::scripted_session;
#endif

void work(session& db) {
    pgq::consumer billing{orders, pgq::same_transaction{}, pgq::whole_batch{}, [](pgq::event const&) {}};
    billing.step(db);
}
