"""The install without C, on every PostgreSQL version that we have: it answers and writes what the extension with C does."""
import psycopg2
import pytest

from test_batches import Schedule, walk
from test_errors import answers

# Differences that have to be: what only C can be asked for.
ONLY_WITH_C = {"select pgq.jsontriga()"}

TYPES = {
    "integer": ["1", "-5"], "bigint": ["9223372036854775807"], "smallint": ["-7"], "numeric": ["1.50", "'NaN'"], "real": ["1.1"],
    "double precision": ["0.1", "1e300", "'-Infinity'"], "boolean": ["true", "false"],
    "text": ["''", "'a b+c'", "'it''s'", "E'back\\\\slash'", "E'tab\\tline\\n\\x07'", "'ünï ✓ 😀'", "'a=1&b=2%20-_.~'", "'\"q\"'"],
    "char(5)": ["'ab'"], "varchar(10)": ["'abc'"], "bytea": ["'\\x00ff'"], "date": ["'2020-01-31'", "'infinity'"],
    "timestamp": ["'2020-01-31 23:59:59.1'", "'-infinity'"], "timestamptz": ["'2020-01-31 23:59:59.123456+02'"],
    "time": ["'12:34:56.789'"], "interval": ["'1 year 2 days 04:05:06.7'"], "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
    "json": ["'{\"a\": [1, \"x\\\"y\"]}'"], "jsonb": ["'{\"b\": 2}'"], "inet": ["'192.168.0.1/24'"], "point": ["'(1,2.5)'"],
    "int4range": ["'[1,5)'"], "integer[]": ["'{1,2,null}'"], "text[]": ["array['a b', null]"], "mood": ["'sad & mad'"],
    "positive": ["5"], "yes": ["true"], "pair": ["row(1, 'x y')"], "regclass": ["'some_table'"],
}

TABLES = """
set datestyle = 'German, DMY'; set timezone = 'Asia/Tokyo'; set intervalstyle = 'iso_8601'; set bytea_output = 'escape';
set extra_float_digits = 0; set quote_all_identifiers = on;
create table some_table (id integer);
create type mood as enum ('happy', 'sad & mad');
create domain positive as integer check (value > 0);
create domain yes as boolean;
create type pair as (a integer, b text);
create table two_keys (b text, "Odd ""Name"" %" integer, a integer, v numeric, primary key (a, b));
create table no_key (v text, w text);
create table computed (id integer primary key, v integer, twice integer generated always as (v * 2) stored,
                       always integer generated always as identity);
create table magic (id integer primary key, v text, _pgq_ev_type text, _pgq_ev_extra3 integer);
create table bad_magic (id integer primary key, _pgq_ev_none text);
create schema "Sche.ma";
create table "Sche.ma"."Ta ble" ("select" integer primary key, "Col" text);
create table parent (id integer primary key, v text) partition by range (id);
create table leaf partition of parent for values from (0) to (100);
create table included (id integer, v text, w text, primary key (id) include (v));
"""

CHANGES = {
    "two_keys": [
        "insert into two_keys values ('x y', 1, 1, 1.0), ('z', null, 2, null)", "update two_keys set v = 1.00 where a = 1",
        'update two_keys set v = 2, "Odd ""Name"" %" = 7', "update two_keys set v = v", "update two_keys set b = 'new' where a = 1",
        "delete from two_keys", "truncate two_keys"],
    "no_key": ["insert into no_key values ('a', null)", "update no_key set w = 'b'", "delete from no_key"],
    "computed": ["insert into computed (id, v) values (1, 1)", "update computed set v = 3", "update computed set v = v", "delete from computed"],
    "magic": ["insert into magic values (1, 'x', 'own type', 5)", "update magic set v = 'y', _pgq_ev_type = null",
              "update magic set _pgq_ev_type = 'changed'", "delete from magic"],
    "bad_magic": ["insert into bad_magic values (1, 'x')"],
    '"Sche.ma"."Ta ble"': ["insert into \"Sche.ma\".\"Ta ble\" values (1, 'x')", "update \"Sche.ma\".\"Ta ble\" set \"Col\" = 'y'",
                          'delete from "Sche.ma"."Ta ble"'],
    "parent": ["insert into parent values (1, 'x')", "update parent set v = 'y'", "delete from parent"],
    "included": ["insert into included values (1, 'x', 'y')", "update included set v = 'z'", "delete from included"],
}

# Arguments, and the tables that tell most about them.
ARGUMENTS = [
    ([], None), (["backup"], "two_keys"), (["ignore=v"], "two_keys magic"), (["ignore=v, a"], "two_keys"), (["pkey=b"], "two_keys no_key"),
    (["pkey=a, b"], "two_keys"), (["pkey=b,"], "two_keys"), (["pkey=none"], "two_keys"), (["pkey="], "two_keys"),
    (['pkey="a",b'], "two_keys"), (["pkey_update"], "two_keys"), (["pkey_update", "backup"], "two_keys"), (["publish_root"], "parent"),
    (["deny"], "no_key parent"), (["SKIP"], "no_key"), (["skip"], "no_key"), (["bad"], "no_key"), (["when=v is not null"], "no_key"),
    (["when=null::boolean"], "no_key"), (["when=1"], "no_key"), (["when=false", "ev_type='t'||1"], "no_key"),
    (["ev_data=v", "ev_extra1=null", "ev_extra4=now() > '2000-01-01'"], "two_keys magic"), (["ev_extra2=1/0", "when=false"], "included"),
    (["ignore=v", "pkey=id", "backup", "ev_extra3='x'"], "parent"), (["when=new.v is distinct from old.v"], "included"),
]


