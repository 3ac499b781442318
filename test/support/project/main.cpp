// Places two orders, asks for a tick and prints what its consumer gets: `shop CONNINFO`, in a database with PgQ.
#include <pgq/pgq.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

namespace {

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer));
};

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) throw pgq::usage_error{"usage: shop CONNINFO"};
    pgq::libpq::connection shop{argv[1]};
    pgq::query(shop, "select pgq.create_queue('orders')");
    pgq::consumer billing{
        pgq::subscription{"orders", "billing"},
        pgq::decode<order_placed>{},
        [](order_placed const& order) {
            std::printf("%lld %s\n", static_cast<long long>(order.id), order.customer.c_str());
        },
    };
    billing.subscribe(shop);
    pgq::producer orders{shop, "orders"};
    orders.insert(order_placed{1, "ann"});
    orders.insert(order_placed{2, "bob"});
    pgq::query(shop, "select pgq.force_tick('orders')");
    pgq::query(shop, "select pgq.ticker('orders')");
    while (billing.step(shop)) {}
} catch (std::exception const& failure) {
    std::fprintf(stderr, "shop: %s\n", failure.what());
    return 1;
}
