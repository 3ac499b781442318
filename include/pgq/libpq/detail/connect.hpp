/// Opening a session without blocking, host by host, each with its own deadline.
#pragma once

#include <pgq/libpq/conninfo.hpp>
#include <pgq/libpq/detail/failure.hpp>
#include <pgq/libpq/detail/wait.hpp>
#include <pgq/libpq/options.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgq::libpq::detail {

struct connection_deleter {
    void operator()(PGconn* session) const noexcept { PQfinish(session); }
};
using connection_handle = std::unique_ptr<PGconn, connection_deleter>;
using settings = std::vector<conninfo_setting>;

/// Starts to connect. Looking up a host name happens here or in PQconnectPoll and blocks.
inline connection_handle start(settings const& given) {
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
    return session;
}

/// Why a host could not be used.
struct refusal {
    std::string where;
    std::string reason;
    sqlstate state{"08001"};
    bool misused = false;  ///< the settings make no sense, whatever the host says
};

inline std::string address_of(PGconn const* session) {
    auto const text = [](char const* value) { return std::string{value == nullptr ? "" : value}; };
    auto const host = text(PQhost(session));
    return "host \"" + (host.empty() ? text(PQhostaddr(session)) : host) + "\" port " + text(PQport(session));
}

/// What to do about a reason whose own words do not say it; begins with a colon, or is empty.
inline std::string_view advice_on(std::string_view reason) {
    auto const says = [&](std::string_view words) { return reason.find(words) != std::string_view::npos; };
    if (says(" does not match host name ")) return ": connect by a name that is in the server's certificate";
    if (says("certificate verify failed")) return ": set sslrootcert to the certificate of the server's authority";
    if (says("server does not support SSL")) return ": turn ssl on at the server, or set another sslmode";
    if (says("no pg_hba.conf entry") && says("no encryption")) return ": set sslmode=require, or add an entry there";
    return {};
}

/// Reads libpq's message: one block per address tried, each with libpq's own prefix, and the SQLSTATE of a server's.
inline refusal refusal_of(PGconn const* session) {
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

/// Carries a started connection through. @return nothing when it is open. @throws stopped
inline std::optional<refusal> finish(PGconn* session, waiter const& waits, std::chrono::milliseconds limit) {
    if (PQstatus(session) == CONNECTION_BAD) return refusal_of(session);
    auto const end = deadline_after(limit);
    auto wanted = PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK) {
        auto const woken = waits.wait(PQsocket(session), wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, end);
        if (woken == wake::stop) throw stopped{};
        if (woken == wake::deadline) {
            return refusal{.where = address_of(session),
                           .reason = "no answer within " + std::to_string(limit.count()) +
                                     " ms: check the address, the firewall and whether the server is overloaded"};
        }
        wanted = PQconnectPoll(session);
        if (wanted == PGRES_POLLING_FAILED) return refusal_of(session);
    }
    return std::nullopt;
}

inline std::string value_of(settings const& all, std::string_view keyword) {
    for (auto const& one : all) {
        if (one.keyword == keyword) return one.value;
    }
    return {};
}

/// The parts of a comma-separated list; an empty list has one empty part.
inline std::vector<std::string> parts_of(std::string_view list) {
    std::vector<std::string> out;
    for (;;) {
        auto const cut = list.find(',');
        out.emplace_back(list.substr(0, cut));
        if (cut == std::string_view::npos) return out;
        list.remove_prefix(cut + 1);
    }
}

/// The settings for each host of a list in turn. libpq could go through the list itself, but only its blocking call
/// gives each host a time limit. `prefer-standby` is a round that insists on a standby and one that does not.
inline std::vector<settings> one_by_one(settings const& all) {
    auto const hosts = parts_of(value_of(all, "host"));
    auto const addresses = parts_of(value_of(all, "hostaddr"));
    auto const ports = parts_of(value_of(all, "port"));
    auto const wanted = value_of(all, "target_session_attrs");
    std::vector<std::string> rounds{wanted};
    if (wanted == "prefer-standby") rounds = {"standby", "any"};
    auto const pick = [](std::vector<std::string> const& list, std::size_t i) {
        return list.size() == 1 ? list.front() : i < list.size() ? list[i] : std::string{};
    };
    std::vector<settings> out;
    for (auto const& round : rounds) {
        for (std::size_t i = 0; i < hosts.size() || i < addresses.size(); ++i) {
            settings one;
            for (auto const& setting : all) {
                if (setting.keyword == "service" || setting.value.empty()) continue;
                auto copy = setting;
                if (copy.keyword == "host") copy.value = pick(hosts, i);
                if (copy.keyword == "hostaddr") copy.value = pick(addresses, i);
                if (copy.keyword == "port") copy.value = pick(ports, i);
                if (copy.keyword == "target_session_attrs") copy.value = round;
                one.push_back(std::move(copy));
            }
            out.push_back(std::move(one));
        }
    }
    return out;
}

[[noreturn]] inline void give_up(std::vector<refusal> const& refusals) {
    std::string text{"could not connect to "};
    auto state = refusals.back().state;
    for (auto const& one : refusals) {
        if (one.misused) throw usage_error{"the connection settings are wrong: " + one.reason};
        if (&one != &refusals.front()) text += "; ";
        text += one.where + ": " + one.reason;
        if (one.state.transient()) state = one.state;  // a later attempt may find this host well
    }
    throw connection_error{text, {.state = state, .connection_lost = state.transient()}};
}

/// Opens a session. @throws connection_error, usage_error, stopped
inline connection_handle connect(std::string const& conninfo, options const& wanted, waiter const& waits) {
    static_cast<void>(parse_conninfo(conninfo));  // its messages are safe to show, libpq's are not
    settings given{{.keyword = "client_encoding", .value = "UTF8"}, {.keyword = "dbname", .value = conninfo}};
    if (!wanted.application_name.empty()) {
        given.push_back({.keyword = "application_name", .value = wanted.application_name});
    }
    auto session = start(given);
    auto const all = settings_of(conninfo_handle{PQconninfo(session.get())});
    auto const several = [&](std::string_view keyword) {
        return value_of(all, keyword).find(',') != std::string::npos;
    };
    std::vector<refusal> refusals;
    if (!several("host") && !several("hostaddr")) {
        auto refused = finish(session.get(), waits, wanted.connect_timeout);
        if (!refused) return session;
        refusals.push_back(std::move(*refused));
        give_up(refusals);
    }
    if (PQstatus(session.get()) == CONNECTION_BAD) {
        if (auto wrong = refusal_of(session.get()); wrong.misused) give_up({std::move(wrong)});
    }
    for (auto const& one : one_by_one(all)) {
        session = start(one);
        auto refused = finish(session.get(), waits, wanted.connect_timeout);
        if (!refused) return session;
        refusals.push_back(std::move(*refused));
    }
    give_up(refusals);
}

}  // namespace pgq::libpq::detail
