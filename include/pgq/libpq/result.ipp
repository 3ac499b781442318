// Bodies of <pgq/libpq/result.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/result.hpp>

namespace pgq::libpq {

PGQ_INLINE std::uint64_t result::affected() const {
    if (!answer_) return 0;
    std::string_view const text = PQcmdTuples(answer_.get());
    std::uint64_t rows = 0;
    std::from_chars(text.data(), text.data() + text.size(), rows);
    return rows;
}

PGQ_INLINE std::size_t result::column(std::string_view name) const {
    for (std::size_t i = 0; i < columns_; ++i) {
        if (column_name(i) == name) return i;
    }
    throw protocol_error{"the answer has no column \"" + std::string{name} + '"'};
}

PGQ_INLINE void result::refuse(std::size_t row, std::size_t column) const {
    throw usage_error{"no cell at row " + std::to_string(row) + ", column " + std::to_string(column) +
                      ": the answer has " + std::to_string(rows_) + " rows of " + std::to_string(columns_) +
                      " columns"};
}

}  // namespace pgq::libpq
