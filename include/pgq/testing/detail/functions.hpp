/// The functions of the schemas pgq and pgq_coop by their names in SQL.
#pragma once

#include <pgq/codec/array.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/codec/time.hpp>
#include <pgq/testing/detail/arguments.hpp>
#include <pgq/testing/detail/attempts.hpp>
#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/coop.hpp>
#include <pgq/testing/detail/delivery.hpp>
#include <pgq/testing/detail/info.hpp>
#include <pgq/testing/detail/queues.hpp>
#include <pgq/testing/detail/rotation.hpp>
#include <pgq/testing/detail/statement.hpp>
#include <pgq/testing/detail/targets.hpp>
#include <pgq/testing/detail/waiting.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

inline relation insert_events(view& db, arguments const& given) {
    using texts = std::vector<std::optional<std::string>>;
    auto const types = codec<texts>::parse(given.text(1));
    auto const data = codec<texts>::parse(given.text(2));
    if (types.size() != data.size()) {
        refuse("types and data must have the same length, not " + std::to_string(types.size()) + " and " +
                   std::to_string(data.size()),
               "2202E");
    }
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < types.size(); ++i)
        ids.push_back(insert_event(db, given.value(0), event_row{.text = {types[i], data[i]}}));
    std::string out;
    codec<std::vector<std::int64_t>>::append(out, ids);
    return scalar("insert_events", out);
}

/// One event with the seconds or the time, or arrays of ids and seconds.
inline relation event_retry(view& db, arguments const& given) {
    std::vector<std::pair<std::int64_t, timestamp>> all;
    auto const in = [&](std::int64_t seconds) { return timestamp{db.now().microseconds + seconds * 1'000'000}; };
    if (given.text(1).starts_with('{')) {
        auto const ids = codec<std::vector<std::int64_t>>::parse(given.text(1));
        auto const seconds = codec<std::vector<std::int64_t>>::parse(given.text(2));
        if (ids.size() != seconds.size()) {
            refuse("x_event_ids and x_retry_seconds must have the same length, not " + std::to_string(ids.size()) +
                       " and " + std::to_string(seconds.size()),
                   "2202E");
        }
        for (std::size_t i = 0; i < ids.size(); ++i)
            all.emplace_back(ids[i], in(seconds[i]));
    } else {
        auto const& after = given.text(2);
        bool const point = after.find_first_of(":-") != after.npos && !after.starts_with('-');
        all.emplace_back(given.number(1), point ? codec<timestamp>::parse(after) : in(given.number(2)));
    }
    return scalar("event_retry", text_of(event_retry(db, given.number(0), all)));
}

inline relation tick_pending(view& db, arguments const& given) {
    relation found{{"name", "ticked"}};
    for (auto const& name : codec<std::vector<std::string>>::parse(given.text(0))) {
        auto const queues = ticked_queues(db);
        auto const at = queues.find(name);
        if (at == queues.end() || !has_pending(db, at->second.id)) continue;
        bool const useful = newest_tick_is_reached(db, at->second.id);
        if (useful) insert_tick(db, name, at->second.id, false);
        found.data.push_back({name, text_of(useful)});
    }
    return found;
}

/// Functions that make, move and tick queues. Nothing for others.
inline std::optional<relation> call_for_queues(view& db, std::string_view name, arguments const& given) {
    if (name == "create_queue") return scalar(name, create_queue(db, given.value(0)) ? "1" : "0");
    if (name == "drop_queue") return drop_queue(db, given.text(0), given.truth(1)), scalar(name, "1");
    if (name == "set_queue_config") {
        return set_queue_config(db, given.value(0), given.value(1), given.value(2)), scalar(name, "1");
    }
    if (name == "ticker" && given.size() == 0) return scalar(name, text_of(tick_all(db)));
    if (name == "ticker" && given.size() == 1) return scalar(name, text_of(tick_queue(db, given.text(0))));
    if (name == "tick_pending") return tick_pending(db, given);
    if (name == "force_tick") return scalar(name, text_of(force_tick(db, given.text(0))));
    if (name == "version") return scalar(name, "4.0");
    if (name == "maint_retry_events") {
        auto const moved = maint_retry_events(db);
        return scalar(name, text_of(moved + maint_delayed_events(db)));
    }
    if (name == "maint_operations") return maint_operations(db);
    if (name == "maint_rotate_tables_step1") return rotate(db, given.text(0), false), scalar(name, "0");
    if (name == "maint_rotate_tables_step2") return end_rotations(db), scalar(name, "0");
    if (name == "maint_event_keys") return scalar(name, text_of(maint_event_keys(db)));
    if (name == "get_queue_info") return queue_info(db, given.value(0));
    if (name == "insert_events") return insert_events(db, given);
    if (name == "insert_event" && (given.size() == 3 || given.size() == 7)) {
        return scalar(name, text_of(insert_event(db, given.value(0), given.event_from(1))));
    }
    return std::nullopt;
}

