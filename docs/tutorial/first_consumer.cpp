// Bills orders: a typed consumer that tries failed events again and sets hopeless ones aside.
//
//     select pgq.create_queue('orders');
//     select pgq.insert_event('orders', 'order.placed', 'id=1&customer=ann&cents=250');
//     first_consumer 'dbname=shop'
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

using namespace std::chrono_literals;

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer), (std::int32_t, cents));
};

int main(int argc, char** argv) try {
    std::string const shop = argc > 1 ? argv[1] : "dbname=shop";
    pgq::consumer billing{
        pgq::subscription{"orders", "billing"},
        pgq::decode<order_placed>{},
        pgq::filter{[](order_placed const& order) { return order.cents > 0; }},
        pgq::retry{pgq::exponential{.first = 10s, .limit = 1h}},
        [](order_placed const& order) { std::printf("%s owes %d cents\n", order.customer.c_str(), order.cents); },
    };
    pgq::libpq::connection db{shop};
    billing.subscribe(db);
    pgq::run(billing, shop, pgq::stop_on_signals());
} catch (std::exception const& failure) {
    std::fprintf(stderr, "first_consumer: %s\n", failure.what());
    return 1;
}
