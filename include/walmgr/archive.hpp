/// Archiving one file, for an archive_command: it is acknowledged when it will survive a loss of power, and not before.
#pragma once

#include <fcntl.h>
#include <walmgr/cluster.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/file.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>
#include <walmgr/timeline_history.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace walmgr {

/// What archiving has found.
enum class archived {
    now,    ///< it is stored
    before  ///< the same bytes were stored already
};

namespace detail {

inline constexpr std::size_t archive_block = std::size_t{256} << 10U;

/// Calls `sink` with all bytes of a file that must keep its size. `check(start)` sees the first block before.
void read_whole(file const& from, auto const& check, auto&& sink) {
    auto const size = from.size();
    std::string block(archive_block, '\0');
    for (std::uint64_t at = 0; at < size;) {
        auto const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), size - at));
        if (from.read(at, std::span{block}.first(wanted)) != wanted)
            throw error{fault::corrupt, from.path() + " became shorter while it was read"};
        auto const bytes = std::string_view{block}.substr(0, wanted);
        if (at == 0) check(bytes);
        sink(bytes);
        at += wanted;
    }
}

/// Whether a file is what its name says, as far as its length and its first bytes tell.
inline void check_length(file const& from, wal_name const& name, cluster const& of) {
    auto const size = from.size();
    bool const is_segment = holds_segment(name.kind);
    if (is_segment && size != of.size.bytes)
        throw error{fault::corrupt, from.path() + " has " + std::to_string(size) +
                                        " bytes, a segment of this cluster has " + std::to_string(of.size.bytes)};
    if (!is_segment && (size == 0 || size > archive_block))
        throw error{fault::corrupt, from.path() + " has " + std::to_string(size) + " bytes, which no such file has"};
}

inline void check_start(std::string_view start, wal_name const& name, cluster const& of, std::string const& path) {
    switch (name.kind) {
    case wal_kind::segment:
    case wal_kind::partial:
        return check_segment_start(start, name, of, path);
    case wal_kind::history:
        if (!parse_timeline_history(start, name.tli))
            throw error{fault::corrupt, path + " is no whole history of a timeline"};
        return;
    case wal_kind::backup:
        if (!start.starts_with("START WAL LOCATION: ") || !start.ends_with('\n'))
            throw error{fault::corrupt, path + " is no whole history of a backup"};
    }
}

inline origin origin_of(wal_name const& name, cluster const& of) {
    origin from{.system_id = of.system_id, .begin = {}, .tli = name.tli, .size = of.size};
    if (auto const which = segment_of(name, of.size)) from.begin = begin_of(*which, of.size);
    return from;
}

/// Reads an archived file as unpack_object() does, and refuses what is not what its name says: by its label before the
/// first byte, and by its own start when it was found to be whole.
object_label unpack_archived(object_reader auto const& in, std::string const& object, wal_name const& name,
                             cluster const& of, auto&& sink) {
    std::string start;
    auto const keep = [&](std::string_view raw) {
        if (start.size() < page_header_bytes) start += raw.substr(0, page_header_bytes - start.size());
        sink(raw);
    };
    auto const expected = [&](object_label const& said) {
        bool const long_enough =
            holds_segment(name.kind) ? said.raw_size == of.size.bytes : said.raw_size <= archive_block;
        if (said.from != origin_of(name, of) || !long_enough)
            throw error{fault::identity, object + " in the store is not what its name says"};
    };
    auto const label = unpack_object(in, object, keep, expected);
    if (holds_segment(name.kind)) check_segment_start(start, name, of, object + " in the store");
    return label;
}

inline wal_name require_wal_name(std::string const& text) {
    auto const name = parse_wal_name(text);
    if (!name) throw error{fault::usage, "\"" + text + "\" is no name of a write-ahead log file"};
    return *name;
}

/// A file that is to be archived, as far as it can be judged by its name and length.
struct offered_file {
    offered_file(std::string const& path, std::string const& as, cluster const& of)
        : text{as}, name{require_wal_name(as)}, from{open_file(path)} {
        if (!from.is_open()) throw error{fault::negative, "there is no file " + path};
        check_length(from, name, of);
    }
    /// Nobody will read it again: the server's memory is for others.
    void forget() const { ::posix_fadvise(from.descriptor(), 0, 0, POSIX_FADV_DONTNEED); }

    std::string text;
    wal_name name;
    file from;
};

/// Packs a file. seal() is left to the caller.
object_label pack_into(object_writer auto& out, offered_file const& offered, cluster const& of, codec auto const& way) {
    object_packer pack{out, way};
    read_whole(
        offered.from, [&](std::string_view start) { check_start(start, offered.name, of, offered.from.path()); },
        [&](std::string_view bytes) { pack.write(bytes); });
    return pack.finish(origin_of(offered.name, of));
}

/// Packs a file into a new object.
struct packed_file {
    object_label label;
    bool sealed;
};
packed_file pack_file(store auto const& where, std::string const& object, offered_file const& offered,
                      cluster const& of, codec auto const& way) {
    auto out = where.create(object);
    auto const label = pack_into(out, offered, of, way);
    return {label, out.seal()};
}

/// Does `read()`. Where that finds the object of a file damaged, it says as well who can do something about it.
decltype(auto) telling_what_heals(std::string const& file, auto const& read) {
    try {
        return read();
    } catch (error const& failure) {
        if (failure.kind() != fault::corrupt) throw;
        throw error{fault::corrupt, std::string{failure.what()} +
                                        "; where another repository or the server has it whole, it is replaced by: "
                                        "walmgr CONFIG gap refill --damaged " +
                                        file};
    }
}

/// Reads what has the name already. Other bytes than ours: puts ours aside, and refuses.
void require_same(store auto const& where, std::string const& object, object_label const& ours,
                  offered_file const& offered, cluster const& of, codec auto const& way) {
    // Read as a whole: what is damaged must not be acknowledged, and the server still has the right bytes.
    auto const theirs = telling_what_heals(offered.text, [&] {
        auto const there = where.open(object);
        if (!there) throw error{fault::unavailable, object + " was in the store and is not any more; try again"};
        return unpack_object(*there, object, [](std::string_view) {});
    });
    if (theirs.raw_digest == ours.raw_digest && theirs.raw_size == ours.raw_size) return;

    auto const aside = of.name + "/quarantine/" + offered.text + '.' + hex_of(ours.raw_digest).substr(0, 16) + ".wal";
    pack_file(where, aside, offered, of, way);
    throw error{fault::duplicate, object + " is in the store with other bytes (SHA-256 " + hex_of(theirs.raw_digest) +
                                      "); those of " + offered.from.path() + " were put aside as " + aside +
                                      ". Two servers archive under one name: find out which is the right one"};
}

}  // namespace detail

/// Stores the file at `path` under `name`, the one that PostgreSQL gives (%f). Reads it once. What is stored already is
/// never replaced: other bytes than there are go to the cluster's folder `quarantine`, for somebody to look at.
/// For several repositories: <walmgr/repositories/archive.hpp>.
/// @throws error  usage, for another kind of name; identity and corrupt, for a file that is not what its name says;
///                duplicate, when other bytes have the name; whatever the store says
archived archive_file(store auto const& where, cluster const& of, codec auto const& way, std::string const& path,
                      std::string const& text) {
    detail::offered_file const offered{path, text, of};
    auto const object = object_name(of, offered.name, text);
    auto const ours = detail::pack_file(where, object, offered, of, way);
    offered.forget();
    if (ours.sealed) return archived::now;
    detail::require_same(where, object, ours.label, offered, of, way);
    return archived::before;
}

}  // namespace walmgr
