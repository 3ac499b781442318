/// Fetching one file for a restore_command where received log may wait that the repository has not yet.
#pragma once

#include <unistd.h>
#include <walmgr/fetch.hpp>
#include <walmgr/intent.hpp>
#include <walmgr/receive/partial_folder.hpp>
#include <walmgr/receive/received_digest.hpp>
#include <walmgr/receive/received_files.hpp>
#include <walmgr/receive/received_part.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/repositories/fetch.hpp>
#include <walmgr/sha256.hpp>
#include <walmgr/unfinished_file.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr {
namespace detail {

/// Copies a received file to `place`. False when there is none, or nothing was received into it yet.
/// @throws error  identity and corrupt, for a file that is not the segment that it is named after, or that was received
inline bool hand_out(std::string const& path, wal_name const& name, cluster const& of, std::string const& place) {
    auto const from = open_file(path);
    if (!from.is_open()) return false;
    check_length(from, name, of);
    std::array<char, page_header_bytes> start{};
    from.read(0, start);
    if (std::all_of(start.begin(), start.end(), [](char c) { return c == '\0'; })) return false;
    unfinished_file out{place};
    sha256 hash;
    read_whole(
        from, [&](std::string_view bytes) { check_segment_start(bytes, name, of, path); },
        [&](std::string_view bytes) {
            hash.update(bytes);
            out.write(bytes);
        });
    require_received(path, hash.finish());
    out.finish();
    return true;
}

/// The first segment behind `which` on its timeline that was received.
inline std::optional<segment> later_received(partial_contents const& local, segment which) {
    for (auto const* const list : {&local.whole, &local.unfinished}) {
        for (auto const& one : *list) {
            if (one.tli == which.tli && one > which) return one;
        }
    }
    for (auto const& one : local.ended)
        if (one.which.tli == which.tli && one.which > which) return one.which;
    return std::nullopt;
}

/// A file in the folder, and how much of its segment it has.
struct local_part {
    std::string name{};
    std::uint64_t length = 0;
};

/// The longest that the folder has of a segment that is not whole; of no length where it has none.
inline local_part longest_local(std::string const& folder, partial_contents const& local, segment which,
                                segment_size size) {
    local_part longest;
    auto const look = [&](std::string const& name, auto&& length_in) {
        auto const from = open_file(folder + '/' + name);
        if (!from.is_open()) return;
        if (auto const length = length_in(from); length > longest.length) longest = {name, length};
    };
    for (auto const& one : local.unfinished)
        if (one == which)
            look(file_name(one, size) + std::string{partial_ending},
                 [&](file const& from) { return length_of_unfinished(from, one, size, read_flushed(folder)); });
    for (auto const& one : local.ended)
        if (one.which == which) look(one.file, [&](file const& from) { return length_of(from, one); });
    return longest;
}

/// The same of what the repositories have. Nothing where they have none of it.
inline std::optional<received_part> longest_stored(repositories& all, segment which, fetch_report& report) {
    std::optional<received_part> longest;
    for (std::size_t one = 0; one < all.size(); ++one) {
        all.attempt(one, report.failed, [&](repository const& in) {
            auto const found = longest_part(in.where, in.of, which);
            if (found && (!longest || found->length > longest->length)) longest = found;
        });
    }
    return longest;
}

/// The longest of a segment that is not whole, from a repository or the folder.
inline void fetch_longest(repositories& all, segment which, cluster const& of, std::string const& place,
                          std::string const& folder, fetch_report& report) {
    auto const look = [&] { return folder.empty() ? std::nullopt : list_partials(folder, of.size); };
    auto const text = file_name(which, of.size);
    // Where it gets another name in the folder, or goes into a repository, while we look, it is looked for again.
    constexpr int most = 5;
    for (int tries = 0; tries < most && !report.found; ++tries) {
        auto const local = look();
        auto const here = local ? longest_local(folder, *local, which, of.size) : local_part{};
        auto const stored = longest_stored(all, which, report);
        if (look() != local && tries + 1 < most) continue;
        if (stored && stored->length >= here.length) {
            report = fetch_file(all, stored->name, place);
        } else {
            if (here.length == 0) return;
            report.found = hand_out(folder + '/' + here.name, *parse_wal_name(text), of, place);
        }
    }
}

}  // namespace detail

/// As fetch_file(), and beyond what the repositories have, from `folder`, where this machine receives into one (empty
/// else): a segment that is whole; and, where an intent says that its timeline is given up, the last one as far as it
/// was received, with zeros behind: the longest of what the repositories and the folder have of it. What is received
/// now is of no use to a server from before an upgrade.
/// @throws error  as fetch_file() does; gap too, where what is missing was received behind
inline fetch_report fetch_received(repositories& all, std::string const& text, std::string const& place,
                                   std::string const& folder) {
    auto const name = detail::require_wal_name(text);
    fetch_report report;
    std::optional<error> gap;
    try {
        report = fetch_file(all, text, place);
    } catch (error const& problem) {
        if (problem.kind() != fault::gap) throw;
        gap = problem;
    }
    if (report.found || name.kind != wal_kind::segment) return report;
    std::optional<cluster> of;
    bool given_up = false;
    for (std::size_t which = 0; which < all.size(); ++which) {
        all.attempt(which, report.failed, [&](repository const& in) {
            of = in.of;
            given_up = given_up || find_intent(in.where, in.of, name.tli);
        });
    }
    bool const receives = !folder.empty() && !all.are_earlier();
    auto const local = !receives || !of ? std::nullopt : list_partials(folder, of->size);
    report.found = local && detail::hand_out(folder + '/' + text, name, *of, place);
    if (report.found) return report;
    if (local) {
        // It may have gone into a repository after that was asked, and left the folder before we looked there.
        auto again = fetch_whole(all, text, place);
        if (again.found) return again;
        if (!again.failed.empty()) refuse_all(again.failed);
    }
    if (gap) throw error{*gap};
    auto const which = of ? segment_of(name, of->size) : std::nullopt;
    auto const later = local && which ? detail::later_received(*local, *which) : std::nullopt;
    if (later)
        throw error{fault::gap, text + " is missing, though " + file_name(*later, of->size) + " was received into " +
                                    folder + ". Recovery cannot go beyond the gap"};
    if (given_up && which) detail::fetch_longest(all, *which, *of, place, receives ? folder : std::string{}, report);
    return report;
}

}  // namespace walmgr
