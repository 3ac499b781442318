// expect: pgq::dead_letter_queue: the predicate must take (pgq::letter const&) and return bool
// max-errors: 1
#include <pgq/dead_letter_queue.hpp>

#include <support/mistakes.hpp>

#if REJECT
constexpr auto dear = [](order_placed const& order) { return order.cents > 1000; };
#else
constexpr auto dear = [](pgq::letter const& one) { return one.story.has_value(); };
#endif

void replay(support::scripted_session& db) {
    pgq::dead_letter_queue{db, "orders.dead"}.replay_if(dear);
}
