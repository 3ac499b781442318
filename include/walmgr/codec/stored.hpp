/// Not packed at all: an lz4 frame whose blocks are stored as they are, for storage that compresses by itself.
/// Source: LZ4 Frame Format Description 1.6, of the lz4 library.
#pragma once

#include <walmgr/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace walmgr {

/// Has no options.
struct stored {
    static constexpr packing kind = packing::stored;

    /// For one frame.
    class encoder {
    public:
        void write(std::string_view raw, std::string& out) {
            begin(out);
            while (!raw.empty()) {
                auto const block = raw.substr(0, largest_block);
                raw.remove_prefix(block.size());
                append_size(out, static_cast<std::uint32_t>(block.size()) | not_compressed);
                out += block;
            }
        }
        void finish(std::string& out) {
            begin(out);
            append_size(out, 0);
        }

    private:
        static constexpr std::size_t largest_block = std::size_t{64} << 10U;
        static constexpr std::uint32_t not_compressed = 0x8000'0000;

        static void append_size(std::string& out, std::uint32_t value) {
            for (unsigned shift = 0; shift < 32; shift += 8)
                out += static_cast<char>(value >> shift & 0xFFU);
        }
        void begin(std::string& out) {
            if (begun_) return;
            begun_ = true;
            // Magic number; version 1 with independent blocks; blocks of at most 64 KiB; check of these two bytes.
            out.append("\x04\x22\x4D\x18\x60\x40\x82", 7);
        }

        bool begun_ = false;
    };

    [[nodiscard]] encoder encode() const { return {}; }
};

static_assert(codec<stored>);

}  // namespace walmgr
