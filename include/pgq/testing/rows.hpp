/// Rows of an answer in text form, as the server in memory gives them and as tests write them down.
#pragma once

#include <pgq/transport.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::testing {

/// A value in text form; nothing is NULL.
using cell = std::optional<std::string>;
/// The values of one row.
using row = std::vector<cell>;

/// Model of pgq::row_set.
class rows {
public:
    rows() = default;
    /// `columns` matters only where there is no row to count them in.
    explicit rows(std::vector<row> all, std::size_t columns = 0)
        : all_{std::move(all)}, columns_{all_.empty() ? columns : all_.front().size()} {}

    [[nodiscard]] std::size_t size() const { return all_.size(); }
    [[nodiscard]] std::size_t columns() const { return columns_; }
    /// @throws std::out_of_range
    [[nodiscard]] std::optional<std::string_view> at(std::size_t at, std::size_t column) const {
        auto const& value = all_.at(at).at(column);
        return value ? std::optional<std::string_view>{*value} : std::nullopt;
    }

private:
    std::vector<row> all_{};
    std::size_t columns_ = 0;
};

static_assert(row_set<rows>);

}  // namespace pgq::testing
