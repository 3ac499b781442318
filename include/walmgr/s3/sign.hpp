/// Signatures of requests to an object store, version 4 ("AWS4-HMAC-SHA256"). Pure: no clock, no network.
#pragma once

#include <walmgr/hmac.hpp>
#include <walmgr/sha256.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Who asks. Neither secret nor session token is ever shown.
struct s3_credentials {
    std::string key_id{};
    std::string secret{};
    std::string session_token{};  ///< empty: none
};

/// Names and values, which are sorted where that matters.
using s3_pairs = std::vector<std::pair<std::string, std::string>>;

/// What is asked, before it is signed.
struct s3_request {
    std::string method;       ///< such as GET
    std::string path;         ///< begins with a slash; not encoded
    s3_pairs query{};         ///< not encoded
    s3_pairs headers{};       ///< all that are signed, `host` among them; names in small letters
    std::string body_sha256;  ///< 64 digits
};

/// Where and when a signature counts.
struct s3_scope {
    std::string region;
    std::string moment;  ///< as 20260131T120102Z
};

/// Everything but letters, digits and -._~ becomes %XX. `keep_slashes`: for paths.
inline std::string s3_encoded(std::string_view text, bool keep_slashes = false) {
    std::string out;
    for (char const c : text) {
        bool const plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~' || (keep_slashes && c == '/');
        if (plain) {
            out += c;
            continue;
        }
        constexpr std::string_view digits = "0123456789ABCDEF";
        auto const byte = static_cast<unsigned char>(c);
        out.append(1, '%').append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    }
    return out;
}

/// The query as it is both sent and signed: encoded, sorted, without a question mark.
inline std::string s3_query(s3_pairs const& query) {
    std::vector<std::string> parts;
    for (auto const& [name, value] : query)
        parts.push_back(s3_encoded(name) + '=' + s3_encoded(value));
    std::sort(parts.begin(), parts.end());
    std::string out;
    for (auto const& one : parts)
        out += (out.empty() ? "" : "&") + one;
    return out;
}

namespace detail {

inline std::string signed_names(s3_pairs const& sorted) {
    std::string names;
    for (auto const& [name, value] : sorted)
        names += (names.empty() ? "" : ";") + name;
    return names;
}

inline s3_pairs sorted_headers(s3_request const& asked) {
    auto headers = asked.headers;
    std::sort(headers.begin(), headers.end());
    return headers;
}

inline std::string canonical_request(s3_request const& asked) {
    auto const headers = sorted_headers(asked);
    auto out = asked.method + '\n' + s3_encoded(asked.path, true) + '\n' + s3_query(asked.query) + '\n';
    for (auto const& [name, value] : headers)
        out.append(name).append(1, ':').append(value).append(1, '\n');
    return out + '\n' + signed_names(headers) + '\n' + asked.body_sha256;
}

inline std::string scope_text(s3_scope const& where) {
    return where.moment.substr(0, 8) + '/' + where.region + "/s3/aws4_request";
}

inline std::string text_to_sign(s3_request const& asked, s3_scope const& where) {
    return "AWS4-HMAC-SHA256\n" + where.moment + '\n' + scope_text(where) + '\n' +
           hex_of(digest_of(canonical_request(asked)));
}

}  // namespace detail

/// The value of the header `authorization`.
inline std::string s3_authorization(s3_request const& asked, s3_credentials const& by, s3_scope const& where) {
    auto const mac = [](std::string_view key, std::string_view bytes) {
        auto const made = hmac_sha256(key, bytes);
        return std::string{reinterpret_cast<char const*>(made.data()), made.size()};
    };
    auto key = "AWS4" + by.secret;
    for (std::string_view const step : {std::string_view{where.moment}.substr(0, 8), std::string_view{where.region},
                                        std::string_view{"s3"}, std::string_view{"aws4_request"}})
        key = mac(key, step);
    auto const signature = hex_of(hmac_sha256(key, detail::text_to_sign(asked, where)));
    return "AWS4-HMAC-SHA256 Credential=" + by.key_id + '/' + detail::scope_text(where) +
           ",SignedHeaders=" + detail::signed_names(detail::sorted_headers(asked)) + ",Signature=" + signature;
}

}  // namespace walmgr
