// Orders of the shop become facts in another database, exactly once, whatever dies in between: the facts and a marker
// commit together over there, and a batch that comes again is known by the marker.
//
//     in the warehouse: create extension pgq_ext cascade; create table fact (id bigint primary key, cents int);
//     exactly_once 'dbname=shop' 'dbname=warehouse'
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::int32_t, cents));
};

int main(int argc, char** argv) try {
    if (argc != 3) throw pgq::usage_error{"usage: exactly_once SHOP WAREHOUSE"};
    std::string const shop = argv[1], warehouse = argv[2];
    pgq::consumer mover{
        pgq::subscription{"orders", "mover"},
        pgq::tracked{warehouse},
        pgq::decode<order_placed>{},
        [](order_placed const& order, pgq::transport auto& facts) {
            pgq::query(facts, "insert into fact (id, cents) values ($1, $2)", order.id, order.cents);
        },
    };
    pgq::libpq::connection db{shop};
    mover.subscribe(db);
    auto const report = pgq::run(mover, shop, pgq::stop_on_signals());
    std::printf("%llu facts\n", 0ULL + report.counts.events);
} catch (std::exception const& failure) {
    std::fprintf(stderr, "exactly_once: %s\n", failure.what());
    return 1;
}
