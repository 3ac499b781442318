/// A queue whose consumer has its effects in "another database", by a session that can be made to die.
#pragma once

#include <pgq/outcome.hpp>
#include <pgq/policy/tracked.hpp>

#include <support/queue.hpp>

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>

namespace support {

/// A target in which each step may go wrong. It is the database of the queue, too, by another session.
struct fragile_session : pgq::libpq::connection {
    bool* dies = nullptr;

    fragile_session(bool* when, std::stop_token stop)
        : connection{conninfo(), {.stop = std::move(stop), .statement_timeout = limit}}, dies{when} {}
    /// Dies just after the commit, as far as anybody can tell.
    void commit() {
        connection::commit();
        if (dies != nullptr && *dies) throw pgq::connection_error{"gone", {.connection_lost = true, .in_doubt = true}};
    }
};

inline auto target(bool* dies = nullptr, int* opened = nullptr) {
    return [=](std::stop_token stop) {
        if (opened != nullptr) ++*opened;
        return fragile_session{dies, std::move(stop)};
    };
}

inline constexpr auto store = [](pgq::event const& ev, pgq::transport auto& session) {
    if (ev.type == "late" && ev.retry == 0) return pgq::retry_in(std::chrono::seconds{0});
    if (ev.type == "bad") return pgq::dead_letter("cannot be");
    pgq::query(session, "insert into tracked_effects values ($1)", ev.data);
    return pgq::done();
};

/// Leaves nothing behind in the target.
struct tracked_play {
    consumed_queue queue;
    table effects{queue.db, "tracked_effects", "data text"};

    explicit tracked_play(std::string name) : queue{std::move(name)} {
        pgq::query(queue.db, "delete from pgq_ext.completed_tick");
        pgq::query(queue.db, "delete from pgq_ext.kept_verdict");
    }
    std::string retries() {
        return queue.value("select count(*) from pgq.retry_queue r join pgq.queue q on q.queue_id = r.ev_queue "
                           "where q.queue_name = '" +
                           queue.source.queue + "'");
    }
    std::string letters() {
        return queue.value(
            "select count(*) from pgq.event_template where ev_type = 'bad' and ev_extra4 like '%\"reason\"%'");
    }
    std::string kept() { return queue.value("select count(*) from pgq_ext.kept_verdict"); }
};

}  // namespace support
