/// The state of one session with a server in memory: its transaction, savepoints, cursors and faults.
#pragma once

#include <pgq/error.hpp>
#include <pgq/testing/detail/copying.hpp>
#include <pgq/testing/detail/cursors.hpp>
#include <pgq/testing/detail/savepoints.hpp>
#include <pgq/testing/detail/statements.hpp>
#include <pgq/testing/detail/world.hpp>
#include <pgq/testing/fault.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pgq::testing::detail {

class conversation {
public:
    explicit conversation(detail::world& world) : all_{world} { open(); }
    conversation(conversation const&) = delete;
    conversation& operator=(conversation const&) = delete;
    ~conversation() { close(); }

    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] bool in_transaction() const noexcept { return block_; }

    rows execute(std::string_view sql, std::span<parameter const> values) {
        for (auto const& value : values) {
            if (value.binary) throw usage_error{"pgq::testing::server takes parameters in text form only"};
        }
        if (values.empty()) {
            auto const parts = split(sql, ';');
            for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
                if (!parts[i].empty() && !parts[i + 1].empty()) execute(parts[i], {});
            }
            if (parts.size() > 1) sql = parts.back().empty() ? parts[parts.size() - 2] : parts.back();
        }
        sql = trimmed(sql);
        if (sql == "begin" || sql == "commit" || sql == "rollback") return control(sql), rows{};
        return guarded(step_of(sql), sql, !block_, [&] { return run(sql, values); });
    }

    void begin() {
        if (block_) throw usage_error{"a transaction is open already: commit it or roll it back first"};
        guarded(step::begin, "begin", false, [&] { open_transaction(); });
    }
    void commit() {
        need_session("commit");
        if (!block_) throw usage_error{"no transaction is open that could be committed"};
        guarded(step::commit, "commit", true, [&] {
            bool const failed = failed_;
            if (!failed) all_.commit(tx_);
            forget_transaction();
            if (failed) refuse("the transaction had failed and was rolled back instead of committed", "25P02");
        });
    }
    void rollback() noexcept { forget_transaction(); }

    void copy_begin(std::string_view sql) {
        if (!block_) throw usage_error{"pgq::testing::server takes COPY inside a transaction only"};
        guarded(step::insert, sql, false, [&] {
            view db{all_.tables, tx_};
            if (!copy_.begin(db, sql)) throw unknown_statement(sql);
        });
    }
    void copy_data(std::string_view bytes) { copy_.data(bytes); }
    std::uint64_t copy_end() {
        return guarded(step::insert, "copy", false, [&] {
            view db{all_.tables, tx_};
            return copy_.end(db);
        });
    }
    void copy_abort() noexcept { copy_.abort(); }

    void listen(std::string_view channel) {
        guarded(step::statement, "listen", false, [&] { box_.channels.emplace_back(channel); });
    }
    std::optional<notification> message() {
        need_session("listen");
        if (box_.messages.empty()) return std::nullopt;
        auto first = std::move(box_.messages.front());
        box_.messages.erase(box_.messages.begin());
        return first;
    }

    void close() noexcept {
        forget_transaction();
        busy_with_ = {};
        closed_ = true;
        box_ = {};
        auto& boxes = all_.mailboxes;
        boxes.erase(std::remove(boxes.begin(), boxes.end(), &box_), boxes.end());
        std::erase_if(all_.locks, [this](auto const& lock) { return lock.second == this; });
    }
    void reset() {
        close();
        open();
    }