def events(cursor):
    cursor.execute("select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_template order by ev_id")
    rows = cursor.fetchall()
    cursor.execute("delete from pgq.event_template")
    return rows


def every_type(database):
    """A table with a column of each type, changed under settings that must not matter."""
    rows = max(map(len, TYPES.values()))
    with database.connect().cursor() as cursor:
        cursor.execute(TABLES)
        cursor.execute("create table wide (id integer primary key, " + ", ".join(f"v{n} {kind}" for n, kind in enumerate(TYPES)) + ")")
        for trigger in ("jsontriga", "logutriga", "sqltriga"):
            cursor.execute(f"create trigger {trigger} after insert or update or delete on wide for each row"
                           f" execute function pgq.{trigger}('q', 'backup')")
        for row in range(rows):
            values = [given[row] if row < len(given) else "null" for given in TYPES.values()]
            cursor.execute(f"insert into wide values ({row}, {', '.join(values)})")
        # Each row takes over the values of the next: some columns change, some become null, some stay.
        columns = ", ".join(f"v{n}" for n in range(len(TYPES)))
        cursor.execute(f"update wide set ({columns}) = (select {columns} from wide n where n.id = wide.id + 1)")
        cursor.execute("update wide set v0 = v0")
        cursor.execute("delete from wide")
        return events(cursor)


def every_argument(database):
    """What each statement of CHANGES writes, or its error, for each trigger with each set of arguments."""
    written = []
    with database.connect().cursor() as cursor:
        cursor.execute(TABLES)
        for arguments, tables in ARGUMENTS:
            words = ", ".join("'" + word.replace("'", "''") + "'" for word in ["q", *arguments])
            for table in tables.split() if tables else CHANGES:
                for trigger in ("jsontriga", "logutriga", "sqltriga"):
                    cursor.execute(f"create trigger capture after insert or update or delete on {table} for each row"
                                   f" execute function pgq.{trigger}({words})")
                    if table == "two_keys":
                        cursor.execute("create trigger emptied after truncate on two_keys for each statement"
                                       f" execute function pgq.{trigger}({words})")
                    for statement in CHANGES[table]:
                        try:
                            cursor.execute(statement)
                            outcome = "done"
                        except psycopg2.Error as error:
                            outcome = (error.pgcode, error.diag.message_primary)
                        # In which order a statement meets its rows depends on what a vacuum has done meanwhile.
                        written.append((arguments, trigger, statement, outcome, sorted(events(cursor), key=repr)))
                    cursor.execute(f"drop trigger capture on {table}; drop trigger if exists emptied on {table}; delete from {table}")
    return written


def differences(ours, theirs):
    assert len(ours) == len(theirs)
    return "\n".join(f"without C: {mine}\nwith C:    {other}" for mine, other in zip(ours, theirs) if mine != other)


@pytest.fixture
def pair(any_version_db, db):
    """Without C, and with C."""
    return any_version_db, db


def test_version(any_version_db):
    assert any_version_db.value("select pgq.version()") == "4.0"


def test_answers(pair):
    without, with_c = ([answer for answer in answers(database) if answer[0] not in ONLY_WITH_C] for database in pair)
    assert not differences(without, with_c)


def test_positions_sizes_and_retries(pair):
    without, with_c = map(walk, pair)
    assert not differences(without, with_c)


def test_every_event_comes_once(any_version_db):
    any_version_db.sql("select pgq.create_queue('q')")
    any_version_db.sql("select pgq.register_consumer('q', 'c')")
    run = Schedule(any_version_db, 1).run(120)
    assert sorted(event for batch in run.batches for event in batch) == sorted(run.committed)


def test_triggers_write_every_type_alike(pair):
    for database in pair:
        database.sql("select pgq.create_queue('q')")
    assert not differences(*map(every_type, pair))


@pytest.fixture
def pair_here(server, make_db):
    """The same on one server: what a version of PostgreSQL cannot alter."""
    return make_db(server, "pgq", one_file=True), make_db(server, "pgq")


def test_triggers_take_every_argument_alike(pair_here):
    for database in pair_here:
        database.sql("select pgq.create_queue('q')")
    assert not differences(*map(every_argument, pair_here))


def test_install_with_c_in_one_file(server, make_db):
    database = make_db(server)
    database.psql("-1", "-f", server.tree / "share/contrib/pgq.sql")
    assert database.value("select pgq.version()") == "4.0"
    assert database.value("select pgq.create_queue('q')") == 1
    assert database.value("select pgq.insert_events('q', '{a,b}', '{c,d}')") == [1, 2]
    assert database.value("select prosrc from pg_proc where oid = 'pgq.logutriga'::regproc") == "pgq_logutriga"


def test_failed_install_leaves_nothing(server, make_db):
    database = make_db(server)
    database.sql("create schema pgq")
    script = server.tree / "share/contrib/pgq_pl_only.sql"
    database.psql("-v", "ON_ERROR_STOP=0", "-f", script, check=False)
    assert database.value("select count(*) from pg_proc where pronamespace = 'pgq'::regnamespace") == 0
