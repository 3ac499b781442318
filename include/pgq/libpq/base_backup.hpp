/// A session that takes a base backup by the replication protocol, as servers of version 15 and later speak it.
/// Source: BASE_BACKUP in "Streaming Replication Protocol" of PostgreSQL's documentation.
#pragma once

#include <pgq/libpq/connection.hpp>
#include <pgq/libpq/detail/replication_answers.hpp>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::libpq {

/// Where a backup begins or ends.
struct backup_position {
    std::uint64_t position = 0;
    std::uint32_t timeline = 0;
};

/// One of the archives that will come. The data folder has no oid.
struct backup_archive {
    std::optional<std::uint32_t> oid{};
    std::string path{};
    std::optional<std::uint64_t> kilobytes{};  ///< a guess, where PROGRESS was asked for
};

/// What the server says before it sends anything.
struct backup_begin {
    backup_position from{};
    std::vector<backup_archive> archives{};
};

namespace detail {

/// Splits a message of a backup's COPY: a letter, and for a new archive two texts that end in a zero byte.
inline std::pair<std::string_view, std::string_view> archive_names(std::string_view message) {
    auto const first = message.find('\0');
    auto const second = first == message.npos ? first : message.find('\0', first + 1);
    if (second == message.npos) throw protocol_error{"the server begins an archive without its name"};
    return {message.substr(0, first), message.substr(first + 1, second - first - 1)};
}

/// Big-endian, 64 bits.
inline std::uint64_t archive_progress(std::string_view message) {
    if (message.size() != 8) throw protocol_error{"the server's progress has not the form that it should"};
    std::uint64_t value = 0;
    for (char const byte : message)
        value = value << 8U | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace detail

/// Move-only; for one thread at a time. Calls throw as those of a connection do, and end on a stop request within
/// 100 ms. The statement timeout of the options limits how long the server may say nothing.
class base_backup {
public:
    /// `conninfo` as for a connection; its database does not matter. @throws connection_error, usage_error, stopped
    explicit base_backup(std::string const& conninfo, options wanted = {})
        : db_{detail::for_replication(conninfo), std::move(wanted)} {}

    /// For example 150004 for 15.4.
    [[nodiscard]] int server_version() const noexcept { return db_.server_version(); }

    /// Hands the server the manifest of the backup that an incremental one is to build on. Version 17 and later.
    /// @throws sql_error, when the server does not take it
    void upload_manifest(std::string_view manifest) {
        db_.copy_begin("UPLOAD_MANIFEST");
        db_.copy_data(manifest);
        db_.copy_end();
    }

    /// Takes the backup. `options` is what stands in the parentheses of BASE_BACKUP. `visitor` hears of
    /// `begin(backup_begin const&)`; `archive(name, path)` for each; `manifest()`; `data(bytes)` of what was begun
    /// last; `progress(bytes)` of the archive, now and then. When it throws, the backup is cancelled.
    /// @return where the backup ends
    template <class Visitor> backup_position run(std::string_view options, Visitor&& visitor) {
        statement_ = "BASE_BACKUP (" + std::string{options} + ")";
        auto& db = db_.session();
        running_ = db.begin_call(statement_);
        running_.in_doubt = false;
        db.sent(PQsendQuery(db.get(), statement_.c_str()), running_);
        db.flush(running_);
        try {
            auto const start = rows();
            backup_begin begin{.from = position_of(start), .archives = {}};
            auto const archives = rows();
            for (std::size_t i = 0; i < archives.size(); ++i)
                begin.archives.push_back(archive_of(archives, i));
            auto const copy = expect(PGRES_COPY_OUT);
            visitor.begin(std::as_const(begin));
            while (auto const row = db.next_copy_row(running_)) {
                if (running_.cut != detail::interruption::none) continue;
                running_.end = detail::deadline_after(db.wanted.statement_timeout);
                hand_on({row.text.get(), row.size}, visitor);
            }
        } catch (...) {
            if (!db.closed()) db.abandon(running_);
            throw;
        }
        auto const answer = rows();
        result const rest{detail::collect(db, running_)};  // that the command is complete
        return position_of(answer);
    }

private:
    /// The next answer, which must be of this kind.
    result expect(ExecStatusType kind) {
        auto& db = db_.session();
        auto answer = db.next(running_);
        if (!answer) db.lost(running_);
        if (PQresultStatus(answer.get()) != kind) {
            while (db.next(running_))
                continue;
            db.raise(answer.get(), running_);
        }
        return result{std::move(answer)};
    }
    result rows() { return expect(PGRES_TUPLES_OK); }

    static backup_position position_of(result const& answer) {
        return {.position = detail::protocol_position(answer, 0),
                .timeline = detail::protocol_number<std::uint32_t>(answer, 1)};
    }
    static backup_archive archive_of(result const& answer, std::size_t row) {
        auto const number = [&]<class T>(std::size_t column, T value) -> std::optional<T> {
            auto const text = answer.at(row, column);
            if (!text) return std::nullopt;
            std::from_chars(text->data(), text->data() + text->size(), value);
            return value;
        };
        return {.oid = number(0, std::uint32_t{}),
                .path = std::string{answer.at(row, 1).value_or("")},
                .kilobytes = number(2, std::uint64_t{})};
    }

    template <class Visitor> static void hand_on(std::string_view message, Visitor& visitor) {
        auto const letter = message.empty() ? '\0' : message.front();
        auto const rest = message.substr(message.empty() ? 0 : 1);
        switch (letter) {
        case 'n': {
            auto const [name, path] = detail::archive_names(rest);
            return visitor.archive(name, path);
        }
        case 'm':
            return visitor.manifest();
        case 'd':
            return visitor.data(rest);
        case 'p':
            return visitor.progress(detail::archive_progress(rest));
        default:
            throw protocol_error{"the server sends something in a backup that is not known"};
        }
    }

    connection db_;
    std::string statement_{};
    detail::call running_{};  ///< refers to statement_
};

}  // namespace pgq::libpq
