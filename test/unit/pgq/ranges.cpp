// A batch as a range: the adaptors of the standard library and those of range-v3 work on it, and only as much is
// fetched as they ask for.
#include <pgq/batch.hpp>
#include <pgq/codecs.hpp>
#include <pgq/stage/decode.hpp>

#include <range/v3/range/concepts.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/chunk.hpp>
#include <range/v3/view/chunk_by.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>
#include <range/v3/view/transform.hpp>
#include <support/boost_test.hpp>
#include <support/orders.hpp>
#include <support/scripted.hpp>

#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_ranges)

using boost::test_tools::per_element;
using support::order_placed;
using support::scripted_session;
using ids = std::vector<std::int64_t>;
using lines = std::vector<std::string>;

namespace {

using whole = pgq::batch<scripted_session, pgq::subscription, pgq::whole_batch>;
using pieces = pgq::batch<scripted_session, pgq::subscription, pgq::by_cursor>;
static_assert(std::ranges::input_range<whole> && std::ranges::input_range<pieces>);
static_assert(!std::ranges::forward_range<whole>, "the events come once");
static_assert(ranges::input_range<whole> && !ranges::forward_range<whole>);
static_assert(std::same_as<std::ranges::range_reference_t<whole>, pgq::event const&>);

pgq::subscription const source{"orders", "billing"};

std::vector<support::scripted_row> rows(int first, int last) {
    std::vector<support::scripted_row> made;
    for (int i = first; i <= last; ++i) {
        auto const number = std::to_string(i);
        bool const order = i % 3 != 0;
        made.push_back(
            support::event_row(number, order ? "order.placed" : "other",
                               order ? "id=" + number + "&customer=c" + std::to_string(i / 4) + "&cents=100" : ""));
    }
    return made;
}

/// Ten events, of which 3, 6 and 9 are no orders; the customers are c0 (1, 2), c1 (4, 5, 7), c2 (8, 10).
scripted_session ten_rows() {
    scripted_session db;
    db.answer("next_batch_custom", {{"7", "20", "19", "3"}});
    db.answer("get_batch_events", rows(1, 10));
    db.answer("finish_batch", {{"1"}});
    return db;
}
struct ten_events {
    scripted_session db = ten_rows();
    std::optional<whole> batch = pgq::open_batch(db, source);
};

constexpr auto id_of = [](pgq::event const& ev) { return ev.id; };

}  // namespace

BOOST_AUTO_TEST_CASE(standard_adaptors_filter_transform_and_stop) {
    ten_events ten;
    ids found;
    for (auto const id : *ten.batch | std::views::filter(pgq::holds<order_placed>) | std::views::transform(id_of) |
                             std::views::take_while([](std::int64_t one) { return one < 8; }))
        found.push_back(id);
    BOOST_TEST(found == (ids{1, 2, 4, 5, 7}), per_element());
    ten.batch->finish();
    BOOST_TEST(ten.db.log.back() == "commit");
}

BOOST_AUTO_TEST_CASE(standard_algorithms_take_it_as_it_is) {
    ten_events ten;
    auto const late =
        std::ranges::find_if(*ten.batch, [](pgq::event const& ev) { return ev.id > 4 && ev.type == "other"; });
    BOOST_REQUIRE((late != ten.batch->end()));
    BOOST_TEST(late->id == 6);
}

BOOST_AUTO_TEST_CASE(range_v3_filters_and_makes_chunks_while_the_events_come) {
    ten_events ten;
    std::vector<std::size_t> sizes;
    std::int64_t sum = 0;
    auto placed = *ten.batch | ranges::views::filter(pgq::holds<order_placed>) |
                  ranges::views::transform(pgq::read_as<order_placed>) | ranges::views::chunk(3);
    for (auto&& chunk : placed) {
        sizes.push_back(0);
        for (order_placed const& order : chunk) {
            ++sizes.back();
            sum += order.id;
        }
    }
    BOOST_TEST(sizes == (std::vector<std::size_t>{3, 3, 1}), per_element());
    BOOST_TEST(sum == 1 + 2 + 4 + 5 + 7 + 8 + 10);
}

BOOST_AUTO_TEST_CASE(range_v3_groups_what_was_kept) {
    ten_events ten;
    // Groups are looked at twice, so the orders have to be kept; the views of an event would be gone by then.
    auto const orders = *ten.batch | ranges::views::filter(pgq::holds<order_placed>) |
                        ranges::views::transform(pgq::read_as<order_placed>) | ranges::to<std::vector>();
    lines found;
    for (auto&& group : orders | ranges::views::chunk_by([](order_placed const& a, order_placed const& b) {
                            return a.customer == b.customer;
                        })) {
        found.push_back(ranges::begin(group)->customer);
        for (order_placed const& order : group)
            found.back() += ' ' + std::to_string(order.id);
    }
    BOOST_TEST(found == (lines{"c0 1 2", "c1 4 5 7", "c2 8 10"}), per_element());
}

BOOST_AUTO_TEST_CASE(nothing_is_fetched_that_nobody_asks_for) {
    auto const fetches = [](auto const& look) {
        scripted_session db;
        db.answer("next_batch_custom", {{"7", "20", "19", "3"}});
        db.answer("get_batch_cursor", rows(1, 2));
        db.answer("fetch", rows(3, 4));
        db.answer("fetch", rows(5, 6));
        db.begin();
        auto batch = pgq::open_batch(db, source, pgq::by_cursor{.rows = 2});
        look(*batch);
        return std::ranges::count_if(db.log, [](std::string const& line) { return line.starts_with("fetch"); });
    };
    BOOST_TEST(fetches([](pieces& batch) {
                   auto first = batch | std::views::transform(id_of);
                   BOOST_TEST(*first.begin() == 1);
               }) == 0);
    BOOST_TEST(fetches([](pieces& batch) {
                   auto const found =
                       batch | ranges::views::transform(id_of) | ranges::views::take(3) | ranges::to<std::vector>();
                   BOOST_TEST(found == (ids{1, 2, 3}), per_element());
               }) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
