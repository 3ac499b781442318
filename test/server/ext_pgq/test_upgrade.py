"""Databases made with Debian's PgQ 3.5 and brought to this version: nothing is lost, what was open goes on."""
import shutil

import psycopg2.errors
import pytest

from lived_in import as_before, contents, fill, work_on
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
    versions = ("3.5", "3.5.1", "3.5.2")
    before = {}
    for version in versions:
        moved.execute(f'create database "{version}"')
        database = Database(moved, version)
        database.sql("create extension pgq")
        # The later ones have the tables of 3.5.
        database.sql("update pg_extension set extversion = %s where extname = 'pgq'", version)
        fill(database)
        before[version] = contents(database)
        database.close()
    moved.to_ours()

    moved.execute("create database fresh")
    fresh = Database(moved, "fresh")
    fresh.sql("create extension pgq")
    for version in versions:
        database = Database(moved, version)
        # The old definitions run on the new libraries already: the time between the packages' upgrade and the extension's.
        assert database.value("select pgq.version()") == version
        database.sql("begin")
        assert database.value("select pgq.insert_event('q', 'between', 'x')") is not None
        database.sql("insert into captured values (99, 'between')")
        database.sql("rollback")
        before[version]["pgq.event_1_id_seq"] = database.sql("select last_value, is_called from pgq.event_1_id_seq")

        database.sql("alter extension pgq update")
        assert database.value("select pgq.version()") == "4.0"
        assert as_before(contents(database), before[version]) == before[version]
        assert catalogue(database) == catalogue(fresh)
        work_on(database)
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
