/// A source, stages and a handler as one value: takes a batch, passes its events, settles it.
/// Not for running on and on: <pgq/runner.hpp>.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/error.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/policy/dead_letters.hpp>
#include <pgq/policy/fetch.hpp>
#include <pgq/policy/spooled.hpp>
#include <pgq/policy/wait.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/verdicts.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace pgq {

/// What became of one batch.
struct batch_report {
    batch_info batch{};
    verdict_counts counts{};
};

namespace detail {

template <class Part, class Axis> concept decides = policy<Part> && std::same_as<typename Part::policy_axis, Axis>;

template <class Axis, class... Parts>
inline constexpr std::size_t decided = (std::size_t{decides<Parts, Axis>} + ... + 0);

template <class Axis, std::size_t N> struct checked_choice {
    static_assert(N <= 1, "pgq: two policies decide the same thing; a consumer takes one for the axis named above");
};

/// The policy for an axis, or the default when the user named none.
template <class Axis, class Default, class... Parts> auto choice(std::tuple<Parts...> const& parts) {
    static_cast<void>(checked_choice<Axis, decided<Axis, Parts...>>{});
    if constexpr (decided<Axis, Parts...> == 0) {
        return Default{};
    } else {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            constexpr std::size_t at = ((decides<Parts, Axis> ? I : 0) + ...);
            return std::get<at>(parts);
        }(std::index_sequence_for<Parts...>{});
    }
}

// The bounded default: by cursor where a transaction is open anyway, spooled where it is not.
template <class Db, bool InTransaction> struct default_fetch {
    using type = whole_batch;
};
template <transactional Db> struct default_fetch<Db, true> {
    using type = by_cursor;
};
template <transactional Db> struct default_fetch<Db, false> {
    using type = spooled;
};

template <occupies Keeps, bool InTransaction, bool TakesSession> struct checked_fetch {
    static constexpr bool fits = Keeps == occupies::nothing || InTransaction;
    static_assert(fits, "pgq: by_cursor and row_by_row keep a transaction open while handlers run: they need "
                        "same_transaction; without it take spooled or whole_batch");
    static_assert(Keeps != occupies::session || !TakesSession,
                  "pgq: row_by_row keeps the session busy, so the handler cannot use it: take by_cursor");
};

/// Lets sources that want it say, while a batch is worked on, that it is.
template <class Source, class Db> class heart {
public:
    heart(Source const&, Db&, batch_id) {}
    void beat() {}
};
template <class Source, class Db>
    requires requires(Source const& source, Db& db, batch_id id) { source.heartbeat(db, id); }
class heart<Source, Db> {
public:
    heart(Source const& source, Db& db, batch_id batch) : source_{source}, db_{db}, batch_{batch} {}
    void beat() {
        auto const now = std::chrono::steady_clock::now();
        if (now - last_ < source_.heartbeat_interval()) return;
        source_.heartbeat(db_, batch_);
        last_ = now;
    }

private:
    Source const& source_;
    Db& db_;
    batch_id batch_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

template <bool Fits, class Source, class Db> struct checked_source {
    static_assert(Fits,
                  "pgq: the first argument of a consumer is a source with next(db), finish(db, batch_id), queue and "
                  "consumer, for the Source and Db named above");
};

}  // namespace detail

