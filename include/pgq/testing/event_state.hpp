/// What has become of one event for one consumer, as a server in memory knows it.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/dead_letter_queue.hpp>
#include <pgq/error.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/server.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgq::testing {

/// Where an event stands.
enum class stands : std::uint8_t {
    nowhere,    ///< there is no such event; perhaps its transaction is still open
    outside,    ///< it is not for this consumer: it came before the subscription
    waiting,    ///< not delivered yet
    open,       ///< in a batch that was handed out and is not finished
    retried,    ///< handed back, to be delivered again
    set_aside,  ///< given up, in the queue for dead letters
    handled     ///< its batch is finished
};

/// Where an event stands for one consumer, and with what words.
struct event_state {
    stands where = stands::nowhere;
    std::chrono::seconds delay{};  ///< retried: from now until the next delivery
    std::string reason{};          ///< set aside: why
    std::string told{};            ///< all of it as a sentence without its subject: "waits to be delivered"
};

namespace detail {

/// Why the consumer gave the event up, if the letter is later than `commit`.
inline std::optional<std::string> reason_of_death(view& db, std::string const& letters, std::string_view queue,
                                                  std::string_view consumer, std::int64_t id, std::uint64_t commit) {
    auto const* const found = db.find<queue_row>(letters);
    if (found == nullptr) return std::nullopt;
    for (auto const& letter : db.shared().events[found->id]) {
        if (letter.commit < commit || !letter.text[5]) continue;
        try {
            auto const story = json::read<letter_story>(*letter.text[5]);
            if (story.event == id && story.queue == queue && story.consumer == consumer) return story.reason;
        } catch (decode_error const&) { continue; }
    }
    return std::nullopt;
}

inline event_state finished_or_waiting(view& db, std::int64_t queue, subscription_row const& sub, event_row const& ev) {
    auto const seen = [&](std::optional<std::int64_t> tick) { return db.find<tick_row>({queue, *tick})->seen; };
    auto const holders = db.select<subscription_row>([&](auto const& key, auto const& one) {
        return key.first == queue && one.id == sub.id && one.batch && one.last_tick && one.next_tick;
    });
    for (auto const& [key, one] : holders) {
        if (ev.commit > seen(one.last_tick) && ev.commit <= seen(one.next_tick)) {
            return {stands::open, {}, {}, "is in batch " + std::to_string(*one.batch) + ", which is not finished"};
        }
    }
    if (ev.commit <= seen(sub.last_tick)) return {stands::handled, {}, {}, "was handled"};
    auto const newest = db.newest_tick(queue);
    return {stands::waiting, {}, {}, ev.commit > newest->second.seen ? "waits for a tick" : "waits to be delivered"};
}

}  // namespace detail

/// `letters`: the queue for dead letters; empty: the name of the queue with ".dead" behind it.
/// @throws usage_error  for an unknown queue, and a consumer that is not subscribed to it
inline event_state state_of(server& db, std::string const& queue, std::string const& consumer, std::int64_t id,
                            std::string const& letters = {}) {
    return db.world().look([&](detail::view& all) -> event_state {
        auto const* const found = all.find<detail::queue_row>(queue);
        if (found == nullptr) throw usage_error{"there is no queue \"" + queue + '"'};
        auto const at = found->id;
        auto const* const sub = all.find<detail::subscription_row>({at, consumer});
        if (sub == nullptr || !sub->last_tick) {
            throw usage_error{"consumer \"" + consumer + "\" is not subscribed to queue \"" + queue + '"'};
        }
        if (auto const* const aside = all.find<detail::retry_row>({sub->id, id})) {
            auto const delay = std::chrono::ceil<std::chrono::seconds>(detail::between(all.now(), aside->after));
            return {stands::retried, delay, {}, "is to be delivered again in " + std::to_string(delay.count()) + " s"};
        }
        detail::event_row const* newest = nullptr;
        for (auto const* table : {&all.shared().gone[at], &all.shared().events[at]}) {
            for (auto const& ev : *table) {
                if (ev.id == id && (!ev.owner || *ev.owner == sub->id)) newest = &ev;
            }
        }
        if (newest == nullptr) return {stands::nowhere, {}, {}, "is not in the queue; is its transaction still open?"};
        if (newest->commit <= all.shared().begun[sub->id]) {
            return {stands::outside, {}, {}, "came before the consumer subscribed"};
        }
        auto state = detail::finished_or_waiting(all, at, *sub, *newest);
        if (state.where != stands::handled) return state;
        if (auto reason = detail::reason_of_death(all, letters.empty() ? queue + ".dead" : letters, queue, consumer, id,
                                                  newest->commit)) {
            return {stands::set_aside, {}, *reason, "was set aside: " + *reason};
        }
        return state;
    });
}

}  // namespace pgq::testing
