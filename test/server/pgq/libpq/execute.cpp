#include <pgq/libpq/connection.hpp>

#include <boost/test/unit_test.hpp>
#include <support/session.hpp>

#include <algorithm>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_execute)

using pgq::parameter;
using pgq::query;
using pgq::libpq::result_format;
using support::connect;
using support::text_of;
using support::thrown;

BOOST_AUTO_TEST_CASE(text_values_and_nulls) {
    auto db = connect();
    auto const rows =
        query(db, "select $1::text as \"A b\", $2::text, $3::text as empty, 7 as n", "x", std::nullopt, "");
    BOOST_TEST(rows.size() == 1U);
    BOOST_TEST(rows.columns() == 4U);
    BOOST_TEST(rows.at(0, 0).value() == "x");
    BOOST_TEST(!rows.at(0, 1).has_value());
    BOOST_TEST(rows.at(0, 2).value() == "");
    BOOST_TEST(rows.column_name(0) == "A b");
    BOOST_TEST(rows.column("empty") == 2U);
    BOOST_TEST(rows.column_type(3) == 23U);
    BOOST_TEST(!rows.binary());
    thrown<pgq::protocol_error>([&] { static_cast<void>(rows.column("a b")); });
    thrown<pgq::usage_error>([&] { static_cast<void>(rows.at(1, 0)); });
    thrown<pgq::usage_error>([&] { static_cast<void>(rows.at(0, 4)); });
    thrown<pgq::usage_error>([&] { static_cast<void>(rows.column_name(4)); });
}

