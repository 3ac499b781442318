#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/location.hpp>

#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(walmgr_location)

using support::is_fault;
using walmgr::fault;
using walmgr::location;
using walmgr::parse_location;
using walmgr::reached_by;

BOOST_AUTO_TEST_CASE(each_kind_is_taken_apart_and_written_as_it_was) {
    for (auto const& [text, read] : {
             std::pair<std::string, location>{"/srv/wal", {.path = "/srv/wal"}},
             {"/srv/.hidden", {.path = "/srv/.hidden"}},
             {"ssh://host/srv", {.by = reached_by::ssh, .host = "host", .path = "/srv"}},
             {"ssh://me@b-1.example.org:2222/srv/wal log",
              {.by = reached_by::ssh, .user = "me", .host = "b-1.example.org", .port = 2222, .path = "/srv/wal log"}},
             {"sftp://[2001:db8::1]:22/x", {.by = reached_by::sftp, .host = "2001:db8::1", .port = 22, .path = "/x"}},
             {"s3://bucket", {.by = reached_by::s3, .host = "bucket"}},
             {"s3://my.bucket-1/a/b", {.by = reached_by::s3, .host = "my.bucket-1", .path = "a/b"}},
         }) {
        BOOST_TEST((parse_location(text) == read), text);
        BOOST_TEST(to_string(parse_location(text)) == text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_location_is_refused_with_the_reason) {
    for (auto const& [text, why] : {
             std::pair<std::string, std::string>{"", "begin with a slash"},
             {"srv/wal", "begin with a slash"},
             {"/", "root"},
             {"/srv/", "one at its end"},
             {"/srv//wal", "two slashes"},
             {"/srv/../etc", "without . and .."},
             {"/srv/\nwal", "control character"},
             {"ftp://host/x", "neither by ssh, sftp nor s3"},
             {"ssh://host", "names no folder"},
             {"ssh:///srv", "name of a host"},
             {"ssh://-oProxyCommand=x/srv", "name of a host"},
             {"ssh://-l@host/srv", "name of a user"},
             {"ssh://@host/srv", "name of a user"},
             {"ssh://a b/srv", "name of a host"},
             {"ssh://host:0/srv", "number of a port"},
             {"ssh://host:65536/srv", "number of a port"},
             {"ssh://host:22x/srv", "number of a port"},
             {"ssh://host:/srv", "number of a port"},
             {"ssh://[::1/srv", "without its ]"},
             {"ssh://[::1]22/srv", "number of a port"},
             {"s3://", "name of a bucket"},
             {"s3://Bucket/x", "name of a bucket"},
             {"s3://ab", "name of a bucket"},
             {"s3://bucket-/x", "name of a bucket"},
             {"s3://bucket/", "one at its end"},
             {"s3://bucket/../x", "without . and .."},
         })
        BOOST_CHECK_EXCEPTION(parse_location(text), walmgr::error, is_fault(fault::configuration, why));
}

BOOST_AUTO_TEST_CASE(a_password_is_refused_and_not_shown) {
    BOOST_CHECK_EXCEPTION(parse_location("ssh://me:secret@host/srv"), walmgr::error, [](auto const& failure) {
        return is_fault(fault::configuration, "no password")(failure) &&
               std::string{failure.what()}.find("secret") == std::string::npos;
    });
}

BOOST_AUTO_TEST_SUITE_END()
