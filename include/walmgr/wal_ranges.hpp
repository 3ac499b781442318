/// Which segments a repository has, by their names alone: quick, and without a promise that they can be read.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/store.hpp>
#include <walmgr/verify.hpp>

#include <string>
#include <vector>

namespace walmgr {

namespace detail {

inline void add_to_ranges(std::vector<wal_range>& ranges, segment which) {
    if (!ranges.empty() && ranges.back().last.tli == which.tli && ranges.back().last.number + 1 == which.number) {
        ranges.back().last = which;
        ++ranges.back().count;
    } else {
        ranges.push_back({which, which, 1});
    }
}

}  // namespace detail

/// Segments without a hole between them, by timeline and position. Costs a listing for each 256 segments of 16 MiB.
std::vector<wal_range> archived_ranges(store auto const& where, cluster const& of) {
    std::vector<wal_range> ranges;
    for (auto const& tli : where.list(wal_folder(of))) {
        if (tli.empty() || tli.back() != '/') continue;
        auto const folder = wal_folder(of) + '/' + tli;
        for (auto const& part : where.list(folder.substr(0, folder.size() - 1))) {
            if (part.empty() || part.back() != '/') continue;
            for (auto const& object : where.list(folder + part.substr(0, part.size() - 1))) {
                auto const name = parse_wal_name(kept_file(object));
                if (!name || name->kind != wal_kind::segment) continue;
                if (auto const which = segment_of(*name, of.size)) detail::add_to_ranges(ranges, *which);
            }
        }
    }
    return ranges;
}

}  // namespace walmgr
