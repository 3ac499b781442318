/// Insert policy for many events at once: COPY straight into the queue's event table.
/// Not for producers that may not write event tables (it needs pgq_admin), and not for a single event.
#pragma once

#include <pgq/policy/insert.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgq {
namespace detail {

/// One field of COPY's text form.
inline void append_copy_field(std::string& out, std::optional<std::string_view> value) {
    if (!value || value->data() == nullptr) {
        out += "\\N";
        return;
    }
    std::string_view rest = *value;
    for (;;) {
        auto const special = rest.find_first_of("\\\t\n\r");
        out += rest.substr(0, special);
        if (special == rest.npos) return;
        char const c = rest[special];
        out += '\\';
        out += c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c;
        rest.remove_prefix(special + 1);
    }
}

inline void append_copy_row(std::string& out, std::string_view now, new_event const& event) {
    out += now;
    out += '\t';
    append_copy_field(out, event.type);
    out += '\t';
    append_copy_field(out, event.data);
    for (auto const& extra : event.extra) {
        out += '\t';
        append_copy_field(out, extra);
    }
    out += '\n';
}

template <class Db> class copy_writer {
public:
    copy_writer(Db& db, std::string queue, std::size_t block) : db_{db}, queue_{std::move(queue)}, block_{block} {}
    copy_writer(copy_writer const&) = delete;
    copy_writer& operator=(copy_writer const&) = delete;
    ~copy_writer() { abandon(); }

    void put(new_event const& event) {
        if (!copying_) begin();
        if (limit_ && *limit_ >= 0 && static_cast<std::int64_t>(put_) >= *limit_) refuse_more();
        append_copy_row(buffer_, now_, event);
        ++put_;
        if (buffer_.size() >= block_) {
            or_abandon([this] { send(); });
        }
    }

    std::uint64_t finish() {
        if (!copying_) return 0;
        return or_abandon([this] {
            send();
            copying_ = false;
            auto const stored = db_.copy_end();
            if (own_) db_.commit();
            own_ = false;
            return stored;
        });
    }

private:
    void begin() {
        own_ = !db_.in_transaction();
        if (own_) {
            db_.begin();
            query(db_, "set transaction isolation level read committed");
        }
        or_abandon([this] {
            auto const table = explaining(queue_, [this] { return sql::current_event_table(db_, queue_); });
            if (!table) refuse_unknown_queue(queue_);
            db_.copy_begin(sql::copy_events_text(table->name));
            now_ = table->now;
            limit_ = table->limit;
        });
        copying_ = true;
        put_ = 0;
        buffer_.clear();
    }

    void send() {
        if (!buffer_.empty()) db_.copy_data(buffer_);
        buffer_.clear();
    }

    [[noreturn]] void refuse_more() {
        abandon();
        throw usage_error{"queue \"" + queue_ + "\" allows max " + std::to_string(*limit_) +
                          " events from one transaction: nothing was stored"};
    }

    decltype(auto) or_abandon(auto const& step) {
        try {
            return step();
        } catch (...) {
            abandon();
            throw;
        }
    }

    void abandon() noexcept {
        if (std::exchange(copying_, false)) db_.copy_abort();
        if (std::exchange(own_, false)) undo();
    }

    /// The server rolls back by itself when the session is no longer fit for it.
    void undo() noexcept {
        try {
            db_.rollback();
        } catch (...) {  // NOLINT(bugprone-empty-catch)
        }
    }

    Db& db_;
    std::string queue_;
    std::size_t block_;
    std::string buffer_{};
    std::string now_{};
    std::optional<std::int64_t> limit_{};
    std::uint64_t put_ = 0;
    bool copying_ = false;
    bool own_ = false;
};

}  // namespace detail

/// Opens COPY at the first event and keeps it open until finish(), so the session can do nothing else between the two.
/// In the caller's transaction the events are stored with it; otherwise in one of its own that finish() commits, all or
/// none. The table is read in the same transaction as it is written, after that has got its id, which keeps rotation
/// from passing it by; that needs READ COMMITTED and is refused in another level. A queue closed for inserts is
/// refused, queue_per_tx_limit holds for the events of one finish(). A replaced pgq.insert_event is not called.
struct insert_copy {
    static constexpr bool keeps_session = true;
    std::size_t block = 65'536;  ///< bytes collected before they are sent

    template <class Db>
        requires copy_target<Db> && transactional<Db>
    [[nodiscard]] auto open(Db& db, std::string queue) const {
        return detail::copy_writer<Db>{db, std::move(queue), block};
    }
};

}  // namespace pgq
