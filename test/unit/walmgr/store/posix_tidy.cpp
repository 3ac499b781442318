#include <support/wal.hpp>
#include <walmgr/store/posix.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_store_posix_tidy)

using namespace walmgr;

BOOST_AUTO_TEST_CASE(a_folder_goes_with_its_last_object_and_what_crashes_left_in_it) {
    support::scratch_folder const folder;
    posix_store const where{folder.path()};
    for (auto const* const name : {"main/a/one", "main/a/two", "main/b/three"}) {
        auto out = where.create(name);
        BOOST_TEST(out.seal());
    }
    auto const left = folder.write("main/a/.one.1.2.tmp", "left");
    BOOST_TEST(where.remove("main/a/one"));
    BOOST_TEST(where.remove("main/a/two"));
    BOOST_TEST(std::filesystem::exists(left));  // somebody may be writing it
    std::filesystem::last_write_time(left, std::filesystem::file_time_type::clock::now() - std::chrono::hours{2});
    BOOST_TEST(!where.remove("main/a/one"));
    BOOST_TEST(!std::filesystem::exists(folder / "main/a"));
    BOOST_TEST(where.list("main") == std::vector<std::string>{"b/"}, boost::test_tools::per_element());
    BOOST_TEST(where.remove("main/b/three"));
    BOOST_TEST(where.list("").size() == 1U);
    auto out = where.create("main/a/one");
    BOOST_TEST(out.seal());
}

BOOST_AUTO_TEST_SUITE_END()
