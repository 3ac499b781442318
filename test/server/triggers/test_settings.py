"""Row text does not depend on the session that writes it."""
TRIGGERS = ("logutriga", "jsontriga", "sqltriga")
SETTINGS = {
    "DateStyle": ["German", "SQL, MDY", "Postgres, DMY"], "TimeZone": ["America/St_Johns", "Asia/Tokyo"],
    "IntervalStyle": ["sql_standard", "iso_8601", "postgres_verbose"], "extra_float_digits": ["0", "-5", "3"],
    "bytea_output": ["escape"], "quote_all_identifiers": ["on"], "search_path": ["pg_catalog", "other"],
    "standard_conforming_strings": ["off"], "lc_monetary": ["C"], "xmlbinary": ["hex"],
}
TABLE = """
create schema other;
create domain moment as timestamptz;
create type pair as (at timestamptz, size real);
create table t (id integer primary key, d date, ts timestamp, tz timestamptz, i interval, f real, g double precision, b bytea, c regclass,
                da date[], tza timestamptz[], ga double precision[], ba bytea[], ia interval[], r tstzrange, dr daterange, p pair, m moment,
                t text, tt timetz, "order" integer, ca regclass[]);
"""
INSERT = """
insert into public.t select 1, '2020-01-31', '2020-01-31 12:00:00.5', '2020-01-31 12:00:00.5+00', '1 day 02:03:04', 1.1::real, 1/3::float8,
    decode('00ff5c', 'hex'), 'public.t', array['2020-01-31'::date], array['2020-01-31 12:00+00'::timestamptz], array[1/3::float8],
    array[decode('00ff', 'hex')], array['1 day 02:03'::interval], tstzrange('2020-01-31 12:00+00', null), daterange('2020-01-31', null),
    row('2020-01-31 12:00+00', 1.1)::public.pair, '2020-01-31 12:00+00', pg_catalog.chr(92) || pg_catalog.chr(228), '12:00+02', 3,
    array['public.t'::regclass]
"""
CHANGES = [INSERT, "update public.t set d = d", 'update public.t set g = g + 1, "order" = 4', "delete from public.t"]


def written(capture):
    capture.sql("set client_min_messages = error")
    return capture.after(*CHANGES)


def prepare(capture):
    capture.sql(TABLE)
    for trigger in TRIGGERS:
        capture.trigger("t", trigger, "backup", "ev_extra4=tz::text || f || b", name=trigger)


def test_no_setting_of_the_session_shows_in_an_event(ours):
    prepare(ours)
    ours.sql("reset all")
    expected = written(ours)
    assert len(expected) == 12
    for name, values in SETTINGS.items():
        for value in values:
            ours.sql(f"set {name} = {value}" if "," in value else f"set {name} = '{value}'")
            literal = written(ours)
            ours.sql(f"reset {name}")
            assert (name, value, literal) == (name, value, expected)


def test_what_is_written_reads_back_exactly(ours):
    prepare(ours)
    ours.sql("create table copy (like t including all)")
    ours.sql("set DateStyle = 'German'; set TimeZone = 'Asia/Tokyo'; set IntervalStyle = 'sql_standard'; set bytea_output = 'escape';"
             "set extra_float_digits = -10")
    ours.sql(INSERT)
    (sql,) = [data for kind, data, *_ in ours.events() if kind == "I"]
    ours.sql("reset all")
    ours.sql("insert into copy " + sql)
    assert ours.value("select count(*) from t one join copy other using (id) where one::text = other::text") == 1


def test_debians_triggers_write_by_the_session(debian):
    prepare(debian)
    expected = written(debian)
    debian.sql("set DateStyle = 'German'; set bytea_output = 'escape'")
    assert written(debian) != expected


def test_settings_of_the_session_are_left_as_they_were(ours):
    ours.sql("create table t (id integer primary key, i interval, n integer[])")
    ours.trigger("t", "sqltriga", "when=1 / id > 0 or true", "ev_extra4=now()::text")
    ours.sql("set DateStyle = 'German'; set TimeZone = 'Asia/Tokyo'; set IntervalStyle = 'iso_8601'; set extra_float_digits = -3;"
             "set bytea_output = 'escape'; set quote_all_identifiers = on")
    show = ("select '2020-01-31 12:00+00'::timestamptz::text, '1 day'::interval::text, (1/3::float8)::text, '\\x00'::bytea::text,"
            "quote_ident('a')")
    before = ours.sql(show)
    ours.sql("insert into t values (1, '1 day', '{1}')")
    assert ours.sql(show) == before
    assert ours.error("insert into t values (0, '1 day', '{1}')") == "division by zero"
    assert ours.sql(show) == before
    ours.sql("do $$ begin insert into t values (0, '1 day', '{1}'); exception when division_by_zero then null; end $$")
    assert ours.sql(show) == before


def test_failing_expression_leaves_the_settings_alone(ours):
    ours.sql("create function boom(text) returns boolean language plpgsql as $$ begin raise exception 'boom'; end $$;"
             "create table t (id integer primary key, i interval)")
    ours.sql("set IntervalStyle = 'iso_8601'")
    for trigger in TRIGGERS:
        ours.trigger("t", trigger, "when=boom('x')")
        assert ours.error("insert into t values (1, '1 day')") == "boom"
        assert ours.value("select '1 day'::interval::text") == "P1D"
