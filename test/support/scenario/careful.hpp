/// Consumers of a random story who expect the worst: events that end their process, and effects in another database.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/policy/bisected.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/policy/tracked.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/sql/batch.hpp>
#include <pgq/sql/event.hpp>
#include <pgq/sql/ext.hpp>

#include <support/scenario/props.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// A session that belongs to somebody else.
template <class Session> class borrowed {
public:
    explicit borrowed(Session& session) : session_{&session} {}

    auto execute(std::string_view sql, std::span<pgq::parameter const> values) {
        return session_->execute(sql, values);
    }
    void begin() { session_->begin(); }
    void commit() { session_->commit(); }
    void rollback() { session_->rollback(); }
    [[nodiscard]] bool in_transaction() { return session_->in_transaction(); }

private:
    Session* session_;
};

template <class World> class careful {
public:
    explicit careful(props<World>& all) : all_{all} {}

    /// False when it is nothing for these.
    bool play(scene const& now) {
        pgq::subscription const from{all_.queue, now.who % 2 == 0 ? "mobile" : "late"};
        switch (now.what) {
        case act::step_bisected:
        case act::step_bisected_and_die: {
            auto const lives = now.what == act::step_bisected ? std::size_t{1'000} : std::size_t{now.number % 3};
            if (now.number % 2 == 0) step(from, lives, pgq::bisected{}, pgq::same_transaction{});
            else step(from, lives, pgq::bisected{.batch_deaths = 1, .event_deaths = 1});
            return true;
        }
        case act::step_tracked: {
            auto const open = [this] { return borrowed{all_.world.target()}; };
            if (now.number % 4 == 0) {
                pgq::query(all_.world.target(), "select pgq_ext.set_last_tick($1, null)", name(from));
            }
            step(from, 1'000, pgq::tracked{open});
            return true;
        }
        case act::tracked_before:
            work_and_die(from);
            return true;
        default:
            return false;
        }
    }

private:
    struct death : std::exception {};

    static std::string name(pgq::subscription const& from) { return from.queue + '/' + from.consumer; }

    /// Its process dies with the event behind `lives` others.
    void step(pgq::subscription const& from, std::size_t lives, auto... policies) {
        pgq::consumer consumer{from, policies..., [&](pgq::event const& ev) {
                                   all_.note(from.consumer + " gets " + text_of(ev));
                                   if (lives-- > 0) return verdict_on(ev);
                                   all_.reader().close();
                                   throw death{};
                               }};
        try {
            auto const report = consumer.step(all_.reader());
            all_.note(from.consumer + (report ? " ends " + text_of(report->batch) : " has nothing"));
        } catch (death const&) {
            all_.reader().reset();
            all_.note("dies");
        }
    }

    /// A process has done its work in the target, and dies before it tells the source: one event is to be retried, and
    /// there is a letter.
    void work_and_die(pgq::subscription const& from) {
        auto& db = all_.control();
        auto const batch = from.next(db);
        if (!batch) return;
        auto const rows = pgq::sql::batch_events(db, batch->id);
        auto& there = all_.world.target();
        there.begin();
        try {
            all_.note(name(from) + (pgq::sql::ext::advance_tick(there, name(from), batch->previous_tick, batch->tick)
                                        ? " worked"
                                        : " had worked before"));
            if (rows.size() > 0) {
                pgq::event first{};
                pgq::sql::read_event(rows, 0, first);
                pgq::sql::ext::keep_retries(there, name(from), batch->tick, '{' + std::to_string(first.id) + '}',
                                            "{1000}");
                pgq::sql::ext::keep_letter(there, name(from), batch->tick,
                                           {.type = "t", .data = first.data, .extra = {"kept"}});
            }
            there.commit();
        } catch (...) {
            there.rollback();
            throw;
        }
    }

    props<World>& all_;
};

}  // namespace support
