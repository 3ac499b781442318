/// Which way of fetching a consumer takes by itself, and which ones fit its completion. Not for users:
/// <pgq/consumer.hpp>.
#pragma once

#include <pgq/policy/fetch.hpp>
#include <pgq/policy/spooled.hpp>
#include <pgq/transport.hpp>

namespace pgq::detail {

// Spooled for all that can: memory is bounded, and no other way is as fast. Where the server is played all is in memory
// anyway, and a user's tests compile faster.
template <class Db> struct default_fetch {
    using type = whole_batch;
};
template <copy_source Db>
    requires(!simulated<Db>)
struct default_fetch<Db> {
    using type = spooled;
};

template <occupies Keeps, bool InTransaction, bool TakesSession> struct checked_fetch {
    static constexpr bool fits = Keeps == occupies::nothing || InTransaction;
    static_assert(fits, "pgq: by_cursor and row_by_row keep a transaction open while handlers run: they need "
                        "same_transaction; without it take spooled or whole_batch");
    static_assert(Keeps != occupies::session || !TakesSession,
                  "pgq: row_by_row keeps the session busy, so the handler cannot use it: take by_cursor");
};

}  // namespace pgq::detail
