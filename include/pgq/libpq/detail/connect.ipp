// Bodies of <pgq/libpq/detail/connect.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/connect.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace pgq::libpq::detail {

PGQ_INLINE void connection_deleter::operator()(PGconn* session) const noexcept {
    PQfinish(session);
}

PGQ_INLINE connection_handle start(settings const& given) {
    std::vector<char const*> keywords;
    std::vector<char const*> values;
    for (auto const& one : given) {
        keywords.push_back(one.keyword.c_str());
        values.push_back(one.value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_handle session{PQconnectStartParams(keywords.data(), values.data(), 1)};
    if (!session) throw connection_error{"could not connect: out of memory"};
    PQsetErrorVerbosity(session.get(), PQERRORS_VERBOSE);  // the only way to learn the SQLSTATE of a refused login
    PQsetNoticeReceiver(
        session.get(), [](void*, PGresult const*) {}, nullptr);  // libpq itself would write to stderr
    return session;
}

PGQ_INLINE std::string address_of(PGconn const* session) {
    auto const text = [](char const* value) { return std::string{value == nullptr ? "" : value}; };
    auto const host = text(PQhost(session));
    return "host \"" + (host.empty() ? text(PQhostaddr(session)) : host) + "\" port " + text(PQport(session));
}

PGQ_INLINE std::string_view advice_on(std::string_view reason) {
    auto const says = [&](std::string_view words) { return reason.find(words) != std::string_view::npos; };
    if (says(" does not match host name ")) return ": connect by a name that is in the server's certificate";
    if (says("certificate verify failed")) return ": set sslrootcert to the certificate of the server's authority";
    if (says("server does not support SSL")) return ": turn ssl on at the server, or set another sslmode";
    if (says("no pg_hba.conf entry") && says("no encryption")) return ": set sslmode=require, or add an entry there";
    return {};
}

PGQ_INLINE refusal refusal_of(PGconn const* session) {
    refusal out{.where = address_of(session), .reason = {}};
    std::string_view rest{PQerrorMessage(session)};
    while (!rest.empty()) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : rest.size());
        if (line.starts_with("connection to server ")) {
            if (auto const cut = line.find(" failed: "); cut != std::string_view::npos) line.remove_prefix(cut + 9);
        }
        if (line.starts_with("LOCATION:")) continue;
        for (std::string_view const severity : {"FATAL:  ", "ERROR:  "}) {  // severity, SQLSTATE, message
            if (!line.starts_with(severity) || line.size() < 15 || line.substr(13, 2) != ": ") continue;
            out.state = sqlstate{line.substr(8, 5)};
            line.remove_prefix(15);
        }
        auto const text = one_line(line);
        if (text.empty() || out.reason.find(text) != std::string::npos) continue;
        if (!out.reason.empty()) out.reason += line.starts_with('\t') ? ": " : "; ";
        out.reason += text;
    }
    out.reason += advice_on(out.reason);
    out.misused = std::string_view{PQhost(session)}.empty() || out.reason.starts_with("invalid ") ||
                  out.reason.starts_with("could not match ");
    if (PQconnectionNeedsPassword(session) != 0) {
        out.state = sqlstate{"28P01"};
        out.reason += ": set PGPASSWORD or write a password file";
    }
    return out;
}

PGQ_INLINE void refusals::add(refusal const& one) {
    if (one.misused && misuse_.empty()) misuse_ = one.reason;
    if (!text_.empty()) text_ += "; ";
    text_.append(one.where).append(": ").append(one.reason);
    // What a later attempt may find well counts more than what it will find again.
    if (one.state.transient() || !state_.transient()) state_ = one.state;
}

PGQ_INLINE bool refusals::add(PGconn const* session) {
    add(refusal_of(session));
    return false;
}

PGQ_INLINE void refusals::give_up() const {
    if (!misuse_.empty()) throw usage_error{"the connection settings are wrong: " + misuse_};
    throw connection_error{"could not connect to " + text_, {.state = state_, .connection_lost = state_.transient()}};
}

PGQ_INLINE bool refusals::misused() const {
    return !misuse_.empty();
}

PGQ_INLINE bool finish(PGconn* session, waiter const& waits, std::chrono::milliseconds limit, refusals& refused) {
    if (PQstatus(session) == CONNECTION_BAD) return refused.add(session);
    auto const end = deadline_after(limit);
    auto wanted = PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK) {
        auto const woken = waits.wait(PQsocket(session), wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, end);
        if (woken == wake::stop) throw stopped{};
        if (woken == wake::deadline) {
            refused.add({.where = address_of(session),
                         .reason = "no answer within " + std::to_string(limit.count()) +
                                   " ms: check the address, the firewall and whether the server is overloaded"});
            return false;
        }
        wanted = PQconnectPoll(session);
        if (wanted == PGRES_POLLING_FAILED) return refused.add(session);
    }
    return true;
}

