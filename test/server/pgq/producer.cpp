#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/policy/insert_pipelined.hpp>
#include <pgq/producer.hpp>

#include <boost/test/unit_test.hpp>
#include <support/fresh_queue.hpp>
#include <support/session.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_producer)

using pgq::libpq::connection;
using support::connect;
using support::text_of;
using support::thrown;
using lines = std::vector<std::string>;
using boost::test_tools::per_element;

namespace {

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer));
};

using every_policy = std::tuple<pgq::insert_each, pgq::insert_pipelined, pgq::insert_bulk, pgq::insert_copy>;

struct fresh_queue : support::fresh_queue {
    lines events() {
        auto const rows =
            pgq::query(db, "select concat_ws('|', ev_type, coalesce(ev_data, 'NULL'), ev_extra1, ev_extra4) "
                           "from " +
                               table() + " order by ev_id");
        lines found;
        for (std::size_t row = 0; row < rows.size(); ++row)
            found.emplace_back(rows.at(row, 0).value());
        return found;
    }
    std::string table() {
        return text_of(pgq::query(db, "select queue_data_pfx from pgq.queue where queue_name = $1", name));
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(stores_events_as_they_are, policy, every_policy) {
    fresh_queue queue;
    pgq::producer out{queue.db, queue.name, policy{}};
    out.insert(order_placed{7, "J\xc3\xbcrgen & Co"});
    out.insert({.type = "raw", .data = "tab\tnewline\nback\\slash\rquote'\"{}, end"});
    out.insert({.type = "raw", .data = ""});
    out.insert({.type = "raw", .data = {}});
    BOOST_TEST(out.finish() == 4U);
    BOOST_TEST(!queue.db.in_transaction());
    BOOST_TEST(queue.events() == (lines{"order.placed|id=7&customer=J%c3%bcrgen+%26+Co",
                                        "raw|tab\tnewline\nback\\slash\rquote'\"{}, end", "raw|", "raw|NULL"}),
               per_element());
    out.insert({.type = "again"});
    BOOST_TEST(out.finish() == 1U);
    BOOST_TEST(queue.events().size() == 5U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(joins_the_callers_transaction, policy, every_policy) {
    fresh_queue queue;
    pgq::producer out{queue.db, queue.name, policy{}};
    queue.db.begin();
    out.insert({.type = "lost"});
    BOOST_TEST(out.finish() == 1U);
    BOOST_TEST(queue.db.in_transaction());
    queue.db.rollback();
    BOOST_TEST(queue.events().empty());
    queue.db.begin();
    out.insert({.type = "kept"});
    out.finish();
    queue.db.commit();
    BOOST_TEST(queue.events() == lines{"kept|NULL"}, per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(says_that_a_queue_is_unknown, policy, every_policy) {
    auto db = connect();
    pgq::producer out{db, "no such queue", policy{}};
    try {
        out.insert({.type = "t"});
        out.finish();
        BOOST_FAIL("stored");
    } catch (pgq::usage_error const& problem) {
        BOOST_TEST(problem.what() ==
                   "queue \"no such queue\" does not exist; create it by: select pgq.create_queue('no such "
                   "queue')");
    }
    BOOST_TEST(!db.in_transaction());
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(refuses_a_queue_that_is_closed_for_inserts, policy, every_policy) {
    fresh_queue queue;
    pgq::query(queue.db, "update pgq.queue set queue_disable_insert = true where queue_name = $1", queue.name);
    pgq::producer out{queue.db, queue.name, policy{}};
    BOOST_CHECK_THROW((out.insert({.type = "t"}), out.finish()), pgq::sql_error);
    BOOST_TEST(!queue.db.in_transaction());
    BOOST_TEST(queue.events().empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(keeps_the_limit_of_a_transaction, policy, every_policy) {
    fresh_queue queue;
    pgq::query(queue.db, "update pgq.queue set queue_per_tx_limit = 2 where queue_name = $1", queue.name);
    queue.db.begin();
    pgq::producer out{queue.db, queue.name, policy{}};
    auto const too_many = [&] {
        for (int i = 0; i < 3; ++i)
            out.insert({.type = "t"});
        out.finish();
    };
    BOOST_CHECK_THROW(too_many(), pgq::error);
    queue.db.rollback();
    BOOST_TEST(queue.events().empty());
}

using with_extras = std::tuple<pgq::insert_each, pgq::insert_pipelined, pgq::insert_copy>;
BOOST_AUTO_TEST_CASE_TEMPLATE(stores_extras, policy, with_extras) {
    fresh_queue queue;
    pgq::producer out{queue.db, queue.name, policy{}};
    out.insert({.type = "t", .data = "d", .extra = {"one", {}, {}, "four\t"}});
    out.finish();
    BOOST_TEST(queue.events() == lines{"t|d|one|four\t"}, per_element());
}

BOOST_AUTO_TEST_CASE(one_call_returns_the_id_of_its_event) {
    fresh_queue queue;
    pgq::producer out{queue.db, queue.name};
    auto const id = out.insert({.type = "t"});
    BOOST_TEST(text_of(queue.db.execute("select ev_id from " + queue.table())) == std::to_string(id));
}

BOOST_AUTO_TEST_CASE(a_copy_refuses_a_snapshot_that_may_miss_a_rotation) {
    fresh_queue queue;
    queue.db.begin(pgq::libpq::isolation::repeatable_read);
    pgq::producer out{queue.db, queue.name, pgq::insert_copy{}};
    BOOST_CHECK_THROW(out.insert({.type = "t"}), pgq::usage_error);
}

BOOST_AUTO_TEST_CASE(a_copy_works_where_snapshots_are_old_by_default) {
    fresh_queue queue;
    queue.db.execute("set default_transaction_isolation = 'serializable'");
    pgq::producer out{queue.db, queue.name, pgq::insert_copy{}};
    out.insert({.type = "t"});
    BOOST_TEST(out.finish() == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(stores_many_whole, policy, every_policy) {
    fresh_queue queue;
    pgq::producer out{queue.db, queue.name, policy{}};
    std::string const data(1'000, 'x');
    for (int i = 0; i < 2'500; ++i)
        out.insert({.type = "t", .data = data});
    BOOST_TEST(out.finish() == 2'500U);
    BOOST_TEST(text_of(queue.db.execute(
                   "select count(*) filter (where length(ev_data) = 1000) || ' ' || count(distinct ev_id) from " +
                   queue.table())) == "2500 2500");
}

BOOST_AUTO_TEST_SUITE_END()
