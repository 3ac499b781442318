#include <support/boost_test.hpp>
#include <walmgr/failover/follow.hpp>

BOOST_AUTO_TEST_SUITE(walmgr_failover_follow)

using walmgr::lsn;
using walmgr::obstacle_to_follow;
using walmgr::timeline;

BOOST_AUTO_TEST_CASE(who_has_no_more_than_the_new_primary_kept_can_follow_it) {
    // Timeline 3 left 2 at 0/300, which had left 1 at 0/200.
    std::vector<walmgr::ancestor> const past{{.tli = timeline{1}, .end = lsn{0x200}},
                                             {.tli = timeline{2}, .end = lsn{0x300}}};
    auto const obstacle = [&](unsigned tli, std::uint64_t has) {
        return obstacle_to_follow(timeline{tli}, lsn{has}, timeline{3}, past).value_or("");
    };
    BOOST_TEST(obstacle(3, 0x900) == "");
    BOOST_TEST(obstacle(2, 0x300) == "");
    BOOST_TEST(obstacle(1, 0x100) == "");
    BOOST_TEST(obstacle(2, 0x301).find("it has log up to 0/301 of timeline 2") == 0U);
    BOOST_TEST(obstacle(1, 0x201).find("left at 0/200") != std::string::npos);
    BOOST_TEST(obstacle(4, 0x100).find("which is not in the past of timeline 3") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
