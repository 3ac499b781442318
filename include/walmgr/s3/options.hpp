/// How an object store is reached.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/s3/sign.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace walmgr {

/// Settings of stores that speak S3.
struct s3_options {
    std::string endpoint{};            ///< http[s]://host[:port]; empty: that of Amazon in the region
    std::string region = "us-east-1";  ///< part of the signature
    bool path_style = false;           ///< the bucket in the path, and not in the name of the host
    bool conditional = true;           ///< the server obeys If-None-Match: whoever creates an object is the first
    std::string ca_file{};             ///< whose certificates are trusted; empty: the system's
    s3_credentials who{};
    std::chrono::milliseconds patience{60000};  ///< how long the server may keep silent, and may be busy
};

namespace detail {

/// Scheme, and host with port.
struct s3_endpoint {
    std::string scheme;
    std::string host;
};

/// @throws error  configuration
inline s3_endpoint endpoint_of(s3_options const& by) {
    if (by.endpoint.empty()) return {"https://", "s3." + by.region + ".amazonaws.com"};
    auto const cut = by.endpoint.find("://");
    auto const scheme = by.endpoint.substr(0, cut == std::string::npos ? 0 : cut + 3);
    auto host = by.endpoint.substr(scheme.size());
    if (host.ends_with('/')) host.pop_back();
    bool plain = !host.empty();
    for (char const c : host)
        plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          std::string_view{".-_:[]"}.find(c) != std::string_view::npos);
    if ((scheme != "https://" && scheme != "http://") || !plain)
        throw error{fault::configuration, "an endpoint of an object store is written https://host[:port]"};
    return {scheme, host};
}

}  // namespace detail
}  // namespace walmgr
