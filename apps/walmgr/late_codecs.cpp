// liblz4 and libzstd, loaded when something is first packed or unpacked; see late_libpq.cpp.
#include "late_library.hpp"

#include <lz4frame.h>
#include <zstd.h>

namespace {

template <auto Ours> auto from_lz4(char const* name) {
    return walmgr_app::from_library<Ours>("liblz4.so.1", name);
}
template <auto Ours> auto from_zstd(char const* name) {
    return walmgr_app::from_library<Ours>("libzstd.so.1", name);
}

}  // namespace

extern "C" {
size_t LZ4F_compressBegin(LZ4F_cctx* a, void* b, size_t c, LZ4F_preferences_t const* d) {
    return from_lz4<LZ4F_compressBegin>("LZ4F_compressBegin")(a, b, c, d);
}
size_t LZ4F_compressBound(size_t a, LZ4F_preferences_t const* b) {
    return from_lz4<LZ4F_compressBound>("LZ4F_compressBound")(a, b);
}
size_t LZ4F_compressEnd(LZ4F_cctx* a, void* b, size_t c, LZ4F_compressOptions_t const* d) {
    return from_lz4<LZ4F_compressEnd>("LZ4F_compressEnd")(a, b, c, d);
}
size_t LZ4F_compressUpdate(LZ4F_cctx* a, void* b, size_t c, void const* d, size_t e, LZ4F_compressOptions_t const* f) {
    return from_lz4<LZ4F_compressUpdate>("LZ4F_compressUpdate")(a, b, c, d, e, f);
}
LZ4F_errorCode_t LZ4F_createCompressionContext(LZ4F_cctx** a, unsigned b) {
    return from_lz4<LZ4F_createCompressionContext>("LZ4F_createCompressionContext")(a, b);
}
LZ4F_errorCode_t LZ4F_createDecompressionContext(LZ4F_dctx** a, unsigned b) {
    return from_lz4<LZ4F_createDecompressionContext>("LZ4F_createDecompressionContext")(a, b);
}
size_t LZ4F_decompress(LZ4F_dctx* a, void* b, size_t* c, void const* d, size_t* e, LZ4F_decompressOptions_t const* f) {
    return from_lz4<LZ4F_decompress>("LZ4F_decompress")(a, b, c, d, e, f);
}
LZ4F_errorCode_t LZ4F_freeCompressionContext(LZ4F_cctx* a) {
    return from_lz4<LZ4F_freeCompressionContext>("LZ4F_freeCompressionContext")(a);
}
LZ4F_errorCode_t LZ4F_freeDecompressionContext(LZ4F_dctx* a) {
    return from_lz4<LZ4F_freeDecompressionContext>("LZ4F_freeDecompressionContext")(a);
}
char const* LZ4F_getErrorName(LZ4F_errorCode_t a) {
    return from_lz4<LZ4F_getErrorName>("LZ4F_getErrorName")(a);
}
unsigned LZ4F_isError(LZ4F_errorCode_t a) {
    return from_lz4<LZ4F_isError>("LZ4F_isError")(a);
}

size_t ZSTD_CCtx_setParameter(ZSTD_CCtx* a, ZSTD_cParameter b, int c) {
    return from_zstd<ZSTD_CCtx_setParameter>("ZSTD_CCtx_setParameter")(a, b, c);
}
size_t ZSTD_CStreamOutSize() {
    return from_zstd<ZSTD_CStreamOutSize>("ZSTD_CStreamOutSize")();
}
size_t ZSTD_compressStream2(ZSTD_CCtx* a, ZSTD_outBuffer* b, ZSTD_inBuffer* c, ZSTD_EndDirective d) {
    return from_zstd<ZSTD_compressStream2>("ZSTD_compressStream2")(a, b, c, d);
}
ZSTD_CCtx* ZSTD_createCCtx() {
    return from_zstd<ZSTD_createCCtx>("ZSTD_createCCtx")();
}
ZSTD_DCtx* ZSTD_createDCtx() {
    return from_zstd<ZSTD_createDCtx>("ZSTD_createDCtx")();
}
size_t ZSTD_decompressStream(ZSTD_DCtx* a, ZSTD_outBuffer* b, ZSTD_inBuffer* c) {
    return from_zstd<ZSTD_decompressStream>("ZSTD_decompressStream")(a, b, c);
}
size_t ZSTD_freeCCtx(ZSTD_CCtx* a) {
    return from_zstd<ZSTD_freeCCtx>("ZSTD_freeCCtx")(a);
}
size_t ZSTD_freeDCtx(ZSTD_DCtx* a) {
    return from_zstd<ZSTD_freeDCtx>("ZSTD_freeDCtx")(a);
}
char const* ZSTD_getErrorName(size_t a) {
    return from_zstd<ZSTD_getErrorName>("ZSTD_getErrorName")(a);
}
unsigned ZSTD_isError(size_t a) {
    return from_zstd<ZSTD_isError>("ZSTD_isError")(a);
}
}