BOOST_AUTO_TEST_CASE(binary_both_ways) {
    auto db = connect();
    std::string bytes(4U * 1024 * 1024, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(i * 7);
    std::vector<parameter> const values{{bytes.data(), bytes.size(), 17, true}};
    auto const rows = db.execute("select $1, length($1), null::int", values, result_format::binary);
    BOOST_TEST(rows.binary());
    BOOST_TEST((rows.at(0, 0).value() == bytes));
    BOOST_TEST((rows.at(0, 1).value() == std::string_view{"\x00\x40\x00\x00", 4}));
    BOOST_TEST(!rows.at(0, 2).has_value());
}

BOOST_AUTO_TEST_CASE(a_huge_text_comes_back) {
    auto db = connect();
    std::string const text(5'000'000, 'x');
    BOOST_TEST((query(db, "select $1::text || $1::text", text).at(0, 0)->size() == 2 * text.size()));
}

BOOST_AUTO_TEST_CASE(as_many_parameters_as_the_protocol_takes) {
    auto db = connect();
    std::string sql{"select cardinality(array["};
    for (int i = 1; i <= 65'535; ++i)
        sql += (i > 1 ? ",$" : "$") + std::to_string(i);
    sql += "]::int[])";
    std::vector<parameter> values(65'535, parameter{"1", 1, 23, false});
    BOOST_TEST(text_of(db.execute(sql, values)) == "65535");
    values.push_back(values.front());
    auto const failure = thrown<pgq::usage_error>([&] { db.execute(sql, values); });
    BOOST_TEST(std::string{failure.what()}.starts_with("a statement takes at most 65535 parameters"));
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_refused) {
    auto db = connect();
    std::string const zero{"a\0b", 3};
    std::vector<parameter> const values{{"x", 1}, {zero.data(), zero.size()}};
    auto const failure = thrown<pgq::usage_error>([&] { db.execute("select $1, $2", values); });
    BOOST_TEST(std::string{failure.what()}.starts_with("parameter $2 contains a zero byte"));
    thrown<pgq::usage_error>([&] { db.execute(zero); });
    auto const encoding = thrown<pgq::sql_error>([&] { query(db, "select $1::text", "\xff\xfe"); });
    BOOST_TEST((encoding.state() == "22021"));
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_CASE(several_statements_and_none) {
    auto db = connect();
    BOOST_TEST(text_of(db.execute("select 1; select 2")) == "2");
    BOOST_TEST(db.execute("").size() == 0U);
    BOOST_TEST(db.execute("; ;").columns() == 0U);
    thrown<pgq::sql_error>([&] { query(db, "select $1; select 2", 1); });
    BOOST_TEST((thrown<pgq::sql_error>([&] { db.execute("select 1; select 1/0; select 2"); }).state() == "22012"));
}

BOOST_AUTO_TEST_CASE(counts_what_was_changed) {
    auto db = connect();
    support::table const things{db, "execute_things", "n int"};
    auto const inserted = db.execute("insert into execute_things select generate_series(1, 10)");
    BOOST_TEST(inserted.affected() == 10U);
    BOOST_TEST(inserted.command() == "INSERT 0 10");
    BOOST_TEST(query(db, "delete from execute_things where n > $1", 7).affected() == 3U);
    BOOST_TEST(db.execute("create table if not exists execute_things (n int)").affected() == 0U);
}

BOOST_AUTO_TEST_CASE(an_error_carries_what_the_server_said) {
    auto db = connect();
    std::string const sql{
        "do $$ begin raise exception e'two\\nlines' using errcode = 'PG001', detail = 'more', hint = 'try'; end $$"};
    auto const failure = thrown<pgq::sql_error>([&] { db.execute(sql); });
    BOOST_TEST(failure.what() == "two lines");
    BOOST_TEST((failure.state() == "PG001"));
    BOOST_TEST(failure.statement() == sql);
    BOOST_TEST(failure.context().starts_with("detail: more\nhint: try\nPL/pgSQL function"));
    BOOST_TEST(!failure.transient());
    BOOST_TEST(!failure.connection_lost());
    BOOST_TEST(!failure.transaction_aborted());
    BOOST_TEST(!failure.in_doubt());
    db.begin();
    BOOST_TEST(thrown<pgq::sql_error>([&] { db.execute("nonsense"); }).transaction_aborted());
    db.rollback();
    auto const secret = thrown<pgq::sql_error>([&] { query(db, "select $1::int", "secret"); });
    BOOST_TEST(secret.statement() == "select $1::int");
}

BOOST_AUTO_TEST_CASE(a_statement_may_not_copy) {
    auto db = connect();
    support::table const things{db, "execute_copy", "n int"};
    thrown<pgq::usage_error>([&] { db.execute("copy execute_copy from stdin"); });
    thrown<pgq::usage_error>([&] { db.execute("copy (select generate_series(1, 100000)) to stdout"); });
    BOOST_TEST(things.rows() == "0");
}

BOOST_AUTO_TEST_CASE(named_prepared_statements) {
    auto db = connect();
    db.prepare("add", "select $1::int + $2::int");
    std::vector<parameter> const values{{"2", 1}, {"3", 1}};
    BOOST_TEST(text_of(db.execute_prepared("add", values)) == "5");
    BOOST_TEST((db.execute_prepared("add", values, result_format::binary).at(0, 0).value() ==
                std::string_view{"\0\0\0\5", 4}));
    BOOST_TEST((thrown<pgq::sql_error>([&] { db.execute_prepared("subtract", values); }).state() == "26000"));
    BOOST_TEST((thrown<pgq::sql_error>([&] { db.prepare("add", "select 1"); }).state() == "42P05"));
}

BOOST_AUTO_TEST_CASE(statements_that_come_again_are_prepared) {
    auto db = connect({.prepare_statements = true});
    auto const prepared = [&] { return text_of(db.execute("select count(*) from pg_prepared_statements")); };
    auto const twice = [&](int n) { return text_of(query(db, "select $1::int * 2", n)); };
    BOOST_TEST(twice(1) == "2");
    BOOST_TEST(prepared() == "0");
    BOOST_TEST(twice(2) == "4");
    BOOST_TEST(twice(3) == "6");
    BOOST_TEST(prepared() == "1");
    db.execute("deallocate all");
    BOOST_TEST(twice(4) == "8");
    for (int i = 0; i < 500; ++i)
        query(db, "select $1::int + " + std::to_string(i / 2), 1);
    BOOST_TEST(std::stoi(prepared()) <= 64);
    auto plain = connect();
    for (int i = 0; i < 3; ++i)
        query(plain, "select $1::int * 2", i);
    BOOST_TEST(text_of(plain.execute("select count(*) from pg_prepared_statements")) == "0");
}

BOOST_AUTO_TEST_CASE(a_changed_table_is_read_anew) {
    auto db = connect({.prepare_statements = true});
    support::table const things{db, "execute_changed", "n int"};
    db.execute("insert into execute_changed values (1)");
    auto const columns = [&] { return query(db, "select * from execute_changed where n = $1", 1).columns(); };
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(columns() == 1U);
    db.execute("alter table execute_changed add column more text");
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(columns() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
