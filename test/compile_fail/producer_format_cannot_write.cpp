// expect: pgq::producer: the format named above cannot write the event type named above
// max-errors: 1
#include <pgq/policy/insert.hpp>
#include <pgq/producer.hpp>

#include <support/mistakes.hpp>

struct read_only {};

void place(support::scripted& db) {
#if REJECT
    pgq::producer out{db, "orders", pgq::insert_each{}, read_only{}};
#else
    pgq::producer out{db, "orders", pgq::insert_each{}, pgq::urlencoded{}};
#endif
    out.insert(order_placed{1, "ann", 250});
}
