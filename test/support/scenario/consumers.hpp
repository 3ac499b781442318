/// Consumers of a random story: one that is steady, and two that are moved about.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/error.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/policy/fetch.hpp>
#include <pgq/policy/spooled.hpp>
#include <pgq/position.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/sql/consumer.hpp>
#include <pgq/sql/event.hpp>
#include <pgq/sql/waiting.hpp>

#include <support/scenario/props.hpp>
#include <support/story.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

template <class World> class consumers {
public:
    static constexpr std::array<std::string_view, 3> names{"steady", "mobile", "late"};

    explicit consumers(props<World>& all) : all_{all} {}

    void subscribe(std::string_view name) {
        pgq::consumer any{pgq::subscription{all_.queue, std::string{name}}, [](pgq::event const&) {}};
        all_.note(std::string{name} + (any.subscribe(all_.control()) ? " joins" : " is there"));
    }

    /// False when it is nothing for a consumer. The steady one is never moved: what it loses so would be lost.
    bool play(scene const& now) {
        auto& db = all_.control();
        auto const mobile = source(1 + now.who % 2);
        switch (now.what) {
        case act::seek_tick:
            sought(pgq::seek(db, mobile, pgq::tick_id{now.number % 8}));
            return true;
        case act::seek_time: {
            auto const back = std::chrono::seconds{1'000 * (now.number % 5) + 500};
            sought(pgq::seek(db, mobile, pgq::to_system_time(pgq::sql::server_time(db)) - back));
            return true;
        }
        case act::seek_end:
            sought(pgq::seek(db, mobile, now.number % 2 == 0 ? pgq::seek_to::start : pgq::seek_to::end));
            return true;
        case act::register_at:
            all_.note("register " + std::to_string(pgq::sql::register_consumer_at(db, all_.queue, mobile.consumer,
                                                                                  pgq::tick_id{now.number % 8})));
            return true;
        case act::pause:
        case act::resume: {
            auto const who = paused(now.number);
            auto const done = now.what == act::pause ? pgq::pause(db, who) : pgq::resume(db, who);
            all_.note(std::string{act_names.at(static_cast<std::size_t>(now.what))} + ' ' + who.consumer + ' ' +
                      std::to_string(done));
            return true;
        }
        case act::leave:
            all_.note("leave " + std::to_string(source(2).unsubscribe(db)));
            return true;
        case act::join:
            subscribe(names[2]);
            return true;
        case act::wrong_retry:
            pgq::sql::event_retry(db, pgq::batch_id{0}, "{1}", "{0}");
            return true;
        case act::step_and_die:
            dies_ = 1 + now.number % 3;
            step(source(now.who), now.who, now.number % 2 == 0);
            return true;
        case act::step_too_late:
            late_ = true;
            step(mobile, 1 + now.who % 2, false);
            return true;
        case act::step_by_wish:
            // Only the steady one: with others a batch of several ticks may hold an event and the same event retried,
            // and which of the two is retried again is nobody's promise.
            step(wishing(now), 0, now.number % 2 == 0);
            return true;
        case act::step:
        case act::step_in_transaction:
            step(source(now.who), now.who, now.what == act::step_in_transaction);
            return true;
        default:
            return false;
        }
    }

    void resume_all() {
        for (unsigned i = 0; i < 5; ++i) {
            try {
                play({act::resume, 0, i});
            } catch (pgq::error const&) { continue; }
        }
    }

    /// Another batch for the steady one; false when there is none.
    bool go_on() { return step(source(0), 0, false); }

private:
    [[nodiscard]] pgq::subscription source(unsigned who) const { return {all_.queue, std::string{names.at(who)}}; }
    [[nodiscard]] pgq::subscription paused(unsigned number) const {
        static constexpr std::array<std::string_view, 5> all{"steady", "mobile", "late", "team", "team.one"};
        return {all_.queue, std::string{all.at(number % all.size())}};
    }
    [[nodiscard]] pgq::subscription wishing(scene const& now) const {
        using namespace std::chrono_literals;
        auto from = source(0);
        if (now.number % 3 == 0) from.wishes.min_lag = 500s;
        else if (now.number % 3 == 1) from.wishes.min_count = 1 + static_cast<int>(now.number % 7) * 1'000;
        else from.wishes.min_interval = 300s + 1'000s * (now.number % 4);  // its double is no step, too
        return from;
    }
    void sought(pgq::tick_id tick) { all_.note("seek " + std::to_string(number(tick))); }

    struct death : std::exception {};

    bool step(pgq::subscription const& from, unsigned who, bool in_transaction) {
        std::vector<std::pair<std::string, pgq::outcome::kind>> seen;
        auto const dies = std::exchange(dies_, 0);
        auto const late = std::exchange(late_, false);
        auto const handler = [&](pgq::event const& ev) {
            if (late && seen.empty()) from.finish(all_.other(), from.next(all_.other())->id);
            auto now = verdict_on(ev);
            all_.note(from.consumer + " gets " + text_of(ev) + ' ' + std::to_string(static_cast<int>(now.what)));
            seen.emplace_back(ev.data, now.what);
            ++all_.delivered;
            if (dies > 0 && seen.size() == dies) throw death{};
            return now;
        };
        try {
            auto const report = in_transaction ? in_transaction_by(from, handler)
                                               : once(pgq::consumer{from, pgq::spooled{.memory = 0}, handler});
            if (!report) return false;
            all_.note(from.consumer + " ends " + text_of(report->batch));
            for (auto const& [data, what] : seen) {
                if (who == 0 && what != pgq::outcome::kind::retry) ++all_.ended[data];
            }
            return true;
        } catch (death const&) {
            all_.note("dies");
            all_.die(all_.reader());
            return false;
        }
    }
    auto in_transaction_by(pgq::subscription const& from, auto const& handler) {
        by_cursor_ = !by_cursor_;
        return by_cursor_ ? once(pgq::consumer{from, pgq::same_transaction{}, pgq::by_cursor{.rows = 2}, handler})
                          : once(pgq::consumer{from, pgq::same_transaction{}, pgq::row_by_row{}, handler});
    }
    auto once(auto consumer) { return consumer.step(all_.reader()); }

    props<World>& all_;
    std::size_t dies_ = 0;
    bool late_ = false;
    bool by_cursor_ = false;  ///< the way of the last batch in a transaction
};

}  // namespace support
