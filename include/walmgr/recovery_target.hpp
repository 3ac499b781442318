/// Where a recovery is to end.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/moment.hpp>
#include <walmgr/wal_name.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {

/// Kinds of ends.
enum class target_kind {
    latest,     ///< where the log ends
    immediate,  ///< as soon as what was copied is consistent
    time,
    position,
    transaction,
    name  ///< a restore point
};

/// What a server does when it got there.
enum class target_action { promote, pause, shutdown };

/// Where a recovery is to end, and what then.
struct recovery_target {
    target_kind kind = target_kind::latest;
    std::string text{};            ///< as the server is to be told; empty for latest and immediate
    moment time{};                 ///< for time
    lsn position{};                ///< for position
    bool exclusive = false;        ///< ends in front of the transaction or record, not behind
    std::optional<timeline> on{};  ///< nothing: the newest
    target_action action = target_action::promote;
};

/// The end at a moment. @throws error  usage, when no offset is given or it is no time at all
inline recovery_target target_at_time(std::string_view text) {
    auto const time = parse_moment(text);
    if (!time)
        throw error{fault::usage, "the target time \"" + std::string{text} +
                                      "\" is no moment: write it with an offset from UTC, such as \"2026-01-31 "
                                      "12:01:02+01:00\" or \"2026-01-31T11:01:02Z\""};
    return {.kind = target_kind::time, .text = to_string(*time), .time = *time};
}

/// The end at a position in the log. @throws error  usage
inline recovery_target target_at_position(std::string_view text) {
    auto const position = parse_lsn(text);
    if (!position)
        throw error{fault::usage, '"' + std::string{text} + "\" is no position in the log, which looks like 0/3000060"};
    return {.kind = target_kind::position, .text = to_string(*position), .time = {}, .position = *position};
}

/// The end at a transaction. @throws error  usage
inline recovery_target target_at_transaction(std::string_view text) {
    std::uint64_t number = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || end != text.data() + text.size())
        throw error{fault::usage, '"' + std::string{text} + "\" is no number of a transaction"};
    return {.kind = target_kind::transaction, .text = std::string{text}};
}

/// The end at a restore point, which pg_create_restore_point() made. @throws error  usage
inline recovery_target target_at_name(std::string_view text) {
    constexpr std::size_t longest = 63;
    if (text.empty() || text.size() > longest || text.find_first_of(std::string_view{"\n\r\0", 3}) != text.npos)
        throw error{fault::usage, "the name of a restore point has 1 to 63 bytes and no line feeds"};
    return {.kind = target_kind::name, .text = std::string{text}};
}

/// For people: `time 2026-01-31 11:01:02+00`.
inline std::string shown(recovery_target const& target) {
    switch (target.kind) {
    case target_kind::latest:
        return "the end of the log";
    case target_kind::immediate:
        return "the end of the backup";
    case target_kind::time:
        return "time " + target.text;
    case target_kind::position:
        return "position " + target.text;
    case target_kind::transaction:
        return "transaction " + target.text;
    case target_kind::name:
        break;
    }
    return "restore point " + target.text;
}

}  // namespace walmgr
