// expect: pgq::run and pgq::group wait for time to pass, which it does not for a server in memory
// max-errors: 1
#include <pgq/runner.hpp>
#include <pgq/testing.hpp>

#include <support/mistakes.hpp>

void work(pgq::testing::server& db) {
    pgq::consumer billing{orders, [](pgq::event const&) {}};
#if REJECT
    pgq::run(billing, [&] { return db.connect(); });
#else
    pgq::testing::run_until_idle(billing, db);
#endif
}