PGQ_INLINE std::string_view value_of(settings const& all, std::string_view keyword) {
    for (auto const& one : all) {
        if (one.keyword == keyword) return one.value;
    }
    return {};
}

PGQ_INLINE std::string_view part_of(std::string_view list, std::size_t i) {
    auto comma = list.find(',');
    if (comma == std::string_view::npos) return list;
    for (; i > 0 && comma != std::string_view::npos; --i) {
        list.remove_prefix(comma + 1);
        comma = list.find(',');
    }
    return i > 0 ? std::string_view{} : list.substr(0, comma);
}

PGQ_INLINE std::size_t parts(std::string_view list) {
    std::size_t count = 1;
    for (char const c : list)
        count += c == ',' ? 1 : 0;
    return count;
}

PGQ_INLINE settings for_host(settings const& all, std::size_t i, std::string_view wanted) {
    settings one;
    for (auto const& setting : all) {
        if (setting.keyword == "service" || setting.value.empty()) continue;
        bool const listed = setting.keyword == "host" || setting.keyword == "hostaddr" || setting.keyword == "port";
        one.push_back(setting);
        if (listed) one.back().value = part_of(setting.value, i);
        if (setting.keyword == "target_session_attrs") one.back().value = wanted;
    }
    return one;
}

inline constexpr int user_timeout_ms = 120'000;

// What is no connection over TCP refuses, and needs none of it.
PGQ_INLINE void set_tcp(PGconn const* session, int option, int value) noexcept {
    static_cast<void>(::setsockopt(PQsocket(session), IPPROTO_TCP, option, &value, sizeof value));
}

PGQ_INLINE void watch_over(PGconn const* session, settings const& all) noexcept {
    for (auto const& one : all) {
        if (one.keyword.starts_with("keepalives") || one.keyword == "tcp_user_timeout") return;
    }
    set_tcp(session, TCP_KEEPIDLE, 60);
    set_tcp(session, TCP_KEEPINTVL, 15);
    set_tcp(session, TCP_KEEPCNT, 4);
    set_tcp(session, TCP_USER_TIMEOUT, user_timeout_ms);
}

PGQ_INLINE bool lift_user_timeout(PGconn const* session) noexcept {
    int set = 0;
    socklen_t size = sizeof set;
    if (::getsockopt(PQsocket(session), IPPROTO_TCP, TCP_USER_TIMEOUT, &set, &size) != 0) return false;
    if (set != user_timeout_ms) return false;
    set_tcp(session, TCP_USER_TIMEOUT, 0);
    return true;
}

PGQ_INLINE void restore_user_timeout(PGconn const* session) noexcept {
    set_tcp(session, TCP_USER_TIMEOUT, user_timeout_ms);
}

PGQ_INLINE connection_handle connect(std::string const& conninfo, options const& wanted, waiter const& waits) {
    static_cast<void>(parse_conninfo(conninfo));  // its messages are safe to show, libpq's are not
    settings given;
    given.push_back({.keyword = "client_encoding", .value = "UTF8"});
    given.push_back({.keyword = "dbname", .value = conninfo});
    if (!wanted.application_name.empty()) {
        given.push_back({.keyword = "application_name", .value = wanted.application_name});
    }
    auto session = start(given);
    auto const all = settings_of(conninfo_handle{PQconninfo(session.get())});
    auto const names = parts(value_of(all, "host"));
    auto const addresses = parts(value_of(all, "hostaddr"));
    auto const hosts = names > addresses ? names : addresses;
    refusals refused;
    if (hosts == 1) {
        if (finish(session.get(), waits, wanted.connect_timeout, refused)) {
            watch_over(session.get(), all);
            return session;
        }
        refused.give_up();
    }
    if (PQstatus(session.get()) == CONNECTION_BAD) {
        refusals wrong;
        wrong.add(session.get());
        if (wrong.misused()) wrong.give_up();
    }
    auto const attrs = value_of(all, "target_session_attrs");
    bool const twice = attrs == "prefer-standby";
    for (int round = 0; round < (twice ? 2 : 1); ++round) {
        auto const sought = !twice ? attrs : round == 0 ? std::string_view{"standby"} : std::string_view{"any"};
        for (std::size_t i = 0; i < hosts; ++i) {
            session = start(for_host(all, i, sought));
            if (finish(session.get(), waits, wanted.connect_timeout, refused)) {
                watch_over(session.get(), all);
                return session;
            }
        }
    }
    refused.give_up();
}

}  // namespace pgq::libpq::detail