protected:
    void open() {
        closed_ = false;
        ++all_.sessions;
        all_.mailboxes.push_back(&box_);
        if (auto const fault = all_.faults.take(step::connect, {})) {
            close();
            throw connection_error{"no session: a test has ordered this",
                                   {.state = sqlstate{"08001"}, .connection_lost = true}};
        }
    }
    void open_transaction() {
        tx_ = {.now = all_.tables.clock.now()};
        block_ = true;
        all_.tables.open.push_back(&tx_);
    }
    void forget_transaction() noexcept {
        block_ = failed_ = false;
        unknown_.clear();
        copy_.abort();
        savepoints_.clear();
        cursors_.clear();
        auto& open = all_.tables.open;
        open.erase(std::remove(open.begin(), open.end(), &tx_), open.end());
        tx_ = {};
    }

    void need_session(std::string_view sql) const {
        if (!busy_with_.empty()) {
            throw usage_error{"the session is busy with " + std::string{busy_with_} + ": finish that first"};
        }
        if (!closed_) return;
        throw connection_error{"the session is closed: reconnect with reset()",
                               {.state = sqlstate{"08003"}, .connection_lost = true, .statement = std::string{sql}}};
    }

    void control(std::string_view sql) {
        if (sql == "begin") begin();
        else if (sql == "commit") commit();
        else rollback();
    }

    [[noreturn]] void lose(std::string_view sql, bool in_doubt) {
        close();
        throw connection_error{
            "the session was lost: a test has ordered this",
            {.state = sqlstate{"08006"}, .connection_lost = true, .in_doubt = in_doubt, .statement = std::string{sql}}};
    }

    /// Does `work`, or what the test wants to happen instead; tells refusals as libpq's connection does.
    auto guarded(step at, std::string_view sql, bool in_doubt, auto const& work) -> decltype(work()) {
        need_session(sql);
        if (!unknown_.empty()) throw unknown_statement(unknown_);
        auto const fault = all_.faults.take(at, sql);
        auto const fail = [&](sqlstate state, std::string const& text) {
            failed_ = block_;
            if (at == step::commit) forget_transaction();
            throw sql_error{text, {.state = state, .transaction_aborted = block_, .statement = std::string{sql}}};
        };
        if (fault) {
            if (auto const* const refusal = std::get_if<refused>(&*fault))
                fail(sqlstate{refusal->state}, refusal->text);
            if (in_doubt && std::get<lost>(*fault).done) static_cast<void>(work());
            lose(sql, in_doubt);
        }
        try {
            return work();
        } catch (refusal const& no) { fail(sqlstate{no.state}, no.text); } catch (sql_error const& no) {
            fail(no.state(), no.what());
        } catch (decode_error const& no) { fail(sqlstate{"22P02"}, no.what()); }
        std::abort();
    }

    rows run(std::string_view sql, std::span<parameter const> values) {
        if (failed_ && !sql.starts_with("rollback to savepoint ")) {
            refuse("current transaction is aborted, commands ignored until end of transaction block", "25P02");
        }
        bool const own = !block_;
        if (own) open_transaction();
        try {
            auto found = run_own(sql, values, !own);
            if (!found) {
                view db{all_.tables, tx_};
                found = run_statement(all_, db, this, sql, values);
            }
            if (!found) throw unknown_statement(sql);
            if (own) {
                all_.commit(tx_);
                forget_transaction();
            }
            return std::move(*found);
        } catch (usage_error const&) {
            if (own) forget_transaction();
            else unknown_ = sql;
            throw;
        } catch (...) {
            if (own) forget_transaction();
            throw;
        }
    }

    /// Statements that are about this session alone.
    std::optional<rows> run_own(std::string_view sql, std::span<parameter const> values, bool block) {
        auto const rest = [&](std::string_view words) -> std::optional<std::string> {
            return sql.starts_with(words) ? std::optional{std::string{sql.substr(words.size())}} : std::nullopt;
        };
        if (auto const name = rest("savepoint ")) return savepoints_.set(*name, tx_.made), rows{};
        if (auto const name = rest("rollback to savepoint ")) {
            tx_.made = savepoints_.back_to(*name);
            failed_ = false;
            return rows{};
        }
        if (auto const name = rest("release savepoint ")) return savepoints_.release(*name), rows{};
        view db{all_.tables, tx_};
        return cursors_.run(db, sql, values, block);
    }

    detail::world& all_;
    transaction tx_{};
    mailbox box_{};
    copying copy_{};
    savepoints savepoints_{};
    cursors cursors_{};
    std::string_view busy_with_{};  ///< what leaves no room for statements
    std::string unknown_{};         ///< statement that the test must answer before anything goes on
    bool block_ = false, failed_ = false, closed_ = false;
};

}  // namespace pgq::testing::detail
