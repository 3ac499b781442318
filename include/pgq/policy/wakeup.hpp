/// Ticker policy that notices new events within milliseconds and ticks their queues at once, at a bounded rate.
/// It costs producers nothing: it reads the sequences that they move. Not for pgq 3.5, which has no tick on demand.
#pragma once

#include <pgq/codec/array.hpp>
#include <pgq/error.hpp>
#include <pgq/sql/tick.hpp>
#include <pgq/transport.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgq {

/// How eager the wake-up is.
struct wakeup_options {
    std::chrono::microseconds shortest{1'000};  ///< pause between two looks while events come; zero: no wake-up at all
    std::chrono::microseconds longest{5'000};   ///< pause that it grows to while none come
    /// Least time between two ticks of one queue. Between two looks up to eight times as much passes where more than an
    /// event comes in each millisecond.
    std::chrono::microseconds spacing{4'000};

    friend bool operator==(wakeup_options const&, wakeup_options const&) = default;
};

/// Looks at the queues of one database, on the ticker's session.
///
/// A sequence moves before the event's transaction commits, and a tick covers only what is committed. So a queue whose
/// sequence has moved is watched until all transactions of that moment are over. A queue whose consumers have not come
/// as far as its newest tick gets no further one from here: that would only make batches smaller.
template <transport Db> class wakeup {
public:
    using time = std::chrono::steady_clock::time_point;

    wakeup(Db& db, wakeup_options options) : db_{db}, options_{options}, pause_{options.shortest} {}

    /// Reads which queues there are. One that is new is looked at closely once, whatever its sequence says.
    void refresh(time now) {
        std::vector<watch> fresh;
        for (auto& queue : sql::ticked_queues(db_)) {
            auto* const old = find(queue.name);
            bool const known = old != nullptr && old->queue.sequence == queue.sequence;
            fresh.push_back(known ? *old : watch{.queue = std::move(queue), .since = now, .next = now});
        }
        queues_ = std::move(fresh);
        std::sort(queues_.begin(), queues_.end(),
                  [](auto const& a, auto const& b) { return a.queue.name < b.queue.name; });
        position_.clear();
    }

    /// Ticks what is due at `now` and returns how many queues that were. `failed(name, error)` hears of each queue that
    /// cannot be ticked; it is left alone for a while, and the others are not held up.
    std::size_t look(time now, auto const& failed) {
        auto const unfenced = [](watch const& watched) { return watched.active && watched.fence == 0; };
        bool const few = queues_.size() <= most_in_one_look;
        auto const started = std::chrono::steady_clock::now();
        sql::progress progress;
        try {
            progress = sql::look(db_, std::any_of(queues_.begin(), queues_.end(), unfenced), position_,
                                 few ? known_sequences() : sql::known_sequences{});
            if (!few && progress.position != position_) progress.moved = sql::moved_sequences(db_, known_sequences());
        } catch (sql_error const& failure) {
            if (failure.connection_lost() || failure.transient()) throw;
            refresh(now);  // a queue was dropped
            next_ = now + options_.shortest;
            return 0;
        }
        for (auto& watched : queues_) {
            if (unfenced(watched)) watched.fence = progress.fence.value_or(0);
        }
        auto const arrived = note(progress.moved, now);
        position_ = progress.position;
        auto const cost = few ? duration{} : std::chrono::steady_clock::now() - started;
        auto const rest = std::max(cost * 9, rest_after(arrived, now - std::exchange(looked_, now)));

        std::size_t const ticked = tick_due(now, progress.oldest, failed);
        pause_ = arrived > 0 || ticked > 0 ? duration{options_.shortest}
                                           : std::min<duration>(pause_ * 9 / 8, options_.longest);
        auto const due = next_due();
        next_ = std::max(now + rest, due ? std::min(*due, now + options_.longest) : now + pause_);
        return ticked;
    }

    /// When to look again.
    [[nodiscard]] time next() const { return next_; }

private:
    using duration = std::chrono::steady_clock::duration;
    static constexpr std::size_t most_at_once = 100;
    static constexpr std::size_t most_in_one_look = 50;  // beyond, their list is sent only when the log has moved
    static constexpr std::chrono::milliseconds longest_for_readers{500};

    struct watch {
        sql::ticked_queue queue{};
        bool active = true;      ///< it is new, or its sequence has moved, and the transactions of then may still run
        std::int64_t fence = 0;  ///< they are over when all up to this are; 0: to be set by the next look
        time since{};            ///< when its sequence was seen to move, or was ticked
        time next{};             ///< when to try
        time earliest{};         ///< but not before this
        std::optional<time> unread_since{};  ///< when its events were first found to wait for a consumer

        [[nodiscard]] time due() const { return std::max(next, earliest); }
    };

    /// Where more than an event comes in each millisecond, a look and a tick serve many: then what producers do with
    /// the processor is worth more than a few milliseconds of an event. (With thousands of queues, too, looking at them
    /// must not become the server's main work.)
    [[nodiscard]] duration rest_after(std::int64_t arrived, duration passed) const {
        constexpr double longest_rest = 8;  // in units of spacing
        std::chrono::duration<double, std::milli> const milliseconds = passed;
        double const crowd = milliseconds.count() < 1 ? 0 : static_cast<double>(arrived) / milliseconds.count() - 1;
        return std::chrono::duration_cast<duration>(options_.spacing * std::clamp(crowd, 0., longest_rest));
    }

    [[nodiscard]] sql::known_sequences known_sequences() const {
        sql::known_sequences known{"{", "{"};
        for (auto const& watched : queues_) {
            if (known.ids.size() > 1) known.ids += ',', known.values += ',';
            known.ids += std::to_string(watched.queue.sequence);
            known.values += std::to_string(watched.queue.last_value);
        }
        known.ids += '}';
        known.values += '}';
        return known;
    }

    /// @return how far the sequences have moved since the last look
    std::int64_t note(std::vector<sql::moved_sequence> const& moved, time now) {
        std::int64_t arrived = 0;
        for (auto const& [place, value] : moved) {
            auto& watched = queues_.at(place);
            arrived += std::max<std::int64_t>(1, value - watched.queue.last_value);
            watched.queue.last_value = value;
            watched.active = true;
            watched.fence = 0;
            watched.since = watched.next = now;
        }
        return arrived;
    }

    std::size_t tick_due(time now, std::int64_t oldest, auto const& failed) {
        std::vector<watch*> due;
        for (auto& watched : queues_) {
            if (watched.active && watched.due() <= now) due.push_back(&watched);
        }
        if (due.empty()) return 0;
        // Those that wait longest first, and not so many that a queue which comes to life meanwhile waits for all of
        // them.
        std::sort(due.begin(), due.end(), [](auto const* a, auto const* b) { return a->due() < b->due(); });
        if (due.size() > most_at_once) due.resize(most_at_once);
        auto const pending = tick(due, now, failed);
        std::size_t ticked = 0;
        for (auto* watched : due) {
            auto const found = std::find_if(pending.begin(), pending.end(),
                                            [&](auto const& one) { return one.name == watched->queue.name; });
            bool const unread = found != pending.end() && !found->ticked;
            if (found != pending.end() && found->ticked) {
                ++ticked;
                watched->since = now;
                watched->earliest = now + options_.spacing;
                watched->unread_since.reset();
            } else if (unread) {
                if (!watched->unread_since) watched->unread_since = now;
                watched->earliest =
                    now + std::clamp<duration>((now - *watched->unread_since) / 4, options_.spacing,
                                               std::max<duration>(options_.spacing, longest_for_readers));
            } else {
                watched->unread_since.reset();
            }
            // The longer a transaction or a consumer takes, the less it matters when exactly its end is seen.
            watched->next = now + std::clamp<duration>((now - watched->since) / 8, duration{options_.shortest} / 2,
                                                       std::chrono::seconds{1});
            if (watched->fence != 0 && oldest > watched->fence && !unread) watched->active = false;
        }
        return ticked;
    }

    std::vector<sql::pending_queue> tick(std::vector<watch*> const& due, time now, auto const& failed) {
        try {
            std::string names = "{";
            for (auto const* watched : due)
                append_name(names, watched->queue.name);
            return sql::tick_pending(db_, names + '}');
        } catch (sql_error const& failure) {
            if (failure.connection_lost()) throw;
        }
        std::vector<sql::pending_queue> pending;
        for (auto* watched : due) {
            try {
                std::string name = "{";
                append_name(name, watched->queue.name);
                for (auto& one : sql::tick_pending(db_, name + '}'))
                    pending.push_back(std::move(one));
            } catch (sql_error const& failure) {
                if (failure.connection_lost()) throw;
                failed(watched->queue.name, failure);
                watched->earliest = now + std::chrono::seconds{10};
            }
        }
        return pending;
    }

    static void append_name(std::string& names, std::string const& name) {
        if (names.size() > 1) names += ',';
        detail::append_array_element(names, name);
    }

    watch* find(std::string const& name) {
        auto const at =
            std::lower_bound(queues_.begin(), queues_.end(), name,
                             [](watch const& w, std::string const& wanted) { return w.queue.name < wanted; });
        return at != queues_.end() && at->queue.name == name ? &*at : nullptr;
    }

    [[nodiscard]] std::optional<time> next_due() const {
        std::optional<time> first;
        for (auto const& watched : queues_) {
            if (watched.active && (!first || watched.due() < *first)) first = watched.due();
        }
        return first;
    }

    Db& db_;
    wakeup_options options_;
    duration pause_;
    time looked_{};
    time next_{};
    std::string position_{};
    std::vector<watch> queues_{};
};

}  // namespace pgq
