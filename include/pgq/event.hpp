/// One event as pgq.get_batch_events() returns it: ten columns, as views into the fetched rows.
#pragma once

#include <pgq/timestamp.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pgq {

/// Column of text that may be NULL.
using nullable_text = std::optional<std::string_view>;

/// A row of a batch. The views live as long as the rows they were fetched with: at least until the handler returns.
struct event {
    std::int64_t id = 0;
    timestamp time{};                      ///< when it was inserted, by the server's clock
    std::int64_t txid = 0;                 ///< transaction that inserted it, with epoch
    int retry = 0;                         ///< deliveries that were handed back before this one; 0 the first time
    std::string_view type{};               ///< NULL comes as an empty view whose data() is null
    std::string_view data{};               ///< likewise
    std::array<nullable_text, 4> extra{};  ///< ev_extra1 to ev_extra4
};

}  // namespace pgq
