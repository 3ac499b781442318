/// Exactly once into another database: effects and a marker commit together in the target, then the source is told.
/// The target needs the extension pgq_ext 4.0.
#pragma once

#include <pgq/error.hpp>
#include <pgq/libpq/sessions.hpp>
#include <pgq/policy/completion.hpp>
#include <pgq/policy/kept_verdicts.hpp>
#include <pgq/sql/ext.hpp>
#include <pgq/transport.hpp>
#include <pgq/verdicts.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

namespace pgq {
namespace detail {

template <class F> auto opened(F& connect, std::stop_token const& stop) {
    if constexpr (std::invocable<F&, std::stop_token>) return connect(stop);
    else return connect();
}

/// Opens sessions of libpq.
struct libpq_target {
    std::string conninfo;

    template <std::convertible_to<std::string> Text>
    libpq_target(Text const& text) : conninfo{text} {}  // implicit: it stands for the text
    libpq::connection operator()(std::stop_token stop) const {
        constexpr std::chrono::seconds silence{30};  // until the batch says what its own session is given
        return libpq::sessions{conninfo,
                               {.stop = std::move(stop), .longest_silence = silence, .prepare_statements = true}}();
    }
};

}  // namespace detail

/// Opens a session with transactions: callable with nothing, or with the std::stop_token that shall end its waits.
template <class F>
concept target_factory = requires(F& connect, std::stop_token const& stop) {
    { detail::opened(connect, stop) } -> transactional;
};

namespace detail {

/// The target's session, and what is done there with each batch.
template <class Connect> class tracking {
public:
    using target = decltype(opened(std::declval<Connect&>(), std::stop_token{}));

    tracking(Connect connect, std::string name) : connect_{std::move(connect)}, name_{std::move(name)} {}

    void operator()(transport auto& db, batch_in_hand const& batch, auto&& effects, auto&& settle) {
        auto const name = name_.empty() ? std::string{batch.queue} + '/' + std::string{batch.consumer} : name_;
        auto& there = session(batch.stop);
        if constexpr (impatient<target> && impatient<decltype(db)>) there.longest_silence(db.longest_silence());
        try {
            bool const kept = work(there, batch, name, effects);
            if constexpr (transactional<decltype(db)>) {
                open_transaction scope{db};
                if (kept) send_kept(there, db, batch, name);
                settle();
                scope.commit();
            } else {
                if (kept) send_kept(there, db, batch, name);
                settle();
            }
        } catch (...) {
            session_.reset();  // the next batch gets a new one, whatever state this one is in
            throw;
        }
    }

private:
    /// True when the target keeps verdicts of the batch.
    bool work(target& there, batch_in_hand const& batch, std::string const& name, auto& effects) {
        open_transaction scope{there};
        bool kept = true;
        if (claim(there, batch, name)) {
            kept = false;
            auto const keep = [&] { kept |= keep_verdicts(there, batch, name); };
            transaction<target> handlers{there};
            effects(handlers, keep);
            keep();
        }
        sql::ext::commit_durably(there);
        scope.commit();
        return kept;
    }

    /// False when the batch was handled before.
    static bool claim(target& there, batch_in_hand const& batch, std::string const& name) {
        auto const help = "another process works under the same name, or the subscription was moved; after moving it "
                          "on purpose: select pgq_ext.set_last_tick('" +
                          name + "', null) in the target";
        try {
            if (sql::ext::advance_tick(there, name, batch.info.previous_tick, batch.info.tick)) return true;
        } catch (sql_error const& failure) {
            if (failure.state() == "3F000" || failure.state() == "42883") {
                throw usage_error{"the target of pgq::tracked has no pgq_ext 4.0; run there: create extension pgq_ext",
                                  {.state = failure.state()}};
            }
            if (failure.state() != "55000") throw;
            throw fenced_error{std::string{failure.what()} + ": " + help,
                               {.state = failure.state(), .transaction_aborted = failure.transaction_aborted()}};
        }
        auto const reached = sql::ext::last_tick(there, name);
        if (reached == number(batch.info.tick)) return false;
        throw fenced_error{"consumer \"" + name + "\" is at tick " + std::to_string(reached.value_or(0)) +
                           " in the target, batch " + std::to_string(number(batch.info.id)) + " ends at tick " +
                           std::to_string(number(batch.info.tick)) + ": " + help};
    }

    target& session(std::stop_token const& stop) {
        if constexpr (requires { session_->closed(); }) {
            if (session_ && session_->closed()) session_.reset();
        }
        if (!session_) session_ = std::make_unique<target>(opened(connect_, stop));
        if constexpr (stoppable<target>) session_->stop_token(stop);
        return *session_;
    }

    Connect connect_;
    std::string name_;
    std::unique_ptr<target> session_{};
};

template <bool Fits, class Connect> struct checked_target {
    static_assert(Fits,
                  "pgq::tracked needs a connection string, or a callable that opens a session with begin, commit, "
                  "rollback and in_transaction (concept pgq::transactional), for the Connect named above");
};

}  // namespace detail

/// `name`: of the consumer in the target; by itself QUEUE/CONSUMER. It must differ among all whose effects go there.
struct tracked_options {
    std::string name{};
};

/// `tracked{"dbname=warehouse"}`, or with a callable that opens the session. Handlers may take the target's transaction
/// as their last argument: it has effects if and only if the marker in the target moves. A batch that was handled by a
/// process which then died is recognised; the verdicts of that process are sent and the batch is finished.
///
/// The target is asked for a commit on disk even where its synchronous_commit is off. The session to the target is kept
/// over batches and opened anew after a failure. Costs one transaction and three statements in the target per batch.
/// @throws fenced_error  when the batch does not join what the target has: a process of the same name goes on, or the
///                       subscription was moved
/// @throws usage_error   for a target without pgq_ext 4.0
template <class Connect> class tracked {
public:
    using policy_axis = completion_axis;
    static constexpr bool gives_session = true;
    static constexpr bool follows_ticks = true;

    tracked(Connect connect, tracked_options options = {})
        : connect_{std::move(connect)}, options_{std::move(options)} {
        static_cast<void>(detail::checked_target<target_factory<Connect>, Connect>{});
    }

    /// What a consumer keeps of this policy: the session to the target, opened with the first batch.
    auto start() const {
        if constexpr (target_factory<Connect>) return detail::tracking<Connect>{connect_, options_.name};
        else return at_least_once{};
    }

private:
    Connect connect_;
    tracked_options options_;
};
tracked(char const*) -> tracked<detail::libpq_target>;
tracked(char const*, tracked_options) -> tracked<detail::libpq_target>;
tracked(std::string) -> tracked<detail::libpq_target>;
tracked(std::string, tracked_options) -> tracked<detail::libpq_target>;

}  // namespace pgq
