/// Whether an object store has an object, and what is known of it without reading it. Not for users.
#pragma once

#include <walmgr/s3/session.hpp>
#include <walmgr/store/sessions.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

namespace walmgr::detail {

using s3_lease = sessions<s3_session>::lease;

/// What is known of a stored object.
struct s3_found {
    std::uint64_t size = 0;
    std::string etag{};    ///< of these very bytes
    std::string writer{};  ///< the sign that its writer left on it
};

inline std::string const s3_sign_header = "x-amz-meta-walmgr-writer";

/// Nothing when there is no such object, but an error when there is no such bucket.
inline std::optional<s3_found> find_object(s3_lease& session, std::string const& key) {
    for (bool again = false;; again = true) {
        auto const head = session->ask({.method = "HEAD", .key = key});
        if (head.status == 200) {
            s3_found found{0, head.header("etag"), head.header(s3_sign_header)};
            auto const size = head.header("content-length");
            if (std::from_chars(size.data(), size.data() + size.size(), found.size).ec != std::errc{})
                session->refuse("cannot open " + key + " without its length", head);
            return found;
        }
        // The answer to a HEAD has no words, and does not tell an object that is not there from a bucket that is not
        // there.
        auto const why = session->ask({.method = "GET", .key = key, .headers = {{"range", "bytes=0-0"}}});
        if (why.status == 404 && xml_element(why.body, "Code") == "NoSuchKey") return std::nullopt;
        bool const came = head.status == 404 && why.status < 300;  // between the two
        if (again || !came) session->refuse("cannot open " + key, why.status < 400 ? head : why);
    }
}

}  // namespace walmgr::detail
