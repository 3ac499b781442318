/// A queue of one test on the server under test, with a consumer, ticked by hand.
#pragma once

#include <pgq/source/subscription.hpp>
#include <pgq/sql/queue.hpp>

#include <support/session.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace support {

/// Made with the consumer "tester" subscribed; dropped at the end, with its queue for dead letters if there is one.
class consumed_queue {
public:
    pgq::libpq::connection db = connect();
    pgq::subscription source;

    explicit consumed_queue(std::string name) : source{std::move(name), "tester"} {
        pgq::sql::create_queue(db, source.queue);
        source.subscribe(db);
    }
    consumed_queue(consumed_queue const&) = delete;
    consumed_queue& operator=(consumed_queue const&) = delete;
    ~consumed_queue() {
        try {
            db.rollback();
            for (auto const& queue : {source.queue, source.queue + ".dead"}) {
                if (pgq::sql::queue_exists(db, queue)) pgq::sql::drop_queue(db, queue, true);
            }
        } catch (std::exception const& failure) {
            BOOST_ERROR("could not drop queue " << source.queue << ": " << failure.what());
        }
    }

    void insert(std::string_view type, std::string_view data) {
        pgq::query(db, "select pgq.insert_event($1, $2, $3)", source.queue, type, data);
    }
    /// `count` events of `type` with their number, from 1, as data.
    void insert_many(std::string_view type, int count) {
        pgq::query(db, "select count(pgq.insert_event($1, $2, i::text)) from generate_series(1, $3::int) i",
                   source.queue, type, count);
    }
    /// Ends the batch that collects what was inserted.
    void tick() {
        pgq::query(db, "select pgq.force_tick($1)", source.queue);
        pgq::query(db, "select pgq.ticker($1::text)", source.queue);
    }
    /// Moves events whose time has come from the retry queue back.
    void redeliver() {
        pgq::query(db, "select pgq.maint_retry_events()");
        tick();
    }
    /// The same for who asks again and again: a tick each time would make batches faster than they are gone through.
    void redeliver_if_due() {
        if (value("select pgq.maint_retry_events()") != "0") tick();
    }

    /// Steps until a batch has events. Those without, which a queue has too, are finished on the way.
    auto step(auto& consumer) {
        for (;;) {
            auto const report = consumer.step(db);
            if (!report || report->counts.events > 0) return report;
        }
    }

    std::string value(std::string_view sql) { return text_of(db.execute(sql)); }
};

}  // namespace support
