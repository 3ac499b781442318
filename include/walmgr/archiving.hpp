/// Turning a server's archiving on and off.
#pragma once

#include <walmgr/command_line.hpp>
#include <walmgr/sql/health.hpp>
#include <walmgr/sql/settings.hpp>
#include <walmgr/wait.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// A setting that is to have another value.
struct setting_change {
    std::string name{};
    std::string before{};
    std::string after{};
};

/// True for an archive_command that keeps nothing: it can be replaced without a loss.
inline bool archives_nothing(std::string_view command) {
    for (auto const none : {"", "(disabled)", "/bin/true", "true", ":"}) {
        if (command == none) return true;
    }
    return false;
}

/// The archive_command that a server has or will have after a restart.
std::string archive_command_of(pgq::transport auto& db) {
    auto const now = sql::read_setting(db, "archive_command");
    // As long as archive_mode is off the server shows no command.
    if (now && now->value != "(disabled)") return now->value;
    return sql::filed_setting(db, "archive_command").value_or("");
}

/// Why a server archives nothing as a primary, as it runs now; nothing when it archives.
std::optional<std::string> why_not_archiving(pgq::transport auto& db) {
    if (sql::shown_setting(db, "archive_mode") == "off") return "its archive_mode is off";
    auto const library = sql::read_setting(db, "archive_library");
    if (library && !library->value.empty()) return std::nullopt;
    auto const command = sql::shown_setting(db, "archive_command");
    if (!archives_nothing(command)) return std::nullopt;
    return command.empty() ? "its archive_command is empty" : "its archive_command \"" + command + "\" keeps nothing";
}

/// What has to be changed so that a server archives by `command`. Settings that wait for a restart already are listed
/// again: to write them twice does no harm.
/// @throws error  negative, when it archives by something else, unless `replace`
std::vector<setting_change> plan_archiving(pgq::transport auto& db, std::string const& command, bool replace) {
    std::vector<setting_change> plan;
    auto const library = sql::read_setting(db, "archive_library");
    if (library && !library->value.empty())
        throw error{fault::negative, "the server archives by archive_library \"" + library->value +
                                         "\"; set that to '' first if it is not wanted any more"};
    auto const level = sql::read_setting(db, "wal_level");
    if (level && level->value == "minimal") plan.push_back({"wal_level", level->value, "replica"});
    auto const mode = sql::read_setting(db, "archive_mode");
    if (mode && mode->value == "off") plan.push_back({"archive_mode", mode->value, "on"});
    auto const before = archive_command_of(db);
    if (before == command) return plan;
    if (!archives_nothing(before) && !replace)
        throw error{fault::negative, "the server archives already by \"" + before +
                                         "\"; give --replace to have it "
                                         "archive here instead"};
    plan.push_back({"archive_command", before, command});
    return plan;
}

/// Puts changes into force, as far as that needs no restart.
/// @return names of the settings that wait for a restart, with commas between
/// @throws error  timed_out, when the server does not take them up; pgq::sql_error
std::string apply_settings(pgq::transport auto& db, std::vector<setting_change> const& plan) {
    for (auto const& change : plan)
        sql::alter_system(db, change.name, change.after);
    sql::reload(db);
    for (auto const& change : plan) {
        auto const taken = [&] {
            auto const now = sql::read_setting(db, change.name);
            if (!now || now->pending_restart || now->value == change.after) return true;
            return now->value == "(disabled)" && sql::filed_setting(db, change.name) == change.after;
        };
        wait_until(std::chrono::seconds{30}, taken, [&] {
            return "the server has not taken up " + change.name + "; look for the reason in pg_file_settings";
        });
    }
    return sql::waiting_for_restart(db);
}

}  // namespace walmgr
