/// Reading all that is archived, to know today what a restore would find out on the day it is needed.
#pragma once

#include <walmgr/archive.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/executor.hpp>
#include <walmgr/gap.hpp>
#include <walmgr/in_parallel.hpp>
#include <walmgr/known_lines.hpp>
#include <walmgr/log_gaps.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// Segments of one timeline without a hole between them.
struct wal_range {
    segment first{};
    segment last{};
    std::uint64_t count = 0;
};

/// An object that cannot be used, and why.
struct damaged_object {
    std::string name;
    fault kind;
    std::string why;
};

/// What was found.
struct verification {
    std::vector<wal_range> ranges{};  ///< by timeline and position
    std::vector<wal_gap> gaps{};      ///< between them, as far as histories that are not damaged tell
    std::vector<wal_gap> accepted{};  ///< likewise; somebody has accepted that recovery ends there
    std::uint64_t other_files = 0;    ///< histories and partial segments that are fine
    std::vector<damaged_object> damaged{};
};

/// True when later log is there and a segment in front of it is not, which nobody has accepted.
inline bool has_gap(verification const& found) {
    return !found.gaps.empty();
}

namespace detail {

/// Reads one archived file from end to end. Nothing when it is whole.
std::optional<damaged_object> damage_of(store auto const& where, cluster const& of, wal_name const& name,
                                        std::string const& object) {
    try {
        auto const in = where.open(object);
        if (!in) return std::nullopt;  // removed meanwhile
        unpack_archived(*in, object, name, of, [](std::string_view) {});
        return std::nullopt;
    } catch (error const& failure) {
        if (failure.kind() != fault::corrupt && failure.kind() != fault::identity) throw;
        return damaged_object{object, failure.kind(), failure.what()};
    }
}

/// An object of the log's folders, and what its name says.
struct archived_object {
    std::string path;
    std::optional<wal_name> name;
    std::optional<damaged_object> damage{};
};

/// Adds what was found in objects that come in their order.
inline void add_archived(verification& found, archived_object& one, cluster const& of) {
    auto const which = one.name && one.name->kind == wal_kind::segment ? segment_of(*one.name, of.size) : std::nullopt;
    bool const fine = !one.damage;
    if (one.damage) found.damaged.push_back(std::move(*one.damage));
    if (!which) {
        found.other_files += fine ? 1 : 0;
        return;
    }
    auto* const last = found.ranges.empty() ? nullptr : &found.ranges.back();
    if (last != nullptr && last->last.tli == which->tli && last->last.number + 1 == which->number) {
        last->last = *which;
        ++last->count;
    } else {
        found.ranges.push_back({*which, *which, 1});
    }
}

/// Adds what the names of all objects and the histories say is missing.
void add_gaps(verification& found, readable_store auto const& where, cluster const& of) {
    std::vector<segment> there;
    for (auto const& range : found.ranges) {
        for (auto number = range.first.number; number <= range.last.number; ++number)
            there.push_back({range.first.tli, number});
    }
    known_lines lines;  // those that are damaged were named before
    lines.add(where, of);
    auto const accepted = accepted_gaps(where, of);
    for (auto const& gap : missing_segments(there, lines.all(), of.size))
        (is_accepted(accepted, gap) ? found.accepted : found.gaps).push_back(gap);
}

}  // namespace detail

/// Reads every archived file of a cluster, those of a folder at once as `on` has threads, each of which has a store of
/// its own by `open()`. Takes as long as reading and unpacking all of it does. `progress(object)` hears of each before
/// it is read, from one thread at a time. @throws error  when the store fails
template <class Open, class Executor = inline_executor>
verification verify_wal(Open const& open, cluster const& of, auto&& progress, Executor const& on = {}) {
    static_assert(store_opener<Open>, "walmgr::verify_wal: open() const must give a store to each thread");
    static_assert(executor<Executor>,
                  "walmgr::verify_wal: an executor needs run(work, most) const, which calls work()");
    verification found;
    std::mutex guard;
    auto const look = [&](std::string const& folder, std::vector<std::string> const& names) {
        std::vector<detail::archived_object> all;
        for (auto const& object : names)
            all.push_back({folder + '/' + object, parse_wal_name(kept_file(object))});
        in_parallel(all.size(), on, open, [&](std::size_t number, store auto const& where) {
            auto& one = all[number];
            {
                std::lock_guard const lock{guard};
                progress(one.path);
            }
            if (one.name) one.damage = detail::damage_of(where, of, *one.name, one.path);
            else one.damage = {one.path, fault::identity, "has no name of an archived file"};
        });
        for (auto& one : all)
            detail::add_archived(found, one, of);
    };
    auto const where = open();
    for (auto const& timeline_or_file : where.list(wal_folder(of))) {
        if (timeline_or_file.back() != '/') {
            look(wal_folder(of), {timeline_or_file});
            continue;
        }
        auto const timeline_folder = wal_folder(of) + '/' + timeline_or_file.substr(0, timeline_or_file.size() - 1);
        for (auto const& log : where.list(timeline_folder)) {
            if (log.back() != '/') {
                look(timeline_folder, {log});
                continue;
            }
            auto const folder = timeline_folder + '/' + log.substr(0, log.size() - 1);
            look(folder, where.list(folder));
        }
    }
    detail::add_gaps(found, where, of);
    return found;
}

}  // namespace walmgr
