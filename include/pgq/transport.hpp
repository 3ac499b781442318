/// What the framework asks of a database session. <pgq/libpq/connection.hpp> is the model for real servers; tests
/// bring their own. Nothing here knows libpq.
#pragma once

#include <pgq/codec.hpp>
#include <pgq/error.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>

namespace pgq {

/// One parameter of a statement. `data` is null for NULL; text is followed by a zero byte that `size` leaves out.
struct parameter {
    char const* data = nullptr;
    std::size_t size = 0;
    std::uint32_t type = 0;  ///< type's OID; 0 lets the server infer it
    bool binary = false;
};

/// Rows as a statement returns them. Columns in binary form say so by `binary()`.
template <class R>
concept row_set = requires(R const& rows, std::size_t row, std::size_t column) {
    { rows.size() } -> std::convertible_to<std::size_t>;
    { rows.columns() } -> std::convertible_to<std::size_t>;
    { rows.at(row, column) } -> std::same_as<std::optional<std::string_view>>;
};

/// A session that runs statements.
template <class Db>
concept transport = requires(Db& db, std::string_view sql, std::span<parameter const> values) {
    { db.execute(sql, values) } -> row_set;
};

/// The form in which columns come back.
enum class result_format : int { text = 0, binary = 1 };

/// A session that returns columns in binary form on request; its rows say so by `binary()`.
template <class Db>
concept binary_transport = transport<Db> && requires(Db& db, std::string_view sql, std::span<parameter const> values) {
    { db.execute(sql, values, result_format::binary) } -> row_set;
    { db.execute(sql, values, result_format::binary).binary() } -> std::convertible_to<bool>;
};

namespace detail {
struct any_sink {
    bool operator()(auto const&) const { return true; }
};
struct any_copy_sink {
    void operator()(std::string_view) const {}
};

/// Hands `value` to `sink`. @return false when a sink that answers bool wants no more
template <class Sink, class Value> bool hand_to(Sink& sink, Value const& value) {
    if constexpr (std::is_same_v<decltype(sink(value)), bool>) {
        return sink(value);
    } else {
        sink(value);
        return true;
    }
}
}  // namespace detail

/// A session that hands rows to a callable while they arrive. It takes no other call meanwhile; when the callable
/// returns false or throws, the statement is cancelled.
template <class Db>
concept streaming = transport<Db> && requires(Db& db, std::string_view sql, std::span<parameter const> values) {
    db.stream(sql, values, detail::any_sink{}, result_format::binary);
};

/// A session with transactions. begin/commit/rollback are not nested; `in_transaction` is the server's own state.
template <class Db>
concept transactional = transport<Db> && requires(Db& db) {
    db.begin();
    db.commit();
    db.rollback();
    { db.in_transaction() } -> std::same_as<bool>;
};

/// A session that takes COPY data. `copy_end` returns the rows stored; `copy_abort` drops them and never throws.
template <class Db>
concept copy_target = transport<Db> && requires(Db& db, std::string_view text) {
    db.copy_begin(text);
    db.copy_data(text);
    { db.copy_end() } -> std::same_as<std::uint64_t>;
    { db.copy_abort() } noexcept;
};

/// A session that hands out COPY data: the sink gets each row as it arrives. When it throws, the COPY is cancelled.
template <class Db>
concept copy_source =
    transport<Db> && requires(Db& db, std::string_view sql) { db.copy_out(sql, detail::any_copy_sink{}); };

/// A message from NOTIFY.
struct notification {
    std::string channel;
    std::string payload;
};

/// A session that hears NOTIFY. `wait_notification` gives nothing when the deadline passes first.
template <class Db>
concept listener =
    transport<Db> && requires(Db& db, std::string_view channel, std::chrono::steady_clock::time_point end) {
        db.listen(channel);
        { db.wait_notification(end) } -> std::same_as<std::optional<notification>>;
    };

/// One whose notifications can be waited for by poll(2). `socket()` may change with each call; -1 when it is closed.
template <class Db>
concept pollable = listener<Db> && requires(Db const& db) {
    { db.socket() } -> std::same_as<int>;
};

/// A session whose waits, statements under way among them, end with `stopped` soon after the token is triggered.
/// `stop_token` replaces the token that was in force; an empty token means that nothing ends a wait but its deadline.
template <class Db>
concept stoppable = transport<Db> && requires(Db& db, std::stop_token token) { db.stop_token(token); };

/// A session that gives its server up when that has said nothing for `longest_silence` while a statement runs; zero
/// waits for ever.
template <class Db>
concept impatient = transport<Db> && requires(Db& db, std::chrono::milliseconds limit) {
    db.longest_silence(limit);
    { db.longest_silence() } -> std::same_as<std::chrono::milliseconds>;
};

/// A session whose server is only played, as in <pgq/testing.hpp>: it has no tables of users, and time passes when it
/// is told to. `static constexpr bool simulated = true;` says so.
template <class Db> concept simulated = requires { requires Db::simulated; };

namespace detail {

/// Writes values into parameters; strings that end with a zero are not copied. Not a template, so that it is compiled
/// once and not for each list of types.
class binder {
public:
    binder(parameter* values, std::size_t* offsets) : values_{values}, offsets_{offsets} {}
    binder(binder const&) = delete;
    binder& operator=(binder const&) = delete;

