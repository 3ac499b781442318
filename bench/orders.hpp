// The event that benchmarks produce and consume.
#pragma once

#include <pgq/pgq.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer), (std::int32_t, cents));
};

/// An order whose payload has about `bytes` bytes.
inline order_placed sample_order(std::size_t bytes) {
    std::size_t const others = sizeof "id=100000&customer=&cents=250" - 1;
    return {100'000, std::string(bytes > others ? bytes - others : 1, 'x'), 250};
}
