/// Stage that undoes what the handler did in the batch's transaction for an event that fails or is to come again.
/// Costs two statements per event. Without a transaction it does nothing.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/error.hpp>
#include <pgq/sql/savepoint.hpp>

namespace pgq {

/// Effects stay for the verdicts done and skipped; for retry, dead and exceptions they are rolled back. Put it behind
/// `retry`, so that the failure of one event leaves the transaction usable.
struct savepoint {
    static constexpr bool undoes_failures = true;

    template <class Next> outcome operator()(auto const& in, event const&, Next const& next) const {
        if constexpr (!Next::has_session) {
            return next(in);
        } else {
            auto& session = next.session();
            sql::set_savepoint(session);
            try {
                outcome verdict = next(in);
                if (verdict.what == outcome::kind::retry || verdict.what == outcome::kind::dead) {
                    sql::rollback_to_savepoint(session);
                }
                sql::release_savepoint(session);
                return verdict;
            } catch (error& failure) {
                if (failure.connection_lost()) throw;
                sql::rollback_to_savepoint(session);
                sql::release_savepoint(session);
                failure.transaction_restored();
                throw;
            } catch (...) {
                sql::rollback_to_savepoint(session);
                sql::release_savepoint(session);
                throw;
            }
        }
    }
};

}  // namespace pgq
