#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/control_data.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_control_data)

using support::is_fault;
using walmgr::cluster_state;
using walmgr::fault;
using walmgr::parse_control_data;

namespace {

std::string const sample = "pg_control version number:            1300\n"
                           "Database system identifier:           18446744073709551615\n"
                           "Database cluster state:               shut down\n"
                           "Latest checkpoint location:           0/1511A88\n"
                           "Latest checkpoint's REDO location:    0/1511A00\n"
                           "Latest checkpoint's TimeLineID:       3\n"
                           "Latest checkpoint's PrevTimeLineID:   2\n"
                           "Minimum recovery ending location:     1/2A\n"
                           "Min recovery ending loc's timeline:   2\n"
                           "wal_log_hints setting:                on\n"
                           "Data page checksum version:           0\n";

std::string with(std::string const& old, std::string const& other) {
    auto text = sample;
    auto const at = text.find(old);
    BOOST_REQUIRE(at != std::string::npos);
    return text.replace(at, old.size(), other);
}

}  // namespace

BOOST_AUTO_TEST_CASE(control_data_is_taken_apart) {
    auto const found = parse_control_data(sample);
    walmgr::control_data const expected{.system_id = ~std::uint64_t{0},
                                        .state = cluster_state::shut_down,
                                        .checkpoint = {0x1511A88},
                                        .tli = walmgr::timeline{3},
                                        .minimum_end = {0x10000002A},
                                        .end_tli = walmgr::timeline{2},
                                        .checksums = false,
                                        .log_hints = true};
    BOOST_TEST((found == expected));
    BOOST_TEST(parse_control_data(with("version:           0", "version:           1")).checksums);
    BOOST_TEST((parse_control_data(with("shut down", "in archive recovery")).state == cluster_state::in_recovery));
    BOOST_TEST(
        (parse_control_data(with("shut down", "shut down in recovery")).state == cluster_state::shut_down_in_recovery));
}

BOOST_AUTO_TEST_CASE(control_data_that_is_odd_is_refused) {
    BOOST_CHECK_EXCEPTION(parse_control_data(with("Data page checksum version", "Else")), walmgr::error,
                          is_fault(fault::corrupt, "shows no \"Data page checksum version\""));
    BOOST_CHECK_EXCEPTION(parse_control_data(with("0/1511A88", "nowhere")), walmgr::error,
                          is_fault(fault::corrupt, "\"nowhere\""));
    BOOST_CHECK_EXCEPTION(parse_control_data(with("shut down", "asleep")), walmgr::error,
                          is_fault(fault::corrupt, "\"asleep\""));
    BOOST_CHECK_EXCEPTION(parse_control_data("WARNING: Calculated CRC checksum does not match\n" + sample),
                          walmgr::error, is_fault(fault::corrupt, "damaged"));
}

BOOST_AUTO_TEST_SUITE_END()
