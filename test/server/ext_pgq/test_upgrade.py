"""Databases made with Debian's PgQ 3.5 and brought to this version: nothing is lost, what was open goes on."""
import shutil

import psycopg2.errors
import pytest

from lived_in import as_before, contents, fill, work_on
from test_faults import rotate
from support.database import Database
from support.server import Server, scratch_folder, tree


def catalogue(database):
    """Functions, rights, options: what has to be the same however the version was reached."""
    return [
        database.sql("select p.oid::regprocedure::text, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), prosrc, probin,"
                     " prosecdef, provolatile, proisstrict, array(select unnest(proconfig) order by 1),"
                     " array(select unnest(proacl)::text order by 1)"
                     " from pg_proc p where pronamespace = 'pgq'::regnamespace order by 1"),
        database.sql("select relname, relkind, array(select unnest(reloptions) order by 1), array(select unnest(relacl)::text order by 1)"
                     " from pg_class where relnamespace = 'pgq'::regnamespace and relname not like 'event\\_%' order by 1"),
        database.sql("select unnest(extconfig)::regclass::text from pg_extension where extname = 'pgq' order by 1"),
        database.sql("select pg_describe_object(classid, objid, 0) from pg_depend where refclassid = 'pg_extension'::regclass"
                     " and refobjid = (select oid from pg_extension where extname = 'pgq') and deptype = 'e' order by 1"),
    ]


def as_installed(_):
    """3.5 as it is. 3.5.1 and 3.5.2 brought support for newer servers and nothing else: no table and no function differs."""


def from_long_ago(database):
    """What remains in a database that was made with 2.x and upgraded since: old ticks without a number of events, an event table that
    nobody tuned; and a queue of more tables than usual."""
    database.sql("alter table pgq.tick alter tick_event_seq drop not null")
    database.sql("update pgq.tick set tick_event_seq = null where tick_id = 1")
    database.sql("alter table pgq.event_1_0 reset (fillfactor, autovacuum_enabled, toast.autovacuum_enabled)")
    database.sql("alter table pgq.queue alter queue_ntables set default 5")
    database.sql("select pgq.create_queue('five')")
    database.sql("alter table pgq.queue alter queue_ntables set default 3")


def tables_in_turn(database, queue):
    """Which tables six rotations lead to."""
    numbers = []
    for _ in range(6):
        rotate(database, queue)
        numbers += [row[0] for row in database.sql("select queue_cur_table from pgq.queue where queue_name = %s", queue)]
    return numbers


PASTS = {"3.5": as_installed, "3.5.1": as_installed, "3.5.2": as_installed, "3.5 long ago": from_long_ago}


@pytest.fixture
def moved():
    """A server of Debian's tree; `.to_ours()` stops it and starts ours on the same data, as an upgrade of the package does."""
    folder = scratch_folder()
    server = Server(tree("tree-debian"), folder)

    def to_ours():
        server.stop()
        server.tree = tree("tree")
        server.start()

    server.to_ours = to_ours
    try:
        yield server.start()
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def test_upgrade_keeps_everything(moved):
    before = {}
    for name, past in PASTS.items():
        moved.execute(f'create database "{name}"')
        database = Database(moved, name)
        database.sql("create extension pgq")
        database.sql("update pg_extension set extversion = %s where extname = 'pgq'", name.split()[0])
        fill(database)
        past(database)
        before[name] = contents(database)
        database.close()
    moved.to_ours()

    moved.execute("create database fresh")
    fresh = Database(moved, "fresh")
    fresh.sql("create extension pgq")
    for name, past in PASTS.items():
        database = Database(moved, name)
        # The old definitions run on the new libraries already: the time between the packages' upgrade and the extension's.
        assert database.value("select pgq.version()") == name.split()[0]
        database.sql("begin")
        assert database.value("select pgq.insert_event('q', 'between', 'x')") is not None
        database.sql("insert into captured values (99, 'between')")
        database.sql("rollback")
        before[name]["pgq.event_1_id_seq"] = database.sql("select last_value, is_called from pgq.event_1_id_seq")

        database.sql("alter extension pgq update")
        assert database.value("select pgq.version()") == "4.0"
        assert as_before(contents(database), before[name]) == before[name]
        assert catalogue(database) == catalogue(fresh)
        work_on(database)
        if past is from_long_ago:
            assert tables_in_turn(database, "five") == [1, 2, 3, 4, 0, 1]
        database.close()
    fresh.close()


def test_upgraded_database_can_be_dumped_and_dropped(moved):
    moved.execute("create database old")
    database = Database(moved, "old")
    database.sql("create extension pgq")
    fill(database)
    database.close()
    moved.to_ours()
    database.sql("alter extension pgq update")
    with pytest.raises(psycopg2.errors.DependentObjectsStillExist):
        database.sql("drop extension pgq")
    for queue in ("q", "external", "empty"):
        database.sql("select pgq.drop_queue(%s, true)", queue)
    database.sql("drop table captured")
    database.sql("drop extension pgq")
    assert database.value("select to_regnamespace('pgq')") is None
    database.close()
