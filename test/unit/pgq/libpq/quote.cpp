#include <pgq/libpq/quote.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(unit_pgq_libpq_quote)

using pgq::libpq::identifier;
using pgq::libpq::literal;

BOOST_AUTO_TEST_CASE(identifiers) {
    BOOST_TEST(identifier("plain") == "\"plain\"");
    BOOST_TEST(identifier("a \"b\"") == "\"a \"\"b\"\"\"");
    BOOST_TEST(identifier("pgq", "event.1") == "\"pgq\".\"event.1\"");
    BOOST_CHECK_THROW(identifier(""), pgq::usage_error);
    BOOST_CHECK_THROW(identifier(std::string{"a\0b", 3}), pgq::usage_error);
}

BOOST_AUTO_TEST_CASE(literals) {
    BOOST_TEST(literal("") == "''");
    BOOST_TEST(literal("it's") == "'it''s'");
    BOOST_TEST(literal("back\\slash's") == " E'back\\\\slash''s'");
    BOOST_CHECK_THROW(literal(std::string{"a\0b", 3}), pgq::usage_error);
}

BOOST_AUTO_TEST_SUITE_END()
