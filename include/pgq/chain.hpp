/// How an event passes through stages to a handler: the protocol, and the checks that turn a user's mistake into a
/// sentence. Nothing here touches a database; <pgq/consumer.hpp> does.
#pragma once

#include <pgq/event.hpp>
#include <pgq/outcome.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace pgq {

/// Stands for the transaction where there is none.
struct no_session {};

/// What a stage gets as `next`: calling it passes a value on to the rest of the chain and returns the verdict.
template <class Session, class Rest> class next_stage {
public:
    /// True when handlers run inside the transaction that will finish the batch.
    static constexpr bool has_session = !std::same_as<Session, no_session>;

    constexpr next_stage(Rest const& rest, Session& session) : rest_{rest}, session_{session} {}

    template <class Out> outcome operator()(Out const& out) const { return rest_(out); }
    /// That transaction.
    [[nodiscard]] Session& session() const { return session_; }

private:
    Rest const& rest_;
    Session& session_;
};

namespace detail {

struct any_next {  // what stages are tried with before there is a real `next`
    static constexpr bool has_session = false;
    template <class Out> outcome operator()(Out const&) const { return {}; }
    [[nodiscard]] no_session& session() const;
};

struct any_session {  // converts to whichever session a handler names
    template <class Session> operator Session&() const;
};

template <class H>
concept concrete_callable = std::is_function_v<std::remove_pointer_t<H>> || requires { &H::operator(); };

struct call_probe {
    void operator()();
};
template <class H> struct call_probe_of : H, call_probe {};
template <class H>
concept generic_callable =
    std::is_class_v<H> && !std::is_final_v<H> && !concrete_callable<H> && !requires { &call_probe_of<H>::operator(); };

template <class H, class In>
concept plain_handler = std::invocable<H const&, In const&> || std::invocable<H const&, In const&, event const&>;

template <class H, class In, class Session>
concept session_handler =
    std::invocable<H const&, In const&, Session&> || std::invocable<H const&, In const&, event const&, Session&>;

// Handlers that choose among chains of their own, such as match, declare what the chain asks of a handler.
template <class H> concept router = requires { typename H::routes; };

}  // namespace detail

/// A call operator `outcome(In const&, event const&, next) const`: it calls `next(out)`, or it does not.
/// A stage that hands on something else than its input says what: `using output = T`, or
/// `template <class In> using output_for = T`.
template <class S, class In>
concept stage = requires(S const& s, In const& in, event const& ev, detail::any_next const& next) {
    { s(in, ev, next) } -> std::same_as<outcome>;
};

/// The last of a chain: callable, const, with `In const&`, then if wanted `event const&`, then if wanted the session
/// whose transaction finishes the batch. Returns nothing, which means done, or an outcome.
template <class H, class In>
concept handler_of = detail::plain_handler<H, In> || (detail::router<H> && std::same_as<In, event>) ||
                     (detail::concrete_callable<H> && detail::session_handler<H, In, detail::any_session>) ||
                     (detail::generic_callable<H> && !detail::router<H>);

/// A choice that stands among the stages without being one; see <pgq/policy/>. `axis` names what it decides.
template <class P> concept policy = requires { typename P::policy_axis; };

