/// The door to OpenSSL's digest. SHA-256 costs less than reading the bytes from a disk.
#pragma once

#include <pgq/codec/hex.hpp>

#include <openssl/evp.h>
#include <walmgr/error.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace walmgr {

/// 32 bytes.
using digest = std::array<unsigned char, 32>;

/// 64 small hexadecimal digits, as sha256sum shows them.
inline std::string hex_of(digest const& value) {
    std::string out;
    for (auto const byte : value)
        pgq::detail::append_hex(out, byte);
    return out;
}

/// Of bytes that come piece by piece.
class sha256 {
public:
    sha256() : context_{EVP_MD_CTX_new()} {
        check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
    }

    /// Takes the next bytes.
    void update(std::string_view bytes) { check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }
    /// Once, after the last update().
    digest finish() {
        digest value{};
        check(EVP_DigestFinal_ex(context_.get(), value.data(), nullptr) == 1);
        return value;
    }

private:
    struct free_context {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    static void check(bool fine) {
        if (!fine) throw error{fault::unavailable, "OpenSSL has no SHA-256"};
    }

    std::unique_ptr<EVP_MD_CTX, free_context> context_;
};

namespace detail {

inline digest digest_of(std::string_view bytes) {
    sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

}  // namespace detail
}  // namespace walmgr
