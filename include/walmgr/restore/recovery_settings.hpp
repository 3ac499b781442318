/// The settings by which a server recovers, written into postgresql.auto.conf as a block of ours.
#pragma once

#include <walmgr/recovery_target.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// What a server is told.
struct recovery_settings {
    recovery_target target{};
    timeline on{};                ///< the timeline to recover along; a standby follows the newest instead
    bool standby = false;         ///< go on for ever as a standby
    bool keep_archiving = false;  ///< leave archive_mode as it was
    std::string restore_command{};
};

namespace detail {

inline constexpr std::string_view block_begin = "# walmgr restore: begin";
inline constexpr std::string_view block_end = "# walmgr restore: end";

/// The name that a line sets, in small letters; empty for none.
inline std::string setting_of(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    std::string name{line.substr(0, line.find_first_of(" \t='\r#"))};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return name;
}

/// Settings of an earlier recovery, which would end or misguide this one.
inline bool guides_recovery(std::string_view name) {
    constexpr std::array<std::string_view, 5> others{"restore_command", "recovery_end_command",
                                                     "archive_cleanup_command", "recovery_min_apply_delay",
                                                     "promote_trigger_file"};
    return name.starts_with("recovery_target") || std::find(others.begin(), others.end(), name) != others.end();
}

}  // namespace detail

/// A value as a configuration file of the server wants it.
inline std::string quoted_setting(std::string_view value) {
    std::string out{"'"};
    for (char const c : value) {
        if (c == '\'' || c == '\\') out += c;
        out += c;
    }
    return out + '\'';
}

/// The text of a configuration file without what an earlier recovery was guided by: those lines become comments. A
/// block of ours is taken out.
inline std::string without_recovery_settings(std::string_view text) {
    std::string out;
    bool ours = false;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line == detail::block_begin) ours = true;
        if (!ours) {
            if (detail::guides_recovery(detail::setting_of(line))) out += "#walmgr# ";
            out.append(line).append("\n");
        }
        if (line == detail::block_end) ours = false;
    }
    return out;
}

/// What follows the other settings in postgresql.auto.conf.
inline std::string settings_block(recovery_settings const& wanted) {
    std::string out;
    auto const set = [&](std::string_view name, std::string_view value) {
        out.append(name).append(" = ").append(quoted_setting(value)).append("\n");
    };
    out.append(detail::block_begin).append("\n");
    set("restore_command", wanted.restore_command);
    auto const& target = wanted.target;
    switch (target.kind) {
    case target_kind::latest:
        break;
    case target_kind::immediate:
        set("recovery_target", "immediate");
        break;
    case target_kind::time:
        set("recovery_target_time", target.text);
        break;
    case target_kind::position:
        set("recovery_target_lsn", target.text);
        break;
    case target_kind::transaction:
        set("recovery_target_xid", target.text);
        break;
    case target_kind::name:
        set("recovery_target_name", target.text);
        break;
    }
    // The newest timeline is what a server takes by itself, and which that is may change while it recovers.
    set("recovery_target_timeline",
        wanted.standby ? std::string{"latest"} : std::to_string(static_cast<std::uint32_t>(wanted.on)));
    if (target.kind != target_kind::latest) {
        constexpr std::array<std::string_view, 3> actions{"promote", "pause", "shutdown"};
        set("recovery_target_inclusive", target.exclusive ? "off" : "on");
        set("recovery_target_action", actions[static_cast<std::size_t>(target.action)]);
    }
    // A server that was restored to look at it must not write into the archive of the one that it is a copy of.
    if (!wanted.keep_archiving) set("archive_mode", "off");
    return out.append(detail::block_end).append("\n");
}

}  // namespace walmgr
