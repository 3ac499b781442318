#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/repositories/joined.hpp>
#include <walmgr/small_object.hpp>
#include <walmgr/store/memory.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_repositories_joined)

using namespace walmgr;

static_assert(readable_store<joined_stores<memory_store>>);
static_assert(!store<joined_stores<memory_store>>, "nothing is written to several at once by this");

BOOST_AUTO_TEST_CASE(each_object_is_of_the_first_that_has_it_and_all_are_listed) {
    std::vector<memory_store> const stores(2);
    create_small_object(stores[0], "a/one", "first's");
    create_small_object(stores[1], "a/one", "second's, longer");
    create_small_object(stores[1], "a/two", "x");
    create_small_object(stores[1], "a/b/three", "x");
    joined_stores const all{stores};
    BOOST_TEST((all.list("a") == std::vector<std::string>{"b/", "one", "two"}));
    BOOST_TEST(all.list("nowhere").empty());
    BOOST_TEST(all.open("a/one")->size() == stores[0].open("a/one")->size());
    BOOST_TEST(all.open("a/two").has_value());
    BOOST_TEST(!all.open("a/three"));
    // What cannot be asked may have it: that is no "not there".
    stores[1].fail_after(0);
    BOOST_CHECK_EXCEPTION(all.open("a/three"), error, support::is_fault(fault::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()
