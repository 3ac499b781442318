#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/dead_letter_queue.hpp>
#include <pgq/policy/insert_bulk.hpp>
#include <pgq/policy/insert_copy.hpp>
#include <pgq/producer.hpp>
#include <pgq/source/coop_subscription.hpp>
#include <pgq/testing/server.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using boost::test_tools::per_element;
using pgq::testing::server;
using support::said_by;
using lines = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(testing_policies)

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

BOOST_AUTO_TEST_SUITE_END()
