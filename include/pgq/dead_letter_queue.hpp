/// What was set aside: list it with its story, send it back to where it came from, or throw it away.
/// Not for setting events aside: consumers do that, see <pgq/policy/dead_letters.hpp>.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/error.hpp>
#include <pgq/event.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/policy/dead_letters.hpp>
#include <pgq/policy/insert.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/sql/event.hpp>
#include <pgq/sql/waiting.hpp>
#include <pgq/transport.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq {

/// How an event came to be set aside. A template, so that the list of its fields is compiled only where letters are
/// read.
template <class Text> struct basic_letter_story {
    BOOST_HANA_DEFINE_STRUCT(basic_letter_story, (Text, queue), (Text, consumer), (std::int64_t, event),
                             (int, attempts), (Text, reason), (Text, first_error), (Text, last_error),
                             (std::optional<Text>, extra4));
};
using letter_story = basic_letter_story<std::string>;

/// One event that was set aside. `id` is its number among the letters, `story->event` the one that it had before.
struct letter {
    std::int64_t id = 0;
    timestamp time{};  ///< when it was set aside, by the server's clock
    std::optional<std::string> type{}, data{};
    std::array<std::optional<std::string>, 4> extra{};  ///< ev_extra1 to ev_extra4 of the event
    std::optional<letter_story> story{};  ///< nothing when it has none that can be read; extra[3] is then as it is
};

/// Who gets a letter that is sent back.
enum class replay_to : std::uint8_t {
    consumer,  ///< only the one who gave it up, under the event's old id; needs pgq_admin
    everybody  ///< all consumers of the queue, as a new event
};

namespace detail {

// A template, so that the reader of a letter's story is compiled only where letters are read.
letter letter_of(auto const& ev) {
    auto kept = keep(ev);
    letter result{kept.id, ev.time, std::move(kept.type), std::move(kept.data), std::move(kept.extra), {}};
    if (!result.extra[3]) return result;
    try {
        result.story = json::read<letter_story>(*result.extra[3]);
        result.extra[3] = result.story->extra4;
    } catch (decode_error const&) { result.story.reset(); }
    return result;
}

std::string array_of(std::span<std::int64_t const> ids);

void send_back(transport auto& db, letter const& one, replay_to to) {
    if (!one.story) {
        throw usage_error{"letter " + std::to_string(one.id) +
                          " does not tell where it came from: it can be read and purged, not replayed"};
    }
    auto const& from = *one.story;
    new_event const event{
        .type = view_of(one.type).value_or(std::string_view{}),
        .data = view_of(one.data).value_or(std::string_view{}),
        .extra = {view_of(one.extra[0]), view_of(one.extra[1]), view_of(one.extra[2]), view_of(one.extra[3])}};
    if (to == replay_to::everybody) {
        explaining(from.queue, [&] { return sql::insert_event(db, from.queue, event); });
    } else if (!sql::insert_event_for(db, from.queue, from.consumer, from.event, one.time, event)) {
        throw usage_error{"letter " + std::to_string(one.id) + " cannot be replayed: consumer \"" + from.consumer +
                          "\" is not subscribed to queue \"" + from.queue +
                          "\" any more; subscribe it, or replay to everybody"};
    }
}

template <bool Fits, class Predicate> struct checked_letter_predicate {
    static_assert(Fits, "pgq::dead_letter_queue: the predicate must take (pgq::letter const&) and return bool, for the "
                        "Predicate named above");
};

}  // namespace detail

