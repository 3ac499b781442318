#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/store/memory.hpp>
#include <walmgr/store/posix.hpp>

#include <filesystem>
#include <string>
#include <vector>

using support::is_fault;
using support::scratch_folder;
using walmgr::fault;

namespace {

std::string read(auto const& where, std::string const& name) {
    auto const found = where.open(name);
    if (!found) return "(none)";
    std::string bytes(static_cast<std::size_t>(found->size()) + 5, ' ');
    bytes.resize(found->read(0, bytes));
    return bytes;
}

bool add(auto const& where, std::string const& name, std::string const& bytes) {
    auto out = where.create(name);
    out.write(bytes);
    return out.seal();
}

/// What all stores promise.
void keeps_the_promises(auto const& where) {
    using names = std::vector<std::string>;
    BOOST_TEST(!where.open("a/b/one").has_value());
    BOOST_TEST(where.list("").empty());
    BOOST_TEST(where.list("a").empty());
    BOOST_TEST(!where.remove("a/b/one"));
    {
        auto unsealed = where.create("a/b/one");
        unsealed.write("never sealed");
        BOOST_TEST(where.list("a/b").empty());
        BOOST_TEST(read(where, "a/b/one") == "(none)");
    }
    BOOST_TEST(where.list("a/b").empty());
    BOOST_TEST(add(where, "a/b/one", "first"));
    BOOST_TEST(!add(where, "a/b/one", "second"));
    BOOST_TEST(read(where, "a/b/one") == "first");
    BOOST_TEST(add(where, "a/two", ""));
    BOOST_TEST(read(where, "a/two").empty());
    BOOST_TEST(where.list("") == names{"a/"}, boost::test_tools::per_element());
    BOOST_TEST(where.list("a") == (names{"b/", "two"}), boost::test_tools::per_element());
    BOOST_TEST(where.list("a/b") == names{"one"}, boost::test_tools::per_element());
    std::string middle(3, ' ');
    BOOST_TEST(where.open("a/b/one")->read(2, middle) == 3U);
    BOOST_TEST(middle == "rst");
    BOOST_TEST(where.open("a/b/one")->read(4, middle) == 1U);
    BOOST_TEST(where.open("a/b/one")->read(9, middle) == 0U);
    BOOST_TEST(where.remove("a/b/one"));
    BOOST_TEST(!where.open("a/b/one").has_value());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(walmgr_store)

BOOST_AUTO_TEST_CASE(memory_keeps_the_promises_of_a_store) {
    keeps_the_promises(walmgr::memory_store{});
}

BOOST_FIXTURE_TEST_CASE(a_folder_keeps_the_promises_of_a_store, scratch_folder) {
    keeps_the_promises(walmgr::posix_store{path()});
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

BOOST_FIXTURE_TEST_CASE(no_name_leads_out_of_the_folder, scratch_folder) {
    walmgr::posix_store const where{path()};
    for (std::string const name : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".hidden", "a/.tmp"})
        BOOST_CHECK_EXCEPTION(static_cast<void>(where.open(name)), walmgr::error,
                              is_fault(fault::usage, "cannot be the name"));
}

BOOST_FIXTURE_TEST_CASE(two_writers_of_one_name_do_not_meet, scratch_folder) {
    walmgr::posix_store const where{path()};
    auto first = where.create("one");
    auto second = where.create("one");
    second.write("second");
    first.write("first");
    BOOST_TEST(second.seal());
    BOOST_TEST(!first.seal());
    BOOST_TEST(read(where, "one") == "second");
}

BOOST_AUTO_TEST_SUITE_END()
