// Bodies of <pgq/source/subscription.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/source/subscription.hpp>

namespace pgq::detail {

PGQ_INLINE fenced_error not_open(batch_id batch, std::string_view queue, std::string_view consumer, failure facts) {
    return fenced_error{
        "batch " + std::to_string(number(batch)) + " of consumer " + named(consumer) + " on queue " + named(queue) +
            " is not open any more: another process works under the same name, or the subscription was moved",
        std::move(facts)};
}

PGQ_INLINE bool batch_is_gone(sql_error const& failure) {
    std::string_view const text = failure.what();
    return failure.state() == "P0001" &&
           (text.find("batch not found") != text.npos || text.find("event not found") != text.npos ||
            text.find("Cannot find data for batch") != text.npos);
}

PGQ_INLINE std::optional<std::string> explained(sql_error const& failure) {
    if (failure.state() == "3F000") return "this database has no PgQ; run: create extension pgq";
    if (failure.state() == "42883") {
        return "the PgQ of this database is too old, it needs 3.5 or newer; run: alter extension pgq update";
    }
    return std::nullopt;
}

PGQ_INLINE bool not_subscribed(sql_error const& failure) {
    return failure.state() == "P0001" &&
           std::string_view{failure.what()}.find("Not subscriber") != std::string_view::npos;
}

}  // namespace pgq::detail

namespace pgq {

PGQ_INLINE std::string subscription::unknown(bool queue_is_there) const {
    if (!queue_is_there) {
        return "there is no queue " + detail::named(queue) + "; create it with: select pgq.create_queue('" + queue +
               "')";
    }
    return "consumer " + detail::named(consumer) + " is not subscribed to queue " + detail::named(queue) +
           "; subscribe it with: select pgq.register_consumer('" + queue + "', '" + consumer + "')";
}

}  // namespace pgq
