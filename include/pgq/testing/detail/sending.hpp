/// What leaves a session with a server in memory in pieces: rows handed on while they arrive, and COPY in binary form.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/time.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::testing::detail {

/// At most `count` rows of `all`, from `at` on.
inline rows some_rows(rows const& all, std::size_t at, std::size_t count) {
    std::vector<row> some;
    for (; count > 0 && at < all.size(); --count, ++at) {
        auto& made = some.emplace_back();
        for (std::size_t column = 0; column < all.columns(); ++column) {
            auto const value = all.at(at, column);
            made.push_back(value ? cell{std::string{*value}} : std::nullopt);
        }
    }
    return rows{std::move(some), all.columns()};
}

/// The statement whose rows the statement of pgq::sql::copy_batch_events() copies; nothing for another COPY.
inline std::optional<std::string> copied_statement(std::string_view copy) {
    constexpr std::string_view word = "copy (", from = " from (select * from ",
                               end = ") events) to stdout (format binary)";
    auto const at = copy.find(from);
    if (!copy.starts_with(word) || !copy.ends_with(end) || at == copy.npos) return std::nullopt;
    copy.remove_suffix(end.size());
    return std::string{copy.substr(word.size(), at - word.size())} + " from " +
           std::string{copy.substr(at + from.size())};
}

/// Most significant byte first.
inline void append_network(std::string& to, std::int64_t value, std::size_t bytes) {
    for (auto left = bytes; left > 0; --left)
        to += static_cast<char>(static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> (8 * (left - 1))));
}

inline constexpr std::string_view copy_header{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
inline constexpr std::string_view copy_trailer{"\377\377", 2};

/// One row of events as COPY has it in binary form: id, time and transaction in eight bytes, the retries in four.
inline std::string copied_row(rows const& events, std::size_t at) {
    std::string out;
    append_network(out, static_cast<std::int64_t>(events.columns()), 2);
    for (std::size_t column = 0; column < events.columns(); ++column) {
        auto const text = events.at(at, column);
        if (!text) {
            append_network(out, -1, 4);
        } else if (column < 4) {
            std::size_t const bytes = column == 3 ? 4 : 8;
            append_network(out, static_cast<std::int64_t>(bytes), 4);
            append_network(
                out, column == 1 ? codec<timestamp>::parse(*text).microseconds : codec<std::int64_t>::parse(*text),
                bytes);
        } else {
            append_network(out, static_cast<std::int64_t>(text->size()), 4);
            out += *text;
        }
    }
    return out;
}

/// A statement on its way, with its parameters.
struct sent_statement {
    std::string sql{};
    row values{};
};

/// The parameters that refer to `values`.
inline std::vector<parameter> parameters_of(row const& values) {
    std::vector<parameter> made;
    for (auto const& value : values)
        made.push_back(value ? parameter{value->c_str(), value->size()} : parameter{});
    return made;
}

}  // namespace pgq::testing::detail
