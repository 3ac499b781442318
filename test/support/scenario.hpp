/// Random stories of producers, consumers, ticks and passing time, told to a server in memory or to a real one. What
/// can be seen of them is a list of lines, so that two servers can be compared.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/error.hpp>
#include <pgq/source/coop_subscription.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/sql/consumer.hpp>
#include <pgq/sql/event.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/sql/maintenance.hpp>
#include <pgq/sql/queue.hpp>
#include <pgq/sql/tick.hpp>

#include <support/story.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// `World` has connect(), which gives a session, and pass(seconds), which lets time go by for `queue`.
template <class World> class performance {
    using session = decltype(std::declval<World&>().connect());

public:
    std::vector<std::string> history{};
    std::set<std::string> committed{};   ///< data of events whose transaction was committed
    std::map<std::string, int> ended{};  ///< by data, how often the steady consumer was done with it

    performance(World& world, std::string queue)
        : world_{world}, queue_{std::move(queue)}, control_{world.connect()},
          producers_{world.connect(), world.connect(), world.connect()} {
        pgq::sql::create_queue(control_, queue_);
        for (auto const& name : names)
            subscribe(name);
        member("one").subscribe(control_);
    }

    /// Plays all scenes, then lets everything come to its end.
    void play(std::vector<scene> const& story) {
        for (auto const& one : story) {
            try {
                play(one);
            } catch (pgq::fenced_error const&) { note("fenced"); } catch (pgq::error const& failure) {
                note(failure.what() + (' ' + std::string{failure.state().view()}));
            }
        }
        for (unsigned i = 0; i < producers_.size(); ++i)
            play({act::commit, i, 0});
        for (int round = 0; round < 12; ++round) {
            for (auto const what : {act::pass, act::redeliver, act::tick})
                play({what, 0, 2});
            while (step(0, false)) {}
        }
        note("letters:");
        pgq::consumer keeper{pgq::subscription{queue_ + ".dead", "keeper"}, [&](pgq::event const& ev) {
                                 note("letter " + std::string{ev.data} + ' ' + std::string{ev.extra[3].value()});
                             }};
        tick(queue_ + ".dead");
        while (keeper.step(control_)) {}
    }

private:
    static constexpr std::array<std::string_view, 3> names{"steady", "mobile", "late"};

    void note(std::string line) { history.push_back(std::move(line)); }
    [[nodiscard]] pgq::subscription source(unsigned who) const { return {queue_, std::string{names.at(who)}}; }
    [[nodiscard]] pgq::coop_subscription member(std::string name) const {
        return {queue_, "team", std::move(name), std::chrono::seconds{1'500}};
    }
    void subscribe(std::string_view name) {
        pgq::consumer any{pgq::subscription{queue_, std::string{name}}, [](pgq::event const&) {}};
        note(std::string{name} + (any.subscribe(control_) ? " joins" : " is there"));
    }
    void tick(std::string const& queue) {
        pgq::query(control_, "select pgq.force_tick($1)", queue);
        note("tick " + std::to_string(pgq::sql::tick_queue(control_, queue).value()));
    }

    void play(scene const& now) {
        auto const index = now.who % producers_.size();
        auto& producer = producers_[index];
        switch (now.what) {
        case act::begin:
            if (!producer.in_transaction()) producer.begin();
            break;
        case act::put:
            put(index);
            break;
        case act::commit:
            if (!producer.in_transaction()) break;
            producer.commit();
            committed.merge(open_[index]);
            break;
        case act::rollback:
        case act::die:
            open_[index].clear();
            producer.rollback();
            if (now.what == act::die) producer.close(), producer.reset();
            break;
        case act::tick:
            tick(queue_);
            break;
        case act::pass:
            world_.pass(queue_, std::chrono::seconds{1'000 * (1 + now.number % 3)});
            break;
        case act::redeliver:
            while (pgq::sql::maint_retry_events(control_) > 0) {}
            break;
        default:
            consume(now);
        }
    }

    void consume(scene const& now) {
        auto const mobile = 1 + now.who % 2;
        switch (now.what) {
        case act::seek:
            note("seek " + std::to_string(pgq::sql::register_consumer_at(control_, queue_, names.at(mobile),
                                                                         pgq::tick_id{now.number % 8})));
            break;
        case act::leave:
            note("leave " + std::to_string(source(2).unsubscribe(control_)));
            break;
        case act::join:
            subscribe(names[2]);
            break;
        case act::member_step:
            member_step(now.who % 2 == 0 ? "one" : "two");
            break;
        case act::member_dies: {
            auto const batch = member(now.who % 2 == 0 ? "one" : "two").next(control_);
            note(batch ? "member dies with " + ticks(*batch) : "member dies");
            break;
        }
        case act::wrong_retry:
            pgq::sql::event_retry(control_, pgq::batch_id{0}, "{1}", "{0}");
            break;
        case act::step_and_die:
            dies_ = 1 + now.number % 3;
            step(now.who, now.number % 2 == 0);
            break;
        case act::step_too_late:
            late_ = true;  // never the steady one: what it loses so would be lost
            step(mobile, false);
            break;
        default:
            step(now.who, now.what == act::step_in_transaction);
        }
    }

    void put(std::size_t index) {
        auto& producer = producers_[index];
        auto const data = std::to_string(++made_);
        auto const id = pgq::sql::insert_event(producer, queue_, {.type = "t", .data = data, .extra = {"e", {}, ""}});
        note("put " + data + " as " + std::to_string(id));
        if (producer.in_transaction()) open_[index].insert(data);
        else committed.insert(data);
    }

    static std::string ticks(pgq::batch_info const& batch) {
        return std::to_string(number(batch.previous_tick)) + ".." + std::to_string(number(batch.tick)) + " of " +
               std::to_string(batch.events_at_most.value_or(-1));
    }

    /// What a consumer decides depends on nothing but the event.
    static pgq::outcome verdict(pgq::event const& ev) {
        auto const dice = (std::stoul(std::string{ev.data}) * 7 + static_cast<unsigned>(ev.retry) * 3) % 10;
        if (dice == 9 || ev.retry > 3) return pgq::dead_letter("dice");
        if (dice > 6) return pgq::retry_in(std::chrono::seconds{1'000 * (dice - 6)});
        return dice == 6 ? pgq::skipped() : pgq::done();
    }

    struct death : std::exception {};

    bool step(unsigned who, bool in_transaction) {
        std::map<std::string, pgq::outcome::kind> seen;
        auto const dies = std::exchange(dies_, 0);
        auto const late = std::exchange(late_, false);
        auto const handler = [&](pgq::event const& ev) {
            if (late && seen.empty()) source(who).finish(other_, source(who).next(other_)->id);
            auto now = verdict(ev);
            note(std::string{names.at(who)} + " gets " + std::to_string(ev.id) + ' ' + std::string{ev.data} + ' ' +
                 std::to_string(ev.retry) + ' ' + std::string{ev.extra[0].value()} + (ev.extra[1] ? "?" : "") + ' ' +
                 std::to_string(static_cast<int>(now.what)));
            seen[std::string{ev.data}] = now.what;
            if (dies > 0 && seen.size() == dies) throw death{};
            return now;
        };
        try {
            auto const report = in_transaction ? once(pgq::consumer{source(who), pgq::same_transaction{}, handler})
                                               : once(pgq::consumer{source(who), handler});
            if (!report) return false;
            note(std::string{names.at(who)} + " ends " + ticks(report->batch));
            for (auto const& [data, what] : seen) {
                if (who != 0 || what == pgq::outcome::kind::retry) continue;
                ++ended[data];
            }
            return true;
        } catch (death const&) {
            note("dies");
            consumer_.close();
            consumer_.reset();
            return false;
        }
    }
    auto once(auto consumer) { return consumer.step(consumer_); }

    void member_step(std::string const& name) {
        pgq::consumer consumer{member(name), [&](pgq::event const& ev) {
                                   note(name + " gets " + std::to_string(ev.id) + ' ' + std::string{ev.data} + ' ' +
                                        std::to_string(ev.retry));
                                   return verdict(ev);
                               }};
        auto const report = consumer.step(consumer_);
        note(report ? name + " ends " + ticks(report->batch) : name + " has nothing");
    }

    World& world_;
    std::string queue_;
    session control_;
    std::array<session, 3> producers_;
    session consumer_ = world_.connect();
    session other_ = world_.connect();
    std::array<std::set<std::string>, 3> open_{};
    std::size_t dies_ = 0;
    bool late_ = false;
    int made_ = 0;
};

}  // namespace support
