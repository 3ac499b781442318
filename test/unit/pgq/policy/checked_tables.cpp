#include <pgq/group.hpp>
#include <pgq/policy/checked_tables.hpp>
#include <pgq/runner.hpp>
#include <pgq/stage/filter.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>
#include <support/scripted.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

BOOST_AUTO_TEST_SUITE(pgq_policy_checked_tables)

using namespace std::chrono_literals;
using support::event_row;
using support::said_by;
using support::scripted_row;
using support::scripted_session;

namespace {

struct customer {
    static constexpr std::string_view table = "public.customer";
    BOOST_HANA_DEFINE_STRUCT(customer, (int, id));
};
struct invoice {
    static constexpr std::string_view table = "public.invoice";
    BOOST_HANA_DEFINE_STRUCT(invoice, (int, id));
};
struct anything {
    BOOST_HANA_DEFINE_STRUCT(anything, (int, id));
};
struct note {
    static constexpr std::string_view event_type = "note";
    BOOST_HANA_DEFINE_STRUCT(note, (int, id));
};

pgq::subscription const orders{"orders", "billing"};
constexpr std::string_view looks = "from pg_class";

scripted_row column(std::string name) {
    return {std::move(name), "integer", "int4", "f", "f", "{}"};
}

std::size_t looked(scripted_session const& db) {
    return static_cast<std::size_t>(
        std::count_if(db.log.begin(), db.log.end(), [](auto const& line) { return line.find(looks) != line.npos; }));
}

/// A session on which tables have these columns, and with a batch of one event.
scripted_session with_tables(int tables, std::string const& name) {
    scripted_session db;
    for (int i = 0; i < tables; ++i)
        db.answer(std::string{looks}, {column(name)});
    db.answer("next_batch_custom", {{"7", "20", "19", "3000"}});
    db.answer("get_batch_cursor", {event_row("1", "note", "id=1")});
    db.answer("get_batch_events", {event_row("1", "note", "id=1")});
    db.answer("finish_batch", {{"1"}});
    return db;
}

scripted_session lost() {
    scripted_session db;
    db.answer(std::string{looks}, {column("id")});
    db.fail("next_batch_custom", pgq::connection_error{"gone", {.connection_lost = true}});
    return db;
}

template <class... Parts> constexpr std::size_t tables_of(pgq::consumer<pgq::subscription, Parts...> const&) {
    return pgq::detail::tables_read<void, Parts...>::count;
}

struct silent {
    void operator()(std::string_view) const {}
};

}  // namespace

BOOST_AUTO_TEST_CASE(finds_the_tables_in_stages_and_branches) {
    auto const nothing = [](auto const&) {};
    BOOST_TEST(tables_of(pgq::consumer{orders, pgq::decode<pgq::change<customer>>{}, nothing}) == 1U);
    BOOST_TEST(tables_of(pgq::consumer{orders, pgq::decode<pgq::change<anything>>{}, nothing}) == 0U);
    BOOST_TEST(tables_of(pgq::consumer{orders, pgq::decode<note>{}, nothing}) == 0U);
    BOOST_TEST(tables_of(pgq::consumer{
                   orders, pgq::match{pgq::on<pgq::change<customer>>(nothing), pgq::on<note>(nothing),
                                      pgq::ignore<pgq::change<invoice>>(),
                                      pgq::otherwise(pgq::decode<pgq::change<anything>>{}, nothing)}}) == 1U);
    using all = pgq::schema<pgq::change<customer>, pgq::change<invoice>, note>;
    BOOST_TEST(tables_of(pgq::consumer{
                   orders, pgq::match_all<all>(pgq::on<pgq::change<customer>>(nothing), pgq::ignore<note>(),
                                               pgq::otherwise(pgq::decode<pgq::change<invoice>>{}, nothing))}) == 2U);
}

BOOST_AUTO_TEST_CASE(a_step_looks_before_the_first_batch_and_not_again) {
    int handled = 0;
    pgq::consumer reader{orders, pgq::checked_tables{},
                         pgq::match{pgq::on<pgq::change<customer>>([](auto const&) {}),
                                    pgq::on<pgq::change<invoice>>([](auto const&) {}),
                                    pgq::on<note>([&](note const&) { ++handled; })}};
    auto db = with_tables(2, "id");
    BOOST_TEST(reader.step(db).has_value());
    BOOST_TEST(handled == 1);
    BOOST_TEST((db.log.at(0).ends_with("<public.customer>") && db.log.at(1).ends_with("<public.invoice>")));
    BOOST_TEST(db.log.at(2).starts_with("next_batch_custom"));
    auto next = with_tables(0, "");
    BOOST_TEST(reader.step(next).has_value());
    BOOST_TEST(looked(next) == 0U);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_listed_in_full_and_no_batch_is_asked_for) {
    pgq::consumer careful{orders, pgq::checked_tables{},
                          pgq::match{pgq::on<pgq::change<customer>>([](auto const&) {}),
                                     pgq::on<pgq::change<invoice>>([](auto const&) {})}};
    for (int attempt = 0; attempt < 2; ++attempt) {  // a refusal is no look that was passed
        auto db = with_tables(1, "name");
        BOOST_TEST(said_by<pgq::usage_error>([&] { careful.step(db); }) ==
                   "table \"public.customer\" does not fit its row type:\n  column \"id\" is missing\n"
                   "there is no table \"public.invoice\"");
        BOOST_TEST(db.log.size() == 2U);
    }
}

BOOST_AUTO_TEST_CASE(running_looks_on_each_session) {
    std::stop_source stop;
    pgq::consumer reader{orders, pgq::checked_tables{}, pgq::poll{.interval = 1ms, .longest = 1ms},
                         pgq::match{pgq::on<pgq::change<customer>>([](auto const&) {}),
                                    pgq::on<note>([&](note const&) { stop.request_stop(); })}};
    pgq::run_options<silent> const options{.first_pause = 1ms, .longest_pause = 1ms};
    int opened = 0;
    // The second session is lost while it has a table that fits; on the third it fits no more.
    auto const connect = [&] { return ++opened < 3 ? lost() : with_tables(1, "name"); };
    BOOST_CHECK_THROW(pgq::run(reader, connect, stop.get_token(), options), pgq::usage_error);
    BOOST_TEST(opened == 3);
    opened = 0;
    BOOST_CHECK_THROW(pgq::group{reader}.run(connect, stop.get_token(), options), pgq::usage_error);
    BOOST_TEST(opened == 3);
    BOOST_TEST(!stop.stop_requested());
    BOOST_TEST(pgq::run(
                   reader, [] { return with_tables(1, "id"); }, stop.get_token(), options)
                   .batches == 1U);
}

BOOST_AUTO_TEST_CASE(who_does_not_want_it_pays_nothing) {
    pgq::consumer plain{orders, pgq::decode<pgq::change<customer>>{}, [](auto const&) {}};
    auto db = with_tables(0, "");
    plain.start(db);
    BOOST_TEST(db.log.empty());
    BOOST_TEST(plain.step(db).has_value());
    BOOST_TEST(looked(db) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
