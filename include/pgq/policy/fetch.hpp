/// How the events of a batch come from the server.
/// Policies that keep something open on the server while handlers run say so by `occupies`.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/event.hpp>
#include <pgq/sql/batch.hpp>
#include <pgq/sql/event.hpp>
#include <pgq/transport.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace pgq {

struct fetch_axis;

/// What a policy keeps open while handlers run.
enum class occupies {
    nothing,      ///< may be used with any completion
    transaction,  ///< needs same_transaction
    session       ///< the same, and handlers cannot use the session
};

/// Gives events until there are no more; what it points to lives until the next call.
template <class R>
concept event_reader_of_batch = requires(R& reader) {
    { reader.next() } -> std::same_as<event const*>;
};

namespace detail {
struct any_event_sink {
    void operator()(event const&) const {}
};
template <class F> concept says_keeps = requires { typename std::integral_constant<occupies, F::keeps>; };
}  // namespace detail

namespace detail {
template <class F, class Db>
concept opens_a_batch = requires(F const& fetch, Db& db, batch_info const& batch) {
    { fetch.open(db, batch) } -> event_reader_of_batch;
};
}  // namespace detail

/// `open(db, batch)` returns a reader for that batch_info, or `each(db, batch, f)` calls f with each event where
/// reading cannot be paused. `keeps` is a `static constexpr occupies`.
template <class F, class Db>
concept fetch_policy = policy<F> && detail::says_keeps<F> &&
                       (detail::opens_a_batch<F, Db> || requires(F const& fetch, Db& db, batch_info const& batch) {
                           fetch.each(db, batch, detail::any_event_sink{});
                       });

namespace detail {

template <bool Fits, class... Named> struct checked_fetch_policy {
    static_assert(Fits,
                  "pgq: a fetch policy has a static constexpr pgq::occupies keeps, and open(db, batch_info) const "
                  "with a reader that has event const* next(), or each(db, batch_info, f) const, for the policy "
                  "named above, and for the session beside it");
};

template <row_set Rows> class rows_reader {
public:
    explicit rows_reader(Rows rows) : rows_{std::move(rows)}, size_{rows_.size()} {}

    event const* next() {
        if (at_ == size_) return nullptr;
        sql::read_event(rows_, at_++, event_);
        return &event_;
    }

private:
    Rows rows_;
    std::size_t size_ = 0;
    std::size_t at_ = 0;
    event event_{};
};

inline std::size_t bytes_of(event const& ev) {
    std::size_t total = ev.type.size() + ev.data.size();
    for (auto const& extra : ev.extra)
        total += extra ? extra->size() : 0;
    return total;
}

/// How many rows to ask for, so that an answer stays near `bytes`: grows slowly, shrinks at once.
class chunk_size {
public:
    chunk_size(int rows, std::size_t bytes)
        : most_{rows < 1 ? 1 : rows}, bytes_{bytes}, rows_{most_ < 500 ? most_ : 500} {}

    [[nodiscard]] int rows() const { return rows_; }
    void adapt(std::size_t rows, std::size_t bytes) {
        auto const fitting = bytes == 0 ? static_cast<std::size_t>(most_) : bytes_ * rows / bytes;
        auto const allowed = static_cast<std::size_t>(rows_) * 4;
        auto const wanted = fitting < allowed ? fitting : allowed;
        rows_ = wanted < 1 ? 1 : wanted > static_cast<std::size_t>(most_) ? most_ : static_cast<int>(wanted);
    }

private:
    int most_;
    std::size_t bytes_;
    int rows_;
};

/// All events by one statement, where the sequences promise no more than `few`. They do not count those of transactions
/// that began before the batch, so it may turn out to be a large batch after all: then there is nothing here, and a
/// cursor is the way.
template <transport Db>
std::optional<decltype(sql::fetch_batch_cursor(std::declval<Db&>(), 1))> small_batch(Db& db, batch_info const& batch,
                                                                                     int few) {
    if (batch.events_at_most.value_or(few + 1) > few) return std::nullopt;
    auto rows = sql::batch_events_up_to(db, batch.id, few);
    if (rows.size() > static_cast<std::size_t>(few)) return std::nullopt;
    return rows;
}

template <transport Db> class cursor_reader {
public:
    using rows = decltype(sql::fetch_batch_cursor(std::declval<Db&>(), 1));

    cursor_reader(Db& db, batch_info const& batch, chunk_size chunk)
        : db_{db}, chunk_{chunk}, asked_{chunk.rows()}, rows_{first(batch)} {}

    event const* next() {
        while (at_ == rows_.size()) {
            if (whole_ || rows_.size() < static_cast<std::size_t>(asked_)) return finish();
            chunk_.adapt(at_, bytes_);
            asked_ = chunk_.rows();
            rows_ = sql::fetch_batch_cursor(db_, asked_);
            at_ = bytes_ = 0;
        }
        sql::read_event(rows_, at_++, event_);
        bytes_ += bytes_of(event_);
        return &event_;
    }

private:
    rows first(batch_info const& batch) {
        if (auto all = small_batch(db_, batch, asked_)) {
            whole_ = closed_ = true;
            return std::move(*all);
        }
        return sql::open_batch_cursor(db_, batch.id, asked_);
    }

    event const* finish() {
        if (!std::exchange(closed_, true)) sql::close_batch_cursor(db_);
        return nullptr;
    }

    Db& db_;
    chunk_size chunk_;
    int asked_;
    bool whole_ = false;  // rows_ is all there is
    bool closed_ = false;
    rows rows_;
    std::size_t at_ = 0;
    std::size_t bytes_ = 0;
    event event_{};
};

}  // namespace detail

/// The whole batch in memory before the first handler runs. Nothing stays open; memory is what the batch needs.
struct whole_batch {
    using policy_axis = fetch_axis;
    static constexpr occupies keeps = occupies::nothing;

    auto open(transport auto& db, batch_info const& batch) const {
        return detail::rows_reader{sql::batch_events(db, batch.id)};
    }
};

/// In pieces of at most `rows` rows and about `bytes` bytes, by a cursor of the handlers' transaction.
struct by_cursor {
    using policy_axis = fetch_axis;
    static constexpr occupies keeps = occupies::transaction;
    int rows = 10'000;
    std::size_t bytes = std::size_t{1} << 20U;

    template <transport Db> auto open(Db& db, batch_info const& batch) const {
        return detail::cursor_reader<Db>{db, batch, {rows, bytes}};
    }
};

/// One event after the other while they arrive: the least memory, and the session is busy until the last one.
struct row_by_row {
    using policy_axis = fetch_axis;
    static constexpr occupies keeps = occupies::session;

    void each(streaming auto& db, batch_info const& batch, auto&& f) const {
        event ev{};
        sql::stream_batch_events(db, batch.id, [&](auto const& rows) {
            for (std::size_t row = 0; row < rows.size(); ++row) {
                sql::read_event(rows, row, ev);
                f(static_cast<event const&>(ev));
            }
            return true;
        });
    }
};

}  // namespace pgq
