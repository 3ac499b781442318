/// What both sources of this project share; each of them includes the whole framework, as sources of real programs do.
#pragma once

#include <pgq/pgq.hpp>

#include <cstdint>
#include <string>
#include <string_view>

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer));
};

void place(pgq::libpq::connection& shop, order_placed const& order);
