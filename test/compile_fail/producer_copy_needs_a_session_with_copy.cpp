// expect: pgq::producer needs an insert policy as its third argument
// max-errors: 2
#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/producer.hpp>

#include <support/mistakes.hpp>

void place(support::scripted& db) {
#if REJECT
    pgq::producer out{db, "orders", pgq::insert_copy{}};
#else
    pgq::producer out{db, "orders", pgq::insert_bulk{}};
#endif
    (void)out;
}
