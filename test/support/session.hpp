/// Sessions for tests that need a server, and ways to look at what they do from outside.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/codec/string.hpp>
#include <pgq/libpq/connection.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace support {

/// A test that hangs is worse than one that fails, so nothing takes longer than this.
inline constexpr std::chrono::seconds limit{30};
/// Far less than what the waits in these tests would take if nothing ended them.
inline constexpr std::chrono::seconds soon{10};

/// The server under test. @throws pgq::usage_error when the test runs without one
inline std::string conninfo() {
    auto const* const text = std::getenv("PGQ_TEST_CONNINFO");
    if (text == nullptr) throw pgq::usage_error{"set PGQ_TEST_CONNINFO to a server that may be played with"};
    return text;
}

inline pgq::libpq::connection connect(pgq::libpq::options wanted = {}) {
    if (wanted.statement_timeout.count() == 0) wanted.statement_timeout = limit;
    return pgq::libpq::connection{conninfo(), std::move(wanted)};
}

/// The exception that `call` throws, which must be an E exactly.
template <class E> E thrown(auto const& call) {
    try {
        call();
    } catch (E const& failure) {
        BOOST_TEST((typeid(failure) == typeid(E)), "caught something more special: " << failure.what());
        return failure;
    } catch (std::exception const& failure) { BOOST_FAIL("threw something else: " << failure.what()); }
    BOOST_FAIL("threw nothing");
    std::abort();
}

/// Looks until `met` is true. @return false when that takes longer than `limit`
inline bool eventually(auto const& met) {
    auto const end = std::chrono::steady_clock::now() + limit;
    while (!met()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

/// The first value of an answer, as text.
inline std::string text_of(pgq::row_set auto const& rows) {
    return pgq::value_of<std::string>(rows, 0, 0);
}

/// True once the server process `pid` runs a statement that contains `text`.
inline bool runs(pgq::libpq::connection& observer, int pid, std::string_view text) {
    return eventually([&] {
        return pgq::query(
                   observer,
                   "select 1 from pg_stat_activity where pid = $1 and state = 'active' and strpos(query, $2) > 0", pid,
                   text)
                   .size() == 1;
    });
}

/// True once the server process `pid` is gone.
inline bool gone(pgq::libpq::connection& observer, int pid) {
    return eventually(
        [&] { return pgq::query(observer, "select 1 from pg_stat_activity where pid = $1", pid).empty(); });
}

/// Calls `act` from a thread of its own once the server runs a statement with `text` for `pid`.
inline std::jthread when_runs(int pid, std::string text, auto act) {
    return std::jthread{[pid, text = std::move(text), act = std::move(act)]() mutable {
        auto observer = connect();
        if (runs(observer, pid, text)) act();
    }};
}

/// Measures how long something took.
class stopwatch {
public:
    [[nodiscard]] bool was_soon() const { return std::chrono::steady_clock::now() - start_ < soon; }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A table of its own, dropped at the end.
class table {
public:
    table(pgq::libpq::connection& db, std::string name, std::string_view columns) : db_{db}, name_{std::move(name)} {
        db_.execute("drop table if exists " + name_ + "; create table " + name_ + " (" + std::string{columns} + ')');
    }
    table(table const&) = delete;
    table& operator=(table const&) = delete;
    ~table() {
        try {
            db_.stop_token({});
            if (db_.closed()) db_.reset();
            db_.rollback();
            db_.execute("drop table if exists " + name_);
        } catch (std::exception const& failure) {
            BOOST_ERROR("could not drop table " << name_ << ": " << failure.what());
        }
    }

    [[nodiscard]] std::string rows() const { return text_of(db_.execute("select count(*) from " + name_)); }

private:
    pgq::libpq::connection& db_;
    std::string name_;
};

}  // namespace support
