#include <pgq/maintenance.hpp>
#include <pgq/position.hpp>
#include <pgq/sql/info.hpp>
#include <pgq/testing/expect.hpp>
#include <pgq/testing/server.hpp>
#include <pgq/ticker.hpp>

#include <support/boost_test.hpp>
#include <support/shop.hpp>

#include <chrono>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(testing_maintenance)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using pgq::testing::server;
using support::shop;
using lines = std::vector<std::string>;

BOOST_AUTO_TEST_CASE(kept_history_ends_where_tables_were_rotated) {
    shop one;
    one.put("a");
    BOOST_TEST(one.step() == lines{"a"}, per_element());
    one.put("b");
    BOOST_TEST(one.db.rotate("orders"));
    BOOST_TEST(!one.db.rotate("orders"));  // the consumer has not come past the first rotation
    BOOST_TEST(one.step() == lines{"b"}, per_element());
    one.put("c");
    BOOST_TEST(one.step() == lines{"c"}, per_element());
    pgq::seek(one.db, one.source, pgq::seek_to::start);
    BOOST_TEST(one.step() == lines{"a"}, per_element());
    pgq::seek(one.db, one.source, pgq::seek_to::end);
    BOOST_TEST(one.db.rotate("orders"));
    pgq::testing::expect(one.db, "orders", "billing").handled(1).handled(3).nothing_left();
    one.put("d");
    pgq::seek(one.db, one.source, pgq::seek_to::start);
    BOOST_TEST(one.step() == lines{"d"}, per_element());
    BOOST_TEST(one.db.rotate("orders"));
    pgq::seek(one.db, one.source, pgq::seek_to::start);
    BOOST_TEST(one.step().empty());
    pgq::testing::expect(one.db, "orders", "billing").handled(1);
    BOOST_CHECK_THROW(one.db.rotate("none"), pgq::usage_error);
}

BOOST_AUTO_TEST_CASE(maintenance_rotates_when_the_period_is_over) {
    shop one;
    one.put("a");
    one.step();
    pgq::maintenance keeper{one.db};
    auto const table = [&] { return pgq::sql::get_queue_info(one.db, "orders").at(0).current_table; };
    one.db.clock().advance(2h);
    keeper.run([](auto const&...) { BOOST_ERROR("refused"); });
    BOOST_TEST(table() == 0);
    one.db.clock().advance(1s);
    keeper.run([](auto const&...) { BOOST_ERROR("refused"); });
    BOOST_TEST(table() == 1);
}

BOOST_AUTO_TEST_CASE(ticker_and_maintenance_run_on_it) {
    server db;
    db.create_queue("q");
    auto const nothing_fails = [](auto const&, auto const& failure) { BOOST_ERROR(failure.what()); };
    pgq::ticker<server> ticker{db};
    ticker.step({}, nothing_fails);
    BOOST_TEST((ticker.role() == pgq::ticker_role::active));
    BOOST_TEST(pgq::sql::get_queue_info(db, "q").at(0).last_tick.value() == 2);
    auto other = db.connect();
    pgq::ticker<pgq::testing::session> second{other};
    second.step({}, nothing_fails);
    BOOST_TEST((second.role() == pgq::ticker_role::second));
    pgq::maintenance<server> upkeep{db};
    BOOST_TEST(upkeep.run(nothing_fails) == 0);
    BOOST_TEST(upkeep.retry() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
