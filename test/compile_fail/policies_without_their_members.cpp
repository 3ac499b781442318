// expect: pgq: a completion policy has a static constexpr bool gives_session and is called as (db, effects, settle)
// expect: pgq: an order policy has a static constexpr bool on_one_thread and is called as (each, handle, note, pause, relieve)
// expect: pgq: a fetch policy has a static constexpr pgq::occupies keeps, and open(db, batch_info) const with a reader
// expect: pgq: a start policy has a member template checks<Parts...> and start<Parts...>(db) const
// expect: pgq: a policy for dead letters has queue_for(std::string_view) const, which gives a std::string
// expect: pgq: policy_axis is pgq::completion_axis, fetch_axis, order_axis, guard_axis, wait_axis, start_axis or dead_letters_axis
// expect: pgq: a policy can be copied; what cannot is made by its start() const
// expect: pgq: a policy decides for the whole consumer: it stands before match, not in the branch
// max-errors: 9
#include <support/mistakes.hpp>

#include <memory>

#if REJECT
#define RIGHT(...)
#define OR_WRONG(...) __VA_ARGS__
#else
#define RIGHT(...) __VA_ARGS__
#define OR_WRONG(...)
#endif

struct finishes {
    using policy_axis = pgq::completion_axis;
    RIGHT(static constexpr bool gives_session = false;)
    void operator()(auto&, auto&&, auto&&) const {}
};
struct orders_them {
    using policy_axis = pgq::order_axis;
    RIGHT(static constexpr bool on_one_thread = true;)
    void operator()(auto&&, auto&&, auto&&, auto&&, auto&&) const {}
};
struct passes_nothing {
    using policy_axis = pgq::order_axis;
    static constexpr bool on_one_thread = true;
    void operator()(auto&&, auto&&, auto&&, auto&& RIGHT(, auto&&)) const {}
};
struct fetches {
    using policy_axis = pgq::fetch_axis;
    RIGHT(static constexpr auto keeps = pgq::occupies::nothing;)
    void each(auto&, pgq::batch_info const&, auto&&) const {}
};
struct starts {
    using policy_axis = pgq::start_axis;
    RIGHT(template <class...> struct checks{};)
    template <class...> void start(auto&) const {}
};
struct buries {
    using policy_axis = pgq::dead_letters_axis;
    RIGHT(static std::string queue_for(std::string_view) { return "graves"; })
};
struct elsewhere {
    using policy_axis = RIGHT(pgq::order_axis) OR_WRONG(struct axis_of_my_own);
    static constexpr bool on_one_thread = true;
    void operator()(auto&&, auto&&, auto&&, auto&&, auto&&) const {}
};
struct kept {
    using policy_axis = pgq::guard_axis;
    OR_WRONG(std::unique_ptr<int> only_one;)
    void operator()(auto&, auto const&, auto const&, auto&& whole, auto&&) const { whole(); }
};

constexpr auto handler = [](pgq::event const&) {};
pgq::consumer const one{orders, finishes{}, handler};
pgq::consumer const two{orders, orders_them{}, handler};
pgq::consumer const three{orders, passes_nothing{}, handler};
pgq::consumer const four{orders, fetches{}, handler};
pgq::consumer const five{orders, starts{}, handler};
pgq::consumer const six{orders, buries{}, handler};
pgq::consumer const seven{orders, elsewhere{}, handler};
pgq::consumer const eight{orders, kept{}, handler};
pgq::consumer const nine{orders, RIGHT(pgq::same_transaction{}, ) pgq::match{pgq::on<order_placed>(
                                     OR_WRONG(pgq::same_transaction{}, )[](order_placed const&){})}};
