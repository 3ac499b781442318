/// The typed events that tests of stages and consumers share.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/event.hpp>
#include <pgq/field.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace support {

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer), (std::int32_t, cents));
};

struct order_cancelled {
    static constexpr std::string_view event_type = "order.cancelled";
    BOOST_HANA_DEFINE_STRUCT(order_cancelled, (std::int64_t, id));
};

inline pgq::event placed(std::string_view data, int retry = 0) {
    pgq::event ev{};
    ev.id = 1;
    ev.retry = retry;
    ev.type = order_placed::event_type;
    ev.data = data;
    return ev;
}

inline constexpr std::string_view anns_order = "id=1&customer=ann&cents=250";

}  // namespace support
