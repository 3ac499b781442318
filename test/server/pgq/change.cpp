// include/pgq/change.hpp on what the triggers of the extension really write, and include/pgq/codec/interval.hpp on what
// the server really says.
#include <pgq/batch.hpp>
#include <pgq/change.hpp>
#include <pgq/codecs.hpp>

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>
#include <support/queue.hpp>
#include <support/random.hpp>
#include <support/session.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server_pgq_change {

enum class mood { sad, happy };

}  // namespace server_pgq_change

template <>
inline constexpr auto pgq::enum_names<server_pgq_change::mood> =
    std::array{std::pair{server_pgq_change::mood::sad, "sad"}, std::pair{server_pgq_change::mood::happy, "happy"}};

BOOST_AUTO_TEST_SUITE(server_pgq_change)

namespace {

struct row {
    static constexpr std::string_view table = "public.change_test";
    BOOST_HANA_DEFINE_STRUCT(row, (int, id), (std::string, part), (std::optional<pgq::json_text>, doc),
                             (std::optional<pgq::json_text>, text_doc), (std::vector<std::optional<std::string>>, tags),
                             (std::optional<pgq::interval>, span), (std::optional<mood>, how),
                             (std::optional<pgq::numeric>, price), (std::optional<pgq::uuid>, key),
                             (std::optional<std::vector<std::optional<mood>>>, moods),
                             (std::optional<pgq::bytes>, image));
    friend bool operator==(row const&, row const&) = default;
};
struct row_key {
    BOOST_HANA_DEFINE_STRUCT(row_key, (std::string, part), (int, id));
    friend bool operator==(row_key const&, row_key const&) = default;
};

using changes = pgq::change<row>;

struct changed {
    pgq::operation what;
    std::optional<row> now;
    std::optional<row_key> old_key;
    std::optional<row_key> kept_key;
    std::vector<std::string> key_columns;
};

/// A table with a trigger, and what the trigger said of `statements`.
struct captured_table {
    support::consumed_queue queue{"change_test"};

    captured_table(std::string_view trigger, std::string_view arguments) {
        drop();
        queue.db.execute(
            "create type change_mood as enum ('sad', 'happy');"
            "create table change_test (id integer, part text, doc jsonb, text_doc json, tags text[] not null default "
            "'{}',"
            " span interval, how change_mood, price numeric, key uuid, moods change_mood[], image bytea, more point,"
            " primary key (part, id));"
            "create trigger capture after insert or update or delete on change_test for each row"
            " execute function pgq." +
            std::string{trigger} + "('change_test'" + std::string{arguments} + ");" +
            "create trigger emptied after truncate on change_test for each statement execute function pgq." +
            std::string{trigger} + "('change_test')");
    }
    captured_table(captured_table const&) = delete;
    captured_table& operator=(captured_table const&) = delete;
    ~captured_table() { drop(); }

    void drop() { queue.db.execute("drop table if exists change_test; drop type if exists change_mood"); }

    std::vector<changed> after(std::string_view statements) {
        queue.db.execute(statements);
        queue.tick();
        std::vector<changed> found;
        while (auto batch = pgq::open_batch(queue.db, queue.source)) {
            for (auto const& ev : *batch) {
                BOOST_TEST(changes::accepts(ev));
                auto const one = changes::read(ev);
                found.push_back({one.what, one.row, one.old_key<row_key>(), one.old<row_key>(), one.key_columns()});
            }
            batch->finish();
        }
        return found;
    }
};

struct logutriga {
    static constexpr std::string_view name = "logutriga";
};
struct jsontriga {
    static constexpr std::string_view name = "jsontriga";
};
using triggers = boost::mpl::list<logutriga, jsontriga>;

pgq::uuid const sample_key = pgq::codec<pgq::uuid>::parse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(every_column_is_read, Trigger, triggers) {
    captured_table table{Trigger::name, ""};
    auto const found = table.after("insert into change_test values (1, 'a&\"b\"', '{\"k\": [1, \"x\\\"y\"]}', ' "
                                   "\"text\" ', array['a b', null, '{\"'],"
                                   " '-1 mon 2 days 00:00:00.5', 'happy', 1.50, "
                                   "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', array['sad', null]::change_mood[],"
                                   " '\\x00ff', '(1,2)'); insert into change_test (id, part) values (2, '')");
    BOOST_REQUIRE(found.size() == 2U);
    row const full{.id = 1,
                   .part = "a&\"b\"",
                   .doc = pgq::json_text{R"({"k": [1, "x\"y"]})"},
                   .text_doc = pgq::json_text{" \"text\" "},
                   .tags = {"a b", std::nullopt, "{\""},
                   .span = pgq::interval{-1, 2, 500'000},
                   .how = mood::happy,
                   .price = pgq::numeric{"1.50"},
                   .key = sample_key,
                   .moods = {{mood::sad, std::nullopt}},
                   .image = pgq::bytes{std::byte{0}, std::byte{255}}};
    BOOST_TEST((found[0].now == full));
    row empty{};
    empty.id = 2;
    BOOST_TEST((found[1].now == empty));
    BOOST_TEST((found[1].old_key == row_key{"", 2}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(each_operation_has_its_key, Trigger, triggers) {
    captured_table table{Trigger::name, ", 'pkey_update'"};
    auto const found = table.after("insert into change_test (id, part) values (1, 'a');"
                                   "update change_test set price = 1;"
                                   "update change_test set id = 2, part = 'b';"
                                   "delete from change_test;"
                                   "truncate change_test");
    BOOST_REQUIRE(found.size() == 5U);
    std::array const what{pgq::operation::insert, pgq::operation::update, pgq::operation::update,
                          pgq::operation::remove, pgq::operation::truncate};
    for (std::size_t i = 0; i < what.size(); ++i) {
        BOOST_TEST((found[i].what == what[i]), i);
        BOOST_TEST(found[i].kept_key.has_value() == (i == 2), i);
    }
    BOOST_TEST((found[1].old_key == row_key{"a", 1}));
    BOOST_TEST((found[2].old_key == row_key{"a", 1}));
    BOOST_TEST((found[2].now.value().id == 2));
    BOOST_TEST((found[3].old_key == row_key{"b", 2}));
    BOOST_TEST(!found[4].old_key.has_value());
    BOOST_TEST(!found[4].now.has_value());
    BOOST_TEST(found[3].key_columns == (std::vector<std::string>{"part", "id"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(intervals_have_the_servers_text) {
    auto db = support::connect();
    auto engine = test::random_engine();
    for (auto const* const style : {"postgres", "iso_8601"}) {
        pgq::query(db, "select set_config('intervalstyle', $1, false)", style);
        for (int i = 0; i < 200; ++i) {
            pgq::interval const value{static_cast<std::int32_t>(engine()) >> (engine() % 32),
                                      static_cast<std::int32_t>(engine()) >> (engine() % 32),
                                      static_cast<std::int64_t>(engine()) >> (engine() % 64)};
            std::string mine;
            pgq::codec<pgq::interval>::append(mine, value);
            auto const theirs = support::text_of(pgq::query(db, "select $1::interval::text", mine));
            BOOST_REQUIRE_MESSAGE((pgq::codec<pgq::interval>::parse(theirs) == value), mine << " became " << theirs);
            if (style == std::string_view{"postgres"}) BOOST_REQUIRE_EQUAL(mine, theirs);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
