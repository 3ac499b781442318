/// Filling gaps: a segment that one repository lacks comes from another one that has it whole, or from who else may
/// have it. What comes is verified on its way, and stored as by an archive_command.
#pragma once

#include <unistd.h>
#include <walmgr/archive.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/fetch.hpp>
#include <walmgr/missing_log.hpp>
#include <walmgr/repositories.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace walmgr {

/// What became of the gaps.
struct refill_report {
    std::set<segment> filled{};
    std::set<segment> left{};                  ///< that are missing in a repository as before
    std::vector<repository_failure> failed{};  ///< repositories, and copies that cannot be used
};

namespace detail {

/// Fetches a segment from a repository that has it. False when none has it whole.
inline bool fetch_copy(repositories& all, segment which, std::string const& place, refill_report& told) {
    bool found = false;
    for (std::size_t from = 0; from < all.size() && !found; ++from) {
        all.attempt(from, told.failed, [&](repository const& in) {
            auto const text = file_name(which, in.of.size);
            found = fetch_object(in.where, in.of, *parse_wal_name(text), text, place).has_value();
        });
    }
    return found;
}

}  // namespace detail

/// Fills what `missing` names. `scratch` is the path of a file that is written again and again, and removed.
/// `elsewhere(segment, path)` writes a segment that no repository has to a path; false when it has it not.
/// @throws error  duplicate, when a repository has got other bytes under that name meanwhile; what `elsewhere` throws
refill_report refill(repositories& all, missing_log const& missing, codec auto const& way, std::string const& scratch,
                     auto&& elsewhere) {
    refill_report told;
    auto const put = [&](std::size_t which, segment one, std::string const& path) {
        bool const stored = all.attempt(which, told.failed, [&](repository const& in) {
            archive_file(in.where, in.of, way, path, file_name(one, in.of.size));
        });
        if (stored) told.filled.insert(one);
        else told.left.insert(one);
    };
    auto const each = [](wal_gap const& gap, auto const& work) {
        for (auto number = gap.first; number <= gap.last; ++number)
            work(segment{gap.tli, number});
    };
    for (auto const& one : missing.in_one) {
        each(one.where, [&](segment wanted) {
            if (detail::fetch_copy(all, wanted, scratch, told)) put(one.repository, wanted, scratch);
            else told.left.insert(wanted);
        });
    }
    for (auto const& one : missing.everywhere) {
        each(one.where, [&](segment wanted) {
            if (!elsewhere(wanted, scratch)) {
                told.left.insert(wanted);
                return;
            }
            for (std::size_t which = 0; which < all.size(); ++which)
                put(which, wanted, scratch);
        });
    }
    ::unlink(scratch.c_str());
    return told;
}

}  // namespace walmgr
