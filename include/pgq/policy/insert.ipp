// Bodies of <pgq/policy/insert.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/policy/insert.hpp>

namespace pgq::detail {

PGQ_INLINE void explain_insert_failure(sql_error const& refusal, std::string_view queue) {
    failure facts{.state = refusal.state(),
                  .transaction_aborted = refusal.transaction_aborted(),
                  .statement = refusal.statement(),
                  .context = refusal.context()};
    std::string_view const said = refusal.what();
    if (said.find("No such queue") != said.npos || said.find("No such event queue") != said.npos ||
        said.find("Event queue not found") != said.npos) {
        refuse_unknown_queue(queue, std::move(facts));
    }
    bool const no_function = refusal.state() == "42883";
    for (std::string_view const name :
         {"pgq.insert_events", "pgq.get_queue_lag", "pgq.insert_event_after", "pgq.insert_event_once"}) {
        if (!no_function || said.find(name) == said.npos) continue;
        bool const by_policy = name == "pgq.insert_events" || name == "pgq.get_queue_lag";
        throw usage_error{"the PgQ of this database has no " + std::string{name} + "; update the extension" +
                              (by_policy ? " or take another insert policy" : ": alter extension pgq update"),
                          std::move(facts)};
    }
    if (refusal.state() == "3F000" || (no_function && said.find("pgq.") != said.npos)) {
        throw usage_error{"this database has no PgQ; install it by: create extension pgq", std::move(facts)};
    }
}

}  // namespace pgq::detail
