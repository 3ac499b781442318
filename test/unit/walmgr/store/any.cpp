#include <boost/test/unit_test.hpp>
#include <walmgr/store/any.hpp>
#include <walmgr/store/memory.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_store_any)

BOOST_AUTO_TEST_CASE(does_what_the_store_in_it_does) {
    walmgr::memory_store const held;
    walmgr::any_store const any{held, "memory"};
    auto out = any.create("main/wal/x");
    out.write("some ");
    out.write("bytes");
    BOOST_TEST(!any.open("main/wal/x"));
    BOOST_TEST(out.seal());
    BOOST_TEST(!any.create("main/wal/x").seal());

    auto const in = any.open("main/wal/x");
    BOOST_TEST_REQUIRE(in.has_value());
    BOOST_TEST(in->size() == 10U);
    std::string bytes(4, '\0');
    BOOST_TEST(in->read(6, bytes) == 4U);
    BOOST_TEST(bytes == "ytes");
    BOOST_TEST(any.list("main") == std::vector<std::string>{"wal/"}, boost::test_tools::per_element());
    BOOST_TEST(any.shown() == "memory");
    BOOST_TEST(any.remove("main/wal/x"));
    BOOST_TEST(!any.remove("main/wal/x"));
    BOOST_TEST(!held.open("main/wal/x"));
}

BOOST_AUTO_TEST_CASE(passes_on_what_fails) {
    walmgr::memory_store const held;
    walmgr::any_store const any{held, "memory"};
    held.fail_after(0, walmgr::fault::disk_full);
    BOOST_CHECK_EXCEPTION(static_cast<void>(any.create("x")), walmgr::error,
                          [](auto const& failure) { return failure.kind() == walmgr::fault::disk_full; });
}

BOOST_AUTO_TEST_SUITE_END()
