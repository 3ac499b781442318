/// What boot, switchover and rejoin tell programs.
#pragma once

#include "machines.hpp"
#include "parts.hpp"
#include "result.hpp"

#include <walmgr/archiving.hpp>
#include <walmgr/failover/old_primary.hpp>
#include <walmgr/journal.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr_app {

/// Nothing is known yet.
inline void tell_nobody() {
    result().has({"primary", "standby", "timeline", "position", "way"});
}

/// What a step of the journal changes.
struct step_change {
    std::string_view step;  ///< empty for what is begun before the first
    std::string_view action;
    walmgr::node const* of;
};

/// All of them, for a dry run.
inline void tell_changes(std::vector<step_change> const& all) {
    for (auto const& one : all)
        result().change(one.action, key_of(*one.of));
}

/// Does the work, and tells which were begun, however it ends. @return what `work` returns
auto telling_changes(walmgr::journal const& log, std::vector<step_change> const& all, auto&& work) {
    auto const tell = [&] {
        for (auto const& one : all)
            if (one.step.empty() || log.begun(one.step)) tell_changes({one});
    };
    try {
        auto done = work();
        tell();
        return done;
    } catch (...) {
        tell();
        throw;
    }
}

inline std::vector<step_change> changes_of_boot(walmgr::node const& standby, walmgr::node const& old, bool fences) {
    std::vector<step_change> all;
    if (fences) all.push_back({"", "fence", &old});
    all.push_back({"give up", "abandon", &old});
    all.push_back({"promote", "promote", &standby});
    all.push_back({"bring", "refill", &standby});
    return all;
}

inline std::vector<step_change> changes_of_switchover(walmgr::node const& standby, walmgr::node const& old) {
    return {{"hand over", "stop", &old}, {"promote", "promote", &standby}, {"make standby", "follow", &old}};
}

inline std::vector<step_change> changes_of_rejoin(walmgr::node const& old, bool rewinds) {
    std::vector<step_change> all;
    if (rewinds) all.push_back({"prepare", "rewind", &old});
    all.push_back({"make standby", "follow", &old});
    return all;
}

/// How an old primary becomes a standby.
inline void tell_way(walmgr::way_back way) {
    result().set("way", way == walmgr::way_back::rewind ? "rewind" : "follow");
}

/// Who is the primary, where its log is, and who follows. Never in the way.
inline void tell_primary(walmgr::node const& primary, walmgr::node const* standby) {
    result().set("primary", key_of(primary));
    if (standby != nullptr) result().set("standby", key_of(*standby));
    try {
        auto db = walmgr::session_with(primary, std::chrono::seconds{30});
        result().set({{"timeline", static_cast<std::uint32_t>(walmgr::sql::current_timeline(db))},
                      {"position", to_string(walmgr::sql::current_position(db))}});
    } catch (pgq::error const& problem) {
        result().attention(primary.name + " could not be asked where its log is: " + problem.what());
    }
}

/// For everybody to see: what is no failure, and somebody should know.
inline void warn(std::string const& what) {
    auto const text = "ATTENTION: " + what;
    result().attention(text);
    std::cout << text << std::endl;
}

/// For everybody to see: a primary that archives nothing, unless a receiver keeps its log. Never in the way.
inline void warn_unless_archiving(config const& settings, walmgr::node const& primary, std::string const& from_when) {
    try {
        auto db = walmgr::session_with(primary, std::chrono::seconds{30});
        auto const why = walmgr::why_not_archiving(db);
        if (!why) return;
        auto const text = primary.name + " archives nothing " + from_when + ": " + *why;
        warn(text);
        say("ATTENTION: " + text + "; set archive_mode = on and archive_command = '" +
            archive_command_at(settings, primary) + "' there, restart it, and take a new base backup" +
            (settings.receive.partial_wals.empty() ? "" : "; until then only receive, where it runs, keeps its log"));
    } catch (pgq::error const& problem) {
        say("whether " + primary.name + " archives could not be asked: " + problem.what());
    }
}

}  // namespace walmgr_app
