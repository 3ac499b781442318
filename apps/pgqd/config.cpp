#include "config.hpp"

#include <pgq/ini.hpp>
#include <pgq/libpq/conninfo.hpp>

#include <syslog.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace pgqd {
namespace {

constexpr double longest = 10'000'000;  // seconds; some months

std::string_view fallback(std::string_view name) {
    return apps::fallback(keys, name);
}

/// Fractions are welcome, zero is not: a pause of nothing is a busy loop.
template <class Duration> Duration period(pgq::ini_section const& section, std::string_view name, double least) {
    auto const text = fallback(name);
    double seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    seconds = section.seconds(name, seconds, least, longest);
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
}

int facility(pgq::ini_section const& section) {
    static constexpr std::array names{
        std::pair{"auth", LOG_AUTH},     std::pair{"authpriv", LOG_AUTHPRIV}, std::pair{"cron", LOG_CRON},
        std::pair{"daemon", LOG_DAEMON}, std::pair{"ftp", LOG_FTP},           std::pair{"kern", LOG_KERN},
        std::pair{"local0", LOG_LOCAL0}, std::pair{"local1", LOG_LOCAL1},     std::pair{"local2", LOG_LOCAL2},
        std::pair{"local3", LOG_LOCAL3}, std::pair{"local4", LOG_LOCAL4},     std::pair{"local5", LOG_LOCAL5},
        std::pair{"local6", LOG_LOCAL6}, std::pair{"local7", LOG_LOCAL7},     std::pair{"lpr", LOG_LPR},
        std::pair{"mail", LOG_MAIL},     std::pair{"news", LOG_NEWS},         std::pair{"syslog", LOG_SYSLOG},
        std::pair{"user", LOG_USER},     std::pair{"uucp", LOG_UUCP}};
    auto const wanted = section.text("syslog_facility", fallback("syslog_facility"));
    for (auto const& [name, number] : names) {
        if (wanted == name) return number;
    }
    section.refuse("syslog_facility", "is no facility of syslog: \"" + wanted + '"');
}

void check_base(pgq::ini_section const& section, std::string const& base) {
    std::vector<pgq::libpq::conninfo_setting> settings;
    try {
        settings = pgq::libpq::parse_conninfo(base);
    } catch (pgq::usage_error const& problem) {
        section.refuse("base_connstr", std::string{"is wrong: "} + problem.what());
    }
    for (auto const& one : settings) {
        if (one.keyword == "dbname") {
            section.refuse("base_connstr",
                           "must not name a dbname: databases come from database_list or from the server");
        }
    }
}

}  // namespace

std::string config::conninfo(std::string const& database) const {
    std::string whole;
    for (auto const& one : pgq::libpq::parse_conninfo(base_connstr)) {
        whole += one.keyword + '=' + pgq::libpq::quote_conninfo_value(one.value) + ' ';
    }
    return whole + "dbname=" + pgq::libpq::quote_conninfo_value(database);
}

config read_config(std::string const& path) {
    using namespace std::chrono;
    auto file = pgq::ini_file::read(path);
    for (auto const& section : file.sections()) {
        if (section.name() != "pgqd")
            throw pgq::usage_error{path + ": unknown section [" + section.name() + "], only [pgqd] is read"};
    }
    auto const& section = file.section("pgqd");
    config read;
    read.logfile = section.path("logfile");
    read.pidfile = section.path("pidfile");
    read.base_connstr = section.text("base_connstr", fallback("base_connstr"));
    check_base(section, read.base_connstr);
    read.initial_database = section.text("initial_database", fallback("initial_database"));
    read.database_list = section.words("database_list");
    read.syslog = section.flag("syslog", true);
    read.syslog_ident = section.text("syslog_ident", fallback("syslog_ident"));
    read.syslog_facility = facility(section);
    read.check_period = period<milliseconds>(section, "check_period", 0.1);
    read.retry_period = period<milliseconds>(section, "retry_period", 0.1);
    read.maint_period = period<milliseconds>(section, "maint_period", 0.1);
    read.ticker_period = period<milliseconds>(section, "ticker_period", 0.01);
    read.stats_period = period<milliseconds>(section, "stats_period", 0.1);
    read.connection_lifetime = period<milliseconds>(section, "connection_lifetime", 1);
    read.connect_timeout = period<milliseconds>(section, "connect_timeout", 0.1);
    read.query_timeout = period<milliseconds>(section, "query_timeout", 0.1);
    read.wakeup.shortest = period<microseconds>(section, "wakeup_period", 0);
    read.wakeup.longest = std::max(read.wakeup.shortest, period<microseconds>(section, "wakeup_idle_period", 0.0001));
    read.wakeup.spacing = period<microseconds>(section, "wakeup_spacing", 0);
    read.prepare_statements = section.flag("prepare_statements", true);
    section.refuse_unknown();
    return read;
}

std::string sample_config() {
    return apps::sample("pgqd", keys);
}

}  // namespace pgqd
