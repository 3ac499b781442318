/// What is stored is packed bytes, and behind them a label with all that is needed to know them: their length and
/// digest before packing, and whose they are. The label is a frame that lz4 and zstd skip, so `zstd -dc` and `lz4 -dc`
/// read an object as it is.
///
/// Label: magic number 0x184D2A57 and the length of the rest (96) as both formats want it, then by offset: 0 "WALMGR",
/// 6 version 1 (16 bits), 8 raw length (64), 16 SHA-256 of the raw bytes, 48 system id (64), 56 begin in the log (64),
/// 64 timeline (32), 68 length of segments (32), 72 packing (8), 73 zeros, 88 the first 8 bytes of the SHA-256 of
/// bytes 0 to 87. Numbers begin with their least significant byte.
#pragma once

#include <walmgr/lsn.hpp>
#include <walmgr/sha256.hpp>
#include <walmgr/store.hpp>
#include <walmgr/unpack.hpp>
#include <walmgr/wal_name.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace walmgr {

/// Whose bytes an object holds. Zeros for what does not apply.
struct origin {
    std::uint64_t system_id = 0;
    lsn begin{};
    timeline tli{};
    segment_size size{0};

    friend bool operator==(origin const&, origin const&) = default;
};

/// What an object's label says.
struct object_label {
    std::uint64_t raw_size = 0;
    digest raw_digest{};
    origin from{};
    packing packed_by{};
};

/// Length of a label with its frame.
inline constexpr std::size_t label_bytes = 104;

namespace detail {

template <class T> void put(std::string& label, std::size_t at, T value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
        label[at + i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFFU);
}
template <class T> T get(std::string_view label, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value |= std::uint64_t{static_cast<unsigned char>(label[at + i])} << (8 * i);
    return static_cast<T>(value);
}

inline constexpr std::size_t label_frame = 8;  // in front of the offsets above
inline constexpr std::uint32_t label_magic = 0x184D'2A57;
inline constexpr std::size_t checked_bytes = 88;

inline std::string_view label_check(digest const& of_label) {
    return {reinterpret_cast<char const*>(of_label.data()), 8};
}

}  // namespace detail

/// The bytes of a label with its frame, label_bytes of them.
inline std::string write_label(object_label const& said) {
    std::string out(label_bytes, '\0');
    auto const at = [](std::size_t offset) { return detail::label_frame + offset; };
    detail::put(out, 0, detail::label_magic);
    detail::put(out, 4, static_cast<std::uint32_t>(label_bytes - detail::label_frame));
    out.replace(at(0), 6, "WALMGR");
    detail::put(out, at(6), std::uint16_t{1});
    detail::put(out, at(8), said.raw_size);
    std::copy(said.raw_digest.begin(), said.raw_digest.end(), out.begin() + static_cast<std::ptrdiff_t>(at(16)));
    detail::put(out, at(48), said.from.system_id);
    detail::put(out, at(56), said.from.begin.bytes);
    detail::put(out, at(64), static_cast<std::uint32_t>(said.from.tli));
    detail::put(out, at(68), said.from.size.bytes);
    detail::put(out, at(72), static_cast<std::uint8_t>(said.packed_by));
    auto const check = detail::digest_of(std::string_view{out}.substr(at(0), detail::checked_bytes));
    out.replace(at(detail::checked_bytes), 8, detail::label_check(check));
    return out;
}

/// Nothing when these are not the whole and undamaged bytes of a label. @throws error  corrupt, for a later version
inline std::optional<object_label> read_label(std::string_view bytes) {
    if (bytes.size() != label_bytes || detail::get<std::uint32_t>(bytes, 0) != detail::label_magic ||
        detail::get<std::uint32_t>(bytes, 4) != label_bytes - detail::label_frame)
        return std::nullopt;
    auto const label = bytes.substr(detail::label_frame);
    auto const check = detail::digest_of(label.substr(0, detail::checked_bytes));
    if (label.substr(detail::checked_bytes) != detail::label_check(check) || !label.starts_with("WALMGR"))
        return std::nullopt;
    if (auto const version = detail::get<std::uint16_t>(label, 6); version != 1)
        throw error{fault::corrupt, "an object has a label of version " + std::to_string(version) +
                                        ", which this program does not know; use a newer one"};
    object_label said{.raw_size = detail::get<std::uint64_t>(label, 8),
                      .raw_digest = {},
                      .from = {.system_id = detail::get<std::uint64_t>(label, 48),
                               .begin = lsn{detail::get<std::uint64_t>(label, 56)},
                               .tli = timeline{detail::get<std::uint32_t>(label, 64)},
                               .size = segment_size{detail::get<std::uint32_t>(label, 68)}},
                      .packed_by = packing{detail::get<std::uint8_t>(label, 72)}};
    auto const stored = label.substr(16, said.raw_digest.size());
    std::copy(stored.begin(), stored.end(), said.raw_digest.begin());
    return said;
}

