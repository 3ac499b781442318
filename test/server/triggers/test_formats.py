"""What the triggers write, compared with Debian's byte by byte: every type, value and name that Debian's got right."""
import pytest

TRIGGERS = ("logutriga", "jsontriga", "sqltriga")

# By type, values as SQL expressions. Text must survive each of the three encodings.
VALUES = {
    "smallint": ["0", "-32768", "32767"],
    "integer": ["0", "-1", "2147483647", "-2147483648"],
    "bigint": ["0", "9223372036854775807", "-9223372036854775808"],
    "numeric": ["0", "1.50", "-123456789012345678901234567890.0987654321", "'NaN'", "1e20"],
    "real": ["0", "1.1", "-1e30", "1e-30", "'NaN'", "'Infinity'", "'-Infinity'", "-0.0"],
    "double precision": ["0", "0.1", "1e300", "-1e-300", "'NaN'", "'-Infinity'", "123456789.123456789", "1e15", "1e16"],
    "boolean": ["true", "false"],
    "text": ["''", "'plain'", "'a b+c'", "'it''s'", "E'back\\\\slash'", "E'tab\\tline\\nreturn\\rbell\\x07\\x1f\\x7f'", "'ünïcödé ✓ 漢字 😀'",
             "'a=1&b=2%20'", "'\"quoted\"'", "'[1,2]{}'", "'-_.~!*()/:@'", "repeat('x', 5000)", "repeat('é \"', 3000)",
             "E'\\b\\f'", "'null'", "'NULL'", "'  padded  '"],
    "varchar(10)": ["'abc'", "''"],
    "char(5)": ["'ab'", "'abcde'", "''"],
    "name": ["'some_name'"],
    '"char"': ["'x'"],
    "bytea": ["''", "'\\x00ff'", "decode(repeat('ab', 3000), 'hex')"],
    "date": ["'2020-01-31'", "'0001-01-01 BC'", "'infinity'", "'-infinity'", "'5874897-12-31'"],
    "timestamp": ["'2020-01-31 23:59:59.123456'", "'2020-01-31'", "'2020-01-31 10:00:00.1'", "'0044-03-15 12:00 BC'", "'infinity'",
                  "'-infinity'", "'294276-12-31 23:59:59.999999'", "'1999-12-31 00:00:00.000001'"],
    "timestamptz": ["'2020-01-31 23:59:59.123456+02'", "'1900-01-01 00:00:00+00'", "'0044-03-15 12:00+00 BC'", "'infinity'",
                    "'-infinity'", "'2020-06-30 12:00:00-07:30'"],
    "time": ["'12:34:56.789'", "'24:00'"],
    "timetz": ["'12:34:56+02'"],
    "interval": ["'1 year 2 months 3 days 04:05:06.7'", "'-1 day'", "'0'"],
    "uuid": ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"],
    "json": ["'{\"a\": [1, \"x\\\"y\"]}'", "'null'", "' 1 '"],
    "jsonb": ["'{\"b\": 2, \"a\": \"x\\\\y\"}'"],
    "xml": ["'<a>b &amp; c</a>'"],
    "inet": ["'192.168.0.1/24'", "'::1'"],
    "macaddr": ["'08:00:2b:01:02:03'"],
    "money": ["'1.50'"],
    "bit(4)": ["B'1010'"],
    "varbit": ["B'101'"],
    "point": ["'(1,2.5)'"],
    "box": ["'(1,2),(3,4)'"],
    "tsvector": ["'a:1 b:2'"],
    "int4range": ["'[1,5)'"],
    "tstzrange": ["'[2020-01-01 00:00+00,2021-01-01 00:00+00)'"],
    "oid": ["4294967295"],
    "regclass": ["'some_table'", "'pg_class'"],
    "integer[]": ["'{1,2,null}'", "'{}'", "'{{1,2},{3,4}}'"],
    "text[]": ["array['a b', 'c\"d', null, 'e,f']"],
    "timestamptz[]": ["array['2020-01-01 00:00+00'::timestamptz]"],
    "mood": ["'happy'", "'sad & mad'"],
    "positive": ["5"],
    "yes": ["true"],
    "day": ["'2020-02-29'"],
    "pair": ["row(1, 'x y')"],
}

