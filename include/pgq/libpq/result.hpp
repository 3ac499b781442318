/// The answer to one statement.
#pragma once

#include <pgq/error.hpp>
#include <pgq/transport.hpp>

#include <libpq-fe.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::libpq {

namespace detail {
struct result_deleter {
    void operator()(PGresult* answer) const noexcept { PQclear(answer); }
};
using result_handle = std::unique_ptr<PGresult, result_deleter>;
}  // namespace detail

/// Rows as they came from the server; nothing is copied. Views into it live as long as the result does.
class result {
public:
    result() = default;
    explicit result(detail::result_handle answer)
        : answer_{std::move(answer)}, rows_{count(PQntuples(answer_.get()))},
          columns_{count(PQnfields(answer_.get()))} {}

    /// How many rows and columns there are. Costs nothing: the rows are here.
    [[nodiscard]] std::size_t size() const { return rows_; }
    [[nodiscard]] bool empty() const { return rows_ == 0; }
    [[nodiscard]] std::size_t columns() const { return columns_; }

    /// The bytes of a cell, in the form asked for; nothing for NULL. @throws usage_error when there is no such cell
    [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::size_t column) const {
        if (row >= rows_ || column >= columns_) refuse(row, column);
        auto const r = static_cast<int>(row);
        auto const c = static_cast<int>(column);
        auto const size = static_cast<std::size_t>(PQgetlength(answer_.get(), r, c));
        if (size == 0 && PQgetisnull(answer_.get(), r, c) != 0) return std::nullopt;
        return std::string_view{PQgetvalue(answer_.get(), r, c), size};
    }

    /// True when the values are in binary form.
    [[nodiscard]] bool binary() const { return answer_ && PQbinaryTuples(answer_.get()) != 0; }

    /// Rows that the statement changed, copied or returned; 0 for statements that have no such count.
    [[nodiscard]] std::uint64_t affected() const;

    /// The command tag, for example "INSERT 0 1".
    [[nodiscard]] std::string_view command() const { return answer_ ? PQcmdStatus(answer_.get()) : std::string_view{}; }

    /// @throws usage_error when there is no such column
    [[nodiscard]] std::string_view column_name(std::size_t column) const {
        if (column >= columns_) refuse(0, column);
        return PQfname(answer_.get(), static_cast<int>(column));
    }

    /// Index of the first column with exactly this name. @throws protocol_error when there is none
    [[nodiscard]] std::size_t column(std::string_view name) const;

    /// OID of the column's type. @throws usage_error when there is no such column
    [[nodiscard]] std::uint32_t column_type(std::size_t column) const {
        if (column >= columns_) refuse(0, column);
        return PQftype(answer_.get(), static_cast<int>(column));
    }

private:
    static std::size_t count(int n) { return static_cast<std::size_t>(n); }

    [[noreturn, gnu::cold]] void refuse(std::size_t row, std::size_t column) const;

    detail::result_handle answer_{};
    std::size_t rows_ = 0;
    std::size_t columns_ = 0;
};

static_assert(row_set<result>);

}  // namespace pgq::libpq

#ifndef PGQ_SEPARATE_COMPILATION
#include <pgq/libpq/result.ipp>
#endif
