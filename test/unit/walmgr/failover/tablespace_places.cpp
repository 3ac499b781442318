#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/failover/tablespace_places.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_failover_tablespace_places)

using support::is_fault;
using walmgr::fault;
using walmgr::places_of_tablespaces;
using walmgr::tablespace_place;

namespace {

std::vector<walmgr::sql::tablespace> const two{{16384, "/fast = new"}, {16385, "/big"}};

}  // namespace

BOOST_AUTO_TEST_CASE(each_lies_where_it_is_told_to_or_where_it_was) {
    std::vector<tablespace_place> const same{{16384, "/fast = new", "/fast = new"}, {16385, "/big", "/big"}};
    BOOST_TEST((places_of_tablespaces(two, {}) == same));
    std::vector<tablespace_place> const moved{{16384, "/fast = new", "/big"}, {16385, "/big", "/a=b"}};
    BOOST_TEST((places_of_tablespaces(two, {"/fast \\= new/=/big", "/big=/a\\=b//"}) == moved));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_meant_is_refused) {
    for (std::string const bad : {"", "=", "/big", "/big=", "=/x", "/big=x", "big=/x", "/fast = new=/x", "/other=/x",
                                  "/big=/fast = new", "/big=/two\nlines"})
        BOOST_CHECK_EXCEPTION(places_of_tablespaces(two, {bad}), walmgr::error, is_fault(fault::usage));
}

BOOST_AUTO_TEST_SUITE_END()
