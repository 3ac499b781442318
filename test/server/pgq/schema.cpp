// A schema from end to end: a producer that is bound to it, a consumer that handles each of its types, and a layout
// that a consumer does not know yet.
#include <pgq/codecs.hpp>
#include <pgq/consumer.hpp>
#include <pgq/dead_letter_queue.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/policy/insert.hpp>
#include <pgq/producer.hpp>
#include <pgq/stage/match_all.hpp>

#include <support/boost_test.hpp>
#include <support/queue.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_schema)

using boost::test_tools::per_element;
using support::consumed_queue;
using lines = std::vector<std::string>;

namespace {

struct customer {
    BOOST_HANA_DEFINE_STRUCT(customer, (std::string, name), (std::optional<std::string>, city));
};
struct placed_v1 {
    static constexpr std::string_view event_type = "placed";
    BOOST_HANA_DEFINE_STRUCT(placed_v1, (int, id), (std::string, who));
};
struct placed {
    static constexpr std::string_view event_type = "placed";
    BOOST_HANA_DEFINE_STRUCT(placed, (int, id), (customer, who));
    static placed upgrade(placed_v1 const& old) { return {.id = old.id, .who = {old.who, {}}}; }
};
struct cancelled {
    static constexpr std::string_view event_type = "cancelled";
    BOOST_HANA_DEFINE_STRUCT(cancelled, (int, id));
};

using yesterday = pgq::schema_in<pgq::json, placed_v1, cancelled>;
using today = pgq::schema_in<pgq::json, placed, cancelled>;

/// Takes all batches that there are.
void work(consumed_queue& queue, auto&& worker) {
    queue.tick();
    while (worker.step(queue.db)) {}
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_layout_of_tomorrow_waits_among_the_letters_for_a_consumer_that_knows_it) {
    consumed_queue queue{"schema_test"};
    pgq::create_dead_letter_queue(queue.db, "schema_test.dead");
    pgq::producer old_writer{queue.db, queue.source.queue, pgq::insert_each{}, yesterday{}};
    pgq::producer new_writer{queue.db, queue.source.queue, pgq::insert_each{}, today{}};
    old_writer.insert(placed_v1{1, "ann"});
    new_writer.insert(placed{2, {"bob", "Riga"}});
    new_writer.insert(cancelled{1});

    lines seen;
    work(queue,
         pgq::consumer{queue.source, pgq::match_all<yesterday>(
                                         pgq::on<placed_v1>([&](placed_v1 const& one) { seen.push_back(one.who); }),
                                         pgq::on<cancelled>([&](cancelled const&) { seen.emplace_back("off"); }))});
    BOOST_TEST(seen == (lines{"ann", "off"}), per_element());

    pgq::dead_letter_queue letters{queue.db, "schema_test.dead"};
    auto const set_aside = letters.list();
    BOOST_REQUIRE(set_aside.size() == 1U);
    BOOST_TEST(set_aside[0].type.value() == "placed@2");
    BOOST_TEST(set_aside[0].story.value().reason ==
               "cannot decode event of type \"placed@2\": version 2 is newer than 1, the newest known here");

    BOOST_TEST(letters.replay_all() == 1U);
    old_writer.insert(placed_v1{3, "eve"});
    queue.redeliver();
    seen.clear();
    work(queue, pgq::consumer{queue.source, pgq::match_all<today>(pgq::on<placed>([&](placed const& one) {
                                                                      seen.push_back(one.who.name + ' ' +
                                                                                     one.who.city.value_or("nowhere"));
                                                                  }),
                                                                  pgq::ignore<cancelled>())});
    std::sort(seen.begin(), seen.end());
    BOOST_TEST(seen == (lines{"bob Riga", "eve nowhere"}), per_element());
}

BOOST_AUTO_TEST_SUITE_END()
