// An event whose handler fails is tried again, then set aside with its story; nothing is lost and nothing else waits.
// With a second argument: lists what was set aside and sends it back to the consumer that gave it up.
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

using namespace std::chrono_literals;

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer));
};

int main(int argc, char** argv) try {
    std::string const shop = argc > 1 ? argv[1] : "dbname=shop";
    pgq::libpq::connection db{shop};
    if (argc > 2) {
        pgq::dead_letter_queue letters{db, "orders.dead"};
        for (auto const& [id, time, type, data, extra, story] : letters.list())
            std::printf("%s: %s, %d attempts\n", data->c_str(), story->reason.c_str(), story->attempts);
        std::printf("%llu sent back\n", 0ULL + letters.replay_all());
        return 0;
    }
    pgq::consumer billing{
        pgq::subscription{"orders", "billing"},
        pgq::decode<order_placed>{},
        pgq::retry{pgq::fixed{.delay = 1s, .attempts = 2}},
        [](order_placed const& order) {
            if (order.customer == "nobody") throw std::runtime_error{"no such customer"};
            std::printf("order %lld billed\n", 0LL + order.id);
        },
    };
    billing.subscribe(db);  // makes the queue orders.dead, too
    pgq::run(billing, shop, pgq::stop_on_signals());
} catch (std::exception const& failure) { return std::fprintf(stderr, "billing: %s\n", failure.what()), 1; }
