#include <support/tar.hpp>
#include <support/wal.hpp>
#include <walmgr/tar_reader.hpp>

#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_tar_reader_raw)

using namespace walmgr;
using support::tar_member;

namespace {

struct seen {
    std::vector<std::string> names{};
    std::vector<std::string> files{};
    std::string bytes{};
    std::string content_{};

    void begin(tar_entry const& entry) { names.push_back(entry.name); }
    void raw(std::string_view some) { bytes += some; }
    void data(std::string_view some) { content_ += some; }
    void end() { files.push_back(std::exchange(content_, {})); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(bytes_pass_as_they_came_however_they_are_cut) {
    std::string const large(1500, 'x');
    auto const members = tar_member("base", '5') + tar_member("base/1", '0', "short") + tar_member("empty", '0') +
                         tar_member("base/2", '0', large) + tar_member("exact", '0', std::string(512, 'e')) +
                         tar_member("link", '2', "", "/srv");
    auto const whole = members + support::tar_end();
    for (std::size_t const piece :
         {std::size_t{1}, std::size_t{100}, std::size_t{512}, std::size_t{700}, whole.size()}) {
        seen found;
        tar_reader scan;
        for (std::size_t at = 0; at < whole.size(); at += piece)
            scan.write(std::string_view{whole}.substr(at, piece), found);
        scan.finish();
        BOOST_TEST(found.bytes == members);
        BOOST_TEST(found.names == (std::vector<std::string>{"base", "base/1", "empty", "base/2", "exact", "link"}),
                   boost::test_tools::per_element());
        BOOST_TEST(found.files == (std::vector<std::string>{"short", "", large, std::string(512, 'e')}),
                   boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(what_ends_too_early_is_refused) {
    auto const whole = tar_member("file", '0', "bytes") + support::tar_end();
    for (std::size_t length = 0; length < whole.size(); length += 256) {
        seen found;
        tar_reader scan;
        scan.write(std::string_view{whole}.substr(0, length), found);
        BOOST_CHECK_EXCEPTION(scan.finish(), error, support::is_fault(fault::corrupt));
    }
    seen found;
    tar_reader scan;
    scan.write(whole, found);
    BOOST_CHECK_EXCEPTION(scan.write(tar_member("more", '0'), found), error, support::is_fault(fault::corrupt));
}

BOOST_AUTO_TEST_SUITE_END()
