#include <pgq/codecs.hpp>
#include <pgq/group.hpp>
#include <pgq/policy/checked_tables.hpp>
#include <pgq/runner.hpp>

#include <support/boost_test.hpp>
#include <support/queue.hpp>
#include <support/running.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_policy_checked_tables)

using namespace std::chrono_literals;
using support::at_work;
using support::consumed_queue;
using support::eventually;

namespace {

struct guest {
    static constexpr std::string_view table = "public.checked_guest";
    BOOST_HANA_DEFINE_STRUCT(guest, (std::int64_t, id), (std::string, name));
};

/// A table whose changes go into a queue.
struct captured {
    consumed_queue queue;
    support::table guests;

    explicit captured(std::string const& name)
        : queue{name}, guests{queue.db, "checked_guest", "id bigint primary key, name text not null"} {
        queue.db.execute("create trigger capture after insert or update or delete on checked_guest"
                         " for each row execute function pgq.logutriga('" +
                         name + "')");
    }
    void add(int id) {
        pgq::query(queue.db, "insert into checked_guest values ($1, 'ann')", id);
        queue.tick();
    }
};

auto reader(captured& from, std::atomic<int>& handled) {
    return pgq::consumer{from.queue.source, pgq::checked_tables{}, pgq::poll{.interval = 5ms, .longest = 20ms},
                         pgq::decode<pgq::change<guest>>{}, [&](pgq::change<guest> const&) { ++handled; }};
}

std::string refusal(auto& work) {
    return support::thrown<pgq::usage_error>([&] { static_cast<void>(work.result()); }).what();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_consumer_whose_row_does_not_fit_refuses_before_any_event) {
    captured from{"checked_refuses"};
    from.add(1);
    from.queue.db.execute("alter table checked_guest alter name drop not null, alter id type numeric");
    std::atomic<int> handled = 0;
    auto late = reader(from, handled);
    at_work work{late, support::conninfo()};
    BOOST_TEST(refusal(work) == "table \"public.checked_guest\" does not fit its row type:\n"
                                "  column \"id\" is numeric, and the field reads int2 int4 int8 oid\n"
                                "  column \"name\" may be null, and the field is no optional");
    BOOST_TEST(handled == 0);
    // Nothing was taken, and nothing is lost once the table is set right.
    BOOST_TEST(from.queue.value("select count(*) from pgq.subscription where sub_batch is not null") == "0");
    from.queue.db.execute("alter table checked_guest alter name set not null, alter id type bigint");
    at_work again{late, support::conninfo()};
    BOOST_TEST(eventually([&] { return handled == 1; }));
    static_cast<void>(again.stop());
}

BOOST_AUTO_TEST_CASE(a_table_that_changes_is_noticed_on_the_next_session) {
    captured from{"checked_again"};
    std::atomic<int> handled = 0;
    auto steady = reader(from, handled);
    std::atomic<int> pid = 0;
    at_work work{steady, [&] {
                     auto db = support::connect();
                     pid = pgq::value_of<int>(db.execute("select pg_backend_pid()"), 0, 0);
                     return db;
                 }};
    from.add(1);
    BOOST_TEST(eventually([&] { return handled == 1; }));
    from.queue.db.execute("alter table checked_guest rename name to full_name");
    pgq::query(from.queue.db, "select pg_terminate_backend($1)", pid.load());
    BOOST_TEST(refusal(work).ends_with("\n  column \"name\" is missing"));
    BOOST_TEST(work.troubles() >= 1);
}

BOOST_AUTO_TEST_CASE(of_a_group_only_the_one_that_does_not_fit_ends) {
    captured from{"checked_group"};
    consumed_queue other{"checked_neighbour"};
    from.queue.db.execute("alter table checked_guest drop column name");
    std::atomic<int> handled = 0, others = 0;
    auto wrong = reader(from, handled);
    pgq::consumer right{other.source, pgq::poll{.interval = 5ms, .longest = 20ms},
                        [&](pgq::event const&) { ++others; }};
    pgq::group both{wrong, right};
    support::counts_trouble const heard;
    support::until_stopped<std::vector<pgq::group_result>> work{[&](std::stop_token const& stop) {
        return both.run(support::conninfo(), stop, pgq::run_options<support::counts_trouble>{.trouble = heard});
    }};
    BOOST_TEST(eventually([&] { return *heard.count == 1; }));
    other.insert("n", "1");
    other.tick();
    BOOST_TEST(eventually([&] { return others == 1; }));
    BOOST_CHECK_THROW(work.stop(), pgq::usage_error);
    BOOST_TEST(handled == 0);
    BOOST_TEST((both.results().at(0).failure && !both.results().at(1).failure));
}

BOOST_AUTO_TEST_SUITE_END()
