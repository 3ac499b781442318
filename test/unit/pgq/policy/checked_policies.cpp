#include <pgq/consumer.hpp>
#include <pgq/policy/bisected.hpp>
#include <pgq/policy/keyed.hpp>
#include <pgq/policy/tracked.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(pgq_policy_checked_policies)

namespace {

using support::scripted_session;

template <class Axis> struct of {
    using policy_axis = Axis;
};
struct worker {
    void operator()(auto&, auto&&, auto&&) {}
    void operator()(auto&&, auto&&, auto&&, auto&&, auto&&) {}
};
struct by_a_worker : of<pgq::completion_axis> {
    static constexpr bool gives_session = false;
    [[nodiscard]] worker start() const { return {}; }
};
struct by_changing_itself : of<pgq::order_axis> {
    static constexpr bool on_one_thread = true;
    void operator()(auto&&, auto&&, auto&&, auto&&, auto&&) {}
};
struct started_in_vain : of<pgq::order_axis> {
    static constexpr bool on_one_thread = true;
    void start() const {}
};
struct told_at_run_time : of<pgq::completion_axis> {
    bool gives_session = false;
    void operator()(auto&, auto&&, auto&&) const {}
};

static_assert(pgq::completion_policy<pgq::at_least_once, scripted_session>);
static_assert(pgq::completion_policy<pgq::same_transaction, scripted_session>);
static_assert(pgq::completion_policy<pgq::tracked<pgq::detail::libpq_target>, scripted_session>);
static_assert(pgq::completion_policy<by_a_worker, scripted_session>);
static_assert(!pgq::completion_policy<told_at_run_time, scripted_session>);
static_assert(!pgq::completion_policy<pgq::in_order, scripted_session>);

static_assert(pgq::order_policy<pgq::in_order> && pgq::order_policy<pgq::keyed>);
static_assert(pgq::order_policy<by_changing_itself> && !pgq::order_policy<started_in_vain>);

static_assert(pgq::guard_policy<pgq::unguarded, scripted_session>);
static_assert(pgq::guard_policy<pgq::bisected, scripted_session>);
static_assert(!pgq::guard_policy<pgq::at_least_once, scripted_session>);

static_assert(pgq::start_policy<pgq::unprepared, scripted_session, int>);
static_assert(!pgq::start_policy<pgq::unguarded, scripted_session, int>);

static_assert(pgq::dead_letters_policy<pgq::dead_letters> && !pgq::dead_letters_policy<pgq::unguarded>);

struct graves {
    using policy_axis = pgq::dead_letters_axis;
    std::string name{};
    [[nodiscard]] std::string queue_for(std::string_view source) const {
        return name.empty() ? name : name + " of " + std::string{source};
    }
};

std::string queue_of_a_letter(graves policy) {
    scripted_session db;
    db.answer("next_batch_custom", {{"7", "20", "19", "3"}});
    db.answer("get_batch_events", {support::event_row("1", "order", "id=1")});
    db.answer("get_queue_info", {{"1"}});
    db.answer("insert_event", {{"9"}});
    db.answer("finish_batch", {{"1"}});
    pgq::consumer billing{pgq::subscription{"orders", "billing"}, pgq::whole_batch{}, policy,
                          [](pgq::event const&) { return pgq::dead_letter("too old"); }};
    billing.step(db);
    for (std::string_view const line : db.log) {
        if (line.starts_with("insert_event <")) return std::string{line.substr(14, line.find('>') - 14)};
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(letters_go_where_a_policy_of_the_user_says) {
    BOOST_TEST(queue_of_a_letter({.name = "graves"}) == "graves of orders");
}

BOOST_AUTO_TEST_CASE(a_policy_that_names_no_queue_leaves_it_to_the_default) {
    BOOST_TEST(queue_of_a_letter({}) == "orders.dead");
}

BOOST_AUTO_TEST_SUITE_END()
