/// Those who look after a queue in a random story: ticker, maintenance, operators with their letters and questions.
#pragma once

#include <pgq/dead_letter_queue.hpp>
#include <pgq/sql/delivery.hpp>
#include <pgq/sql/event.hpp>
#include <pgq/sql/info.hpp>
#include <pgq/sql/maintenance.hpp>
#include <pgq/sql/position.hpp>
#include <pgq/sql/queue.hpp>
#include <pgq/sql/tick.hpp>
#include <pgq/sql/waiting.hpp>
#include <pgq/timestamp.hpp>

#include <support/scenario/props.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace support {

template <class World> class keepers {
public:
    explicit keepers(props<World>& all) : all_{all} {}

    /// Settings whose times lie between the steps in which time passes.
    void begin() {
        pgq::sql::set_queue_config(all_.control(), all_.queue, "rotation_period", "1500 seconds");
        pgq::sql::set_queue_config(all_.control(), all_.queue, "ticker_max_lag", "500 seconds");
        pgq::sql::set_queue_config(all_.control(), all_.queue, "ticker_idle_period", "500 seconds");
    }

    /// False when it is nothing for a keeper.
    bool play(scene const& now) {
        auto& db = all_.control();
        switch (now.what) {
        case act::tick:
            all_.tick(all_.queue);
            return true;
        case act::tick_when_due:
            all_.note("ticker " + std::to_string(pgq::sql::tick_queue(db, all_.queue).value_or(0)));
            return true;
        case act::tick_pending:
            for (auto const& one : pgq::sql::tick_pending(db, '{' + all_.queue + '}'))
                all_.note(std::string{"pending"} + (one.ticked ? ", ticked" : ", of no use"));
            return true;
        case act::pass:
            all_.world.pass(all_.queue, std::chrono::seconds{1'000 * (1 + now.number % 3)});
            return true;
        case act::redeliver:
            while (pgq::sql::maint_retry_events(db) > 0) {}
            return true;
        case act::rotate:
            rotate();
            return true;
        case act::look:
            look(now.number);
            return true;
        case act::take:
        case act::take_and_regret:
            take(now);
            return true;
        case act::replay:
        case act::purge:
            open_letter(now);
            return true;
        default:
            return false;
        }
    }

    void read_letters() {
        for (auto const& one : letters().list())
            all_.note("letter " + one.data.value_or("-") + ' ' + (one.story ? one.story->reason : "of no story"));
    }

private:
    pgq::dead_letter_queue<typename props<World>::session> letters() {
        return pgq::dead_letter_queue<typename props<World>::session>{all_.control(), all_.queue + ".dead"};
    }

    /// What the server lists as to be done for this queue and its letters.
    void rotate() {
        for (auto const& one : pgq::sql::maint_operations(all_.control())) {
            if (one.argument && *one.argument != all_.queue && *one.argument != all_.queue + ".dead") continue;
            if (one.function.starts_with("vacuum")) continue;
            all_.note("do " + one.function + ' ' + one.argument.value_or(""));
            while (pgq::sql::perform(all_.control(), one)) {}
        }
        auto const kept = pgq::sql::kept_ticks_of(all_.control(), all_.queue);
        all_.note("keeps " + std::to_string(number(kept->oldest)) + ".." + std::to_string(number(kept->newest)));
    }

    void look(unsigned number_given) {
        auto& db = all_.control();
        auto const shown = [](auto const& value) { return value ? std::to_string(*value) : std::string{"-"}; };
        for (auto const& one : pgq::sql::get_consumer_info(db, all_.queue)) {
            auto const paused = pgq::sql::paused_since(db, all_.queue, one.consumer);
            all_.note(one.consumer + " at " + shown(one.last_tick) + ".." + shown(one.next_tick) + " before " +
                      shown(one.pending_events) + " lag " + (one.lag ? steps_of(*one.lag) : "-") + " seen " +
                      steps_of(one.last_seen) + (paused ? " paused" : ""));
        }
        auto const lag = pgq::sql::get_queue_lag(db, all_.queue);
        all_.note("lag " + std::to_string(lag.events) + " since " + steps_of(lag.time));
        for (auto const& one : pgq::sql::get_queue_info(db, all_.queue)) {
            all_.note("table " + std::to_string(one.current_table) + " new " + shown(one.new_events) + " last " +
                      shown(one.last_tick));
        }
        for (auto const& ev : waiting(number_given % 2 == 0 ? "steady" : "late"))
            all_.note("waits: " + ev);
    }

    std::vector<std::string> waiting(std::string const& consumer) {
        return told(pgq::sql::waiting_events(all_.control(), all_.queue, consumer, 0, 1'000));
    }
    /// Who was moved back may have an event waiting twice under one id, first and retried, in no order.
    static std::vector<std::string> told(auto const& rows) {
        std::vector<std::string> lines;
        pgq::event ev{};
        for (std::size_t row = 0; row < rows.size(); ++row) {
            pgq::sql::read_event(rows, row, ev);
            lines.push_back(std::to_string(ev.id) + ' ' + std::string{ev.data});
        }
        return lines;
    }

    /// Some of what waits for a consumer that is moved about anyway; from the team it is refused.
    void take(scene const& now) {
        auto& db = all_.control();
        std::string const consumer = now.who == 0 ? "team" : "mobile";
        std::string ids = "{0";
        pgq::event ev{};
        auto const rows = pgq::sql::waiting_events(db, all_.queue, consumer, 0, 1'000);
        for (std::size_t row = 0; row < rows.size(); ++row) {
            pgq::sql::read_event(rows, row, ev);
            if ((static_cast<unsigned>(ev.id) + now.number) % 2 == 0) ids += ',' + std::to_string(ev.id);
        }
        db.begin();
        try {
            for (auto const& line : told(pgq::sql::take_waiting_events(db, all_.queue, consumer, ids + '}')))
                all_.note("taken: " + line);
        } catch (...) {
            db.rollback();
            throw;
        }
        if (now.what == act::take) db.commit();
        else db.rollback();
    }

    void open_letter(scene const& now) {
        auto all = letters();
        auto const list = all.list();
        all_.note(std::to_string(list.size()) + " letters");
        if (list.empty()) return;
        auto const& one = list.at(now.number % list.size());
        auto const data = one.data.value_or("-");
        if (now.what == act::purge) {
            all_.note("purge " + data + ' ' + std::to_string(all.purge(one.id)));
            return;
        }
        auto const to = now.who == 0 ? pgq::replay_to::everybody : pgq::replay_to::consumer;
        all_.note("replay " + data + ' ' + std::to_string(all.replay(one.id, to)));
        if (to == pgq::replay_to::everybody || one.story->consumer == "steady") ++all_.expected[data];
    }

    props<World>& all_;
};

}  // namespace support
