#include <pgq/libpq/conninfo.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(unit_pgq_libpq_conninfo)

using pgq::libpq::parse_conninfo;
using pgq::libpq::redact_conninfo;

BOOST_AUTO_TEST_CASE(both_forms_are_read) {
    auto const words = parse_conninfo("host=db1 dbname='two words'");
    BOOST_REQUIRE(words.size() == 2U);
    BOOST_TEST(words[0].value == "two words");
    BOOST_TEST(parse_conninfo("postgresql://ann@db1:5433/app").size() == 4U);
    BOOST_TEST(parse_conninfo("").empty());
}

BOOST_AUTO_TEST_CASE(passwords_are_not_shown) {
    BOOST_TEST(redact_conninfo("host=db1 password='it\\'s secret' dbname=app").find("secret") == std::string::npos);
    BOOST_TEST(redact_conninfo("host=db1 password=secret") == "password=*** host=db1");
    BOOST_TEST(redact_conninfo("postgresql://ann:secret@db1/app") == "user=ann password=*** dbname=app host=db1");
    BOOST_TEST(redact_conninfo("host=db1 password=secret dbname") == "(unreadable connection string)");
}

BOOST_AUTO_TEST_CASE(values_are_quoted_so_that_they_read_the_same) {
    for (std::string const value : {"", "plain", "two words", "it's", "back\\slash", "a=b"}) {
        auto const back = parse_conninfo("dbname=" + pgq::libpq::quote_conninfo_value(value));
        BOOST_REQUIRE(back.size() == 1U);
        BOOST_TEST(back[0].value == value);
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_refused_without_showing_secrets) {
    auto const message = [](std::string const& text) {
        try {
            parse_conninfo(text);
        } catch (pgq::usage_error const& failure) { return std::string{failure.what()}; }
        return std::string{"nothing was thrown"};
    };
    BOOST_TEST(message("color=red") ==
               "the connection string cannot be read: invalid connection option \"color\": write "
               "\"host=... dbname=...\" or \"postgresql://host/dbname\"");
    BOOST_TEST(message("host=a password=my secret").find("secret") == std::string::npos);
    BOOST_TEST(message("postgresql://ann:my%zzsecret@db1/").find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
