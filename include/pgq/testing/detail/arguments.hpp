/// Arguments of the server's functions in text form, read as the functions need them.
#pragma once

#include <pgq/codec/array.hpp>
#include <pgq/testing/detail/statement.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/detail/values.hpp>
#include <pgq/testing/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::testing::detail {

/// Arguments by place, from 0; those that were left out are NULL.
class arguments {
public:
    explicit arguments(row const& values) : values_{values} {}

    [[nodiscard]] std::size_t size() const { return values_.size(); }
    [[nodiscard]] cell value(std::size_t at) const { return at < values_.size() ? values_[at] : std::nullopt; }
    [[nodiscard]] std::string text(std::size_t at) const { return value(at).value_or(""); }
    [[nodiscard]] std::int64_t number(std::size_t at) const { return number_of<std::int64_t>(text(at), "bigint"); }
    [[nodiscard]] std::optional<std::int64_t> maybe_number(std::size_t at) const {
        return value(at) ? std::optional{number(at)} : std::nullopt;
    }
    [[nodiscard]] std::optional<microseconds> maybe_interval(std::size_t at) const {
        return value(at) ? std::optional{interval_of(text(at))} : std::nullopt;
    }
    /// Type, data and the extras, beginning at one place.
    [[nodiscard]] event_row event_from(std::size_t at) const {
        event_row ev;
        for (std::size_t i = 0; i < ev.text.size(); ++i)
            ev.text[i] = value(at + i);
        return ev;
    }
    [[nodiscard]] bool truth(std::size_t at) const { return value(at) && bool_of(text(at)); }

private:
    row const& values_;
};

inline relation scalar(std::string_view name, cell value) {
    return {{std::string{name}}, {{std::move(value)}}};
}

}  // namespace pgq::testing::detail