/// Functions for consumers and their batches. Nothing for others.
inline std::optional<relation> call_for_consumers(view& db, std::string_view name, arguments const& given) {
    if (name == "next_batch_custom" || name == "next_batch_info" || name == "next_batch") {
        auto const batch = next_batch(db, given.value(0), given.value(1),
                                      {given.maybe_interval(2), given.maybe_number(3), given.maybe_interval(4)});
        return name == "next_batch" ? scalar(name, text_of(batch.id)) : batch_columns(batch);
    }
    if (name == "finish_batch") return scalar(name, finish_batch(db, given.number(0)) ? "1" : "0");
    if (name == "get_batch_events") return event_columns(batch_events(db, given.number(0)));
    if (name == "batch_event_sql") {
        static_cast<void>(batch_events(db, given.number(0)));  // refuses a batch that is not open
        return scalar(name, "select * from pgq.get_batch_events(" + given.text(0) + ") order by 1");
    }
    if (name == "get_batch_info") return batch_info_columns(db, given.number(0));
    if (name == "event_retry") return event_retry(db, given);
    if (name == "register_consumer" || name == "register_consumer_at") {
        return scalar(name, register_consumer(db, given.text(0), given.text(1), given.maybe_number(2)) ? "1" : "0");
    }
    if (name == "unregister_consumer")
        return scalar(name, text_of(unregister_consumer(db, given.text(0), given.text(1))));
    if (name == "seek") {
        return scalar(name, text_of(seek(db, given.text(0), given.text(1), codec<timestamp>::parse(given.text(2)))));
    }
    if (name == "get_waiting_events") {
        return event_columns(
            waiting_events(db, given.value(0), given.value(1), given.maybe_number(2), given.maybe_number(3)));
    }
    if (name == "take_waiting_events") {
        std::optional<std::vector<std::int64_t>> ids;
        if (given.value(2)) ids = codec<std::vector<std::int64_t>>::parse(given.text(2));
        return event_columns(take_waiting_events(db, given.value(0), given.value(1), ids));
    }
    if (name == "get_consumer_info") return consumer_info(db, given.value(0), given.value(1));
    return std::nullopt;
}

/// Functions beyond plain delivery. Nothing for others.
inline std::optional<relation> call_for_delivery(view& db, std::string_view name, arguments const& given) {
    if (name == "insert_event_after" && given.size() >= 4) {
        if (!given.value(1)) refuse("deliver_after must not be null", "22004");
        return scalar(name, text_of(insert_event_after(db, given.value(0), codec<timestamp>::parse(given.text(1)),
                                                       given.event_from(2))));
    }
    if (name == "cancel_delayed_event") {
        return scalar(name, cancel_delayed_event(db, given.text(0), given.number(1)) ? "1" : "0");
    }
    if (name == "maint_delayed_events") return scalar(name, text_of(maint_delayed_events(db)));
    if (name == "insert_event_once") {
        auto const [id, fresh] =
            insert_event_once(db, given.value(0), given.value(1), given.maybe_interval(2), given.event_from(3));
        return relation{{"ev_id", "inserted"}, {{text_of(id), text_of(fresh)}}};
    }
    if (name == "get_queue_lag") {
        auto const [events, lag] = queue_lag(db, given.value(0));
        return relation{{"events", "lag"}, {{text_of(events), text_of(lag)}}};
    }
    if (name == "seek_tick")
        return scalar(name, text_of(seek_tick(db, given.value(0), given.value(1), given.value(2))));
    if (name == "seek_start" || name == "seek_end") {
        return scalar(name, text_of(seek_end(db, given.value(0), given.value(1), name == "seek_end")));
    }
    if (name == "pause_consumer" || name == "resume_consumer") {
        return scalar(name, set_paused(db, given.value(0), given.value(1), name == "pause_consumer") ? "1" : "0");
    }
    return std::nullopt;
}

/// The same for cooperating members.
inline std::optional<relation> call_for_members(view& db, std::string_view name, arguments const& given) {
    auto const told = [&](bool value) { return scalar(name, value ? "1" : "0"); };
    if (name == "next_batch") {
        return scalar(
            name, text_of(coop::next_batch(db, given.text(0), given.text(1), given.text(2), given.maybe_interval(3))));
    }
    if (name == "finish_batch") return told(coop::finish_batch(db, given.number(0)));
    if (name == "heartbeat") return told(coop::heartbeat(db, given.number(0)));
    if (name == "register_subconsumer") {
        return told(coop::register_member(db, given.text(0), given.text(1), given.text(2)));
    }
    if (name == "unregister_subconsumer") {
        return told(coop::unregister_member(db, given.text(0), given.text(1), given.text(2), given.value(3) == "1"));
    }
    return std::nullopt;
}

/// What the function returns; nothing when there is none of that name.
inline std::optional<relation> invoke(view& db, std::string_view function, row const& values) {
    arguments const given{values};
    if (constexpr std::string_view schema = "pgq_coop."; function.starts_with(schema)) {
        return call_for_members(db, function.substr(schema.size()), given);
    }
    if (constexpr std::string_view schema = "pgq_ext."; function.starts_with(schema)) {
        return call_for_targets(db, function.substr(schema.size()), given);
    }
    constexpr std::string_view schema = "pgq.";
    if (!function.starts_with(schema)) return std::nullopt;
    auto const name = function.substr(schema.size());
    if (auto found = call_for_queues(db, name, given)) return found;
    if (auto found = call_for_consumers(db, name, given)) return found;
    if (auto found = call_for_attempts(db, name, given)) return found;
    return call_for_delivery(db, name, given);
}

}  // namespace pgq::testing::detail
