// Places an order and asks to be reminded of it, both in one transaction; the reminder comes into the queue by itself
// when its time has come.
//
//     delayed_events 'dbname=shop' '2 days'
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
    std::string const later = argc > 2 ? argv[2] : "2 days";
    pgq::libpq::transaction both{db};
    pgq::producer{db, "orders"}.insert(order_placed{1, "ann"});
    auto const reminder = pgq::query(db, "select pgq.insert_event_after('orders', now() + $1::interval, $2, $3)", later,
                                     payment_due::event_type, pgq::urlencoded::write(payment_due{1}));
    both.commit();
    std::printf("order placed; reminder %s waits\n", std::string{*reminder.at(0, 0)}.c_str());
} catch (std::exception const& failure) {
    std::fprintf(stderr, "delayed_events: %s\n", failure.what());
    return 1;
}