/// Packs and writes an object in one pass over its raw bytes. seal() is left to the caller.
template <object_writer Out, codec Codec> class object_packer {
public:
    object_packer(Out& out, Codec const& way) : out_{out}, pack_{way.encode()} {}

    void write(std::string_view raw) {
        hash_.update(raw);
        raw_size_ += raw.size();
        pack_.write(raw, packed_);
        out_.write(packed_);
        packed_.clear();
    }
    object_label finish(origin const& from) {
        pack_.finish(packed_);
        object_label said{.raw_size = raw_size_, .raw_digest = hash_.finish(), .from = from, .packed_by = Codec::kind};
        out_.write(packed_ += write_label(said));
        return said;
    }

private:
    Out& out_;
    decltype(std::declval<Codec const&>().encode()) pack_;
    sha256 hash_{};
    std::uint64_t raw_size_ = 0;
    std::string packed_{};
};

/// The label of a stored object. @throws error  corrupt, when there is none that is whole. `name` is for messages.
object_label label_of(object_reader auto const& in, std::string const& name) {
    std::string bytes(label_bytes, '\0');
    auto const size = in.size();
    if (size < label_bytes || in.read(size - label_bytes, bytes) != label_bytes)
        throw error{fault::corrupt, name + " in the store is cut short"};
    auto const said = read_label(bytes);
    if (!said) throw error{fault::corrupt, name + " in the store is cut short or damaged: it has no label at its end"};
    return *said;
}

/// Reads an object: `sink(std::string_view)` gets the raw bytes, of which none may be used before this returns, and
/// never more than its label says. `expected(object_label)` is asked before the first byte. `name` is for messages.
/// @throws error  corrupt, when length or digest are not those of the label; what `expected` throws
object_label unpack_object(object_reader auto const& in, std::string const& name, auto&& sink, auto&& expected) {
    constexpr std::size_t block = std::size_t{256} << 10U;
    auto const said = label_of(in, name);
    expected(said);
    auto const end = in.size() - label_bytes;
    std::string packed(block, '\0');
    unpacker unpack;
    sha256 hash;
    std::uint64_t raw_size = 0;
    auto const take = [&](std::string_view raw) {
        // A few bytes can be made to unpack to more than any disk has.
        if (raw.size() > said.raw_size - raw_size)
            throw error{fault::corrupt, "it unpacks to more than its label says"};
        hash.update(raw);
        raw_size += raw.size();
        sink(raw);
    };
    try {
        for (std::uint64_t at = 0; at < end;) {
            auto const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block, end - at));
            auto const got = in.read(at, std::span{packed}.first(wanted));
            if (got != wanted) throw error{fault::corrupt, "it ends too early"};
            unpack.write(std::string_view{packed}.substr(0, got), take);
            at += got;
        }
        unpack.finish();
    } catch (error const& failure) {
        if (failure.kind() != fault::corrupt) throw;
        throw error{fault::corrupt, name + " in the store is damaged: " + failure.what()};
    }
    if (raw_size != said.raw_size || hash.finish() != said.raw_digest)
        throw error{fault::corrupt, name + " in the store is damaged: its bytes are not those of its label"};
    return said;
}
/// Likewise, whatever the label says.
object_label unpack_object(object_reader auto const& in, std::string const& name, auto&& sink) {
    return unpack_object(in, name, sink, [](object_label const& /*said*/) {});
}

}  // namespace walmgr
