/// The messages within a stream of write-ahead log: `w` and `k` from the server, `r` to it. Numbers begin with their
/// most significant byte; times are microseconds since 2000.
/// Source: "Streaming Replication Protocol" in the chapter "Frontend/Backend Protocol" of PostgreSQL's documentation.
#pragma once

#include <pgq/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgq::libpq {

/// A message from the server. Without `data` it is a keepalive.
struct wal_message {
    std::uint64_t begin = 0;    ///< where `data` lies in the log; 0 in a keepalive
    std::uint64_t server = 0;   ///< how far the server has come
    std::int64_t sent = 0;      ///< when, by the server's clock
    bool reply_wanted = false;  ///< of a keepalive: the server waits for a status
    std::string_view data{};
};

namespace detail {

inline std::uint64_t protocol_bytes(std::string_view message, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i)
        value = value << 8U | static_cast<unsigned char>(message[at + i]);
    return value;
}
inline void append_protocol_bytes(std::string& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xFFU);
}

/// Takes a message apart, which `into` refers to. @return true for data. @throws protocol_error
inline bool read_message(std::string_view message, wal_message& into) {
    constexpr std::size_t data_header = 25;
    constexpr std::size_t keepalive_size = 18;
    char const kind = message.empty() ? '\0' : message.front();
    if (kind == 'w' && message.size() >= data_header) {
        into = {.begin = protocol_bytes(message, 1),
                .server = protocol_bytes(message, 9),
                .sent = static_cast<std::int64_t>(protocol_bytes(message, 17)),
                .data = message.substr(data_header)};
        return true;
    }
    if (kind != 'k' || message.size() < keepalive_size)
        throw protocol_error{"the server sent something else than write-ahead log"};
    into = {.server = protocol_bytes(message, 1),
            .sent = static_cast<std::int64_t>(protocol_bytes(message, 9)),
            .reply_wanted = message[17] != '\0'};
    return false;
}

/// A status. Nothing is said of what was applied, as nothing is.
inline std::string write_status(std::uint64_t written, std::uint64_t flushed, bool reply_wanted) {
    constexpr std::chrono::sys_days begin_of_time{std::chrono::year{2000} / 1 / 1};
    auto const now =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now() - begin_of_time);
    std::string out{'r'};
    append_protocol_bytes(out, written);
    append_protocol_bytes(out, flushed);
    append_protocol_bytes(out, 0);
    append_protocol_bytes(out, static_cast<std::uint64_t>(now.count()));
    return out += reply_wanted ? '\1' : '\0';
}

}  // namespace detail
}  // namespace pgq::libpq
