#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/failover/begun_tablespaces.hpp>

#include <filesystem>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_failover_begun_tablespaces)

using support::is_fault;
using walmgr::begun_tablespaces;
using walmgr::fault;
using walmgr::journal;
using walmgr::tablespace_place;

namespace {

std::string half_copy(std::string const& folder) {
    auto made = folder + "/PG_15_202209061/5";
    std::filesystem::create_directories(made);
    return made;
}

struct machine {
    support::scratch_folder where{};
    std::string first = where.path() + "/first";
    std::string second = where.path() + "/second";
    std::string log = where.path() + "/journal";
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_killed_run_has_left_is_cleared_and_nothing_else) {
    machine const on;
    std::vector<tablespace_place> const wanted{{1, "/nowhere", on.first}, {2, on.second, on.second}};
    {
        journal log{on.log, "copy"};
        begun_tablespaces begun{log};
        begun.begin(wanted);
    }
    auto const left = half_copy(on.first);
    auto const left_too = half_copy(on.second);
    std::filesystem::create_directory(on.first + "/of somebody");
    journal log{on.log, "copy"};
    begun_tablespaces begun{log};
    begun.begin(wanted);
    begun.clear(wanted);
    BOOST_TEST(!std::filesystem::exists(left));
    BOOST_TEST(!std::filesystem::exists(left_too));
    BOOST_TEST(std::filesystem::exists(on.first + "/of somebody"));
}

BOOST_AUTO_TEST_CASE(a_tablespace_that_the_server_has_made_there_since_is_left_alone) {
    machine const on;
    {
        journal log{on.log, "copy"};
        begun_tablespaces{log}.begin({{1, on.second, on.first}});
    }
    auto const living = half_copy(on.first);
    journal log{on.log, "copy"};
    begun_tablespaces begun{log};
    std::vector<tablespace_place> const now{{3, on.first, on.first}};
    begun.clear(now);
    BOOST_TEST(std::filesystem::exists(living));
    BOOST_CHECK_EXCEPTION(begun.begin(now), walmgr::error, is_fault(fault::server_running, "is not empty"));
}

BOOST_AUTO_TEST_SUITE_END()
