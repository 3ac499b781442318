// Places an order and asks to be reminded of it, both in one transaction; the reminder comes into the queue by itself
// when its time has come.
//
//     delayed_events 'dbname=shop' 3600    (seconds; two days unless said)
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer));
};
struct payment_due {
    static constexpr std::string_view event_type = "payment.due";
    BOOST_HANA_DEFINE_STRUCT(payment_due, (std::int64_t, order));
};

int main(int argc, char** argv) try {
    pgq::libpq::connection db{argc > 1 ? argv[1] : "dbname=shop"};
    std::chrono::seconds const later{argc > 2 ? std::stoi(argv[2]) : 2 * 24 * 3600};
    pgq::libpq::transaction both{db};
    pgq::producer orders{db, "orders"};
    orders.insert(order_placed{1, "ann"});
    auto const reminder = orders.insert(payment_due{1}, pgq::deliver_after{later});
    both.commit();
    std::printf("order placed; reminder %lld waits, orders.cancel() would take it back\n", 0LL + number(reminder));
} catch (std::exception const& failure) {
    std::fprintf(stderr, "delayed_events: %s\n", failure.what());
    return 1;
}
