/// Insert policy that tells with each event how far the queue's slowest consumer is behind, for producers that decide
/// by themselves what to do about it. Not for a fixed limit: <pgq/policy/insert_limit.hpp>.
#pragma once

#include <pgq/policy/insert.hpp>
#include <pgq/sql/delivery.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace pgq {
namespace detail {

template <transport Db> class lag_writer {
public:
    lag_writer(Db& db, std::string queue) : db_{db}, queue_{std::move(queue)} {}

    sql::inserted_with_lag put(new_event const& event) {
        auto const done = explaining(queue_, [&] { return sql::insert_event_with_lag(db_, queue_, event); });
        ++stored_;
        return done;
    }
    std::uint64_t finish() { return std::exchange(stored_, 0); }

private:
    Db& db_;
    std::string queue_;
    std::uint64_t stored_ = 0;
};

}  // namespace detail

/// As insert_each, but `put` returns `.id` and `.lag` (`.events`, `.time`), in the same round trip. Needs the extension
/// of this project. The look costs the server some times what the insert costs it, whatever the size of the queue.
struct insert_with_lag {
    template <transport Db> [[nodiscard]] auto open(Db& db, std::string queue) const {
        return detail::lag_writer<Db>{db, std::move(queue)};
    }
};

}  // namespace pgq
