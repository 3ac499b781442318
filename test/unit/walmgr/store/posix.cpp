#include <support/boost_test.hpp>
#include <support/store_laws.hpp>
#include <support/wal.hpp>
#include <walmgr/store/any.hpp>
#include <walmgr/store/memory.hpp>
#include <walmgr/store/posix.hpp>

#include <filesystem>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_store)

using support::is_fault;
using support::scratch_folder;
using walmgr::fault;

using support::law::add;

BOOST_AUTO_TEST_CASE(memory_keeps_the_laws_of_a_store) {
    walmgr::memory_store const where;
    BOOST_CHECK_NO_THROW(support::keeps_the_laws(where, "one", {.threads = false}));
    BOOST_TEST(where.list("") == std::vector<std::string>{"one/"}, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_folder_keeps_the_laws_of_a_store, scratch_folder) {
    BOOST_CHECK_NO_THROW(support::keeps_the_laws(walmgr::posix_store{path()}, "one"));
}

BOOST_FIXTURE_TEST_CASE(any_store_keeps_the_laws_of_a_store, scratch_folder) {
    BOOST_CHECK_NO_THROW(support::keeps_the_laws(walmgr::any_store{walmgr::posix_store{path()}, "any"}, "one"));
}

BOOST_FIXTURE_TEST_CASE(nothing_is_left_of_what_was_not_sealed, scratch_folder) {
    walmgr::posix_store const where{path()};
    where.create("a/one").write("lost");
    BOOST_TEST(files() == 0U);
    add(where, "a/one", "first");
    add(where, "a/one", "second");
    BOOST_TEST(files() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_folder_that_is_not_there_is_no_empty_store, scratch_folder) {
    walmgr::posix_store const where{*this / "not mounted"};
    BOOST_CHECK_EXCEPTION(static_cast<void>(where.open("a/one")), walmgr::error,
                          is_fault(fault::unavailable, "not mounted"));
    BOOST_CHECK_EXCEPTION(static_cast<void>(where.list("")), walmgr::error, is_fault(fault::unavailable));
    BOOST_CHECK_EXCEPTION(static_cast<void>(where.create("a/one")), walmgr::error, is_fault(fault::unavailable));
    BOOST_TEST(!std::filesystem::exists(*this / "not mounted"));
}

BOOST_AUTO_TEST_SUITE_END()