    void add(std::nullopt_t) { ++count_; }
    void add(parameter const& value) { values_[count_++] = value; }
    void add(std::string const& text) { add(parameter{text.c_str(), text.size()}); }
    void add(char const* text) { add(parameter{text, text == nullptr ? 0 : std::string_view{text}.size()}); }
    void add(std::string_view text) {
        if (text.data() == nullptr) return add(std::nullopt);
        auto const from = arena_.size();
        arena_ += text;
        keep(from);
    }
    template <class T> void add(std::optional<T> const& value) {
        if (value) add(*value);
        else add(std::nullopt);
    }
    template <class T>
        requires std::is_enum_v<T> && (!field_codec<T>)
    void add(T value) {
        add(static_cast<std::underlying_type_t<T>>(value));
    }
    template <field_codec T> void add(T const& value) {
        auto const from = arena_.size();
        codec<T>::append(arena_, value);
        keep(from);
    }
    /// After the last one: the texts that were written do not move any more.
    void end() {
        for (std::size_t i = 0; i < count_; ++i) {
            if (offsets_[i] > 0) values_[i].data = arena_.data() + offsets_[i] - 1;
        }
    }

private:
    void keep(std::size_t from) {
        values_[count_].size = arena_.size() - from;
        offsets_[count_++] = from + 1;
        arena_ += '\0';
    }

    parameter* values_;
    std::size_t* offsets_;  // where a text begins, counted from 1; 0 for what was not written here
    std::size_t count_ = 0;
    std::string arena_{};
};

/// Values bound to the parameters of one statement.
template <std::size_t N> class bound {
public:
    template <class... Args> explicit bound(Args const&... args) {
        (binder_.add(args), ...);
        binder_.end();
    }

    [[nodiscard]] std::span<parameter const> view() const { return {values_.data(), N}; }

private:
    std::array<parameter, N> values_{};
    std::array<std::size_t, N> offsets_{};
    binder binder_{values_.data(), offsets_.data()};
};

}  // namespace detail

/// Runs one statement with `$1, $2, ...` bound to `args` in text form; nullopt and empty optionals are NULL.
/// @throws sql_error, connection_error, stopped
template <class... Args> auto query(transport auto& db, std::string_view sql, Args const&... args) {
    detail::bound<sizeof...(Args)> const values{args...};
    return db.execute(sql, values.view());
}

/// The value of one cell. @throws decode_error when it is NULL and T is no optional, or has not the form of T
template <class T> T value_of(row_set auto const& rows, std::size_t row, std::size_t column) {
    auto const cell = rows.at(row, column);
    if constexpr (detail::is_optional<T>) {
        if (!cell) return std::nullopt;
        return codec<typename detail::without_optional<T>::type>::parse(*cell);
    } else {
        if (!cell) throw decode_error{"column " + std::to_string(column + 1) + " is null where a value is needed"};
        return codec<T>::parse(*cell);
    }
}

}  // namespace pgq
