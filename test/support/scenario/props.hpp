/// What all who take part in a random story share.
#pragma once

#include <pgq/batch.hpp>
#include <pgq/event.hpp>
#include <pgq/outcome.hpp>
#include <pgq/sql/batch.hpp>
#include <pgq/sql/tick.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace support {

/// `World` has session(n), the n-th session of the story; target(), one with the database that effects of `tracked` go
/// to; prepare(queue), which gives an empty queue; pass(queue, seconds), which lets time go by.
template <class World> class props {
public:
    using session = std::remove_reference_t<decltype(std::declval<World&>().session(0))>;

    World& world;
    std::string queue;
    std::vector<std::string> history{};     ///< what can be seen of the story
    std::map<std::string, int> expected{};  ///< by data, how often the steady consumer shall be done with it
    std::map<std::string, int> ended{};     ///< how often it was
    std::size_t delivered = 0;              ///< events that consumers got

    props(World& where, std::string name) : world{where}, queue{std::move(name)} {}

    void note(std::string line) { history.push_back(std::move(line)); }
    session& control() { return world.session(0); }
    session& reader() { return world.session(1); }
    session& other() { return world.session(2); }
    session& producer(std::size_t index) { return world.session(3 + index); }

    /// The process that has the session dies. To the server that is a rollback; now and then it is a new session, too,
    /// which takes a real server as long as half a story.
    void die(session& of) {
        if (++deaths_ % 8 != 0) return of.rollback();
        of.close();
        of.reset();
    }

    /// Ends the batch, be it empty.
    void tick(std::string const& name) {
        pgq::query(control(), "select pgq.force_tick($1)", name);
        note("tick " + std::to_string(pgq::sql::tick_queue(control(), name).value_or(0)));
    }

private:
    unsigned deaths_ = 0;
};

/// What a consumer decides depends on nothing but the event.
inline pgq::outcome verdict_on(pgq::event const& ev) {
    auto const dice = (std::stoul(std::string{ev.data}) * 7 + static_cast<unsigned>(ev.retry) * 3) % 10;
    if (dice == 9 || ev.retry > 3) return pgq::dead_letter("dice");
    if (dice > 6) return pgq::retry_in(std::chrono::seconds{1'000 * (dice - 6)});
    return dice == 6 ? pgq::skipped() : pgq::done();
}

inline std::string text_of(pgq::batch_info const& batch) {
    return std::to_string(number(batch.previous_tick)) + ".." + std::to_string(number(batch.tick)) + " of " +
           std::to_string(batch.events_at_most.value_or(-1));
}

inline std::string text_of(pgq::event const& ev) {
    return std::to_string(ev.id) + ' ' + std::string{ev.data} + ' ' + std::to_string(ev.retry) + ' ' +
           std::string{ev.extra[0].value_or("-")} + (ev.extra[1] ? "?" : "");
}

/// Time passes in steps of a thousand seconds, so that what a real server takes itself makes no difference.
inline std::string steps_of(std::chrono::milliseconds age) {
    return std::to_string(age.count() / 1'000'000);
}

}  // namespace support