TYPES = """
create table some_table (id integer);
create type mood as enum ('happy', 'sad & mad');
create domain positive as integer check (value > 0);
create domain yes as boolean;
create domain day as date;
create type pair as (a integer, b text);
"""


def all_types(capture):
    """One table for each type, each value inserted, updated to the next one, backed up and deleted."""
    capture.sql(TYPES)
    script = []
    for number, (kind, values) in enumerate(VALUES.items()):
        table = f"t{number}"
        script.append(f"create table {table} (id integer primary key, v {kind}, w {kind});")
        for trigger in TRIGGERS:
            script.append(f"create trigger {trigger} after insert or update or delete on {table}"
                          f" for each row execute function pgq.{trigger}('q', 'backup');")
        for row, value in enumerate(values):
            script.append(f"insert into {table} values ({row}, {value}, null);")
        script.append(f"update {table} set w = v; update {table} set w = v; update {table} set v = null; delete from {table};")
    capture.sql("\n".join(script))
    return capture.events()


def readable(events):
    """regclass is the one type that ours writes so that it can be read under any search path."""
    return [tuple(field and field.replace("public.some_table", "some_table") for field in event) for event in events]


def test_every_type_is_written_as_debians_triggers_write_it(both):
    mine, theirs = map(all_types, both)
    assert len(mine) > 1000
    for one, other in zip(readable(mine), theirs):
        assert one == other
    assert len(mine) == len(theirs)


NAMES = ['"Mixed Case"', '"select"', '"naïve"', '"a&b=c%"', '"with ""quotes"""', '"back\\slash"', '"_under"', '"9nine"', '"user"', '"a-b"']


def odd_names(capture):
    events = []
    for table in NAMES:
        capture.sql(f"create table {table} ({', '.join(name + ' text' for name in NAMES)}, primary key ({NAMES[0]}, {NAMES[4]}))")
        for trigger in TRIGGERS:
            capture.trigger(table, trigger, name=trigger)
        values = ", ".join(f"'v{number}'" for number in range(len(NAMES)))
        events += capture.after(f"insert into {table} values ({values})", f"update {table} set {NAMES[1]} = null",
                                f"update {table} set {NAMES[1]} = null", f"delete from {table}")
    return events


def test_odd_names_are_written_as_debians_triggers_write_them(both):
    mine, theirs = map(odd_names, both)
    assert mine == theirs
    assert len(mine) == 4 * 3 * len(NAMES)


def row_shapes(capture):
    """Dropped and added columns, composite keys in another order than the columns, no key, one column, many columns."""
    capture.sql("""
        create table dropped (a integer, b text, c integer primary key, d text default 'dd');
        alter table dropped drop column b;
        insert into dropped values (1, 2, 'old');
        alter table dropped add column e text default 'added later';
        create table composite (x integer, y text, z integer, v text, primary key (z, y));
        create table keyless (a integer, b text);
        create table lonely (a integer primary key);
        create table empty_key (a integer, b integer);
    """)
    capture.sql("create table wide (id integer primary key, " + ", ".join(f"c{i} integer" for i in range(300)) + ")")
    events = []
    for trigger in TRIGGERS:
        capture.trigger("dropped", trigger)
        capture.trigger("composite", trigger, "backup")
        capture.trigger("keyless", trigger, events="insert")
        capture.trigger("lonely", trigger)
        capture.trigger("wide", trigger)
        events += capture.after(
            "update dropped set a = a + 1 where c = 2", "insert into dropped values (3, 4)", "delete from dropped where c = 4",
            "insert into composite values (1, 'y y', 3, 'v'), (2, 'o''y', 4, null)", "update composite set v = 'w', x = x",
            "delete from composite", "insert into keyless values (1, null)", "insert into lonely values (1)", "update lonely set a = a",
            "delete from lonely", "insert into wide (id, c17) values (1, 2)", "update wide set c299 = 5", "delete from wide")
    return events


