/// Insert policy that tells with each event how far the queue's slowest consumer is behind, for producers that decide
/// by themselves what to do about it. Not for a fixed limit: <pgq/policy/insert_limit.hpp>.
#pragma once

#include <pgq/policy/insert.hpp>
#include <pgq/sql/delivery.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace pgq {
namespace detail {

struct inserting_with_lag {
    sql::inserted_with_lag operator()(transport auto& db, std::string_view queue, new_event const& event) const {
        return sql::insert_event_with_lag(db, queue, event);
    }
};

}  // namespace detail

/// As insert_each, but `put` returns `.id` and `.lag` (`.events`, `.time`), in the same round trip. Needs the extension
/// of this project. The look costs the server some times what the insert costs it, whatever the size of the queue.
struct insert_with_lag {
    template <transport Db> [[nodiscard]] auto open(Db& db, std::string queue) const {
        return detail::each_writer<Db, detail::inserting_with_lag>{db, std::move(queue)};
    }
};

}  // namespace pgq
