#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/dead_letter_queue.hpp>
#include <pgq/policy/bisected.hpp>
#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/policy/tracked.hpp>
#include <pgq/position.hpp>
#include <pgq/producer.hpp>
#include <pgq/source/coop_subscription.hpp>
#include <pgq/testing/expect.hpp>
#include <pgq/testing/fault.hpp>
#include <pgq/testing/run.hpp>
#include <pgq/testing/server.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(testing_policies)

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using pgq::testing::server;
using support::said_by;
using lines = std::vector<std::string>;

BOOST_AUTO_TEST_CASE(every_insert_policy_works) {
    server db;
    db.create_queue("orders");
    lines seen;
    pgq::consumer reader{pgq::subscription{"orders", "billing"},
                         [&](pgq::event const& ev) { seen.emplace_back(ev.data); }};
    reader.subscribe(db);
    pgq::producer bulk{db, "orders", pgq::insert_bulk{}};
    bulk.insert(pgq::new_event{.type = "t", .data = "a \"b\", {c}"});
    BOOST_TEST(bulk.finish() == 1);
    pgq::producer copy{db, "orders", pgq::insert_copy{}};
    copy.insert(pgq::new_event{.type = "t", .data = "tab\tline\n\\"});
    copy.insert(pgq::new_event{.type = "t", .data = "", .extra = {"e"}});
    BOOST_TEST(copy.finish() == 2);
    db.tick();
    BOOST_TEST(reader.step(db)->counts.done == 3);
    BOOST_TEST(seen == (lines{"a \"b\", {c}", "tab\tline\n\\", ""}), per_element());
}

BOOST_AUTO_TEST_CASE(cooperating_members_take_over_from_the_silent) {
    server db;
    db.create_queue("orders");
    lines first, second;
    pgq::consumer one{pgq::coop_subscription{"orders", "billing", "one"},
                      [&](pgq::event const& ev) { first.emplace_back(ev.data); }};
    pgq::consumer two{pgq::coop_subscription{"orders", "billing", "two"},
                      [&](pgq::event const& ev) { second.emplace_back(ev.data); }};
    one.subscribe(db);
    two.subscribe(db);
    for (auto const* data : {"1", "2", "3"}) {
        db.put("orders", {.type = "t", .data = data});
        db.tick();
    }
    auto const lost = one.source().next(db);
    BOOST_TEST(two.step(db)->counts.events == 1);
    BOOST_TEST(second == lines{"2"}, per_element());
    db.clock().advance(61s);
    BOOST_TEST(two.step(db)->counts.events == 1);
    BOOST_TEST(second == (lines{"2", "1"}), per_element());
    BOOST_TEST(said_by<pgq::fenced_error>([&] {
                   one.source().finish(db, lost->id);
               }).starts_with("coop_finish_batch: batch 1 was taken over by billing.two as batch "));
    BOOST_TEST(one.step(db)->counts.events == 1);
    BOOST_TEST(first == lines{"3"}, per_element());
    BOOST_TEST(one.source().unsubscribe(db));
}

BOOST_AUTO_TEST_CASE(dead_letters_can_be_listed_replayed_and_purged) {
    server db;
    db.create_queue("orders");
    lines seen;
    bool refuses = true;
    pgq::consumer picky{pgq::subscription{"orders", "billing"}, [&](pgq::event const& ev) {
                            seen.emplace_back(ev.data);
                            return refuses ? pgq::dead_letter("not today") : pgq::done();
                        }};
    picky.subscribe(db);
    for (auto const* data : {"a", "b", "c"})
        db.put("orders", {.type = "t", .data = data});
    db.tick();
    BOOST_TEST(picky.step(db)->counts.dead == 3);
    pgq::dead_letter_queue letters{db, "orders.dead"};
    auto const all = letters.list();
    BOOST_REQUIRE(all.size() == 3);
    BOOST_TEST(all.at(1).story.value().reason == "not today");
    BOOST_TEST(letters.replay(all.at(1).id));
    BOOST_TEST(!letters.replay(all.at(1).id));
    BOOST_TEST(letters.purge(all.at(0).id));
    BOOST_TEST(letters.list().at(0).data.value() == "c");
    refuses = false;
    db.tick();
    seen.clear();
    BOOST_TEST(picky.step(db)->counts.done == 1);
    BOOST_TEST(seen == lines{"b"}, per_element());
    BOOST_TEST(letters.purge_all() == 1);
    BOOST_TEST(letters.list().empty());
}

