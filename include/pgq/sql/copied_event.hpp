/// Events in the binary form of COPY: two bytes with the number of columns, then each as four bytes of length, -1 for
/// NULL, and its value as binary results have it; see "COPY, Binary Format" in PostgreSQL's manual.
#pragma once

#include <pgq/sql/event.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgq {
namespace detail {

/// Takes the columns off a row, one after the other.
class copied_columns {
public:
    explicit copied_columns(std::string_view row) : rest_{row} {
        if (from_network<std::int16_t>(take(sizeof(std::int16_t))) != static_cast<std::int16_t>(event_column_count))
            strange_event("has an unexpected number of columns");
    }

    nullable_text next() {
        auto const size = from_network<std::int32_t>(take(sizeof(std::int32_t)));
        if (size < 0) return std::nullopt;
        return take(static_cast<std::size_t>(size));
    }
    template <class T> T number() {
        auto const value = next();
        if (!value) strange_event("has no id, time or transaction");
        return from_network<T>(*value);
    }

private:
    std::string_view take(std::size_t size) {
        if (rest_.size() < size) strange_event("is cut short");
        auto const taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
};

/// What comes before the rows, and before the first of them in one piece: a signature, flags, and the length of more.
inline std::size_t copy_header_size(std::string_view start) {
    constexpr std::string_view signature{"PGCOPY\n\377\r\n\0", 11};
    constexpr std::size_t fixed = signature.size() + 2 * sizeof(std::int32_t);
    if (start.size() < fixed || !start.starts_with(signature)) throw protocol_error{"this is no binary COPY"};
    auto const more = from_network<std::int32_t>(start.substr(fixed - sizeof(std::int32_t), sizeof(std::int32_t)));
    auto const size = fixed + static_cast<std::size_t>(more < 0 ? 0 : more);
    if (start.size() < size) throw protocol_error{"this is no binary COPY"};
    return size;
}

}  // namespace detail

namespace sql {

/// The event's id alone. @throws protocol_error  when the row has not the form of an event
inline std::int64_t copied_event_id(std::string_view row) {
    return detail::copied_columns{row}.number<std::int64_t>();
}

/// All of it. The views point into `row`. @throws protocol_error  when the row has not the form of an event
inline void read_copied_event(std::string_view row, event& into) {
    detail::copied_columns columns{row};
    into.id = columns.number<std::int64_t>();
    into.time = timestamp{columns.number<std::int64_t>()};
    into.txid = columns.number<std::int64_t>();
    auto const retry = columns.next();
    into.retry = retry ? detail::from_network<std::int32_t>(*retry) : 0;
    into.type = columns.next().value_or(std::string_view{});
    into.data = columns.next().value_or(std::string_view{});
    for (auto& extra : into.extra)
        extra = columns.next();
}

}  // namespace sql
}  // namespace pgq
