/// Poison that crashes: a batch that kills its process again and again is handled event by event, until the event that
/// does it is known, which is then set aside. Poison that throws is for <pgq/stage/retry.hpp>. Needs pgq 4.0.
#pragma once

#include <pgq/error.hpp>
#include <pgq/event.hpp>
#include <pgq/policy/unguarded.hpp>
#include <pgq/sql/attempt.hpp>
#include <pgq/sql/batch.hpp>
#include <pgq/stop.hpp>
#include <pgq/transport.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <stop_token>
#include <string>

namespace pgq {
namespace detail {

/// A text that no other process has, nor another consumer of this one.
std::string worker_name();

class bisecting {
public:
    bisecting(int batch_deaths, int event_deaths) : batch_deaths_{batch_deaths}, event_deaths_{event_deaths} {
        if (batch_deaths < 1 || event_deaths < 1)
            throw usage_error{"pgq::bisected: batch_deaths and event_deaths are at least 1"};
    }

    void operator()(auto& db, batch_info const& batch, std::stop_token const& stop, auto&& whole, auto&& apart) const {
        auto const known = begin(db, batch.id);
        if (!known) return whole();  // not open any more, as finishing will say
        try {
            if (!known->place && known->deaths < batch_deaths_) return whole();
            apart([&](auto const& each, auto const& one, auto const& finish) {
                auto const first = known->place.value_or(0);
                std::int64_t count = 0;
                each([&](event const& ev) {
                    auto const place = count++;
                    if (place < first) return;
                    if (place == first) mark(db, batch.id, place);
                    bool const lethal = place == first && known->place_deaths >= event_deaths_;
                    one(ev, lethal ? verdict(known->place_deaths) : std::string{},
                        [&] { mark(db, batch.id, place + 1); });
                });
                finish();
            });
        } catch (...) {
            leave(db, batch.id, stop);
            throw;
        }
    }

private:
    static std::string verdict(int deaths) {
        return "its handler ended the process " + std::to_string(deaths) + (deaths == 1 ? " time" : " times");
    }

    std::optional<sql::attempt> begin(auto& db, batch_id batch) const {
        try {
            return sql::begin_attempt(db, batch, worker_);
        } catch (sql_error const& failure) {
            if (failure.state() != "42883") throw;
            throw usage_error{"pgq::bisected needs pgq 4.0 in the database; run: alter extension pgq update",
                              {.state = failure.state()}};
        }
    }

    void mark(auto& db, batch_id batch, std::int64_t place) const {
        if (sql::mark_attempt(db, batch, worker_, place)) return;
        throw fenced_error{"batch " + std::to_string(number(batch)) +
                           " is handled by another process that works under the same name"};
    }

    /// Whoever unwinds has not died. If the server cannot be told, it takes that for a death, unless this process is
    /// the next to begin; that is why one death proves nothing.
    void leave(auto& db, batch_id batch, std::stop_token const& stop) const noexcept {
        try {
            if constexpr (stoppable<decltype(db)>) {
                if (stop.stop_requested()) {
                    late_stop const limit{stop, std::chrono::milliseconds{1000}};
                    db.stop_token(limit.token());
                    sql::leave_attempt(db, batch, worker_);
                    return db.stop_token(stop);
                }
            }
            sql::leave_attempt(db, batch, worker_);
        } catch (std::exception const&) {
            if constexpr (stoppable<decltype(db)>) {
                if (stop.stop_requested()) db.stop_token(stop);
            }
        }
    }

    int batch_deaths_;
    int event_deaths_;
    std::string worker_ = worker_name();
};

}  // namespace detail

/// `batch_deaths`: processes that die with a batch before its events are handled one by one; `event_deaths`: processes
/// that die with one event before it is set aside, with the number as reason. Both at least 1.
///
/// Handled one by one, events have a transaction each, and what is done stays done when the next one kills: with
/// same_transaction each event has its effects exactly once, but those of a batch are seen one after the other. A
/// process that unwinds, by an exception or a stop, has not died.
///
/// Costs one statement per batch, which does not wait for the disk; one more per event when a batch is taken apart.
/// With at_least_once and same_transaction; the events' order holds.
/// @throws usage_error  for an older pgq in the database
struct bisected {
    using policy_axis = guard_axis;
    int batch_deaths = 2;
    int event_deaths = 2;

    /// For the consumer: what works for it while it lives.
    [[nodiscard]] auto start() const { return detail::bisecting{batch_deaths, event_deaths}; }
};

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/bisected.ipp>
#endif
