/// The log of a program: lines to standard error, a file and the system's log.
/// Not for the framework, which knows no log but the caller's.
#pragma once

#include <common/status.hpp>
#include <pgq/error.hpp>

#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>

namespace apps {

enum class severity { debug, info, warning, error };

/// Where lines go.
struct log_targets {
    bool console = true;
    bool debug = false;          ///< lines of severity debug too
    std::string file{};          ///< empty: none
    std::string syslog_ident{};  ///< empty: no syslog
    int syslog_facility = LOG_DAEMON;
};

/// For several threads. A line: `2026-01-31 12:00:00.123 UTC [4711] LOG text`.
class logger {
public:
    logger() = default;
    logger(logger const&) = delete;
    logger& operator=(logger const&) = delete;
    ~logger() { close(); }

    /// Opens the targets, or opens them anew, for a file that was moved away. @throws pgq::usage_error for a file that
    /// cannot be written; the targets before stay then
    void open(log_targets wanted) {
        int file = -1;
        if (!wanted.file.empty()) {
            file = ::open(wanted.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
            if (file < 0) {
                throw pgq::usage_error{"cannot write the log file \"" + wanted.file + "\": " + std::strerror(errno)};
            }
        }
        std::lock_guard const hold{mutex_};
        close();
        targets_ = std::move(wanted);
        file_ = file;
        if (!targets_.syslog_ident.empty()) ::openlog(targets_.syslog_ident.c_str(), LOG_PID, targets_.syslog_facility);
    }

    /// A background process has no console.
    void leave_console() {
        std::lock_guard const hold{mutex_};
        targets_.console = false;
    }

    void write(severity level, std::string_view text) {
        if (level == severity::debug && !targets_.debug) return;
        auto const said = one_line(text);
        auto const line = stamp() + ' ' + std::string{name(level)} + ' ' + said + '\n';
        std::lock_guard const hold{mutex_};
        if (targets_.console) put(STDERR_FILENO, line);
        if (file_ >= 0) put(file_, line);
        if (!targets_.syslog_ident.empty()) {
            ::syslog(priority(level), "%.*s", static_cast<int>(said.size()), said.data());
        }
    }

    void debug(std::string_view text) { write(severity::debug, text); }
    void info(std::string_view text) { write(severity::info, text); }
    void warning(std::string_view text) { write(severity::warning, text); }
    void error(std::string_view text) { write(severity::error, text); }

private:
    static std::string_view name(severity level) {
        static constexpr std::array<std::string_view, 4> names{"DEBUG", "LOG", "WARNING", "ERROR"};
        return names.at(static_cast<std::size_t>(level));
    }
    static int priority(severity level) {
        static constexpr std::array priorities{LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR};
        return priorities.at(static_cast<std::size_t>(level));
    }

    static std::string stamp() {
        auto const now = std::chrono::system_clock::now().time_since_epoch();
        auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
        auto const milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds);
        std::time_t const time = seconds.count();
        std::tm parts{};
        ::localtime_r(&time, &parts);
        std::array<char, 40> day{};
        std::array<char, 16> zone{};
        std::strftime(day.data(), day.size(), "%Y-%m-%d %H:%M:%S", &parts);
        std::strftime(zone.data(), zone.size(), "%Z", &parts);
        std::array<char, 96> whole{};
        std::snprintf(whole.data(), whole.size(), "%s.%03d %s [%d]", day.data(), static_cast<int>(milliseconds.count()),
                      zone.data(), static_cast<int>(::getpid()));
        return whole.data();
    }

    /// A log that cannot be written must not stop the work.
    static void put(int file, std::string const& line) {
        [[maybe_unused]] auto const written = ::write(file, line.data(), line.size());
    }

    void close() {
        if (file_ >= 0) ::close(file_);
        file_ = -1;
        if (!targets_.syslog_ident.empty()) ::closelog();
        targets_.syslog_ident.clear();
    }

    std::mutex mutex_{};
    log_targets targets_{};
    int file_ = -1;
};

}  // namespace apps
