#include "order.hpp"

void place(pgq::libpq::connection& shop, order_placed const& order) {
    pgq::producer orders{shop, "orders"};
    orders.insert(order);
}
