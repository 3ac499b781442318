/// How bytes are packed. Packed bytes are a frame that the ordinary lz4 or zstd program can read, so that everything
/// stored can be rescued without this one.
#pragma once

#include <walmgr/error.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace walmgr {

/// Told by the first four bytes of packed bytes.
enum class packing : std::uint8_t {
    stored = 0,  ///< an lz4 frame of blocks that are not compressed
    lz4 = 1,
    zstd = 2
};

/// Packs what it is given piece by piece, appending to `out`. finish() comes once, at the end.
template <class E>
concept encoder = requires(E& pack, std::string_view raw, std::string& out) {
    pack.write(raw, out);
    pack.finish(out);
};

/// A way of packing, by value: `encode()` gives an encoder for one frame. For reading see <walmgr/unpack.hpp>.
template <class C>
concept codec = std::copyable<C> && requires(C const& way) {
    { C::kind } -> std::convertible_to<packing>;
    { way.encode() } -> encoder;
};

}  // namespace walmgr
