/// Fetching one file, for a restore_command: what is handed out was verified to the last byte, and "not there" is only
/// said where nothing is missing.
#pragma once

#include <walmgr/archive.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/known_lines.hpp>
#include <walmgr/log_gaps.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>
#include <walmgr/unfinished_file.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr {
namespace detail {

/// The first segment of this timeline behind `name` that the store has.
std::optional<std::string> later_segment(store auto const& where, cluster const& of, wal_name const& name) {
    auto const folder = segments_folder(of, name.tli);
    auto const own = hex_text(name.high, 8);
    for (auto part : where.list(folder)) {
        if (part.empty() || part.back() != '/') continue;
        part.pop_back();
        if (part < own) continue;
        for (auto const& object : where.list(folder + '/' + part)) {
            auto const other = parse_wal_name(
                std::string_view{object}.substr(0, object.size() - std::min<std::size_t>(4, object.size())));
            if (!other || other->kind != wal_kind::segment) continue;
            if (std::pair{other->high, other->low} > std::pair{name.high, name.low}) return object;
        }
    }
    return std::nullopt;
}

/// That a later timeline goes on from behind this segment, in words.
inline std::optional<std::string> later_timeline(known_lines const& known, wal_name const& name, segment_size size) {
    auto const which = segment_of(name, size);
    auto const lines = known.all();
    auto const* const line = which ? line_through(lines, *which, size) : nullptr;
    if (line == nullptr) return std::nullopt;
    auto const left =
        std::find_if(line->past.begin(), line->past.end(), [&](auto const& one) { return one.tli == name.tli; });
    auto const next = left + 1 == line->past.end() ? line->own : (left + 1)->tli;
    return "timeline " + std::to_string(static_cast<std::uint32_t>(next)) + " goes on behind it, from " +
           to_string(left->end) + " on";
}

/// Nothing when the store has no such object.
std::optional<object_label> fetch_object(store auto const& where, cluster const& of, wal_name const& name,
                                         std::string const& text, std::string const& place) {
    auto const object = object_name(of, name, text);
    auto const found = where.open(object);
    if (!found) return std::nullopt;
    unfinished_file out{place};
    auto label = unpack_archived(*found, object, name, of, [&](std::string_view raw) { out.write(raw); });
    out.finish();
    return label;
}

[[noreturn]] inline void refuse_gap(std::string const& text, std::string const& though) {
    throw error{fault::gap,
                text + " is missing in the store, though " + though + ". Recovery cannot go beyond the gap"};
}

}  // namespace detail

/// Writes the file that PostgreSQL asks for (%f) to `place` (%p). False when there is none: for a segment only when no
/// later one of its timeline is there either, and no history of a timeline that goes on from behind it, as recovery
/// would else end in front of a hole and lose what is behind. Does not wait for the disk: after a crash PostgreSQL asks
/// again. From several repositories: <walmgr/repositories/fetch.hpp>.
/// @throws error  usage, for another kind of name; gap, when later log is there; corrupt and identity, when what is
///                stored is not what was archived; then nothing is at `place`
bool fetch_file(store auto const& where, cluster const& of, std::string const& text, std::string const& place) {
    auto const name = detail::require_wal_name(text);
    if (detail::telling_what_heals(text, [&] { return detail::fetch_object(where, of, name, text, place); }))
        return true;
    if (name.kind != wal_kind::segment) return false;
    if (auto const later = detail::later_segment(where, of, name))
        detail::refuse_gap(text, "later ones are there, such as " + *later);
    known_lines lines;
    lines.add(where, of, name.tli);
    if (auto const later = detail::later_timeline(lines, name, of.size)) detail::refuse_gap(text, *later);
    if (auto const damage = lines.damage()) throw error{*damage};
    return false;
}

}  // namespace walmgr
