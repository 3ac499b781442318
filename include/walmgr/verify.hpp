/// Reading all that is archived, to know today what a restore would find out on the day it is needed.
#pragma once

#include <walmgr/archive.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>

#include <cstdint>
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
    std::vector<wal_range> ranges{};  ///< by timeline and position; between two of one timeline there is a gap
    std::uint64_t other_files = 0;    ///< histories and partial segments that are fine
    std::vector<damaged_object> damaged{};
};

/// True when a later segment of the same timeline is there and one between is not.
inline bool has_gap(verification const& found) {
    for (std::size_t i = 1; i < found.ranges.size(); ++i) {
        if (found.ranges[i].first.tli == found.ranges[i - 1].first.tli) return true;
    }
    return false;
}

namespace detail {

constexpr std::string_view wal_ending = ".wal";

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

}  // namespace detail

/// Reads every archived file of a cluster. Takes as long as reading and unpacking all of it does.
/// `progress(object)` hears of each before it is read. @throws error  when the store fails
verification verify_wal(store auto const& where, cluster const& of, auto&& progress) {
    verification found;
    auto const look = [&](std::string const& folder, std::string const& object) {
        auto const name =
            object.ends_with(detail::wal_ending)
                ? parse_wal_name(std::string_view{object}.substr(0, object.size() - detail::wal_ending.size()))
                : std::nullopt;
        auto const path = folder + '/' + object;
        progress(path);
        if (!name) return found.damaged.push_back({path, fault::identity, "has no name of an archived file"});
        auto const which = name->kind == wal_kind::segment ? segment_of(*name, of.size) : std::nullopt;
        if (auto damage = detail::damage_of(where, of, *name, path)) {
            found.damaged.push_back(std::move(*damage));
            if (!which) return;
        } else if (!which) {
            ++found.other_files;
            return;
        }
        auto* const last = found.ranges.empty() ? nullptr : &found.ranges.back();
        if (last != nullptr && last->last.tli == which->tli && last->last.number + 1 == which->number) {
            last->last = *which;
            ++last->count;
        } else {
            found.ranges.push_back({*which, *which, 1});
        }
    };
    for (auto const& timeline_or_file : where.list(wal_folder(of))) {
        if (timeline_or_file.back() != '/') {
            look(wal_folder(of), timeline_or_file);
            continue;
        }
        auto const timeline_folder = wal_folder(of) + '/' + timeline_or_file.substr(0, timeline_or_file.size() - 1);
        for (auto const& log : where.list(timeline_folder)) {
            auto const folder = timeline_folder + '/' + log.substr(0, log.size() - (log.back() == '/' ? 1 : 0));
            if (log.back() != '/') look(timeline_folder, log);
            else
                for (auto const& object : where.list(folder))
                    look(folder, object);
        }
    }
    return found;
}

}  // namespace walmgr
