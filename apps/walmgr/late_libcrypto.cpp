// OpenSSL's libcrypto, loaded when something is first hashed or encrypted; see late_libpq.cpp. Loading it takes longer
// than all else that a command does which leaves the work to the agent.
#include "late_library.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/opensslv.h>

namespace {

template <auto Ours> auto from_libcrypto(char const* name) {
    return walmgr_app::from_library<Ours>("libcrypto.so." OPENSSL_MSTR(OPENSSL_SHLIB_VERSION), name);
}

}  // namespace

extern "C" {
int CRYPTO_memcmp(void const* a, void const* b, size_t c) {
    return from_libcrypto<CRYPTO_memcmp>("CRYPTO_memcmp")(a, b, c);
}
int EVP_CipherInit_ex(EVP_CIPHER_CTX* a, EVP_CIPHER const* b, ENGINE* c, unsigned char const* d, unsigned char const* e,
                      int f) {
    return from_libcrypto<EVP_CipherInit_ex>("EVP_CipherInit_ex")(a, b, c, d, e, f);
}
int EVP_CipherUpdate(EVP_CIPHER_CTX* a, unsigned char* b, int* c, unsigned char const* d, int e) {
    return from_libcrypto<EVP_CipherUpdate>("EVP_CipherUpdate")(a, b, c, d, e);
}
void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX* a) {
    from_libcrypto<EVP_CIPHER_CTX_free>("EVP_CIPHER_CTX_free")(a);
}
EVP_CIPHER_CTX* EVP_CIPHER_CTX_new() {
    return from_libcrypto<EVP_CIPHER_CTX_new>("EVP_CIPHER_CTX_new")();
}
int EVP_DigestFinal_ex(EVP_MD_CTX* a, unsigned char* b, unsigned int* c) {
    return from_libcrypto<EVP_DigestFinal_ex>("EVP_DigestFinal_ex")(a, b, c);
}
int EVP_DigestInit_ex(EVP_MD_CTX* a, EVP_MD const* b, ENGINE* c) {
    return from_libcrypto<EVP_DigestInit_ex>("EVP_DigestInit_ex")(a, b, c);
}
int EVP_DigestUpdate(EVP_MD_CTX* a, void const* b, size_t c) {
    return from_libcrypto<EVP_DigestUpdate>("EVP_DigestUpdate")(a, b, c);
}
void EVP_MD_CTX_free(EVP_MD_CTX* a) {
    from_libcrypto<EVP_MD_CTX_free>("EVP_MD_CTX_free")(a);
}
EVP_MD_CTX* EVP_MD_CTX_new() {
    return from_libcrypto<EVP_MD_CTX_new>("EVP_MD_CTX_new")();
}
EVP_CIPHER const* EVP_aes_256_ctr() {
    return from_libcrypto<EVP_aes_256_ctr>("EVP_aes_256_ctr")();
}
EVP_MD const* EVP_sha256() {
    return from_libcrypto<EVP_sha256>("EVP_sha256")();
}
unsigned char* HMAC(EVP_MD const* a, void const* b, int c, unsigned char const* d, size_t e, unsigned char* f,
                    unsigned int* g) {
    return from_libcrypto<HMAC>("HMAC")(a, b, c, d, e, f, g);
}
void OPENSSL_cleanse(void* a, size_t b) {
    from_libcrypto<OPENSSL_cleanse>("OPENSSL_cleanse")(a, b);
}
}
