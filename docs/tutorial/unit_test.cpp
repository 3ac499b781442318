// A unit test of a consumer without a server: a queue in memory, time that moves when the test says so, and a failure
// that the test orders. Use it with any test framework: what does not hold is thrown, with a message for its reader.
#include <pgq/pgq.hpp>
#include <pgq/testing.hpp>

#include <cstdio>
#include <stdexcept>

using namespace std::chrono_literals;
namespace testing = pgq::testing;

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer), (std::int32_t, cents));
};

int main() try {
    pgq::consumer billing{pgq::subscription{"orders", "billing"}, pgq::decode<order_placed>{},
                          pgq::retry{pgq::fixed{.delay = 60s, .attempts = 3}}, [](order_placed const& order) {
                              if (order.customer.empty()) throw std::runtime_error{"nobody to bill"};
                          }};
    testing::server db;
    db.create_queue("orders");
    billing.subscribe(db);
    auto const good = db.put("orders", order_placed{1, "ann", 250});
    auto const bad = db.put("orders", order_placed{2, "", 100});
    db.tick();
    db.fail_next(testing::step::commit, testing::refused{"40001"});
    try {
        billing.step(db);
    } catch (pgq::sql_error const&) {}  // nothing is finished, so all of it comes again
    testing::expect(db, "orders", "billing").open(good).open(bad);
    billing.step(db);
    testing::expect(db, "orders", "billing").handled(good).retried(bad, 60s);
    db.clock().advance(60s);
    testing::run_until_idle(billing, db);
    testing::expect(db, "orders", "billing").set_aside(bad, "nobody to bill").nothing_left();
    std::puts("billing does what it should");
} catch (std::exception const& failure) { return std::fprintf(stderr, "unit_test: %s\n", failure.what()), 1; }
