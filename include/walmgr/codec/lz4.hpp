/// Packing by lz4: the fastest, for disks that are nearly as fast as the processor.
#pragma once

#include <lz4frame.h>
#include <walmgr/codec.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace walmgr {

/// `level`: 0 is fast; up to 12, slower and smaller.
struct lz4 {
    static constexpr packing kind = packing::lz4;
    int level = 0;

    /// For one frame.
    class encoder {
    public:
        explicit encoder(int level) {
            LZ4F_cctx* made = nullptr;
            check(LZ4F_createCompressionContext(&made, LZ4F_VERSION));
            context_.reset(made);
            settings_.frameInfo.blockSizeID = LZ4F_max256KB;
            settings_.compressionLevel = level;
        }

        void write(std::string_view raw, std::string& out) {
            begin(out);
            append(out, LZ4F_compressBound(raw.size(), &settings_), [&](char* at, std::size_t room) {
                return LZ4F_compressUpdate(context_.get(), at, room, raw.data(), raw.size(), nullptr);
            });
        }
        void finish(std::string& out) {
            begin(out);
            append(out, LZ4F_compressBound(0, &settings_),
                   [&](char* at, std::size_t room) { return LZ4F_compressEnd(context_.get(), at, room, nullptr); });
        }

    private:
        struct free_context {
            void operator()(LZ4F_cctx* context) const { LZ4F_freeCompressionContext(context); }
        };

        static std::size_t check(std::size_t result) {
            if (LZ4F_isError(result) != 0)
                throw error{fault::unavailable, std::string{"lz4 cannot compress: "} + LZ4F_getErrorName(result)};
            return result;
        }
        void append(std::string& out, std::size_t most, auto const& pack) {
            auto const before = out.size();
            out.resize(before + most);
            out.resize(before + check(pack(out.data() + before, most)));
        }
        void begin(std::string& out) {
            if (begun_) return;
            begun_ = true;
            append(out, LZ4F_HEADER_SIZE_MAX, [&](char* at, std::size_t room) {
                return LZ4F_compressBegin(context_.get(), at, room, &settings_);
            });
        }

        std::unique_ptr<LZ4F_cctx, free_context> context_{};
        LZ4F_preferences_t settings_{};
        bool begun_ = false;
    };

    [[nodiscard]] encoder encode() const { return encoder{level}; }
};

static_assert(codec<lz4>);

}  // namespace walmgr
