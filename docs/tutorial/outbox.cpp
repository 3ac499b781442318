// An outbox that needs no table: the order and its event are stored in one transaction, so there is never one without
// the other. The second order of the same number is refused, and so is its event.
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer));
};

void place(pgq::libpq::connection& db, order_placed const& order) {
    pgq::libpq::transaction both{db};
    pgq::producer events{db, "orders"};
    events.insert(order);
    pgq::query(db, "insert into orders (id, customer) values ($1, $2)", order.id, order.customer);
    both.commit();
}

int main(int argc, char** argv) try {
    pgq::libpq::connection db{argc > 1 ? argv[1] : "dbname=shop"};
    db.execute("create table if not exists orders (id bigint primary key, customer text not null)");
    for (order_placed const& order : {order_placed{1, "ann"}, order_placed{1, "bob"}, order_placed{2, "eve"}}) {
        try {
            place(db, order);
            std::printf("order of %s placed\n", order.customer.c_str());
        } catch (pgq::sql_error const& failure) {
            if (failure.state() != "23505") throw;  // unique_violation
            std::printf("order of %s refused\n", order.customer.c_str());
        }
    }
} catch (std::exception const& failure) {
    std::fprintf(stderr, "outbox: %s\n", failure.what());
    return 1;
}
