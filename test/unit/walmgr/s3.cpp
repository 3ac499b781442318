#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/s3/options.hpp>
#include <walmgr/s3/sign.hpp>
#include <walmgr/s3/xml.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_s3)

using support::is_fault;
using walmgr::fault;

namespace {

// The credentials, requests and signatures of the examples that Amazon publishes for the header of signature version 4.
walmgr::s3_credentials const who{.key_id = "AKIAIOSFODNN7EXAMPLE",
                                 .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
walmgr::s3_scope const when{.region = "us-east-1", .moment = "20130524T000000Z"};
std::string const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

walmgr::s3_request request(std::string method, std::string path, walmgr::s3_pairs query, walmgr::s3_pairs more,
                           std::string const& digest = nothing) {
    more.insert(
        more.end(),
        {{"x-amz-date", when.moment}, {"x-amz-content-sha256", digest}, {"host", "examplebucket.s3.amazonaws.com"}});
    return {std::move(method), std::move(path), std::move(query), std::move(more), digest};
}

std::string signature(walmgr::s3_request const& asked) {
    auto const value = s3_authorization(asked, who, when);
    return value.substr(value.find("Signature=") + 10);
}

}  // namespace

BOOST_AUTO_TEST_CASE(signs_as_amazon_does) {
    auto const get = request("GET", "/test.txt", {}, {{"range", "bytes=0-9"}});
    BOOST_TEST(s3_authorization(get, who, when) ==
               "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
               "host;range;x-amz-content-sha256;x-amz-date,Signature="
               "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    BOOST_TEST(
        signature(request("PUT", "/test$file.text", {},
                          {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                          "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")) ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    BOOST_TEST(signature(request("GET", "/", {{"lifecycle", ""}}, {})) ==
               "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    BOOST_TEST(signature(request("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {})) ==
               "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

BOOST_AUTO_TEST_CASE(encodes_what_is_not_plain) {
    BOOST_TEST(walmgr::s3_encoded("a b/c+d~e\xC3\xBC") == "a%20b%2Fc%2Bd~e%C3%BC");
    BOOST_TEST(walmgr::s3_encoded("a b/c", true) == "a%20b/c");
    BOOST_TEST(walmgr::s3_query({{"prefix", "a/b"}, {"delimiter", "/"}}) == "delimiter=%2F&prefix=a%2Fb");
}

BOOST_AUTO_TEST_CASE(reads_what_object_stores_answer) {
    std::string const text =
        "<?xml version=\"1.0\"?><R xmlns=\"x\"><IsTruncated>true</IsTruncated><Contents><Key>a&amp;b&#39;"
        "&#x3C;&gt;&quot;&apos;&other;</Key><Size>1</Size></Contents><Contents><Key>c</Key></Contents></R>";
    auto const contents = walmgr::detail::xml_elements(text, "Contents");
    BOOST_TEST_REQUIRE(contents.size() == 2U);
    BOOST_TEST(walmgr::detail::xml_element(contents[0], "Key") == "a&b'<>\"'&other;");
    BOOST_TEST(walmgr::detail::xml_element(contents[1], "Key") == "c");
    BOOST_TEST(walmgr::detail::xml_element(text, "NextContinuationToken").empty());
    for (std::size_t length = 0; length < text.size(); ++length)  // cut short anywhere it is no trouble
        BOOST_TEST(walmgr::detail::xml_elements(text.substr(0, length), "Contents").size() <= 2U);
    BOOST_TEST(walmgr::detail::xml_text("&&amp&#999999999999;&") == "&&amp&#999999999999;&");
}

BOOST_AUTO_TEST_CASE(knows_an_endpoint) {
    auto const of = [](std::string text) {
        auto const found = walmgr::detail::endpoint_of({.endpoint = std::move(text), .region = "eu-west-1"});
        return found.scheme + found.host;
    };
    BOOST_TEST(of("") == "https://s3.eu-west-1.amazonaws.com");
    BOOST_TEST(of("http://[::1]:9000/") == "http://[::1]:9000");
    for (auto const* const wrong :
         {"host", "ftp://host", "https://", "https://a/b", "https://user:secret@host", "https://a b"})
        BOOST_CHECK_EXCEPTION(of(wrong), walmgr::error, is_fault(fault::configuration, "is written https://host"));
}

BOOST_AUTO_TEST_SUITE_END()