/// `consumer{source, policy..., stage..., handler}`: policies in any order, stages from left to right. Not thread-safe.
template <class Source, class... Parts> class consumer {
    static_assert(sizeof...(Parts) > 0, "pgq: a consumer needs a handler as its last argument");
    using chain = detail::chain<event, Parts...>;
    static constexpr bool fits = chain::fits;
    static constexpr bool takes_session = chain::takes_session;

public:
    explicit consumer(Source source, Parts... parts) : source_{std::move(source)}, parts_{std::move(parts)...} {
        using completion = decltype(completion_policy());
        constexpr bool transactions_fit = !fits || !takes_session || completion::gives_session;
        static_assert(transactions_fit,
                      "pgq: this handler takes the session: put pgq::same_transaction{} before the stages");
        // Compiles the bodies here, so that what does not fit is shown at the user's declaration.
        if constexpr (fits && !takes_session) {
            static_cast<void>(static_cast<outcome (consumer::*)(event const&) const>(&consumer::handle));
        }
    }

    /// One event through all stages, with no database: how to test them. For handlers that take no session.
    outcome handle(event const& ev) const {
        no_session none;
        return handle(ev, none);
    }
    /// The same for handlers that take one; any transport will do that they accept.
    template <class Session> outcome handle(event const& ev, Session& session) const {
        if constexpr (fits) {
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return detail::pass(ev, ev, session, std::get<I>(parts_)...);
            }(std::index_sequence_for<Parts...>{});
        } else {
            return done();
        }
    }

    /// One batch: nothing when there is none yet. When it throws, the batch stays open and is delivered again.
    /// A stop request is looked at between events.
    /// @throws fenced_error  when another process has finished or taken the batch; with same_transaction nothing stays
    /// @throws usage_error   for what somebody must set right first: queue, subscription or dead-letter queue missing
    /// @throws stopped, sql_error, connection_error, and what stages and handler throw
    template <class Db> std::optional<batch_report> step(Db& db, std::stop_token const& stop = {}) {
        if constexpr (!batch_source<Source, Db>) {
            static_cast<void>(detail::checked_source<false, Source, Db>{});
            return std::nullopt;
        } else {
            auto const info = source_.next(db);
            if (!info) return std::nullopt;
            return batch_report{*info, process(db, *info, stop)};
        }
    }

    /// Subscribes the source, and creates the dead-letter queue if it is missing. False when it was subscribed before.
    bool subscribe(transport auto& db) {
        bool const fresh = source_.subscribe(db);
        auto const letters = dead_letters_policy().queue_for(source_.queue);
        if (!sql::queue_exists(db, letters)) create_dead_letter_queue(db, letters);
        return fresh;
    }

    [[nodiscard]] Source const& source() const { return source_; }
    /// The wait policy, for whoever runs the consumer.
    [[nodiscard]] auto wait_policy() const { return detail::choice<wait_axis, notify>(parts_); }

private:
    static constexpr std::size_t most_held = std::size_t{8} << 20U;  // bytes of verdicts sent before the batch ends

    auto completion_policy() const { return detail::choice<completion_axis, at_least_once>(parts_); }
    auto dead_letters_policy() const { return detail::choice<dead_letters_axis, dead_letters>(parts_); }

    template <class Db> verdict_counts process(Db& db, batch_info const& info, std::stop_token const& stop) {
        auto const completion = completion_policy();
        constexpr bool in_transaction = decltype(completion_policy())::gives_session;
        using fallback = typename detail::default_fetch<Db, in_transaction>::type;
        auto const fetch = detail::choice<fetch_axis, fallback>(parts_);
        using fetching = std::remove_cvref_t<decltype(fetch)>;
        static_cast<void>(detail::checked_fetch<fetching::keeps, in_transaction, takes_session>{});

        auto const letters = dead_letters_policy();
        detail::verdicts book{history_};
        auto const tell = [&] { book.send(db, info.id, letters, source_.queue, source_.consumer); };
        detail::heart<Source, Db> heart{source_, db, info.id};
        completion(
            db,
            [&](auto& session) {
                auto const take = [&](event const& ev) {
                    if (stop.stop_requested()) throw stopped{};
                    if constexpr (!in_transaction && fetching::keeps == occupies::nothing) heart.beat();
                    book.note(ev, handle(ev, session));
                    if constexpr (fetching::keeps != occupies::session) {
                        if (book.held() > most_held) tell();
                    }
                };
                if constexpr (requires { fetch.open(db, info); }) {
                    auto reader = fetch.open(db, info);
                    while (event const* const ev = reader.next())
                        take(*ev);
                } else {
                    fetch.each(db, info, take);
                }
            },
            [&] {
                tell();
                source_.finish(db, info.id);
            });
        return book.counts();
    }

    Source source_;
    std::tuple<Parts...> parts_;
    detail::first_errors history_{};
};

}  // namespace pgq
