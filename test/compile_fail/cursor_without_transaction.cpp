// expect: pgq: by_cursor and row_by_row keep a transaction open while handlers run: they need same_transaction
// max-errors: 1
#include <support/mistakes.hpp>

void work(support::scripted_session& db) {
    pgq::consumer billing {
        orders,
#if !REJECT
            pgq::same_transaction{},
#endif
            pgq::by_cursor{}, [](pgq::event const&) {},
    };
    billing.step(db);
}
