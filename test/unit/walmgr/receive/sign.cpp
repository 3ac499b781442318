#include <support/wal.hpp>
#include <walmgr/receive/sign.hpp>
#include <walmgr/store/memory.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_receive_sign)

using namespace walmgr;
using support::is_fault;
using support::small_cluster;

namespace {

constexpr timeline first{1};
receiver_place const here{"a", "/srv/in"}, there{"b", "/srv/in"};

}  // namespace

BOOST_AUTO_TEST_CASE(who_receives_says_nothing_of_how_far_until_he_does_not) {
    memory_store const where;
    BOOST_TEST(find_receivers(where, small_cluster, first).empty());
    sign_on(where, small_cluster, first, here);
    sign_on(where, small_cluster, first, here);
    auto found = find_receivers(where, small_cluster, first);
    BOOST_REQUIRE(found.size() == 1U);
    BOOST_TEST((found.front().place == here && !found.front().has));
    BOOST_TEST(find_receivers(where, small_cluster, timeline{2}).empty());

    for (auto const at : {lsn{0x300'0028}, lsn{0x300'0028}, lsn{0x400'0000}}) {
        sign_off(where, small_cluster, first, here, at);
        found = find_receivers(where, small_cluster, first);
        BOOST_REQUIRE(found.size() == 1U);
        BOOST_TEST((found.front().has == at));
    }
    sign_on(where, small_cluster, first, here);
    BOOST_TEST(!find_receivers(where, small_cluster, first).front().has.has_value());
}

BOOST_AUTO_TEST_CASE(receivers_are_told_apart_by_host_and_folder) {
    memory_store const where;
    sign_on(where, small_cluster, first, here);
    sign_on(where, small_cluster, first, there);
    sign_on(where, small_cluster, first, {"a", "/srv/other"});
    sign_off(where, small_cluster, first, there, lsn{7});
    BOOST_TEST(find_receivers(where, small_cluster, first).size() == 3U);
    forget_receiver(where, small_cluster, first, there);
    forget_receiver(where, small_cluster, first, there);
    auto const left = find_receivers(where, small_cluster, first);
    BOOST_TEST(left.size() == 2U);
    for (auto const& one : left)
        BOOST_TEST((one.place.host == "a" && !one.has));
    // One that told how far it has something that it never began is none.
    sign_off(where, small_cluster, first, there, lsn{7});
    BOOST_TEST(find_receivers(where, small_cluster, first).size() == 2U);
}

BOOST_AUTO_TEST_CASE(hosts_and_folders_of_equal_names_are_told_apart) {
    memory_store const where;
    receiver_place const one{"a", "/srv/in", "00000000000000A1"}, other{"a", "/srv/in", "00000000000000A2"};
    // Signs of a walmgr of before.
    sign_on(where, small_cluster, first, here);
    sign_off(where, small_cluster, first, one, lsn{5});
    BOOST_TEST((find_receivers(where, small_cluster, first).front().has == lsn{5}));
    sign_on(where, small_cluster, first, one);
    sign_on(where, small_cluster, first, other);
    sign_off(where, small_cluster, first, other, lsn{7});
    auto const found = find_receivers(where, small_cluster, first);
    BOOST_REQUIRE(found.size() == 2U);
    for (auto const& sign : found)
        BOOST_TEST((sign.place == one ? !sign.has : sign.place == other && sign.has == lsn{7}));
    forget_receiver(where, small_cluster, first, other);
    BOOST_TEST((find_receivers(where, small_cluster, first).front().place == one));
}

BOOST_AUTO_TEST_CASE(what_says_nothing_is_damaged) {
    memory_store const where;
    sign_on(where, small_cluster, first, here);
    auto const name = detail::sign_name(small_cluster, first, here);
    BOOST_TEST(create_small_object(where, name + ".at", "no position"));
    BOOST_CHECK_EXCEPTION(find_receivers(where, small_cluster, first), error,
                          is_fault(fault::corrupt, "holds no position"));
    for (auto const* const text : {"", "a", "a\n", "a\n/srv/in"}) {
        memory_store const other;
        BOOST_TEST(create_small_object(other, name, text));
        BOOST_CHECK_EXCEPTION(find_receivers(other, small_cluster, first), error,
                              is_fault(fault::corrupt, "names no receiver"));
    }
}

BOOST_AUTO_TEST_SUITE_END()
