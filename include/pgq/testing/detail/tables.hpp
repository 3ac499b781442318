/// The tables of a server in memory, and how transactions see and change them: what is not committed is seen by its own
/// transaction only, and a row that one has changed cannot be changed by another until the first is over.
#pragma once

#include <pgq/testing/clock.hpp>
#include <pgq/testing/detail/table_rows.hpp>
#include <pgq/testing/detail/values.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/timestamp.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

template <template <class> class Table>
using for_each_table = std::tuple<Table<queue_row>, Table<tick_row>, Table<subscription_row>, Table<retry_row>,
                                  Table<takeover_row>, Table<delayed_row>, Table<once_row>, Table<pause_row>,
                                  Table<attempt_row>, Table<completed_row>, Table<kept_row>>;
template <class Row> using committed_rows = std::map<typename Row::key, Row>;
template <class Row> using changed_rows = std::map<typename Row::key, std::optional<Row>>;

/// A statement that a test's own answer was given to.
struct foreign_statement {
    std::string sql;
    row values;
};

struct new_event_row {
    std::int64_t queue = 0;
    event_row event{};
};

struct changes {
    for_each_table<changed_rows> rows{};
    std::vector<new_event_row> events{};
    std::vector<foreign_statement> foreign{};
    std::vector<std::string> ticked{};                             ///< queues to tell listeners of
    std::vector<std::pair<std::int64_t, std::int32_t>> emptied{};  ///< tables, by queue and number
};

struct transaction {
    timestamp now{};
    std::int64_t txid = 0;
    changes made{};
};

/// Sequences are not undone by a rollback.
struct queue_sequences {
    std::int64_t event = 0, tick = 0;
};

struct tables {
    virtual_clock clock{};
    for_each_table<committed_rows> rows{};
    std::map<std::int64_t, std::vector<event_row>> events{};  ///< by queue, in order of commit
    std::map<std::int64_t, std::vector<event_row>> gone{};    ///< the same, of tables that were emptied
    std::vector<foreign_statement> foreign{};
    std::map<std::int64_t, queue_sequences> sequences{};
    std::map<std::int64_t, std::uint64_t> begun{};  ///< by subscription, what was committed before its first position
    std::int64_t last_queue = 0, last_subscription = 0, last_batch = 0, last_delayed = 0, last_txid = 1'000;
    std::uint64_t commits = 0;
    std::vector<transaction*> open{};

    void apply(transaction& tx) {
        ++commits;
        for (auto const& [queue, table] : tx.made.emptied)
            empty(queue, table);
        std::apply([&](auto&... changed) { (apply_rows(changed), ...); }, tx.made.rows);
        for (auto& [queue, event] : tx.made.events) {
            event.commit = commits;
            events[queue].push_back(std::move(event));
        }
        std::move(tx.made.foreign.begin(), tx.made.foreign.end(), std::back_inserter(foreign));
    }

private:
    void empty(std::int64_t queue, std::int32_t table) {
        auto& all = events[queue];
        auto const end =
            std::stable_partition(all.begin(), all.end(), [&](auto const& ev) { return ev.table != table; });
        std::move(end, all.end(), std::back_inserter(gone[queue]));
        all.erase(end, all.end());
    }
    template <class Key, class Row> void apply_rows(std::map<Key, std::optional<Row>>& changed) {
        auto& into = std::get<committed_rows<Row>>(rows);
        for (auto& [key, value] : changed) {
            if (value) into.insert_or_assign(key, std::move(*value));
            else into.erase(key);
        }
    }
};

/// The tables as one transaction sees them now: what is committed, and over it what it has changed itself.
class view {
public:
    view(tables& all, transaction& own) : all_{all}, own_{own} {}

    [[nodiscard]] timestamp now() const { return own_.now; }
    [[nodiscard]] bool is(transaction const& other) const { return &other == &own_; }
    [[nodiscard]] tables& shared() { return all_; }
    [[nodiscard]] changes& made() { return own_.made; }
    std::int64_t txid() {
        if (own_.txid == 0) own_.txid = ++all_.last_txid;
        return own_.txid;
    }
    /// All transactions below it are over.
    [[nodiscard]] std::int64_t oldest_txid() const {
        auto oldest = own_.txid == 0 ? all_.last_txid + 1 : own_.txid;
        for (auto const* other : all_.open)
            oldest = other->txid == 0 ? oldest : std::min(oldest, other->txid);
        return oldest;
    }
    queue_sequences& sequences(std::int64_t queue) { return all_.sequences[queue]; }

    /// Null when there is no such row. Valid until the next change.
    template <class Row> [[nodiscard]] Row const* find(typename Row::key const& key) const {
        auto const& changed = std::get<changed_rows<Row>>(own_.made.rows);
        if (auto const at = changed.find(key); at != changed.end()) return at->second ? &*at->second : nullptr;
        auto const& committed = std::get<committed_rows<Row>>(all_.rows);
        auto const at = committed.find(key);
        return at != committed.end() ? &at->second : nullptr;
    }

    /// Rows for which `wanted(key, row)` holds, by key.
    template <class Row> [[nodiscard]] committed_rows<Row> select(auto const& wanted) const {
        committed_rows<Row> found;
        for (auto const& [key, value] : std::get<committed_rows<Row>>(all_.rows)) {
            auto const* const seen = find<Row>(key);
            if (seen != nullptr && wanted(key, *seen)) found.emplace(key, *seen);
        }
        for (auto const& [key, value] : std::get<changed_rows<Row>>(own_.made.rows)) {
            if (value && wanted(key, *value)) found.emplace(key, *value);
        }
        return found;
    }

    /// Inserts, replaces or, with nothing, deletes.
    template <class Row> void put(typename Row::key const& key, std::optional<Row> value) {
        if (locked<Row>(key)) {
            refuse(
                "this would wait for a row that another open session has changed: end that session's transaction first",
                "55P03");
        }
        txid();
        std::get<changed_rows<Row>>(own_.made.rows).insert_or_assign(key, std::move(value));
    }

    /// True when another open transaction has changed the row.
    template <class Row> [[nodiscard]] bool locked(typename Row::key const& key) const {
        return std::any_of(all_.open.begin(), all_.open.end(), [&](transaction const* other) {
            return other != &own_ && std::get<changed_rows<Row>>(other->made.rows).contains(key);
        });
    }

    /// The newest tick of a queue; null when there is none.
    [[nodiscard]] std::optional<std::pair<std::int64_t, tick_row>> newest_tick(std::int64_t queue) const {
        auto const ticks = select<tick_row>([&](auto const& key, auto const&) { return key.first == queue; });
        if (ticks.empty()) return std::nullopt;
        auto const& [key, tick] = *ticks.rbegin();
        return std::pair{key.second, tick};
    }

private:
    tables& all_;
    transaction& own_;
};

}  // namespace pgq::testing::detail
