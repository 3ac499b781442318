/// The door to OpenSSL's AES, in the one mode that is needed here. Not for users.
#pragma once

#include <openssl/evp.h>
#include <walmgr/store/encryption_keys.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace walmgr::detail {

/// Encrypts, and decrypts: in this mode both are the same.
class aes_counter {
public:
    explicit aes_counter(encryption_key key) : key_{key}, context_{EVP_CIPHER_CTX_new()} { check(context_ != nullptr); }

    /// `bytes` lie at `offset`, a multiple of 16.
    void apply(std::uint64_t offset, std::span<char> bytes) const {
        if (offset != at_) {
            std::array<unsigned char, 16> counter{};
            for (std::size_t i = 0; i < 8; ++i)
                counter[15 - i] = static_cast<unsigned char>(offset / 16 >> (8 * i) & 255U);
            check(EVP_CipherInit_ex(context_.get(), EVP_aes_256_ctr(), nullptr,
                                    reinterpret_cast<unsigned char const*>(key_.bytes().data()), counter.data(),
                                    1) == 1);
        }
        auto* const in = reinterpret_cast<unsigned char*>(bytes.data());
        int made = 0;
        check(EVP_CipherUpdate(context_.get(), in, &made, in, static_cast<int>(bytes.size())) == 1);
        at_ = offset + bytes.size();
    }

private:
    struct free_context {
        void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
    };
    static void check(bool fine) {
        if (!fine) throw error{fault::unavailable, "OpenSSL has no AES-256"};
    }

    encryption_key key_;
    std::unique_ptr<EVP_CIPHER_CTX, free_context> context_;
    mutable std::uint64_t at_ = ~std::uint64_t{0};
};

}  // namespace walmgr::detail
