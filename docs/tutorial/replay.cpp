// Reads again what the queue has kept: goes back to the oldest tick, and counts up to the newest. Events are kept for
// the queue's rotation period (two hours unless set) at least.
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::int32_t, cents));
};

int main(int argc, char** argv) try {
    pgq::libpq::connection db{argc > 1 ? argv[1] : "dbname=shop"};
    std::int64_t cents = 0;
    pgq::consumer turnover{
        pgq::subscription{"orders", "turnover"},
        pgq::decode<order_placed>{},
        [&](order_placed const& order) { cents += order.cents; },
    };
    if (turnover.subscribe(db)) std::puts("subscribed: from now on events are kept until I have read them");
    while (turnover.step(db)) {}
    std::printf("new: %lld cents\n", 0LL + cents);

    cents = 0;
    pgq::seek(db, turnover.source(), pgq::seek_to::start);
    while (turnover.step(db)) {}
    std::printf("all that is kept: %lld cents\n", 0LL + cents);
} catch (std::exception const& failure) {
    std::fprintf(stderr, "replay: %s\n", failure.what());
    return 1;
}