/// `dead_letter_queue letters{db, "orders.dead"}; letters.replay_if([](pgq::letter const& one) { ... });`
///
/// Whatever is replayed is gone from the letters and stored in its queue in one transaction: that of the caller, if one
/// is open on `db` (it must be READ COMMITTED), or one of its own for up to 100 letters. Several processes may do it at
/// a time; they take turns and no letter is replayed twice. Letters keep for ever, until somebody replays or purges
/// them. Other consumers of the letters' queue get them all the same. Keeps a reference to `db`. Not for several
/// threads.
/// @throws usage_error  from each call when there is no such queue; sql_error, connection_error, stopped
template <transactional Db> class dead_letter_queue {
public:
    static constexpr int page = 100;

    explicit dead_letter_queue(Db& db, std::string queue) : db_{db}, queue_{std::move(queue)} {}

    /// Letters in order of id: at most `limit`, those after `after`.
    [[nodiscard]] std::vector<letter> list(int limit = page, std::int64_t after = 0) {
        std::vector<letter> letters;
        auto const rows = explained([&] { return sql::waiting_events(db_, queue_, keeper, after, limit); });
        letters.reserve(rows.size());
        event ev;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            sql::read_event(rows, row, ev);
            letters.push_back(detail::letter_of(ev));
        }
        return letters;
    }
    /// One letter, if it is there.
    [[nodiscard]] std::optional<letter> find(std::int64_t id) {
        auto found = list(1, id - 1);
        if (found.empty() || found.front().id != id) return std::nullopt;
        return std::move(found.front());
    }

    /// Sends one letter back to its queue. False when it is not there (any more).
    /// @throws usage_error  when its queue or consumer is gone, or it has no story; it stays where it is
    bool replay(std::int64_t id, replay_to to = replay_to::consumer) { return send_back({&id, 1}, to) == 1; }
    /// Sends back all letters for which `wanted(letter)` is true; returns how many. Those that come in meanwhile are
    /// left alone. After a failure, earlier pages of 100 are replayed, and the page that failed is whole.
    template <class Predicate> std::uint64_t replay_if(Predicate const& wanted, replay_to to = replay_to::consumer) {
        return in_pages(wanted, [&](std::span<std::int64_t const> ids) { return send_back(ids, to); });
    }
    std::uint64_t replay_all(replay_to to = replay_to::consumer) {
        return replay_if([](letter const&) { return true; }, to);
    }

    /// Throws one letter away. False when it is not there (any more).
    bool purge(std::int64_t id) { return throw_away({&id, 1}) == 1; }
    /// Throws all letters away for which `wanted(letter)` is true; returns how many.
    template <class Predicate> std::uint64_t purge_if(Predicate const& wanted) {
        return in_pages(wanted, [&](std::span<std::int64_t const> ids) { return throw_away(ids); });
    }
    /// Throws away what was set aside longer ago than `age`, by the server's clock.
    std::uint64_t purge_older_than(std::chrono::seconds age) {
        auto const end = to_timestamp(to_system_time(sql::server_time(db_)) - age);
        return purge_if([&](letter const& one) { return one.time < end; });
    }
    /// Throws everything away, unseen, in one statement.
    std::uint64_t purge_all() {
        return static_cast<std::uint64_t>(explained([&] { return sql::drop_waiting_events(db_, queue_, keeper); }));
    }

private:
    static constexpr std::string_view keeper = "keeper";

    template <class Predicate> std::uint64_t in_pages(Predicate const& wanted, auto const& act) {
        constexpr bool fits = std::predicate<Predicate const&, letter const&>;
        static_cast<void>(detail::checked_letter_predicate<fits, Predicate>{});
        std::uint64_t count = 0;
        if constexpr (fits) {
            auto const begun = sql::server_time(db_);
            std::vector<std::int64_t> ids;
            for (std::int64_t after = 0;;) {
                auto const letters = list(page, after);
                if (letters.empty()) return count;
                after = letters.back().id;
                ids.clear();
                for (auto const& one : letters) {
                    if (one.time <= begun && wanted(one)) ids.push_back(one.id);
                }
                if (!ids.empty()) count += act(std::span<std::int64_t const>{ids});
            }
        }
        return count;
    }

    std::uint64_t send_back(std::span<std::int64_t const> ids, replay_to to) {
        return taking(ids, [&](event const& ev) { detail::send_back(db_, detail::letter_of(ev), to); });
    }
    std::uint64_t throw_away(std::span<std::int64_t const> ids) {
        return taking(ids, [](event const&) {});
    }

    std::uint64_t taking(std::span<std::int64_t const> ids, auto const& act) {
        auto const take = [&] {
            auto const rows =
                explained([&] { return sql::take_waiting_events(db_, queue_, keeper, detail::array_of(ids)); });
            event ev;
            for (std::size_t row = 0; row < rows.size(); ++row) {
                sql::read_event(rows, row, ev);
                act(ev);
            }
            return rows.size();
        };
        if (db_.in_transaction()) return take();
        detail::open_transaction scope{db_};
        auto const taken = take();
        scope.commit();
        return taken;
    }

    decltype(auto) explained(auto const& call) {
        try {
            return call();
        } catch (sql_error const& failure) {
            if (failure.state() == "42883") {
                throw usage_error{"the PgQ of this database cannot list and replay letters; update it by: alter "
                                  "extension pgq update",
                                  {.state = failure.state(), .transaction_aborted = failure.transaction_aborted()}};
            }
            if (!detail::not_subscribed(failure)) throw;
            throw usage_error{"there is no queue \"" + queue_ + "\" with the consumer \"" + std::string{keeper} +
                                  "\"; it is made by subscribing a consumer, or by pgq::create_dead_letter_queue",
                              {.state = failure.state(), .transaction_aborted = failure.transaction_aborted()}};
        }
    }

    Db& db_;
    std::string queue_;
};

template <class Db> dead_letter_queue(Db&, char const*) -> dead_letter_queue<Db>;
template <class Db> dead_letter_queue(Db&, std::string) -> dead_letter_queue<Db>;

}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/dead_letter_queue.ipp>
#endif
