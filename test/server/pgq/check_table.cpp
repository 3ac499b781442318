#include <pgq/check_table.hpp>
#include <pgq/codecs.hpp>

#include <boost/test/unit_test.hpp>
#include <support/said_by.hpp>
#include <support/session.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace server_pgq_check_table {

enum class mood { sad, happy };

}  // namespace server_pgq_check_table

template <>
inline constexpr auto pgq::enum_names<server_pgq_check_table::mood> = std::array{
    std::pair{server_pgq_check_table::mood::sad, "sad"}, std::pair{server_pgq_check_table::mood::happy, "happy"}};

BOOST_AUTO_TEST_SUITE(server_pgq_check_table)

using support::connect;

namespace {

struct fitting {
    static constexpr std::string_view table = "public.Every Type";
    static constexpr std::array defaulted{"not_there_yet"};
    BOOST_HANA_DEFINE_STRUCT(fitting, (std::int64_t, id), (std::int32_t, small), (pgq::numeric, price),
                             (std::string, name), (std::optional<std::string>, note), (pgq::timestamp, made),
                             (mood, how), (std::optional<pgq::json_text>, doc),
                             (std::vector<std::optional<int>>, sizes), (std::optional<std::vector<mood>>, moods),
                             (std::int32_t, positive), (pgq::uuid, key), (std::optional<pgq::bytes>, image),
                             (std::optional<pgq::interval>, span), (std::optional<std::string>, where),
                             (int, not_there_yet));
};

struct wrong {
    static constexpr std::string_view table = "public.Every Type";
    static constexpr pgq::refused_fields unknown_fields{};
    BOOST_HANA_DEFINE_STRUCT(wrong, (std::int32_t, id), (std::int32_t, smal), (std::string, note), (bool, name),
                             (std::vector<int>, price), (int, sizes), (pgq::interval, made), (mood, how),
                             (std::optional<pgq::bytes>, moods), (std::optional<std::string>, doc),
                             (std::string, positive), (std::optional<pgq::uuid>, image), (std::optional<int>, absent));
};

struct nowhere {
    static constexpr std::string_view table = "public.nowhere";
    BOOST_HANA_DEFINE_STRUCT(nowhere, (int, id));
};

struct stranger {
    static constexpr std::string_view event_type = "stranger";
    BOOST_HANA_DEFINE_STRUCT(stranger, (int, id));
};

/// With its types; dropped at the end.
struct every_type {
    pgq::libpq::connection db = connect();

    every_type() {
        drop();
        db.execute(
            "create type check_mood as enum ('sad', 'happy');"
            "create domain check_positive as integer not null check (value > 0);"
            "create table \"Every Type\" (id bigint primary key, small smallint not null, price numeric(10, 2) not "
            "null,"
            " name varchar(20) not null, note text, made timestamptz not null, how check_mood not null, doc jsonb,"
            " sizes integer[] not null, moods check_mood[], positive check_positive, key uuid not null, image bytea,"
            " span interval, \"where\" point, more text)");
    }
    every_type(every_type const&) = delete;
    every_type& operator=(every_type const&) = delete;
    ~every_type() { drop(); }

    void drop() {
        db.execute("drop table if exists \"Every Type\"; drop domain if exists check_positive; drop type if exists "
                   "check_mood");
    }
};

template <class Row> std::string said(pgq::libpq::connection& db) {
    return support::said_by<pgq::usage_error>([&] { pgq::check_table<Row>(db); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_row_that_fits_passes_though_the_table_has_more) {
    every_type made;
    BOOST_TEST(said<fitting>(made.db) == "nothing");
}

BOOST_AUTO_TEST_CASE(all_differences_are_listed_at_once) {
    every_type made;
    made.db.execute("alter type check_mood add value 'so so'");
    BOOST_TEST(said<wrong>(made.db) ==
               "table \"public.Every Type\" does not fit its row type:\n"
               "  column \"id\" is bigint, and the field reads int2 int4\n"
               "  column \"smal\" is missing\n"
               "  column \"note\" may be null, and the field is no optional\n"
               "  column \"name\" is character varying(20), and the field reads bool\n"
               "  column \"price\" is numeric(10,2), and the field reads arrays of int2 int4\n"
               "  column \"sizes\" is integer[], and the field reads int2 int4\n"
               "  column \"made\" is timestamp with time zone, and the field reads interval\n"
               "  column \"how\" has values that the field's enumeration does not name: \"so so\"\n"
               "  column \"moods\" is check_mood[], and the field reads bytea\n"
               "  column \"image\" is bytea, and the field reads uuid\n"
               "  column \"absent\" is missing\n"
               "  column \"small\" is not described, and the row type refuses unknown fields\n"
               "  column \"key\" is not described, and the row type refuses unknown fields\n"
               "  column \"span\" is not described, and the row type refuses unknown fields\n"
               "  column \"where\" is not described, and the row type refuses unknown fields\n"
               "  column \"more\" is not described, and the row type refuses unknown fields");
}

BOOST_AUTO_TEST_CASE(a_schema_is_checked_as_a_whole) {
    every_type made;
    using fine = pgq::schema<pgq::change<fitting>, stranger, pgq::change<stranger>>;
    static_assert(fine::fits);
    BOOST_TEST(support::said_by<pgq::usage_error>([&] { pgq::check_tables<fine>(made.db); }) == "nothing");
    using faulty = pgq::schema<pgq::change<wrong>, stranger, pgq::change<nowhere>>;
    auto const all = support::said_by<pgq::usage_error>([&] { pgq::check_tables<faulty>(made.db); });
    BOOST_TEST(all.starts_with("table \"public.Every Type\" does not fit its row type:\n"), all);
    BOOST_TEST(all.ends_with("\nthere is no table \"public.nowhere\""), all);
}

BOOST_AUTO_TEST_CASE(views_and_partitioned_tables_are_tables_and_other_relations_are_none) {
    auto db = connect();
    db.execute("drop view if exists check_view; create view check_view as select 1 as id;"
               "drop sequence if exists check_sequence; create sequence check_sequence");
    auto const of = [&](std::string_view table) {
        return support::said_by<pgq::usage_error>([&] { pgq::check_table<nowhere>(db, table); });
    };
    BOOST_TEST(of("public.check_view") == "table \"public.check_view\" does not fit its row type:\n"
                                          "  column \"id\" may be null, and the field is no optional");
    BOOST_TEST(of("public.check_sequence") == "there is no table \"public.check_sequence\"");
    BOOST_TEST(of("check_view") == "there is no table \"check_view\"");
    db.execute("drop view check_view; drop sequence check_sequence");
}

BOOST_AUTO_TEST_SUITE_END()
