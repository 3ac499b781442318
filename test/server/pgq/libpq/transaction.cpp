#include <pgq/libpq/cursor.hpp>
#include <pgq/libpq/savepoint.hpp>
#include <pgq/libpq/transaction.hpp>

#include <boost/test/unit_test.hpp>
#include <support/session.hpp>

#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_transaction)

using pgq::libpq::cursor;
using pgq::libpq::isolation;
using pgq::libpq::savepoint;
using pgq::libpq::transaction;
using support::connect;
using support::text_of;
using support::thrown;

BOOST_AUTO_TEST_CASE(commits_or_rolls_back_with_its_scope) {
    auto db = connect();
    support::table things{db, "transaction_things", "n int"};
    {
        transaction work{db};
        BOOST_TEST(db.in_transaction());
        db.execute("insert into transaction_things values (1)");
        work.commit();
        BOOST_TEST(!db.in_transaction());
    }
    thrown<std::runtime_error>([&] {
        transaction const work{db};
        db.execute("insert into transaction_things values (2)");
        throw std::runtime_error{"the handler failed"};
    });
    {
        transaction work{db};
        db.execute("insert into transaction_things values (3)");
        work.rollback();
        BOOST_TEST(!db.in_transaction());
    }
    BOOST_TEST(things.rows() == "1");
}

BOOST_AUTO_TEST_CASE(isolation_levels) {
    auto db = connect();
    auto const level = [&](isolation wanted) {
        transaction const work{db, wanted};
        return text_of(db.execute("show transaction_isolation"));
    };
    BOOST_TEST(level(isolation::serializable) == "serializable");
    BOOST_TEST(level(isolation::repeatable_read) == "repeatable read");
    db.execute("set default_transaction_isolation = 'repeatable read'");
    BOOST_TEST(level(isolation::read_committed) == "read committed");
    BOOST_TEST(level(isolation::unspecified) == "repeatable read");
}

BOOST_AUTO_TEST_CASE(calls_out_of_order) {
    auto db = connect();
    thrown<pgq::usage_error>([&] { db.commit(); });
    db.rollback();
    transaction const work{db};
    thrown<pgq::usage_error>([&] { db.begin(); });
}

BOOST_AUTO_TEST_CASE(a_failed_transaction_does_not_seem_committed) {
    auto db = connect();
    transaction work{db};
    thrown<pgq::sql_error>([&] { db.execute("select 1/0"); });
    auto const failure = thrown<pgq::sql_error>([&] { work.commit(); });
    BOOST_TEST(failure.what() == "the transaction had failed and was rolled back instead of committed");
    BOOST_TEST((failure.state() == "25P02"));
    BOOST_TEST(!failure.in_doubt());
    BOOST_TEST(!db.in_transaction());
}

BOOST_AUTO_TEST_CASE(a_constraint_checked_at_commit) {
    auto db = connect();
    support::table things{db, "transaction_deferred", "n int unique deferrable initially deferred"};
    transaction work{db};
    db.execute("insert into transaction_deferred values (1), (1)");
    auto const failure = thrown<pgq::sql_error>([&] { work.commit(); });
    BOOST_TEST((failure.state() == "23505"));
    BOOST_TEST(failure.statement() == "commit");
    BOOST_TEST(!failure.in_doubt());
    BOOST_TEST(things.rows() == "0");
}

BOOST_AUTO_TEST_CASE(savepoints_nest_and_mend) {
    auto db = connect();
    support::table things{db, "transaction_savepoints", "n int"};
    transaction work{db};
    {
        savepoint outer{db, "outer \"one\""};
        db.execute("insert into transaction_savepoints values (1)");
        {
            savepoint const inner{db};
            db.execute("insert into transaction_savepoints values (2)");
            thrown<pgq::sql_error>([&] { db.execute("select 1/0"); });
        }
        outer.release();
    }
    {
        savepoint undone{db};
        db.execute("insert into transaction_savepoints values (3)");
        undone.rollback();
        db.execute("insert into transaction_savepoints values (4)");
    }
    work.commit();
    BOOST_TEST(text_of(db.execute("select string_agg(n::text, ',' order by n) from transaction_savepoints")) == "1,4");
    thrown<pgq::sql_error>([&] { savepoint{db}; });
}

BOOST_AUTO_TEST_CASE(a_cursor_gives_rows_in_portions) {
    auto db = connect();
    pgq::detail::bound<1> const values{100};
    thrown<pgq::usage_error>([&] { cursor{db, "select 1"}; });
    transaction const work{db};
    std::vector<std::size_t> portions;
    {
        cursor rows{db, "select generate_series(1, $1::int)", values.view()};
        do {
            portions.push_back(rows.fetch(40).size());
        } while (portions.back() > 0);
    }
    BOOST_TEST((portions == std::vector<std::size_t>{40, 40, 20, 0}));
    {
        cursor rows{db, "select 1/(5 - n) from generate_series(1, 10) n"};
        BOOST_TEST((thrown<pgq::sql_error>([&] { rows.fetch(40); }).state() == "22012"));
    }
    BOOST_TEST(db.in_transaction());
}

BOOST_AUTO_TEST_CASE(the_end_of_a_transaction_also_drops_an_open_copy) {
    auto db = connect();
    support::table things{db, "transaction_copy", "n int"};
    {
        transaction const work{db};
        db.copy_begin("copy transaction_copy from stdin");
        db.copy_data("1\n");
    }
    BOOST_TEST(things.rows() == "0");
}

BOOST_AUTO_TEST_SUITE_END()
