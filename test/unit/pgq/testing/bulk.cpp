#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/policy/fetch.hpp>
#include <pgq/policy/insert_pipelined.hpp>
#include <pgq/policy/spooled.hpp>
#include <pgq/producer.hpp>
#include <pgq/testing/server.hpp>

#include <support/boost_test.hpp>
#include <support/said_by.hpp>

#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(testing_bulk)

using boost::test_tools::per_element;
using pgq::testing::server;
using support::said_by;
using lines = std::vector<std::string>;

namespace {

pgq::subscription const source{"q", "c"};

/// A server with the queue q, where the consumer c waits.
struct subscribed : server {
    subscribed() {
        create_queue("q");
        source.subscribe(*this);
    }

    /// What a batch with everything that was committed holds; the batch stays open.
    lines seen() {
        tick("q");
        lines data;
        pgq::batch_info const batch = source.next(*this).value();
        auto reader = pgq::whole_batch{}.open(*this, batch);
        while (auto const* ev = reader.next())
            data.emplace_back(ev->data);
        return data;
    }
};

std::string whole(pgq::event const& ev) {
    auto text = std::to_string(ev.id) + ' ' + std::to_string(ev.time.microseconds) + ' ' + std::to_string(ev.txid) +
                ' ' + std::to_string(ev.retry) + ' ' + std::string{ev.type} + ' ' + std::string{ev.data};
    for (auto const& extra : ev.extra)
        text += extra ? " '" + std::string{*extra} + '\'' : " null";
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_pipeline_is_stored_when_it_ends) {
    subscribed db;
    pgq::producer out{db, "q", pgq::insert_pipelined{}};
    BOOST_TEST(out.finish() == 0);
    out.insert(pgq::new_event{.type = "t", .data = "1"});
    out.insert(pgq::new_event{.type = "t", .data = "2"});
    auto const busy = said_by<pgq::usage_error>([&] { db.execute("select 1"); });
    BOOST_TEST(busy == "the session is busy with a pipeline: finish that first");
    BOOST_TEST(out.finish() == 2);
    db.begin();
    out.insert(pgq::new_event{.type = "t", .data = "undone"});
    out.finish();
    db.rollback();
    {
        pgq::producer dropped{db, "q", pgq::insert_pipelined{}};
        dropped.insert(pgq::new_event{.type = "t", .data = "dropped"});
    }
    out.insert(pgq::new_event{.type = "t", .data = "3"});
    BOOST_TEST(out.finish() == 1);
    BOOST_TEST(db.seen() == (lines{"1", "2", "3"}), per_element());
}

BOOST_AUTO_TEST_CASE(a_pipeline_is_refused_as_a_whole) {
    subscribed db;
    pgq::producer nowhere{db, "other", pgq::insert_pipelined{}};
    nowhere.insert(pgq::new_event{.type = "t", .data = "1"});
    BOOST_TEST(said_by<pgq::usage_error>([&] { nowhere.finish(); }).starts_with("queue \"other\" does not exist"));

    pgq::producer out{db, "q", pgq::insert_pipelined{}};
    auto const fails = [&](pgq::testing::fault what) {
        db.fail_next(pgq::testing::step::insert, std::move(what));
        out.insert(pgq::new_event{.type = "t", .data = "1"});
        out.insert(pgq::new_event{.type = "t", .data = "2"});
        BOOST_CHECK_THROW(out.finish(), pgq::error);
        BOOST_TEST(!db.in_transaction());
        if (db.closed()) db.reset();
    };
    fails(pgq::testing::disk_full());
    fails(pgq::testing::lost{});
    BOOST_TEST(db.seen().empty());
    source.finish(db, source.next(db)->id);
    fails(pgq::testing::lost{.done = true});
    BOOST_TEST(db.seen() == (lines{"1", "2"}), per_element());

    db.begin();
    nowhere.insert(pgq::new_event{.type = "t", .data = "1"});
    BOOST_CHECK_THROW(nowhere.finish(), pgq::usage_error);
    BOOST_CHECK_THROW(db.commit(), pgq::sql_error);
}

BOOST_AUTO_TEST_CASE(events_come_row_by_row) {
    subscribed db;
    for (auto const* data : {"1", "2", "3"})
        db.put("q", {.type = "t", .data = data});
    db.tick();
    lines seen;
    bool dies = true;
    pgq::consumer reader{source, pgq::same_transaction{}, pgq::row_by_row{}, [&](pgq::event const& ev) {
                             seen.emplace_back(ev.data);
                             BOOST_CHECK_THROW(db.execute("select 1"), pgq::usage_error);
                             if (dies && ev.data == "2") throw std::runtime_error{"dies"};
                         }};
    BOOST_CHECK_THROW(reader.step(db), std::runtime_error);
    BOOST_TEST(!db.in_transaction());
    dies = false;
    BOOST_TEST(reader.step(db)->counts.done == 3);
    BOOST_TEST(seen == (lines{"1", "2", "1", "2", "3"}), per_element());

    // Ended early, a statement is cancelled, and with it the transaction.
    auto const first = [](pgq::testing::rows const&) { return false; };
    BOOST_TEST(db.stream("select queue_name from pgq.get_queue_info()", {}, first) == 1);
    db.begin();
    BOOST_TEST(db.stream("select queue_name from pgq.get_queue_info()", {}, [](pgq::testing::rows const&) {}) == 1);
    BOOST_CHECK_THROW(db.stream("select queue_name from pgq.get_queue_info()", {},
                                [](auto const&) -> bool { throw std::runtime_error{"dies"}; }),
                      std::runtime_error);
    BOOST_CHECK_THROW(db.execute("select queue_name from pgq.get_queue_info()"), pgq::sql_error);
}

BOOST_AUTO_TEST_CASE(large_batches_are_spooled) {
    subscribed db;
    for (int i = 0; i < 600; ++i)
        db.put("q", {.type = "t\t", .data = std::to_string(i), .extra = {"e", {}, ""}});
    db.put("q", {.type = "", .data = {}});
    db.tick();
    auto const batch = source.next(db).value();
    auto const read = [&](auto const& how) {
        lines all;
        auto reader = how.open(db, batch);
        while (auto const* ev = reader.next())
            all.push_back(whole(*ev));
        return all;
    };
    auto const expected = read(pgq::whole_batch{});
    BOOST_TEST(expected.size() == 601);
    BOOST_TEST(read(pgq::spooled{}) == expected, per_element());
    BOOST_TEST(read(pgq::spooled{.memory = 0}) == expected, per_element());

    db.fail_next(pgq::testing::step::events, pgq::testing::refused{"53100"}, 1);
    BOOST_CHECK_THROW(read(pgq::spooled{}), pgq::sql_error);
    BOOST_TEST(db.faults_left() == 0);
    source.finish(db, batch.id);
    BOOST_TEST(said_by<pgq::sql_error>([&] { read(pgq::spooled{}); }) == "batch not found");
}

BOOST_AUTO_TEST_SUITE_END()
