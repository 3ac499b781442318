/// Reads packed bytes back, whatever they were packed by: the first four bytes tell.
#pragma once

#include <lz4frame.h>
#include <walmgr/codec.hpp>
#include <zstd.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace walmgr {
namespace detail {

[[noreturn]] inline void damaged(char const* by, char const* why) {
    throw error{fault::corrupt, std::string{by} + " finds the stored bytes damaged: " + why};
}

class lz4_decoder {
public:
    lz4_decoder() {
        LZ4F_dctx* made = nullptr;
        if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0)
            throw error{fault::unavailable, "lz4 cannot decompress: no memory"};
        context_.reset(made);
    }

    /// Unpacks into `room` what it can of `packed`, and takes that off it. @return bytes made
    std::size_t read(std::string_view& packed, std::string& room) {
        auto taken = packed.size();
        auto made = room.size();
        auto const left = LZ4F_decompress(context_.get(), room.data(), &made, packed.data(), &taken, nullptr);
        if (LZ4F_isError(left) != 0) damaged("lz4", LZ4F_getErrorName(left));
        over_ = left == 0;
        packed.remove_prefix(taken);
        return made;
    }
    [[nodiscard]] bool over() const noexcept { return over_; }

private:
    struct free_context {
        void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
    };
    std::unique_ptr<LZ4F_dctx, free_context> context_{};
    bool over_ = false;
};

class zstd_decoder {
public:
    zstd_decoder() : context_{ZSTD_createDCtx()} {
        if (!context_) throw error{fault::unavailable, "zstd cannot decompress: no memory"};
    }

    std::size_t read(std::string_view& packed, std::string& room) {
        ZSTD_inBuffer in{packed.data(), packed.size(), 0};
        ZSTD_outBuffer out{room.data(), room.size(), 0};
        auto const left = ZSTD_decompressStream(context_.get(), &out, &in);
        if (ZSTD_isError(left) != 0) damaged("zstd", ZSTD_getErrorName(left));
        over_ = left == 0;
        packed.remove_prefix(in.pos);
        return out.pos;
    }
    [[nodiscard]] bool over() const noexcept { return over_; }

private:
    struct free_context {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    std::unique_ptr<ZSTD_DCtx, free_context> context_;
    bool over_ = false;
};

}  // namespace detail

/// Unpacks one frame that comes piece by piece.
class unpacker {
public:
    /// `sink(std::string_view)` gets what these bytes unpack to.
    /// @throws error  corrupt, for bytes that are no frame or go on behind its end
    void write(std::string_view packed, auto&& sink) {
        if (decoder_.index() == 0) {
            auto const missing = start_.size() - started_;
            auto const taken = packed.substr(0, missing);
            taken.copy(start_.data() + started_, taken.size());
            started_ += taken.size();
            packed.remove_prefix(taken.size());
            if (started_ < start_.size()) return;
            choose();
            drain({start_.data(), start_.size()}, sink);
        }
        drain(packed, sink);
    }

    /// To be called after the last bytes. @throws error  corrupt, when the frame is not whole
    void finish() const {
        if (!over()) detail::damaged("the reader", "they end too early");
    }

private:
    [[nodiscard]] bool over() const {
        return std::visit(
            [](auto const& decoder) {
                if constexpr (requires { decoder.over(); }) return decoder.over();
                else return false;
            },
            decoder_);
    }

    void choose() {
        std::string_view const magic{start_.data(), start_.size()};
        if (magic == "\x04\x22\x4D\x18") decoder_.emplace<detail::lz4_decoder>();
        else if (magic == "\x28\xB5\x2F\xFD") decoder_.emplace<detail::zstd_decoder>();
        else detail::damaged("the reader", "they begin neither like lz4 nor like zstd");
    }

    void drain(std::string_view packed, auto& sink) {
        std::visit(
            [&](auto& decoder) {
                if constexpr (requires { decoder.over(); }) {
                    for (;;) {
                        if (decoder.over()) {
                            if (packed.empty()) return;
                            detail::damaged("the reader", "they go on behind their end");
                        }
                        auto const before = packed.size();
                        auto const made = decoder.read(packed, room_);
                        if (made > 0) sink(std::string_view{room_}.substr(0, made));
                        if (made == 0 && (packed.empty() || packed.size() == before)) return;
                    }
                }
            },
            decoder_);
    }

    std::variant<std::monostate, detail::lz4_decoder, detail::zstd_decoder> decoder_{};
    std::array<char, 4> start_{};
    std::size_t started_ = 0;
    std::string room_ = std::string(std::size_t{256} << 10U, '\0');
};

}  // namespace walmgr
