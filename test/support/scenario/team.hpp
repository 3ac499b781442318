/// Cooperating members of a random story.
#pragma once

#include <pgq/consumer.hpp>
#include <pgq/error.hpp>
#include <pgq/source/coop_subscription.hpp>

#include <support/scenario/props.hpp>
#include <support/story.hpp>

#include <chrono>
#include <map>
#include <string>
#include <utility>

namespace support {

template <class World> class team {
public:
    explicit team(props<World>& all) : all_{all} {}

    void begin() { member("one").subscribe(all_.control()); }

    /// False when it is nothing for a member.
    bool play(scene const& now) {
        std::string const name = now.who % 2 == 0 ? "one" : "two";
        auto& db = all_.control();
        switch (now.what) {
        case act::member_step:
            step(name);
            return true;
        case act::member_dies: {
            auto const batch = member(name).next(db);
            all_.note(name + (batch ? " dies with " + text_of(*batch) : " dies"));
            if (batch) held_[name] = batch->id;
            return true;
        }
        case act::member_wakes:
        case act::member_beats: {
            auto const found = held_.find(name);
            if (found == held_.end()) return true;
            if (now.what == act::member_beats) member(name).heartbeat(db, found->second);
            else member(name).finish(db, found->second);
            all_.note(name + (now.what == act::member_beats ? " lives" : " finishes what it had"));
            return true;
        }
        case act::member_leaves:
            all_.note(name + " leaves " + std::to_string(member(name).unsubscribe(db)));
            return true;
        default:
            return false;
        }
    }

private:
    [[nodiscard]] pgq::coop_subscription member(std::string name) const {
        return {all_.queue, "team", std::move(name), std::chrono::seconds{1'500}};
    }

    void step(std::string const& name) {
        pgq::consumer consumer{member(name), [&](pgq::event const& ev) {
                                   all_.note(name + " gets " + text_of(ev));
                                   return verdict_on(ev);
                               }};
        auto const report = consumer.step(all_.reader());
        all_.note(report ? name + " ends " + text_of(report->batch) : name + " has nothing");
    }

    props<World>& all_;
    std::map<std::string, pgq::batch_id> held_{};
};

}  // namespace support
