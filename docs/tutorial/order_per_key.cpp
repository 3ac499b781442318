// Four threads share the work; the orders of one customer, who stands in ev_extra1, are still billed in their order.
//
//     select pgq.insert_event('orders', 'order.placed', 'id=1', 'ann', null, null, null);
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id));
};

int main(int argc, char** argv) try {
    std::string const shop = argc > 1 ? argv[1] : "dbname=shop";
    pgq::consumer billing{
        pgq::subscription{"orders", "billing"},
        pgq::keyed{.key = [](pgq::event const& ev) { return ev.extra[0]; }, .threads = 4},
        pgq::decode<order_placed>{},
        [](order_placed const& order, pgq::event const& ev) {  // called by all four; printf takes turns by itself
            std::printf("%s %lld\n", std::string{ev.extra[0].value_or("nobody")}.c_str(), 0LL + order.id);
        },
    };
    pgq::libpq::connection db{shop};
    billing.subscribe(db);
    pgq::run(billing, shop, pgq::stop_on_signals());
} catch (std::exception const& failure) {
    std::fprintf(stderr, "order_per_key: %s\n", failure.what());
    return 1;
}
