/// COPY into a table, value by value, in the text format.
#pragma once

#include <pgq/transport.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pgq::libpq {

namespace detail {

/// What stands behind the backslash for a byte that the text format cannot hold plainly; 0 for all others.
inline constexpr auto copy_escapes = [] {
    std::array<char, 256> out{};
    out['\b'] = 'b';
    out['\f'] = 'f';
    out['\n'] = 'n';
    out['\r'] = 'r';
    out['\t'] = 't';
    out['\v'] = 'v';
    out['\\'] = '\\';
    return out;
}();

}  // namespace detail

/// Appends `value` to `out` as a field of COPY's text format, without the tab or line end around it.
/// Source: PostgreSQL documentation, COPY, text format.
inline void append_copy_field(std::string& out, std::string_view value) {
    std::size_t plain = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        char const escape = detail::copy_escapes[static_cast<unsigned char>(value[i])];
        if (escape == 0) continue;
        out.append(value, plain, i - plain);
        out += '\\';
        out += escape;
        plain = i + 1;
    }
    out.append(value, plain);
}

/// Appends a row, with its line end. NULL for fields without a value.
inline void append_copy_row(std::string& out, std::span<std::optional<std::string_view> const> fields) {
    bool first = true;
    for (auto const& field : fields) {
        if (!first) out += '\t';
        first = false;
        if (field) {
            append_copy_field(out, *field);
        } else {
            out += "\\N";
        }
    }
    out += '\n';
}

/// A COPY into a table that lasts as long as a scope: unless end() was called, it is dropped on destruction.
template <copy_target Db> class copy_in {
public:
    /// `sql`: `copy TABLE (COLUMNS) from stdin`, in the text format.
    copy_in(Db& db, std::string_view sql) : db_{db} { db_.copy_begin(sql); }

    copy_in(copy_in const&) = delete;
    copy_in& operator=(copy_in const&) = delete;

    ~copy_in() {
        if (open_) db_.copy_abort();
    }

    /// One row; a field without a value is NULL.
    void row(std::span<std::optional<std::string_view> const> fields) {
        line_.clear();
        append_copy_row(line_, fields);
        db_.copy_data(line_);
    }

    /// @return rows stored
    std::uint64_t end() {
        open_ = false;
        return db_.copy_end();
    }

private:
    Db& db_;
    std::string line_{};
    bool open_ = true;
};

}  // namespace pgq::libpq