namespace detail {

template <class Stage, class In> struct output_of {
    using type = In;
};
template <class Stage, class In>
    requires requires { typename Stage::output; }
struct output_of<Stage, In> {
    using type = typename Stage::output;
};
template <class Stage, class In>
    requires requires { typename Stage::template output_for<In>; }
struct output_of<Stage, In> {
    using type = typename Stage::template output_for<In>;
};

template <class S> concept swallows_failures = requires { requires S::swallows_failures; };
template <class S> concept undoes_failures = requires { requires S::undoes_failures; };

// A chain's types, checked before any body is compiled, so that a mistake gives one error, at the user's line.
//   fits:           everything below may be relied on
//   takes_session:  the handler cannot run without a transaction
//   exposed:        it does so with no savepoint between
template <class In, class... Parts> struct chain;

template <class In, class Handler> struct chain<In, Handler> {
    static_assert(handler_of<Handler, In>,
                  "pgq: the handler (the last argument) must be const and take (In const&), (In "
                  "const&, event const&), or either with the session at the end, for the In named "
                  "above");
    static constexpr bool fits = [] {
        if constexpr (router<Handler>) return handler_of<Handler, In> && Handler::fits;
        else return handler_of<Handler, In>;
    }();
    static constexpr bool takes_session = [] {
        if constexpr (router<Handler>) return Handler::takes_session;
        else return !plain_handler<Handler, In>;
    }();
    static constexpr bool exposed = [] {
        if constexpr (router<Handler>) return Handler::exposed;
        else return takes_session;
    }();
};

template <bool Fits, class In, class Stage, class... Rest> struct chain_after {
    static_assert(Fits, "pgq: a stage must be callable as outcome(In const&, event const&, next) const, for the In and "
                        "the stage named above");
    static constexpr bool fits = false, takes_session = false, exposed = false;
};
template <class In, class Stage, class... Rest>
struct chain_after<true, In, Stage, Rest...> : chain<typename output_of<Stage, In>::type, Rest...> {
    using rest = chain<typename output_of<Stage, In>::type, Rest...>;
    static constexpr bool exposed = rest::exposed && !undoes_failures<Stage>;
    static constexpr bool fits = rest::fits && !(swallows_failures<Stage> && rest::exposed);
    static_assert(!rest::fits || fits,
                  "pgq: retry before a handler that takes the session needs pgq::savepoint between "
                  "them, so that a failed attempt leaves nothing behind");
};
template <class In, class Stage, class Next, class... Rest>
struct chain<In, Stage, Next, Rest...> : chain_after<stage<Stage, In>, In, Stage, Next, Rest...> {};
template <class In, policy P, class Next, class... Rest>
struct chain<In, P, Next, Rest...> : chain<In, Next, Rest...> {};

template <bool Fits, class Handler, class In, class Session> struct checked_call {
    static_assert(Fits,
                  "pgq: this handler takes a session: it needs same_transaction before the stages, a transport that "
                  "the handler accepts, and in tests handle(event, session)");
};

template <class Handler, class In, class Session>
decltype(auto) call(Handler const& handler, In const& in, event const& ev, Session& session) {
    if constexpr (std::invocable<Handler const&, In const&>) return handler(in);
    else if constexpr (std::invocable<Handler const&, In const&, event const&>) return handler(in, ev);
    else if constexpr (std::invocable<Handler const&, In const&, Session&>) return handler(in, session);
    else if constexpr (std::invocable<Handler const&, In const&, event const&, Session&>)
        return handler(in, ev, session);
    else static_cast<void>(checked_call<false, Handler, In, Session>{});
}

template <class Result, class Handler> struct checked_result {
    static constexpr bool fits = std::is_void_v<Result> || std::same_as<Result, outcome>;
    static_assert(fits, "pgq: a handler returns void or pgq::outcome, not the Result named above");
};

template <class Handler, class In, class Session>
outcome deliver(Handler const& handler, In const& in, event const& ev, Session& session) {
    if constexpr (router<Handler>) {
        if constexpr (Handler::fits) return handler.route(ev, session);
        else return done();
    } else {
        using result = decltype(call(handler, in, ev, session));
        if constexpr (!checked_result<result, Handler>::fits) return done();
        else if constexpr (std::same_as<result, outcome>) return call(handler, in, ev, session);
        else call(handler, in, ev, session);
        return done();
    }
}

/// The whole engine: one part after the other, the rest of them behind `next`.
template <class In, class Session, class Stage, class... Rest>
outcome pass(In const& in, event const& ev, Session& session, Stage const& stage, Rest const&... rest) {
    if constexpr (sizeof...(rest) == 0) {
        return deliver(stage, in, ev, session);
    } else if constexpr (policy<Stage>) {
        return pass(in, ev, session, rest...);
    } else {
        auto const go_on = [&](auto const& out) { return pass(out, ev, session, rest...); };
        return stage(in, ev, next_stage<Session, decltype(go_on)>{go_on, session});
    }
}

}  // namespace detail
}  // namespace pgq
