// expect: pgq::producer::insert needs a described struct
// max-errors: 1
#include <pgq/producer.hpp>

#include <support/mistakes.hpp>

struct plain_order {
    int id = 0;
};

void place(support::scripted& db) {
    pgq::producer out{db, "orders"};
#if REJECT
    out.insert(plain_order{1});
#else
    out.insert(order_placed{1, "ann", 250});
#endif
}
