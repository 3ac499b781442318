/// The event that the programs of the kill tests exchange: the number of a row of `produced`.
#pragma once

#include <pgq/field.hpp>

#include <cstdint>
#include <string_view>

struct order {
    static constexpr std::string_view event_type = "order";
    BOOST_HANA_DEFINE_STRUCT(order, (std::int64_t, id));
};
