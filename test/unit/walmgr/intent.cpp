#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/intent.hpp>
#include <walmgr/promotion_claim.hpp>
#include <walmgr/store/memory.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_intent)

using support::is_fault;
using support::small_cluster;
using walmgr::boot_intent;
using walmgr::fault;
using walmgr::lsn;
using walmgr::memory_store;
using walmgr::timeline;

BOOST_AUTO_TEST_CASE(an_intent_holds_for_its_timeline_until_it_is_withdrawn) {
    memory_store const where;
    BOOST_TEST(!find_intent(where, small_cluster, timeline{2}));
    boot_intent const wanted{timeline{2}, lsn{0x1'0300'0000U}};
    BOOST_TEST(record_intent(where, small_cluster, wanted));
    BOOST_TEST(!record_intent(where, small_cluster, {timeline{2}, lsn{1}}));
    BOOST_TEST((find_intent(where, small_cluster, timeline{2}) == wanted));
    BOOST_TEST(!find_intent(where, small_cluster, timeline{1}));
    BOOST_TEST(!find_intent(where, small_cluster, timeline{3}));
    BOOST_TEST(withdraw_intent(where, small_cluster, timeline{2}));
    BOOST_TEST(!find_intent(where, small_cluster, timeline{2}));
    BOOST_TEST(!withdraw_intent(where, small_cluster, timeline{2}));
}

BOOST_AUTO_TEST_CASE(one_promotes_at_the_end_of_a_timeline) {
    memory_store const where;
    walmgr::promotion_claim const first{"abc", "host x"}, second{"abd", "host y"};
    BOOST_TEST(!find_promotion(where, small_cluster, timeline{2}));
    BOOST_TEST((claim_promotion(where, small_cluster, timeline{2}, first) == first));
    BOOST_TEST((claim_promotion(where, small_cluster, timeline{2}, second) == first));
    BOOST_TEST((claim_promotion(where, small_cluster, timeline{2}, first) == first));
    BOOST_TEST((claim_promotion(where, small_cluster, timeline{3}, second) == second));
    BOOST_TEST(release_promotion(where, small_cluster, timeline{2}));
    BOOST_TEST(!release_promotion(where, small_cluster, timeline{2}));
    BOOST_TEST((claim_promotion(where, small_cluster, timeline{2}, second) == second));
    release_promotion(where, small_cluster, timeline{2});
    walmgr::create_small_object(where, walmgr::promotion_name(small_cluster, timeline{2}), "nonsense");
    BOOST_CHECK_EXCEPTION(find_promotion(where, small_cluster, timeline{2}), walmgr::error,
                          is_fault(fault::corrupt, "does not say who promotes"));
}

BOOST_AUTO_TEST_CASE(a_damaged_intent_is_none_and_says_so) {
    memory_store const where;
    record_intent(where, small_cluster, {timeline{2}, lsn{7}});
    auto& bytes = where.bytes_of(walmgr::intent_name(small_cluster, timeline{2}));
    auto const whole = bytes;
    bytes[11] = static_cast<char>(bytes[11] ^ 1);
    BOOST_CHECK_EXCEPTION(find_intent(where, small_cluster, timeline{2}), walmgr::error, is_fault(fault::corrupt));
    bytes = whole.substr(0, whole.size() - 1);
    BOOST_CHECK_EXCEPTION(find_intent(where, small_cluster, timeline{2}), walmgr::error, is_fault(fault::corrupt));
    withdraw_intent(where, small_cluster, timeline{2});
    walmgr::create_small_object(where, walmgr::intent_name(small_cluster, timeline{2}), "nonsense");
    BOOST_CHECK_EXCEPTION(find_intent(where, small_cluster, timeline{2}), walmgr::error,
                          is_fault(fault::corrupt, "holds no position"));
}

BOOST_AUTO_TEST_CASE(a_small_object_that_is_long_is_refused) {
    memory_store const where;
    walmgr::create_small_object(where, "main/x", std::string(std::size_t{65} << 10U, 'x'));
    BOOST_CHECK_EXCEPTION(walmgr::read_small_object(where, "main/x"), walmgr::error,
                          is_fault(fault::corrupt, "too long"));
}

BOOST_AUTO_TEST_SUITE_END()
