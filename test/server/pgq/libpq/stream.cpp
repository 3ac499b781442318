#include <pgq/libpq/connection.hpp>

#include <boost/test/unit_test.hpp>
#include <support/session.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_stream)

using pgq::libpq::result;
using pgq::libpq::result_format;
using support::connect;
using support::text_of;
using support::thrown;

BOOST_AUTO_TEST_CASE(gives_row_after_row) {
    auto db = connect();
    std::int64_t sum = 0;
    pgq::detail::bound<1> const values{1000};
    auto const rows = db.stream("select n, null::text as nothing from generate_series(1, $1::int) n", values.view(),
                                [&](result const& row) {
                                    BOOST_REQUIRE(row.size() == 1U);
                                    BOOST_REQUIRE(!row.at(0, row.column("nothing")).has_value());
                                    sum += pgq::value_of<std::int64_t>(row, 0, 0);
                                });
    BOOST_TEST(rows == 1000U);
    BOOST_TEST(sum == 500'500);
    std::size_t bytes = 0;
    db.stream(
        "select 7::int8", {}, [&](result const& row) { bytes = row.at(0, 0)->size(); }, result_format::binary);
    BOOST_TEST(bytes == 8U);
    BOOST_TEST(db.stream("select 1 where false", {}, [](result const&) {}) == 0U);
    BOOST_TEST(db.stream("set application_name = 'x'", {}, [](result const&) {}) == 0U);
}

BOOST_AUTO_TEST_CASE(a_reader_may_stop_early) {
    auto db = connect();
    std::string const sql{"select generate_series(1, 1000000000)"};  // would not fit into memory
    support::stopwatch const watch;
    int seen = 0;
    BOOST_TEST(db.stream(sql, {}, [&](result const&) { return ++seen < 5; }) == 5U);
    thrown<std::runtime_error>([&] { db.stream(sql, {}, [](result const&) { throw std::runtime_error{"enough"}; }); });
    auto const busy =
        thrown<pgq::usage_error>([&] { db.stream(sql, {}, [&](result const&) { db.execute("select 1"); }); });
    BOOST_TEST(busy.what() == "the session is busy with a stream: finish that first");
    BOOST_TEST(watch.was_soon());
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_CASE(an_error_may_come_after_rows) {
    auto db = connect();
    int seen = 0;
    auto const failure = thrown<pgq::sql_error>(
        [&] { db.stream("select 1/(5 - n) from generate_series(1, 10) n", {}, [&](result const&) { ++seen; }); });
    BOOST_TEST(seen == 4);
    BOOST_TEST((failure.state() == "22012"));
    thrown<pgq::sql_error>([&] { db.stream("nonsense", {}, [](result const&) {}); });
    thrown<pgq::usage_error>([&] { db.stream("copy (select 1) to stdout", {}, [](result const&) {}); });
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_SUITE_END()
