// expect: pgq::schema: an event type, the first one named above, is not of the schema, whose types follow
// max-errors: 1
#include <pgq/policy/insert.hpp>
#include <pgq/producer.hpp>
#include <pgq/schema.hpp>

#include <support/mistakes.hpp>

void place(support::scripted& db) {
#if REJECT
    using all = pgq::schema<support::order_cancelled>;
#else
    using all = pgq::schema<support::order_cancelled, order_placed>;
#endif
    pgq::producer out{db, "orders", pgq::insert_each{}, all{}};
    out.insert(order_placed{1, "ann", 250});
}
