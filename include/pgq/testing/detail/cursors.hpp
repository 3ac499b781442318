/// Cursors of one session with a server in memory.
#pragma once

#include <pgq/testing/detail/batches.hpp>
#include <pgq/testing/detail/functions.hpp>
#include <pgq/testing/detail/info.hpp>
#include <pgq/testing/detail/sending.hpp>
#include <pgq/testing/detail/statement.hpp>
#include <pgq/testing/rows.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::testing::detail {

class cursors {
public:
    void clear() { open_.clear(); }

    /// Answers `fetch`, `close` and `pgq.get_batch_cursor()`; nothing for other statements.
    std::optional<rows> run(view& db, std::string_view sql, std::span<parameter const> values, bool in_transaction) {
        constexpr std::string_view close = "close ", get = "fetch ", from = " from ";
        if (sql.starts_with(close)) {
            if (open_.erase(std::string{sql.substr(close.size())}) == 0) unknown(sql.substr(close.size()));
            return rows{};
        }
        if (sql.starts_with(get)) {
            auto const at = sql.find(from);
            if (at == sql.npos) return std::nullopt;
            auto const count = number_of<std::size_t>(sql.substr(get.size(), at - get.size()), "integer");
            return fetch(std::string{sql.substr(at + from.size())}, count);
        }
        auto const found = read_call(sql, values);
        if (!found || found->function != "pgq.get_batch_cursor" || found->arguments.size() != 3) return std::nullopt;
        if (!in_transaction) refuse("DECLARE CURSOR can only be used in transaction blocks", "25P01");
        arguments const given{found->arguments};
        auto all = select(*found, event_columns(batch_events(db, given.number(0))));
        if (!all) return std::nullopt;
        auto const name = given.text(1);
        if (!open_.try_emplace(name, cursor{std::move(*all)}).second) {
            refuse("cursor \"" + name + "\" already exists", "42P03");
        }
        return fetch(name, static_cast<std::size_t>(given.number(2)));
    }

private:
    struct cursor {
        rows all;
        std::size_t at = 0;
    };

    [[noreturn]] static void unknown(std::string_view name) {
        refuse("cursor \"" + std::string{name} + "\" does not exist", "34000");
    }

    rows fetch(std::string const& name, std::size_t count) {
        auto const found = open_.find(name);
        if (found == open_.end()) unknown(name);
        auto& [all, at] = found->second;
        auto some = some_rows(all, at, count);
        at += some.size();
        return some;
    }

    std::map<std::string, cursor> open_{};
};

}  // namespace pgq::testing::detail
