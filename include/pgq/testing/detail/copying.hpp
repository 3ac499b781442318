/// COPY into the event table of a queue in memory.
#pragma once

#include <pgq/codec/time.hpp>
#include <pgq/testing/detail/queues.hpp>
#include <pgq/testing/detail/tables.hpp>
#include <pgq/testing/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace pgq::testing::detail {

class copying {
public:
    /// False for a statement that is none, or whose table is no queue's.
    bool begin(view& db, std::string_view sql) {
        constexpr std::string_view word = "copy pgq.event_", columns =
                                                                 "(ev_time, ev_type, ev_data, ev_extra1, ev_extra2, "
                                                                 "ev_extra3, ev_extra4) from stdin";
        auto const at = sql.find(columns);
        if (!sql.starts_with(word) || at == sql.npos) return false;
        auto const number = sql.substr(word.size(), sql.find('_', word.size()) - word.size());
        auto const queues =
            db.select<queue_row>([&](auto const&, auto const& queue) { return std::to_string(queue.id) == number; });
        if (queues.empty()) return false;
        queue_ = queues.begin()->first;
        data_.clear();
        return true;
    }
    void data(std::string_view bytes) { data_ += bytes; }

    std::uint64_t end(view& db) {
        std::uint64_t stored = 0;
        std::string_view rest = data_;
        for (std::size_t line = 0; (line = rest.find('\n')) != rest.npos; rest.remove_prefix(line + 1)) {
            event_row ev;
            auto const values = split_line(rest.substr(0, line));
            if (values.size() != ev.text.size() + 1) refuse("missing or extra data for a column", "22P04");
            std::copy(values.begin() + 1, values.end(), ev.text.begin());
            insert_event(db, queue_, std::move(ev));
            ++stored;
        }
        data_.clear();
        return stored;
    }
    void abort() noexcept { data_.clear(); }

private:
    static row split_line(std::string_view line) {
        row values{std::string{}};
        for (std::size_t i = 0; i < line.size(); ++i) {
            char c = line[i];
            if (c == '\t') {
                values.emplace_back(std::string{});
                continue;
            }
            if (c == '\\' && ++i < line.size()) {
                c = line[i];
                if (c == 'N') {
                    values.back() = std::nullopt;
                    continue;
                }
                c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
            }
            *values.back() += c;
        }
        return values;
    }

    std::string queue_{};
    std::string data_{};
};

}  // namespace pgq::testing::detail
