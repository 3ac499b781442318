/// A source, stages and a handler as one value: takes a batch, passes its events, settles it.
/// Not for running on and on: <pgq/runner.hpp>.
#pragma once

#include <pgq/chain.hpp>
#include <pgq/error.hpp>
#include <pgq/policy/checked_policies.hpp>
#include <pgq/policy/choice.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/policy/dead_letters.hpp>
#include <pgq/policy/default_fetch.hpp>
#include <pgq/policy/in_order.hpp>
#include <pgq/policy/unguarded.hpp>
#include <pgq/policy/unprepared.hpp>
#include <pgq/policy/wait.hpp>
#include <pgq/source/heart.hpp>
#include <pgq/source/subscription.hpp>
#include <pgq/verdicts.hpp>

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace pgq {

/// What became of one batch.
struct batch_report {
    batch_info batch{};
    verdict_counts counts{};
};

/// `consumer{source, policy..., stage..., handler}`: policies in any order, stages from left to right. Not thread-safe.
template <class Source, class... Parts> class consumer {
    static_assert(sizeof...(Parts) > 0, "pgq: a consumer needs a handler as its last argument");
    using chain = detail::chain<event, Parts...>;
    using policies = detail::policies<Parts...>;
    using completion = typename policies::completion;
    using starting = typename policies::starting;
    static constexpr bool fits = chain::fits && policies::fit;
    static constexpr bool takes_session = chain::takes_session;
    static constexpr bool in_transaction = policies::gives_session && !detail::follows_ticks<completion>;

public:
    explicit consumer(Source source, Parts... parts) : source_{std::move(source)}, parts_{std::move(parts)...} {
        constexpr bool threads_fit = policies::on_one_thread || (!policies::gives_session && !takes_session);
        static_assert(threads_fit, "pgq::keyed hands events to several threads, and a session belongs to one: it needs "
                                   "at_least_once and a handler that takes no session");
        constexpr bool transactions_fit = !fits || !threads_fit || !takes_session || policies::gives_session;
        static_assert(transactions_fit,
                      "pgq: this handler takes the session: put pgq::same_transaction{} before the stages");
        static_assert(!detail::follows_ticks<completion> || !detail::shares_position<Source>,
                      "pgq::tracked follows the ticks of one consumer, and members of a coop_subscription share them: "
                      "it needs pgq::subscription");
        static_assert(
            !detail::follows_ticks<completion> || std::same_as<typename policies::guard, unguarded>,
            "pgq::bisected commits event by event, and pgq::tracked by batch: bisected needs at_least_once or "
            "same_transaction");
        if constexpr (!policies::fit) policies::check();
        if constexpr (fits) static_cast<void>(typename starting::template checks<Parts...>{});
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

    /// What is due once for each session, before its first batch; nothing unless a policy wants it. Whoever runs a
    /// consumer calls it, and step() does before the first batch of all.
    /// @throws usage_error  when the policy finds that no batch may be taken on this session
    template <transport Db> void start(Db& db) {
        if constexpr (!start_policy<starting, Db, Parts...>) {
            static_cast<void>(detail::checked_start_policy<!fits, starting, Db>{});
        } else {
            detail::choice<start_axis, unprepared>(parts_).template start<Parts...>(db);
        }
        started_ = true;
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
        } else if constexpr (!fits) {
            return std::nullopt;
        } else if constexpr (!policies::template fit_session<Db>) {
            policies::template check_session<Db>();
            return std::nullopt;
        } else {
            if (!started_) start(db);
            auto const info = source_.next(db);
            if (!info) return std::nullopt;
            return batch_report{*info, process(db, *info, stop)};
        }
    }

    /// Subscribes the source, and creates the dead-letter queue if it is missing. False when it was subscribed before.
    bool subscribe(transport auto& db) {
        bool const fresh = source_.subscribe(db);
        auto const dead = letters().queue_for(source_.queue);
        if (!sql::queue_exists(db, dead)) create_dead_letter_queue(db, dead);
        return fresh;
    }

    /// Where the batches come from: the queue's and the consumer's names.
    [[nodiscard]] Source const& source() const { return source_; }
    /// The wait policy, for whoever runs the consumer.
    [[nodiscard]] auto wait_policy() const { return detail::choice<wait_axis, notify>(parts_); }

private:
    static constexpr std::size_t most_held = std::size_t{8} << 20U;  // bytes of verdicts sent before the batch ends

    dead_letters letters() const {
        return detail::letters_by(detail::choice<dead_letters_axis, dead_letters>(parts_), source_.queue);
    }

    template <class Db> verdict_counts process(Db& db, batch_info const& info, std::stop_token const& stop) {
        detail::verdicts book{history_};
        guard_(
            db, info, stop, [&] { whole(db, info, stop, book); },
            [&](auto&& pieces) { apart(db, info, stop, book, pieces); });
        return book.counts();
    }

    /// The batch in one go.
    template <class Db>
    void whole(Db& db, batch_info const& info, std::stop_token const& stop, detail::verdicts& book) {
        auto const fetch = detail::choice<fetch_axis, typename detail::default_fetch<Db>::type>(parts_);
        using fetching = typename policies::template fetch<Db>;
        static_cast<void>(detail::checked_fetch<fetching::keeps, in_transaction, takes_session>{});

        auto const tell = teller(db, info, book);
        detail::heart<Source, Db> heart{source_, db, info.id};
        auto const effects = [&](auto& session, auto const&... relief) {
            if constexpr (in_transaction) heart.hold();
            order_([&](auto const& take) { each(fetch, db, info, take); },
                   [&](event const& ev) { return handle(ev, session); },
                   [&](event const& ev, outcome const& verdict) { book.note(ev, verdict); },
                   [&] {
                       if (stop.stop_requested()) throw stopped{};
                       if constexpr (!in_transaction && fetching::keeps == occupies::nothing) heart.beat();
                   },
                   [&] {
                       if constexpr (fetching::keeps != occupies::session) {
                           if (book.held() <= most_held) return;
                           if constexpr (sizeof...(relief) == 0) tell();
                           else (relief(), ...);
                       }
                   });
        };
        auto const settle = [&] {
            tell();
            source_.finish(db, info.id);
        };
        if constexpr (detail::follows_ticks<completion>) {
            completion_(db, detail::batch_in_hand{info, source_.queue, source_.consumer, stop, letters(), book},
                        effects, settle);
        } else {
            completion_(db, effects, settle);
        }
    }

    /// Each event by itself, as `pieces` says.
    template <class Db>
    void apart(Db& db, batch_info const& info, std::stop_token const& stop, detail::verdicts& book, auto& pieces) {
        typename detail::default_fetch<Db>::type const fetch{};
        auto const tell = teller(db, info, book);
        detail::heart<Source, Db> heart{source_, db, info.id};
        pieces([&](auto const& take) { each(fetch, db, info, take); },
               [&](event const& ev, std::string const& doom, auto const& mark) {
                   if (stop.stop_requested()) throw stopped{};
                   heart.beat();
                   completion_(
                       db,
                       [&](auto& session) {
                           if constexpr (in_transaction) heart.hold();
                           book.note(ev, doom.empty() ? handle(ev, session) : dead_letter(doom));
                       },
                       [&] {
                           tell();
                           mark();
                       });
               },
               [&] {
                   completion_(
                       db, [](auto&) {}, [&] { source_.finish(db, info.id); });
               });
    }

    template <class Db> void each(auto const& fetch, Db& db, batch_info const& info, auto const& take) const {
        if constexpr (detail::opens_a_batch<std::remove_cvref_t<decltype(fetch)>, Db>) {
            auto reader = opened(fetch, db, info);
            while (event const* const ev = reader.next())
                take(*ev);
        } else {
            fetch.each(db, info, take);
        }
    }
    auto opened(auto const& fetch, auto& db, batch_info const& info) const {
        try {
            return fetch.open(db, info);
        } catch (sql_error const& failure) {
            if (!detail::batch_is_gone(failure)) throw;
            throw detail::not_open(info.id, source_.queue, source_.consumer, {.state = failure.state()});
        }
    }

    auto teller(auto& db, batch_info const& info, detail::verdicts& book) const {
        return [&, to = letters()] { book.send(db, info.id, to, source_.queue, source_.consumer); };
    }

    Source source_;
    std::tuple<Parts...> parts_;
    detail::running<completion_axis, at_least_once, Parts...> completion_{
        detail::start<completion_axis, at_least_once>(parts_)};
    detail::running<order_axis, in_order, Parts...> order_{detail::start<order_axis, in_order>(parts_)};
    detail::running<guard_axis, unguarded, Parts...> guard_{detail::start<guard_axis, unguarded>(parts_)};
    detail::first_errors history_{};
    bool started_ = false;
};

}  // namespace pgq
