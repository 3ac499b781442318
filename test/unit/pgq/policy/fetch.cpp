#include <pgq/policy/fetch.hpp>

#include <support/boost_test.hpp>
#include <support/scripted.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_policy_fetch)

using boost::test_tools::per_element;
using support::event_row;
using support::scripted_session;

namespace {

static_assert(pgq::fetch_policy<pgq::whole_batch, support::scripted>);
static_assert(pgq::fetch_policy<pgq::by_cursor, scripted_session>);
static_assert(!pgq::fetch_policy<pgq::row_by_row, scripted_session>);
static_assert(!pgq::fetch_policy<int, scripted_session>);

std::vector<long> ids(auto reader) {
    std::vector<long> result;
    while (auto const* ev = reader.next())
        result.push_back(ev->id);
    return result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(chunks_shrink_to_their_bytes_and_grow_slowly) {
    pgq::detail::chunk_size chunk{10'000, 1'000'000};
    BOOST_TEST(chunk.rows() == 500);
    chunk.adapt(500, 500 * 10);
    BOOST_TEST(chunk.rows() == 2000);
    chunk.adapt(2000, 2000 * 10);
    BOOST_TEST(chunk.rows() == 8000);
    chunk.adapt(8000, 0);
    BOOST_TEST(chunk.rows() == 10'000);
    chunk.adapt(10'000, 10'000UL * 100'000);
    BOOST_TEST(chunk.rows() == 10);
    chunk.adapt(10, 10UL * 50'000'000);
    BOOST_TEST(chunk.rows() == 1);
    BOOST_TEST((pgq::detail::chunk_size{0, 1}.rows()) == 1);
}

BOOST_AUTO_TEST_CASE(an_event_that_is_none_is_a_protocol_error) {
    support::scripted db;
    db.answer("get_batch_events", {{std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                                    std::nullopt, std::nullopt, std::nullopt, std::nullopt}});
    BOOST_CHECK_THROW(ids(pgq::whole_batch{}.open(db, {pgq::batch_id{7}})), pgq::protocol_error);
}

BOOST_AUTO_TEST_CASE(a_batch_that_promises_to_be_small_is_one_statement) {
    pgq::batch_info const small{.id = pgq::batch_id{7}, .events_at_most = 3};
    scripted_session db;
    db.answer("get_batch_events", {event_row("5", "x", "y"), event_row("6", "x", "y")});
    BOOST_TEST(ids(pgq::by_cursor{}.open(db, small)) == (std::vector<long>{5, 6}), per_element());
    BOOST_TEST(db.log.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_batch_larger_than_promised_is_read_by_cursor) {
    pgq::batch_info const small{.id = pgq::batch_id{7}, .events_at_most = 1};
    scripted_session db;
    db.answer("get_batch_events", {event_row("5", "x", "y"), event_row("6", "x", "y"), event_row("7", "x", "y")});
    db.answer("get_batch_cursor", {event_row("5", "x", "y"), event_row("6", "x", "y")});
    db.answer("fetch", {event_row("7", "x", "y")});
    BOOST_TEST(ids(pgq::by_cursor{.rows = 2}.open(db, small)) == (std::vector<long>{5, 6, 7}), per_element());
    BOOST_TEST(db.log.front() == "get_batch_events <7> <3>");
}

BOOST_AUTO_TEST_SUITE_END()
