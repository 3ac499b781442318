/// That all write-ahead log which a backup needs is in the repository. Until it is, the backup is worth nothing.
#pragma once

#include <walmgr/archive.hpp>
#include <walmgr/cluster.hpp>
#include <walmgr/lsn.hpp>
#include <walmgr/store.hpp>
#include <walmgr/wal_name.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace walmgr {

/// The segments that hold the log from `start` up to `stop`, which itself is not needed any more.
struct segment_range {
    segment first{};
    segment last{};
};
inline segment_range segments_between(timeline tli, lsn start, lsn stop, segment_size size) {
    auto const end = stop.bytes > start.bytes ? stop.bytes - 1 : start.bytes;
    return {{tli, start.bytes / size.bytes}, {tli, end / size.bytes}};
}

/// Reads segments from the store one after the other.
class wal_arrival {
public:
    wal_arrival(cluster of, segment_range wanted) : of_{std::move(of)}, next_{wanted.first}, last_{wanted.last} {}

    /// Goes on until a segment is missing. @return its name; nothing when all were read, and are whole
    /// @throws error  corrupt and identity, for one that is not what its name says; or from the store
    std::optional<std::string> missing(store auto const& where) {
        for (; next_.number <= last_.number; ++next_.number) {
            auto const text = file_name(next_, of_.size);
            auto const name = *parse_wal_name(text);
            auto const object = object_name(of_, name, text);
            auto const found = where.open(object);
            if (!found) return text;
            detail::unpack_archived(*found, object, name, of_, [](std::string_view) {});
        }
        return std::nullopt;
    }

private:
    cluster of_;
    segment next_;
    segment last_;
};

/// Whether the store has them all, without reading them. @throws error  from the store
bool has_segments(store auto const& where, cluster const& of, segment_range wanted) {
    for (auto one = wanted.first; one.number <= wanted.last.number; ++one.number) {
        auto const text = file_name(one, of.size);
        if (!where.open(object_name(of, *parse_wal_name(text), text))) return false;
    }
    return true;
}

}  // namespace walmgr
