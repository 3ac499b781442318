/// A session without a server: answers as it was told and keeps a log of what it was asked, to be compared as a value.
#pragma once

#include <pgq/error.hpp>
#include <pgq/transport.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

using scripted_row = std::vector<std::optional<std::string>>;

/// An answer in text form.
class scripted_rows {
public:
    scripted_rows() = default;
    explicit scripted_rows(std::vector<scripted_row> rows) : rows_{std::move(rows)} {}

    [[nodiscard]] std::size_t size() const { return rows_.size(); }
    [[nodiscard]] std::size_t columns() const { return rows_.empty() ? 0 : rows_.front().size(); }
    [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::size_t column) const {
        auto const& cell = rows_.at(row).at(column);
        return cell ? std::optional<std::string_view>{*cell} : std::nullopt;
    }

private:
    std::vector<scripted_row> rows_{};
};

/// A plain transport. Statements are logged as `name <value> <value>`, where name is that of the first pgq function in
/// the text, or the text itself when there is none; NULL is `<NULL>`.
class scripted {
public:
    std::vector<std::string> log{};

    /// The next statement whose text holds `part` gets these rows. Each answer is used once, the oldest first.
    scripted& answer(std::string part, std::vector<scripted_row> rows) {
        answers_.push_back({std::move(part), std::move(rows), nullptr});
        return *this;
    }
    /// The next statement whose text holds `part` fails.
    template <class Error> scripted& fail(std::string part, Error failure) {
        answers_.push_back({std::move(part), {}, std::make_exception_ptr(std::move(failure))});
        return *this;
    }

    scripted_rows execute(std::string_view sql, std::span<pgq::parameter const> values) {
        std::string line{name_of(sql)};
        for (auto const& value : values) {
            line += value.data == nullptr ? " <NULL>" : " <" + std::string{value.data, value.size} + ">";
        }
        log.push_back(std::move(line));
        for (std::size_t i = 0; i < answers_.size(); ++i) {
            if (sql.find(answers_[i].part) == sql.npos) continue;
            auto found = std::move(answers_[i]);
            answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(i));
            if (found.failure) std::rethrow_exception(found.failure);
            return scripted_rows{std::move(found.rows)};
        }
        return {};
    }

    /// Answers that nobody has asked for.
    [[nodiscard]] std::size_t unused() const { return answers_.size(); }

private:
    struct scripted_answer {
        std::string part;
        std::vector<scripted_row> rows;
        std::exception_ptr failure;
    };

    static std::string_view name_of(std::string_view sql) {
        auto const begin = sql.find("pgq.");
        if (begin == sql.npos) return sql;
        auto const end = sql.find('(', begin);
        return end == sql.npos ? sql : sql.substr(begin + 4, end - begin - 4);
    }

    std::vector<scripted_answer> answers_{};
};

/// The same with transactions.
class scripted_session : public scripted {
public:
    void begin() {
        if (std::exchange(open_, true)) throw pgq::usage_error{"a transaction is open already"};
        execute("begin", {});
    }
    void commit() {
        open_ = false;
        execute("commit", {});
    }
    void rollback() {
        if (std::exchange(open_, false)) execute("rollback", {});
    }
    [[nodiscard]] bool in_transaction() const { return open_; }

private:
    bool open_ = false;
};

static_assert(pgq::transport<scripted> && !pgq::transactional<scripted>);
static_assert(pgq::transactional<scripted_session> && !pgq::listener<scripted_session>);
static_assert(!pgq::transport<int>);

/// A row as pgq.get_batch_events() gives it.
inline scripted_row event_row(std::string id, std::string type, std::string data,
                              std::optional<std::string> retry = {}) {
    return {std::move(id),   "2026-01-02 03:04:05+00",
            "700",           std::move(retry),
            std::move(type), std::move(data),
            std::nullopt,    std::nullopt,
            std::nullopt,    std::nullopt};
}

}  // namespace support
