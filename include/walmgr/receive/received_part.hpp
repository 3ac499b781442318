/// The segment that was being received when its timeline was given up, in the repository: an object for each length to
/// which somebody has it, so that who has less of it never stands in the way of who has more.
#pragma once

#include <walmgr/cluster.hpp>
#include <walmgr/file.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// Such an object. Behind its length it holds zeros, up to that of a whole segment.
struct received_part {
    segment which{};
    std::uint64_t length = 0;  ///< 0 where nobody says how long it is: archived by a server, or by a walmgr of before
    std::string name{};        ///< under which it is archived

    /// Where in the log it ends.
    [[nodiscard]] lsn end(segment_size size) const { return lsn{begin_of(which, size).bytes + length}; }
};

/// The name for that much of a segment.
inline std::string received_part_name(segment which, segment_size size, std::uint64_t length) {
    return file_name(which, size) + ".partial." + detail::hex_text(length, 8);
}

/// All of a timeline in one repository. @throws error  from the store
std::vector<received_part> find_parts(store auto const& where, cluster const& of, timeline tli) {
    std::vector<received_part> found;
    for (auto const& object : where.list(wal_folder(of))) {
        auto const file = kept_file(object);
        auto const name = parse_wal_name(file);
        if (!name || name->kind != wal_kind::partial || name->tli != tli) continue;
        if (auto const which = segment_of(*name, of.size)) found.push_back({*which, name->offset, std::string{file}});
    }
    return found;
}

/// The longest of a segment. Nothing where there is none. @throws error  from the store
std::optional<received_part> longest_part(store auto const& where, cluster const& of, segment which) {
    std::optional<received_part> longest;
    for (auto& one : find_parts(where, of, which.tli))
        if (one.which == which && (!longest || one.length > longest->length)) longest = std::move(one);
    return longest;
}

/// Up to where a file is not all zeros.
inline std::uint64_t length_without_zeros(file const& from) {
    constexpr std::uint64_t most = std::uint64_t{256} << 10U;
    std::string block(most, '\0');
    for (auto end = from.size(); end > 0;) {
        auto const begin = end - std::min(end, most);
        std::string_view const bytes{block.data(), from.read(begin, std::span{block}.first(end - begin))};
        if (auto const last = bytes.find_last_not_of('\0'); last != bytes.npos) return begin + last + 1;
        end = begin;
    }
    return 0;
}

}  // namespace walmgr