def test_rows_of_every_shape_are_written_as_debians_triggers_write_them(both):
    mine, theirs = map(row_shapes, both)
    assert mine == theirs


def large_values(capture):
    """Values that are compressed, stored apart, and moved around unread."""
    capture.sql("""
        create table large (id integer primary key, packed text, apart text, bytes bytea, note text);
        alter table large alter column apart set storage external;
    """)
    for trigger in TRIGGERS:
        capture.trigger("large", trigger, "backup", name=trigger)
    return capture.after(
        "insert into large values (1, repeat('long text ', 20000), (select string_agg(md5(i::text), ' ') from generate_series(1, 3000) i),"
        " decode(repeat('00ff', 20000), 'hex'), 'n')",
        "update large set note = 'm'", "update large set apart = apart || ' '", "delete from large")


def test_large_values_are_written_as_debians_triggers_write_them(both):
    mine, theirs = map(large_values, both)
    assert [list(map(len, filter(None, event))) for event in mine] == [list(map(len, filter(None, event))) for event in theirs]
    assert mine == theirs


def other_timing(capture):
    """BEFORE triggers, TRUNCATE, ON CONFLICT, COPY, a row changed by two triggers."""
    capture.sql("create table t (id integer primary key, v text)")
    events = []
    for trigger in TRIGGERS:
        capture.trigger("t", trigger, when="before")
        events += capture.after("insert into t values (1, 'a')", "update t set v = 'b'",
                                "insert into t values (1, 'c') on conflict (id) do update set v = excluded.v",
                                "insert into t values (1, 'c') on conflict do nothing", "delete from t")
        events.append(capture.sql("select count(*) from t"))
        capture.trigger("t", trigger, "SKIP", when="before")
        events += capture.after("insert into t values (1, 'a')")
        events.append(capture.sql("select count(*) from t"))
        capture.sql("drop trigger capture on t")
        capture.trigger("t", trigger, events="truncate", level="statement", when="before")
        events += capture.after("truncate t")
        capture.trigger("t", trigger, "SKIP", events="truncate", level="statement", when="before")
        events += capture.after("insert into t values (5, 'x')", "truncate t")
        events.append(capture.sql("select count(*) from t"))
        capture.sql("drop trigger capture on t")
    return events


def test_timing_and_truncate_are_as_with_debians_triggers(both):
    mine, theirs = map(other_timing, both)
    assert mine == theirs


@pytest.mark.parametrize("encoding", ["LATIN1", "EUC_JP"])
def test_other_server_encodings_are_written_as_debians_triggers_write_them(server, debian_server, encoding):
    def events(at):
        name = f"in_{encoding.lower()}"
        at.execute(f"create database {name} encoding '{encoding}' locale 'C' template template0")
        try:
            connection = at.connect(name)
            connection.set_client_encoding("UTF8")
            with connection.cursor() as cursor:
                cursor.execute("create extension pgq; select pgq.create_queue('q');"
                               " create table t (id text primary key, v text)")
                for trigger in TRIGGERS:
                    cursor.execute(f"create trigger {trigger} after insert or update on t for each row"
                                   f" execute function pgq.{trigger}('q')")
                word = "é ü \\ '" if encoding == "LATIN1" else "日本 \\ '"
                cursor.execute("insert into t values (%s, %s)", (word, word))
                cursor.execute("select ev_type, ev_data from pgq.event_template order by ev_id")
                rows = cursor.fetchall()
            connection.close()
            return rows
        finally:
            at.execute(f"drop database {name} with (force)")

    assert events(server) == events(debian_server)