BOOST_AUTO_TEST_CASE(an_event_that_kills_is_found_and_set_aside) {
    server db;
    db.create_queue("q");
    pgq::subscription const source{"q", "c"};
    pgq::consumer{source, [](pgq::event const&) {}}.subscribe(db);
    for (auto const* data : {"1", "kills", "3"})
        db.put("q", {.type = "t", .data = data});
    db.tick();
    lines effects;
    int deaths = 0;
    for (bool died = true; died && deaths < 10;) {
        auto session = db.connect();
        pgq::consumer process{source, pgq::bisected{.batch_deaths = 2, .event_deaths = 3}, pgq::same_transaction{},
                              [&](pgq::event const& ev) {
                                  if (ev.data != "kills") return effects.emplace_back(ev.data), void();
                                  session.close();  // so it cannot say that it lives
                                  throw std::runtime_error{"dies"};
                              }};
        try {
            while (process.step(session)) {}
            died = false;
        } catch (std::exception const&) { ++deaths; }
    }
    BOOST_TEST(deaths == 5);
    // Whole batches twice, and then one event after the other.
    BOOST_TEST(effects == (lines{"1", "1", "1", "3"}), per_element());
    pgq::testing::expect(db, "q", "c")
        .handled(1)
        .set_aside(2, "its handler ended the process 3 times")
        .handled(3)
        .nothing_left();
}

BOOST_AUTO_TEST_CASE(effects_in_another_database_happen_once_whatever_fails) {
    using pgq::testing::step;
    std::size_t met = 0;
    auto const with = [&](bool at_target, step at, pgq::testing::fault const& what, std::size_t spared) {
        server db, target;
        db.create_queue("q");
        target.answer("insert into bills");
        pgq::consumer consumer{pgq::subscription{"q", "c"}, pgq::tracked{[&] { return target.connect(); }},
                               [](pgq::event const& ev, pgq::transport auto& there) {
                                   pgq::query(there, "insert into bills values ($1)", ev.data);
                                   if (ev.data == "late" && ev.retry == 0) return pgq::retry_in(10s);
                                   return ev.data == "bad" ? pgq::dead_letter("bad") : pgq::done();
                               }};
        consumer.subscribe(db);
        for (auto const* data : {"good", "late", "bad"})
            db.put("q", {.type = "t", .data = data});
        (at_target ? target : db).fail_next(at, what, spared);
        met += pgq::testing::run_until_idle(consumer, db).troubles.size();
        pgq::testing::expect(db, "q", "c").handled(1).handled(2).set_aside(3, "bad").nothing_left();
        pgq::testing::expect_committed(target, "insert into bills", 4);
    };
    for (auto const at : {step::connect, step::begin, step::events, step::retry, step::insert, step::finish,
                          step::commit, step::statement}) {
        for (std::size_t spared = 0; spared < 4; ++spared) {
            for (bool const at_target : {false, true}) {
                with(at_target, at, pgq::testing::lost{}, spared);
                with(at_target, at, pgq::testing::lost{.done = true}, spared);
                with(at_target, at, pgq::testing::serialization_failure(), spared);
            }
        }
    }
    BOOST_TEST(met > 40);
}

BOOST_AUTO_TEST_CASE(a_moved_subscription_is_fenced_by_its_target) {
    server db, target;
    db.create_queue("q");
    pgq::subscription const source{"q", "c"};
    pgq::consumer consumer{source, pgq::tracked{[&] { return target.connect(); }}, [](pgq::event const&) {}};
    consumer.subscribe(db);
    for (auto const* data : {"1", "2"}) {
        db.put("q", {.type = "t", .data = data});
        db.tick();
        BOOST_TEST(consumer.step(db).has_value());
    }
    pgq::seek(db, source, pgq::seek_to::start);
    BOOST_CHECK_THROW(consumer.step(db), pgq::fenced_error);
    pgq::query(target, "select pgq_ext.set_last_tick($1, null)", "q/c");
    BOOST_TEST(consumer.step(db).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
