/// Where events go that are given up: into a queue of their own, with their story. An event is never dropped in
/// silence.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/codec/utf8.hpp>
#include <pgq/error.hpp>
#include <pgq/event.hpp>
#include <pgq/ids.hpp>
#include <pgq/payload/json_string.hpp>
#include <pgq/sql/consumer.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/sql/queue.hpp>
#include <pgq/transport.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgq {

struct dead_letters_axis;

/// Names the queue for what is given up of the queue `source`; empty: the one that dead_letters names.
template <class L>
concept dead_letters_policy = policy<L> && requires(L const& letters, std::string_view source) {
    { letters.queue_for(source) } -> std::convertible_to<std::string>;
};

/// The queue for given-up events; empty: the name of the source's queue with ".dead" behind it.
///
/// A letter keeps ev_type, ev_data and ev_extra1 to ev_extra3 of its event. Its ev_extra4 is a JSON object: queue,
/// consumer, event (its id), attempts, reason, first_error and last_error (as seen by the process that gave up), and
/// extra4 of the event when it had one.
struct dead_letters {
    using policy_axis = dead_letters_axis;
    std::string queue{};

    /// The name of the queue for events of the queue `source`.
    [[nodiscard]] std::string queue_for(std::string_view source) const {
        return queue.empty() ? std::string{source} + ".dead" : queue;
    }
};

/// Creates the queue for dead letters if it is not there, and subscribes the consumer "keeper" to it, so that rotation
/// does not drop letters before somebody has dealt with them.
[[gnu::cold]] void create_dead_letter_queue(transport auto& db, std::string_view queue) {
    sql::create_queue(db, queue);
    sql::register_consumer(db, queue, "keeper");
}

namespace detail {

/// A copy of an event that outlives its batch.
struct kept_event {
    std::int64_t id;
    int retry;
    std::optional<std::string> type, data;
    std::array<std::optional<std::string>, 4> extra;
};

kept_event keep(event const& ev);

inline nullable_text view_of(std::optional<std::string> const& text) {
    return text ? nullable_text{*text} : std::nullopt;
}

/// Messages may quote bytes that are no text; those become question marks, so that the letter can always be stored.
std::string storable(std::string_view text);

[[gnu::cold]] void append_json_field(std::string& out, std::string_view name, std::string_view value);

struct dead_event {
    kept_event ev;
    std::string reason;
    std::string first_error;
};

[[gnu::cold]] std::string story_of(dead_event const& dead, std::string_view queue, std::string_view consumer);

/// The letter as an event, which points into its arguments.
new_event letter_of(dead_event const& dead, std::string const& story);

[[gnu::cold]] inline usage_error no_dead_letter_queue(std::string const& name) {
    return usage_error{"there is no queue \"" + name +
                       "\" to set an event aside in; create it with "
                       "pgq::create_dead_letter_queue or: select pgq.create_queue('" +
                       name + "')"};
}

/// A policy of somebody's own, asked about one queue.
template <class L> dead_letters letters_by(L const& policy, std::string_view source) {
    if constexpr (std::same_as<L, dead_letters>) return policy;
    else if constexpr (dead_letters_policy<L>) return {.queue = policy.queue_for(source)};
    else return {};
}

/// The queue that letters about events of `queue` go to. @throws usage_error  when it is not there
std::string checked_queue(transport auto& db, dead_letters const& letters, std::string_view queue) {
    auto name = letters.queue_for(queue);
    if (!sql::queue_exists(db, name)) throw no_dead_letter_queue(name);
    return name;
}

}  // namespace detail
}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/policy/dead_letters.ipp>
#endif
