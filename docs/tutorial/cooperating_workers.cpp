// One of several processes that share the work. Each gets batches of its own; the batch of one that is not heard of for
// 60 s goes to another.
//
//     create extension pgq_coop;
//     cooperating_workers 'dbname=shop' worker-1 &
//     cooperating_workers 'dbname=shop' worker-2 &
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

using namespace std::chrono_literals;

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id));
};

int main(int argc, char** argv) try {
    if (argc != 3) throw pgq::usage_error{"usage: cooperating_workers CONNINFO WORKER"};
    std::string const shop = argv[1], me = argv[2];
    pgq::consumer billing{
        pgq::coop_subscription{"orders", "billing", me, 60s},
        pgq::same_transaction{},
        pgq::decode<order_placed>{},
        [&](order_placed const& order, pgq::transport auto& db) {
            pgq::query(db, "insert into billed (id, worker) values ($1, $2)", order.id, me);
        },
    };
    pgq::libpq::connection db{shop};
    billing.subscribe(db);
    auto const report = pgq::run(billing, shop, pgq::stop_on_signals());
    std::printf("%s has billed %llu orders\n", me.c_str(), 0ULL + report.counts.events);
} catch (std::exception const& failure) {
    std::fprintf(stderr, "cooperating_workers: %s\n", failure.what());
    return 1;
}
