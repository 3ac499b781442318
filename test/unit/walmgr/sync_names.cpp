#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/sync_names.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_sync_names)

using support::is_fault;
using walmgr::fault;
using walmgr::parse_sync_names;
using strings = std::vector<std::string>;

BOOST_AUTO_TEST_CASE(lists_are_read_as_the_server_reads_them) {
    BOOST_TEST(parse_sync_names("").needed == 0U);
    BOOST_TEST(parse_sync_names("  ").names.empty());
    BOOST_TEST(parse_sync_names("a, B").needed == 1U);
    BOOST_TEST((parse_sync_names("a, B").names == strings{"a", "b"}));
    BOOST_TEST((parse_sync_names("\"a b\", \"say \"\"x\"\"\"").names == strings{"a b", "say \"x\""}));
    BOOST_TEST(parse_sync_names("2 (a,b,c)").needed == 2U);
    BOOST_TEST(parse_sync_names("first 3 (a,b,c)").needed == 3U);
    BOOST_TEST(parse_sync_names("ANY 1 ( * )").has("whoever"));
    // Words of the grammar are names where no number follows.
    BOOST_TEST((parse_sync_names("any").names == strings{"any"}));
    BOOST_TEST((parse_sync_names("first, last").names == strings{"first", "last"}));
    BOOST_TEST(parse_sync_names("node_a").has("NODE_A"));
    BOOST_TEST(!parse_sync_names("node_a").has("node"));
}

BOOST_AUTO_TEST_CASE(what_is_no_list_is_refused) {
    for (auto const* const text : {"a b", "a,", ",a", "2 (a", "2 a)", "0 (a)", "x (a)", "FIRST (a)", "FIRST 2", "\"a",
                                   "\"\"", "2 ()", "2 (a) b", "99999999999999999999 (a)"})
        BOOST_CHECK_EXCEPTION(parse_sync_names(text), walmgr::error, is_fault(fault::usage));
}

BOOST_AUTO_TEST_SUITE_END()
