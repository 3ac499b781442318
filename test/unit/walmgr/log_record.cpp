#include <support/wal.hpp>
#include <walmgr/log_record.hpp>

#include <cstdint>
#include <optional>

BOOST_AUTO_TEST_SUITE(walmgr_log_record)

using namespace walmgr;

namespace {

constexpr segment_size size{1U << 20U};
constexpr std::uint32_t page = 8192;
constexpr std::uint64_t segment = 5U << 20U;

/// The end of a record of that length which begins behind `at`; its length must be asked for at `expected`.
std::optional<lsn> end_of(std::uint64_t at, std::uint32_t length, std::uint64_t expected) {
    return end_of_record(lsn{at}, size, page, [&](lsn asked) {
        BOOST_TEST(asked.bytes == expected);
        return std::optional{length};
    });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_record_ends_behind_its_length_and_the_headers_of_the_pages_that_it_crosses) {
    BOOST_TEST((end_of(segment + 40, 100, segment + 40) == lsn{segment + 140}));
    // The one before has ended with a page, or with a segment.
    BOOST_TEST((end_of(segment + page, 100, segment + page + 24) == lsn{segment + page + 124}));
    BOOST_TEST((end_of(segment, 100, segment + 40) == lsn{segment + 140}));
    // It fills its page, and it goes on behind it.
    BOOST_TEST((end_of(segment + page - 48, 48, segment + page - 48) == lsn{segment + page}));
    BOOST_TEST((end_of(segment + page - 48, 49, segment + page - 48) == lsn{segment + page + 24 + 1}));
    BOOST_TEST(
        (end_of(segment + page - 48, 48 + (page - 24) + 10, segment + page - 48) == lsn{segment + 2 * page + 24 + 10}));
    // Into the next segment, whose first page has the long header.
    BOOST_TEST(
        (end_of(segment + size.bytes - 48, 58, segment + size.bytes - 48) == lsn{segment + size.bytes + 40 + 10}));
}

BOOST_AUTO_TEST_CASE(where_no_length_is_no_record_begins) {
    BOOST_TEST(!end_of(segment + 40, 0, segment + 40).has_value());
    BOOST_TEST(!end_of(segment + 40, 23, segment + 40).has_value());
    BOOST_TEST(end_of(segment + 40, 24, segment + 40).has_value());
    auto const unknown = end_of_record(lsn{segment}, size, page, [](lsn) { return std::optional<std::uint32_t>{}; });
    BOOST_TEST(!unknown.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
