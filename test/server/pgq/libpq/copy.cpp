#include <pgq/libpq/copy_in.hpp>
#include <pgq/libpq/copy_out.hpp>
#include <pgq/libpq/transaction.hpp>

#include <boost/test/unit_test.hpp>
#include <support/session.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_copy)

using namespace std::chrono_literals;
using pgq::libpq::copy_in;
using pgq::libpq::copy_row_reader;
using support::connect;
using support::text_of;
using support::thrown;
using field = std::optional<std::string_view>;

BOOST_AUTO_TEST_CASE(every_character_survives_both_ways) {
    auto db = connect();
    support::table const things{db, "copy_characters", "n int, t text"};
    std::string all;
    for (int c = 1; c < 128; ++c)
        all += static_cast<char>(c);
    std::vector<std::string> const texts{
        all, "", "\\N", "\\.", "\\\\", "a\tb", "line\nline\r\n", "\u00e9\u4e2d", std::string(300'000, '\\')};
    copy_in in{db, "copy copy_characters from stdin"};
    for (std::size_t i = 0; i < texts.size(); ++i) {
        auto const number = std::to_string(i);
        in.row(std::array<field, 2>{number, texts[i]});
    }
    in.row(std::array<field, 2>{"99", std::nullopt});
    BOOST_TEST(in.end() == texts.size() + 1);

    copy_row_reader reader;
    std::vector<std::optional<std::string>> back;
    auto const rows =
        db.copy_out("copy (select t from copy_characters order by n) to stdout", [&](std::string_view row) {
            auto const& fields = reader.read(row);
            BOOST_REQUIRE(fields.size() == 1U);
            back.push_back(fields[0] ? std::optional<std::string>{*fields[0]} : std::nullopt);
        });
    BOOST_TEST(rows == texts.size() + 1);
    BOOST_REQUIRE(back.size() == texts.size() + 1);
    for (std::size_t i = 0; i < texts.size(); ++i)
        BOOST_TEST((back[i] == texts[i]), "text " << i);
    BOOST_TEST(!back.back().has_value());
}

BOOST_AUTO_TEST_CASE(data_may_be_cut_anywhere) {
    auto db = connect();
    support::table const things{db, "copy_pieces", "n int"};
    db.copy_begin("copy copy_pieces from stdin");
    std::string data;
    for (int i = 0; i < 100'000; ++i)
        data += std::to_string(i) + '\n';
    for (std::size_t at = 0; at < data.size(); at += 777)
        db.copy_data(std::string_view{data}.substr(at, 777));
    BOOST_TEST(db.copy_end() == 100'000U);
    BOOST_TEST(text_of(db.execute("select sum(n) from copy_pieces")) == "4999950000");
}

BOOST_AUTO_TEST_CASE(a_copy_that_is_not_finished_stores_nothing) {
    auto db = connect();
    support::table const things{db, "copy_dropped", "n int"};
    thrown<std::runtime_error>([&] {
        copy_in in{db, "copy copy_dropped from stdin"};
        for (int i = 0; i < 50'000; ++i)
            in.row(std::array<field, 1>{"1"});
        throw std::runtime_error{"the producer failed"};
    });
    db.copy_abort();
    BOOST_TEST(things.rows() == "0");
}

BOOST_AUTO_TEST_CASE(bad_data_is_told_at_the_end) {
    auto db = connect();
    support::table const things{db, "copy_bad", "n int"};
    auto const failure = thrown<pgq::sql_error>([&] {
        copy_in in{db, "copy copy_bad from stdin"};
        in.row(std::array<field, 1>{"one"});
        for (int i = 0; i < 200'000; ++i)
            in.row(std::array<field, 1>{"1"});
        in.end();
    });
    BOOST_TEST((failure.state() == "22P02"));
    BOOST_TEST(failure.statement() == "copy copy_bad from stdin");
    BOOST_TEST(failure.context().find("COPY copy_bad, line 1") != std::string::npos);
    BOOST_TEST(!failure.in_doubt());
    BOOST_TEST(things.rows() == "0");
}

BOOST_AUTO_TEST_CASE(the_session_is_busy_meanwhile) {
    auto db = connect();
    support::table const things{db, "copy_busy", "n int"};
    db.copy_begin("copy copy_busy from stdin");
    auto const failure = thrown<pgq::usage_error>([&] { db.execute("select 1"); });
    BOOST_TEST(failure.what() == "the session is busy with a COPY: finish that first");
    db.copy_abort();
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
    thrown<pgq::usage_error>([&] { db.copy_data("1\n"); });
    thrown<pgq::usage_error>([&] { db.copy_end(); });
}

BOOST_AUTO_TEST_CASE(statements_of_another_kind_are_refused) {
    auto db = connect();
    thrown<pgq::usage_error>([&] { db.copy_begin("select 1"); });
    thrown<pgq::usage_error>([&] { db.copy_begin("copy (select generate_series(1, 100000)) to stdout"); });
    thrown<pgq::usage_error>([&] { db.copy_out("select 1", [](std::string_view) {}); });
    BOOST_TEST((thrown<pgq::sql_error>([&] { db.copy_begin("copy no_such_table from stdin"); }).state() == "42P01"));
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_CASE(a_reader_that_gives_up) {
    auto db = connect();
    std::string const sql{"copy (select generate_series(1, 1000000)) to stdout"};
    thrown<std::runtime_error>([&] { db.copy_out(sql, [](std::string_view) { throw std::runtime_error{"enough"}; }); });
    int seen = 0;
    db.copy_out(sql, [&](std::string_view) { return ++seen < 10; });
    BOOST_TEST(seen == 10);
    thrown<pgq::usage_error>([&] { db.copy_out(sql, [&](std::string_view) { db.execute("select 1"); }); });
    auto const failure = thrown<pgq::sql_error>([&] {
        db.copy_out("copy (select 1/(5 - n) from generate_series(1, 10) n) to stdout", [](std::string_view) {});
    });
    BOOST_TEST((failure.state() == "22012"));
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_CASE(its_time_limit_is_for_a_server_that_says_nothing) {
    auto db = connect({.statement_timeout = 2s});
    auto const rows = [&](char const* pause, int count) {
        // Each row fills the server's buffer, so that it is sent at once.
        auto const sql = "copy (select repeat('x', 9000), pg_sleep(" + std::string{pause} +
                         ") from generate_series(1, " + std::to_string(count) + ")) to stdout";
        return db.copy_out(sql, [](std::string_view) {});
    };
    BOOST_TEST(rows("0.05", 60) == 60U);  // takes three seconds and more
    BOOST_TEST((thrown<pgq::sql_error>([&] { rows("60", 1); }).state() == "57014"));
}

BOOST_AUTO_TEST_CASE(it_is_part_of_the_transaction) {
    auto db = connect();
    support::table const things{db, "copy_transaction", "n int"};
    {
        pgq::libpq::transaction const work{db};
        copy_in in{db, "copy copy_transaction from stdin"};
        in.row(std::array<field, 1>{"1"});
        BOOST_TEST(in.end() == 1U);
        BOOST_TEST(db.in_transaction());
    }
    BOOST_TEST(things.rows() == "0");
}

BOOST_AUTO_TEST_SUITE_END()
