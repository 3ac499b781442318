/// Looking whether archive and server are as they should be: each question with a line for an answer.
#pragma once

#include <walmgr/archiving.hpp>
#include <walmgr/sql/archiver.hpp>
#include <walmgr/sql/health.hpp>
#include <walmgr/sql/settings.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// How an answer is to be taken.
enum class verdict {
    fine,
    note,   ///< somebody should know, and nothing is lost by it
    wrong,  ///< something has to be done
};

/// An answer. `says` is one line, for people.
struct probe {
    std::string name{};
    verdict is{};
    std::string says{};
};

/// What is too much.
struct probe_limits {
    std::int64_t backlog = 16;              ///< files that may wait to be archived
    std::chrono::seconds clock_skew{5};     ///< between the server's clock and ours
    std::chrono::hours backup_age{7 * 24};  ///< of the newest base backup
};

/// Collects answers; a question that cannot be asked is answered with what went wrong.
class probe_list {
public:
    void add(std::string name, verdict is, std::string says) {
        found_.push_back({std::move(name), is, std::move(says)});
    }
    /// Calls `ask()`, which adds answers.
    void ask(std::string_view name, auto&& ask) {
        try {
            ask();
        } catch (pgq::error const& problem) { add(std::string{name}, verdict::wrong, problem.what()); }
    }
    /// In the order in which they were asked.
    [[nodiscard]] std::vector<probe> const& all() const noexcept { return found_; }
    /// Whether nothing has to be done.
    [[nodiscard]] bool fine() const {
        for (auto const& one : found_) {
            if (one.is == verdict::wrong) return false;
        }
        return true;
    }

private:
    std::vector<probe> found_{};
};

namespace detail {

inline void must_be(probe_list& to, std::string const& name, bool good, std::string const& says) {
    to.add(name, good ? verdict::fine : verdict::wrong, says);
}

}  // namespace detail

/// Whether the server archives here and does well. `is_ours(command)` knows our archive_command.
void probe_archiving(probe_list& to, pgq::transport auto& db, probe_limits const& limits, auto&& is_ours) {
    using detail::must_be;
    to.ask("archive_mode", [&] {
        auto const mode = sql::shown_setting(db, "archive_mode");
        must_be(to, "archive_mode", mode != "off", mode);
    });
    to.ask("archive_command", [&] {
        auto const command = archive_command_of(db);
        must_be(to, "archive_command", is_ours(command),
                is_ours(command) ? "archives here"
                                 : "\"" + command + "\" does not archive here; run: walmgr CONFIG setup");
    });
    to.ask("archiver", [&] {
        auto const state = sql::read_archiver_state(db);
        must_be(to, "archiver", !state.failing,
                state.failing ? "failed with " + state.last_failed.value_or("") + " at " +
                                    state.failed_at.value_or("") + "; the server's log says why"
                              : "last archived: " + state.last_archived.value_or("nothing yet"));
    });
    to.ask("backlog", [&] {
        auto const files = sql::archive_backlog(db);
        must_be(to, "backlog", files <= limits.backlog,
                std::to_string(files) + " files wait, up to " + std::to_string(limits.backlog) + " are fine");
    });
    to.ask("restart", [&] {
        auto const waiting = sql::waiting_for_restart(db);
        to.add("restart", waiting.empty() ? verdict::fine : verdict::wrong,
               waiting.empty() ? "no setting waits for one" : "these settings wait for one: " + waiting);
    });
}

/// Whether the server's settings allow for backup and failover.
void probe_settings(probe_list& to, pgq::transport auto& db) {
    using detail::must_be;
    to.ask("wal_level", [&] {
        auto const level = sql::shown_setting(db, "wal_level");
        must_be(to, "wal_level", level != "minimal", level);
    });
    to.ask("full_page_writes", [&] {
        auto const on = sql::shown_setting(db, "full_page_writes");
        must_be(to, "full_page_writes", on == "on", on);
    });
    to.ask("checksums", [&] {
        bool const checksums = sql::shown_setting(db, "data_checksums") == "on";
        bool const hints = sql::shown_setting(db, "wal_log_hints") == "on";
        to.add("checksums", checksums ? verdict::fine : verdict::note,
               checksums ? "on"
               : hints   ? "off; damage of the disk is not noticed"
                         : "off, and wal_log_hints too: a diverged server cannot rejoin by pg_rewind");
    });
}

/// Slots that keep log, and whether commits wait for somebody who cannot let them go on.
void probe_replication(probe_list& to, pgq::transport auto& db) {
    to.ask("slots", [&] {
        auto const slots = sql::physical_slots(db);
        for (auto const& one : slots) {
            bool const lost = one.wal_status == "lost" || one.wal_status == "unreserved";
            if (one.active && !lost) continue;
            to.add("slots", lost ? verdict::wrong : verdict::note,
                   one.name + (lost ? ": the log it needs is gone or will soon be"
                                    : ": nobody uses it, and it keeps " + std::to_string(one.retained.value_or(0)) +
                                          " bytes of log"));
        }
        if (to.all().empty() || to.all().back().name != "slots")
            to.add("slots", verdict::fine, std::to_string(slots.size()) + " in use");
    });
    to.ask("synchronous", [&] {
        auto const names = sql::shown_setting(db, "synchronous_standby_names");
        if (names.empty()) return to.add("synchronous", verdict::fine, "commits wait for no standby");
        bool const apply = sql::shown_setting(db, "synchronous_commit") == "remote_apply";
        bool somebody = false;
        for (auto const& one : sql::followers(db)) {
            if (!one.synchronous) continue;
            somebody = somebody || one.streaming;
            if (apply && !one.replays)
                return to.add("synchronous", verdict::wrong,
                              one.name + " receives and never replays, so commits wait for it for ever under "
                                         "remote_apply; take it out of synchronous_standby_names");
        }
        detail::must_be(to, "synchronous", somebody,
                        somebody ? "commits wait for " + names
                                 : "commits wait for " + names + ", and none of them streams");
    });
}

/// The server's clock beside ours: moments to restore to are only as good as clocks are.
void probe_clock(probe_list& to, pgq::transport auto& db, probe_limits const& limits) {
    to.ask("clock", [&] {
        auto const now = [] {
            return std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
        };
        auto const before = now();
        auto const theirs = sql::server_clock(db);
        auto const after = now();
        auto const skew = theirs < before ? before - theirs : theirs > after ? theirs - after : 0.0;
        auto const whole = static_cast<std::int64_t>(std::llround(skew));
        detail::must_be(to, "clock", skew <= static_cast<double>(limits.clock_skew.count()),
                        "differs by " + std::to_string(whole) + " s from this machine's");
    });
}

}  // namespace walmgr
