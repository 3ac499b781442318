/// The door to OpenSSL's keyed digest, and to what it has for handling secrets.
#pragma once

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <walmgr/sha256.hpp>

#include <cstddef>
#include <string_view>

namespace walmgr {

/// The digest of `bytes` that nobody makes without the key. @throws error  unavailable, when OpenSSL cannot
inline digest hmac_sha256(std::string_view key, std::string_view bytes) {
    digest made{};
    unsigned length = 0;
    auto const* const from = reinterpret_cast<unsigned char const*>(bytes.data());
    if (::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), from, bytes.size(), made.data(), &length) ==
            nullptr ||
        length != made.size())
        throw error{fault::unavailable, "OpenSSL has no HMAC-SHA256"};
    return made;
}

namespace detail {

/// Overwrites what nobody may find in memory later, even where a compiler would leave that out.
inline void wipe(char* bytes, std::size_t count) noexcept {
    ::OPENSSL_cleanse(bytes, count);
}
/// Takes as long whether they differ at their begin or at their end.
inline bool same_secret(std::string_view one, std::string_view other) noexcept {
    return one.size() == other.size() && ::CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace detail
}  // namespace walmgr
