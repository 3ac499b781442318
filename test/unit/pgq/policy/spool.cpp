#include <pgq/policy/spool.hpp>

#include <support/boost_test.hpp>
#include <support/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(pgq_policy_spool)

namespace {

template <class T> void append_number(std::string& out, T value) {
    for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> static_cast<unsigned>(shift) & 0xFFU);
}
template <class T> void append_column(std::string& out, T value) {
    append_number(out, static_cast<std::int32_t>(sizeof(T)));
    append_number(out, value);
}
void append_text(std::string& out, std::optional<std::string_view> text) {
    append_number(out, text ? static_cast<std::int32_t>(text->size()) : std::int32_t{-1});
    out += text.value_or("");
}

/// An event as COPY sends it.
std::string row(std::int64_t id, std::optional<std::string_view> data, std::optional<std::string_view> extra2 = {}) {
    std::string out;
    append_number(out, std::int16_t{10});
    append_column(out, id);
    append_column(out, std::int64_t{id * 1000});
    append_column(out, std::int64_t{7});
    append_text(out, std::nullopt);
    append_text(out, "type");
    append_text(out, data);
    append_text(out, std::nullopt);
    append_text(out, extra2);
    append_text(out, "");
    append_text(out, std::nullopt);
    return out;
}

/// What a spool of so much memory makes of rows with these ids: `id:place of arrival`.
std::vector<std::string> sorted(std::vector<std::int64_t> const& ids, std::size_t memory) {
    pgq::detail::spool spool{memory};
    for (std::size_t place = 0; place < ids.size(); ++place)
        spool.add(row(ids[place], std::to_string(place)));
    spool.sort();
    std::vector<std::string> out;
    pgq::event ev{};
    while (auto const next = spool.next()) {
        pgq::sql::read_copied_event(*next, ev);
        out.push_back(std::to_string(ev.id) + ':' + std::string{ev.data});
    }
    BOOST_TEST(!spool.next());
    return out;
}

std::vector<std::string> expected(std::vector<std::int64_t> const& ids) {
    std::vector<std::size_t> places(ids.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::stable_sort(places.begin(), places.end(), [&](auto a, auto b) { return ids[a] < ids[b]; });
    std::vector<std::string> out;
    for (auto const place : places)
        out.push_back(std::to_string(ids[place]) + ':' + std::to_string(place));
    return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(gives_back_every_column) {
    auto const bytes = row(-5, std::nullopt, "extra");
    pgq::event ev{};  // views of them
    pgq::sql::read_copied_event(bytes, ev);
    BOOST_TEST(ev.id == -5);
    BOOST_TEST(ev.time.microseconds == -5000);
    BOOST_TEST(ev.txid == 7);
    BOOST_TEST(ev.retry == 0);
    BOOST_TEST(ev.type == "type");
    BOOST_TEST((ev.data.data() == nullptr));
    BOOST_TEST((!ev.extra[0] && ev.extra[1] == "extra" && ev.extra[2] == "" && !ev.extra[3]));
}

BOOST_AUTO_TEST_CASE(a_row_cut_anywhere_is_refused) {
    auto const whole = row(1, "data");
    pgq::event ev{};
    for (std::size_t size = 0; size < whole.size(); ++size)
        BOOST_CHECK_THROW(pgq::sql::read_copied_event(std::string_view{whole}.substr(0, size), ev),
                          pgq::protocol_error);
}

BOOST_AUTO_TEST_CASE(an_empty_one_has_nothing) {
    BOOST_TEST(sorted({}, 0).empty());
    BOOST_TEST(sorted({}, 1000).empty());
}

BOOST_AUTO_TEST_CASE(rows_in_order_of_arrival_stay_so) {
    std::vector<std::int64_t> const ids{1, 2, 2, 3, 10, 11, 12, 20};
    for (std::size_t const memory : {0U, 200U, 100'000U})
        BOOST_TEST(sorted(ids, memory) == expected(ids), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(rows_in_any_order_come_by_id_and_equal_ones_by_arrival) {
    auto random = test::random_engine();
    for (int round = 0; round < 60; ++round) {
        std::vector<std::int64_t> ids(random() % 400);
        std::int64_t next = 0;
        for (auto& id : ids)
            id = round % 2 == 0 ? static_cast<std::int64_t>(random() % 100)
                                : next++ + static_cast<std::int64_t>(random() % 9);
        for (std::size_t const memory : {0U, 150U, 3000U, 1'000'000U})
            BOOST_TEST_REQUIRE(sorted(ids, memory) == expected(ids), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_row_larger_than_all_memory_and_every_block_fits) {
    std::string const large(700'000, 'x');
    pgq::detail::spool spool{1000};
    for (std::int64_t id : {3, 1, 2})
        spool.add(row(id, id == 1 ? std::string_view{large} : "small"));
    spool.sort();
    pgq::event ev{};
    for (std::int64_t id : {1, 2, 3}) {
        pgq::sql::read_copied_event(spool.next().value(), ev);
        BOOST_TEST(ev.id == id);
        BOOST_TEST((ev.data == (id == 1 ? std::string_view{large} : "small")));
    }
}

BOOST_AUTO_TEST_SUITE_END()
