// expect: pgq: a completion policy has a static constexpr bool gives_session and is called as (db, effects, settle)
// expect: pgq: a guard policy is called as (db, batch_info, stop_token, whole, apart)
// expect: pgq: a fetch policy has a static constexpr pgq::occupies keeps, and open(db, batch_info) const with a reader
// expect: pgq: a start policy has a member template checks<Parts...> and start<Parts...>(db) const
// expect: pgq: a wait policy has prepare(db) const and wait(db, queue, idle, stop_token) const
// expect: pgq: row_by_row keeps the session busy, so the handler cannot use it: take by_cursor
// expect: pgq::open_batch needs a fetch policy with open(db, batch_info), since the loop is the caller's
// max-errors: 9
#include <pgq/batch.hpp>
#include <pgq/runner.hpp>

#include <support/mistakes.hpp>

#if REJECT
#define RIGHT(...)
#define OR_WRONG(...) __VA_ARGS__
#else
#define RIGHT(...) __VA_ARGS__
#define OR_WRONG(...)
#endif

struct finishes {
    using policy_axis = pgq::completion_axis;
    static constexpr bool gives_session = false;
    void operator()(auto& RIGHT(, auto&&, auto&&)) const {}
};
struct guards {
    using policy_axis = pgq::guard_axis;
    void operator()(auto&, auto const& RIGHT(, auto const&), auto&& whole, auto&&) const { whole(); }
};
struct reader {
    pgq::event const* next(OR_WRONG(int)) { return nullptr; }
};
struct fetches {
    using policy_axis = pgq::fetch_axis;
    static constexpr auto keeps = pgq::occupies::nothing;
    reader open(auto&, pgq::batch_info const&) const { return {}; }
};
struct starts {
    using policy_axis = pgq::start_axis;
    template <class...> struct checks {};
    template <class...> void start(RIGHT(auto&)) const {}
};
struct waits {
    using policy_axis = pgq::wait_axis;
    void prepare(auto&) const {}
    RIGHT(void wait(auto&, std::string_view, int, std::stop_token const&) const {})
};
struct streamed : support::scripted_session {
    void stream(auto&&...) {}
};

template <class... Parts> void step(auto db, Parts... parts) {
    pgq::consumer{orders, parts...}.step(db);
}
void work(streamed& db) {
    constexpr auto handler = [](pgq::event const&) {};
    step(db, finishes{}, handler);
    step(db, guards{}, handler);
    step(db, fetches{}, handler);
    step(db, starts{}, handler);
    step(db, pgq::same_transaction{}, pgq::row_by_row{},
         [](pgq::event const&, pgq::event const& OR_WRONG(, pgq::transport auto&)) {});
    pgq::consumer waiting{orders, waits{}, handler};
    pgq::run(waiting, [] { return streamed{}; });
    static_cast<void>(pgq::open_batch(db, orders, pgq::RIGHT(whole_batch) OR_WRONG(row_by_row){}));
}
