/// What became of log that was given up, once the repositories can be asked again: it is stored after all where the
/// server still has it, and else they are told what they lack.
#pragma once

#include <unistd.h>
#include <walmgr/agent/file_id.hpp>
#include <walmgr/archived.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/found_gap.hpp>
#include <walmgr/missing_log.hpp>
#include <walmgr/pressure/dropped.hpp>
#include <walmgr/repositories/archive.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace walmgr {

/// What was done.
struct settled {
    std::vector<std::string> stored{};         ///< files that the repositories have after all
    std::vector<std::string> missing{};        ///< segments of which each repository that lacks them now knows that
    std::vector<repository_failure> failed{};  ///< why there are more
};

namespace detail {

/// A note, and which repositories have not what it is about.
struct unsettled {
    explicit unsettled(dropped_file one) : file{std::move(one)}, there{::access(file.path().c_str(), F_OK) == 0} {}

    dropped_file file;
    bool there;  ///< whether the server had it when this began
    std::set<std::size_t> lacked_by{};
};

inline bool has_dropped(repository const& in, dropped_file const& one) {
    return in.where.open(object_name(in.of, *parse_wal_name(one.name), one.name)).has_value() ||
           has_segment(in.where, in.of, one.which());
}

/// What is to be told. That a partial segment is stored after all would not show in the names of whole ones, so that is
/// told of it only when nobody can store it any more.
inline std::vector<segment> lacked_in(std::size_t which, std::vector<unsettled> const& all) {
    std::vector<segment> lacked;
    for (auto const& one : all) {
        bool const waits = one.there && parse_wal_name(one.file.name)->kind == wal_kind::partial;
        if (one.lacked_by.contains(which) && !waits) lacked.push_back(one.file.which());
    }
    std::sort(lacked.begin(), lacked.end());
    lacked.erase(std::unique(lacked.begin(), lacked.end()), lacked.end());
    return lacked;
}

/// Finds out what a repository lacks, and lets it know.
inline void tell_repository(repository const& in, std::size_t which, std::vector<unsettled>& all,
                            dropped_log const& dropped) {
    for (auto& one : all) {
        auto const note = dropped.note_path(one.file.name);
        if (one.file.system_id != in.of.system_id || one.file.size != in.of.size)
            throw error{fault::identity, one.file.name + " was dropped by a server with system id " +
                                             std::to_string(one.file.system_id) + ", and the repository keeps " +
                                             std::to_string(in.of.system_id) + " as " + in.of.name +
                                             "; remove the note when nobody needs that log: " + note};
        if (!has_dropped(in, one.file)) one.lacked_by.insert(which);
    }
    auto const known = found_gaps(in.where, in.of);
    for (auto const& run : runs_of(lacked_in(which, all))) {
        bool const told = std::any_of(known.begin(), known.end(), [&](wal_gap const& gap) {
            return gap.has({run.tli, run.first}) && gap.has({run.tli, run.last});
        });
        if (told) continue;
        auto const first =
            std::find_if(all.begin(), all.end(), [&](unsettled const& one) { return run.has(one.file.which()); });
        record_found_gap(in.where, in.of, run, first->file.why + '\n');
    }
}

/// Archives what the server has not removed yet. It may do so meanwhile, and write other log into the same file.
inline void store_late(repositories& all, codec auto const& way, unsettled& one, settled& told) {
    auto const path = one.file.path();
    auto const before = id_of(path);
    if (!before) return;
    try {
        auto const report = archive_file(all, way, path, one.file.name, [&](file const& read, object_label const&) {
            if (id_of(path) != before || id_of(read.descriptor()) != *before)
                throw error{fault::negative, path + " was removed by the server while it was read"};
        });
        told.failed.insert(told.failed.end(), report.failed.begin(), report.failed.end());
        for (auto const which : report.kept)
            one.lacked_by.erase(which);
    } catch (error const& problem) { told.failed.push_back({path, problem.kind(), problem.what()}); }
}

/// What a repository was told and has got since is no gap any more.
inline void take_back(repository const& in, std::vector<unsettled> const& all) {
    for (auto const& gap : found_gaps(in.where, in.of)) {
        bool const ours =
            std::any_of(all.begin(), all.end(), [&](unsettled const& one) { return gap.has(one.file.which()); });
        if (ours && !is_open(in.where, in.of, gap)) forget_found_gap(in.where, in.of, gap);
    }
}

inline void store_aside(dropped_log const& dropped, repositories& all, quorum const& rule, codec auto const& way,
                        settled& told) {
    for (auto const& name : dropped.aside()) {
        try {
            auto const report = archive_file(all, way, dropped.aside_path(name), name);
            require_archived(report, rule, all.size());
            dropped.forget(name);
            told.stored.push_back(name);
        } catch (error const& problem) { told.failed.push_back({name, problem.kind(), problem.what()}); }
    }
}

}  // namespace detail

/// Lets the repositories know what was given up, and then stores what the server still has, `most` segments of it at
/// the most. A note is forgotten when each repository has the segment, or knows that it has not and the server has it
/// no more. Does nothing while another process does it. To be killed anywhere does no harm. @throws error  unavailable
settled settle_dropped(dropped_log const& dropped, repositories& all, quorum const& rule, codec auto const& way,
                       std::size_t most) {
    settled told;
    constexpr std::size_t at_once = 64;
    auto names = dropped.names();
    if (names.empty() && dropped.aside().empty()) return told;
    auto const held = dropped.lock();
    if (!held.is_open()) return told;
    detail::store_aside(dropped, all, rule, way, told);
    names.resize(std::min(names.size(), std::max(at_once, most)));
    std::vector<detail::unsettled> open;
    for (auto const& name : names) {
        if (auto found = dropped.find(name)) open.emplace_back(std::move(*found));
    }
    if (open.empty()) return told;
    bool each_knows = true;
    for (std::size_t which = 0; which < all.size(); ++which)
        each_knows = all.attempt(which, told.failed, [&](repository const& in) {
            detail::tell_repository(in, which, open, dropped);
        }) && each_knows;
    bool any_stored = false;
    for (auto& one : open) {
        if (!one.lacked_by.empty() && one.there && most > 0) {
            --most;
            detail::store_late(all, way, one, told);
        }
        any_stored = any_stored || one.lacked_by.empty();
    }
    for (std::size_t which = 0; any_stored && which < all.size(); ++which)
        all.attempt(which, told.failed, [&](repository const& in) { detail::take_back(in, open); });
    for (auto const& one : open) {
        if (!each_knows || (!one.lacked_by.empty() && one.there)) continue;
        dropped.forget(one.file.name);
        (one.lacked_by.empty() ? told.stored : told.missing).push_back(one.file.name);
    }
    return told;
}

}  // namespace walmgr
