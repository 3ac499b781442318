/// The verdicts of one batch that the server must hear of, kept until the batch is settled.
/// Not for users: <pgq/consumer.hpp> and <pgq/batch.hpp> fill and send it.
#pragma once

#include <pgq/event.hpp>
#include <pgq/ids.hpp>
#include <pgq/outcome.hpp>
#include <pgq/policy/dead_letters.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/sql/event.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq {

/// How many events had which verdict.
struct verdict_counts {
    std::uint64_t events = 0, done = 0, skipped = 0, retried = 0, dead = 0;

    verdict_counts& operator+=(verdict_counts const& other) {
        events += other.events;
        done += other.done;
        skipped += other.skipped;
        retried += other.retried;
        dead += other.dead;
        return *this;
    }
    friend bool operator==(verdict_counts const&, verdict_counts const&) = default;
};

namespace detail {

/// The first error of each event that this process has handed back; the oldest make room.
class first_errors {
public:
    void note(std::int64_t id, std::string const& text) {
        if (find(id) != nullptr || text.empty()) return;
        if (known_.size() < most) {
            known_.emplace_back(id, text);
        } else {
            known_[oldest_++ % most] = {id, text};
        }
    }
    [[nodiscard]] std::string of(std::int64_t id, std::string const& otherwise) const {
        auto const* const text = find(id);
        return text != nullptr ? *text : otherwise;
    }

private:
    static constexpr std::size_t most = 1000;

    [[nodiscard]] std::string const* find(std::int64_t id) const {
        for (auto const& [known, text] : known_) {
            if (known == id) return &text;
        }
        return nullptr;
    }

    std::vector<std::pair<std::int64_t, std::string>> known_{};
    std::size_t oldest_ = 0;
};

/// Tells the server of events to be delivered again; `ids` and `seconds` are lists with commas.
void hand_back(transport auto& db, batch_id batch, std::string const& ids, std::string const& seconds,
               std::string_view queue, std::string_view consumer) {
    try {
        sql::event_retry(db, batch, '{' + ids + '}', '{' + seconds + '}');
    } catch (sql_error const& failure) {
        if (!batch_is_gone(failure)) throw;  // they are events of this batch
        throw not_open(batch, queue, consumer,
                       {.state = failure.state(), .transaction_aborted = failure.transaction_aborted()});
    }
}

class verdicts {
public:
    explicit verdicts(first_errors& history) : history_{&history} {}

    void note(event const& ev, outcome const& verdict) {
        ++counts_.events;
        switch (verdict.what) {
        case outcome::kind::done:
            ++counts_.done;
            break;
        case outcome::kind::skipped:
            ++counts_.skipped;
            break;
        case outcome::kind::retry:
            retry(ev, verdict);
            break;
        case outcome::kind::dead:
            set_aside(ev, verdict.reason);
            break;
        }
    }

    [[nodiscard]] verdict_counts const& counts() const { return counts_; }
    /// Bytes that the verdicts hold; a batch of poison must not fill the memory.
    [[nodiscard]] std::size_t held() const { return held_; }

    /// Tells the server.
    /// @throws usage_error   when events are to be set aside and their queue is not there
    /// @throws fenced_error  when events are to be handed back and the batch is not open any more
    void send(transport auto& db, batch_id batch, dead_letters const& letters, std::string_view queue,
              std::string_view consumer);

    /// Tells somebody else, who keeps it until the server can be told: `retries` gets two lists with commas, the ids
    /// and the seconds, and `letter` each letter as a new_event. False when there was nothing to tell.
    bool defer(std::string_view queue, std::string_view consumer, auto&& retries, auto&& letter) {
        bool const any = !ids_.empty() || !dead_.empty();
        if (!ids_.empty()) retries(ids_, seconds_);
        for (auto const& one : dead_)
            letter(letter_of(one, story_of(one, queue, consumer)));
        forget();
        return any;
    }

private:
    void forget() {
        ids_.clear();
        seconds_.clear();
        dead_.clear();
        held_ = 0;
    }
    void retry(event const& ev, outcome const& verdict) {
        ++counts_.retried;
        append(ids_, ev.id);
        constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
        append(seconds_, verdict.delay.count() < longest ? verdict.delay.count() : longest);
        held_ += 2 * sizeof(std::int64_t);
        history_->note(ev.id, verdict.reason);
    }
    void set_aside(event const& ev, std::string const& reason);
    static void append(std::string& list, std::int64_t number) {
        if (!list.empty()) list += ',';
        list += std::to_string(number);
    }

    first_errors* history_;
    verdict_counts counts_{};
    std::string ids_{}, seconds_{};
    std::vector<dead_event> dead_{};
    std::size_t held_ = 0;
};

// Not in the class, where it would be inline, and could not be compiled once: <pgq/compiled_once.hpp>.
void verdicts::send(transport auto& db, batch_id batch, dead_letters const& letters, std::string_view queue,
                    std::string_view consumer) {
    if (!ids_.empty()) hand_back(db, batch, ids_, seconds_, queue, consumer);
    if (!dead_.empty()) {
        auto const to = checked_queue(db, letters, queue);
        for (auto const& one : dead_)
            sql::insert_event(db, to, letter_of(one, story_of(one, queue, consumer)));
    }
    forget();
}

/// What a completion is told of a batch whose position it keeps itself.
struct batch_in_hand {
    batch_info const& info;
    std::string_view queue, consumer;
    std::stop_token stop;
    dead_letters letters;
    verdicts& book;
};

}  // namespace detail
}  // namespace pgq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/verdicts.ipp>
#endif
