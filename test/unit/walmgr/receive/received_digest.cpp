#include <support/boost_test.hpp>
#include <support/several.hpp>
#include <support/wal.hpp>
#include <walmgr/archived.hpp>
#include <walmgr/codec/lz4.hpp>
#include <walmgr/receive/archive_received.hpp>
#include <walmgr/receive/fetch_received.hpp>
#include <walmgr/receive/partial_folder.hpp>

#include <filesystem>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(walmgr_receive_received_digest)

using support::is_fault;
using support::segment_bytes;
using support::small_cluster;
using walmgr::fault;
using walmgr::segment;
using walmgr::timeline;

namespace {

constexpr segment third{timeline{1}, 3};
std::string const third_name = file_name(third, small_cluster.size);

void receive(walmgr::partial_folder const& folder, std::string_view bytes) {
    walmgr::partial_segment into{folder, third, small_cluster.size};
    into.write(0, bytes.substr(0, 100));
    into.write(100, bytes.substr(100));
    into.finish();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_bit_that_changed_in_the_folder_goes_nowhere) {
    support::scratch_folder const files;
    support::several const stores{1};
    auto bytes = segment_bytes(third);
    auto const path = files / third_name;
    walmgr::partial_folder const folder{files.path()};
    auto const fetch = [&] {
        auto all = stores.open();
        return walmgr::fetch_received(all, third_name, files / "place", files.path()).found;
    };
    auto const archive = [&] {
        auto all = stores.open();
        return archive_received(all, walmgr::lz4{}, path, third_name).kept.size();
    };
    receive(folder, bytes);
    BOOST_TEST(fetch());
    std::filesystem::remove(files / "place");
    auto const whole = bytes;
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    files.write(third_name, bytes);
    BOOST_CHECK_EXCEPTION(fetch(), walmgr::error, is_fault(fault::corrupt, "not those that were received"));
    BOOST_TEST(!std::filesystem::exists(files / "place"));
    BOOST_CHECK_EXCEPTION(archive(), walmgr::error, is_fault(fault::corrupt, "not those that were received"));
    BOOST_TEST(!has_segment(stores.held(0), small_cluster, third));

    // What says nothing is no reason to refuse: a loss of power, a walmgr of before.
    files.write(third_name, whole);
    for (auto const& text : {std::string{}, std::string(65, '\0')}) {
        files.write(third_name + ".sha256", text);
        BOOST_TEST(fetch());
    }
    BOOST_TEST(archive() == 1U);
    folder.remove(third_name);
    BOOST_TEST(!std::filesystem::exists(files / (third_name + ".sha256")));
}

BOOST_AUTO_TEST_CASE(what_was_not_received_in_order_has_no_digest) {
    support::scratch_folder const files;
    walmgr::partial_folder const folder{files.path()};
    files.write(third_name + ".sha256", std::string(64, '0') + '\n');
    walmgr::partial_segment into{folder, third, small_cluster.size};
    into.write(100, segment_bytes(third).substr(100));
    into.finish();
    BOOST_TEST(!std::filesystem::exists(files / (third_name + ".sha256")));
}

BOOST_AUTO_TEST_SUITE_END()
