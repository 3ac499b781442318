"""How pgq_ext gets into a database, who may use it, and what an upgrade or a dump leaves of its data."""
import subprocess

import psycopg2
import pytest

from support import install

TABLES = ["completed_batch", "completed_event", "completed_tick", "partial_batch"]


def everything_works(db):
    assert db.value("select pgq_ext.set_batch_done('mover', 5)") is True
    assert db.value("select pgq_ext.set_batch_done('mover', 5)") is False
    assert db.value("select pgq_ext.set_event_done('mover', 'left', 5, 1)") is True
    assert db.value("select pgq_ext.is_event_done('mover', 'left', 5, 1)") is True
    assert db.value("select pgq_ext.advance_tick('mover', 1, 2)") is True
    assert db.value("select pgq_ext.advance_tick('mover', 1, 2)") is False
    assert db.value("select pgq_ext.get_last_tick('mover')") == 2
    assert db.value("select pgq_ext.keep_retries('mover', '', 2, '{7,8}', '{0,60}')") == 2
    db.sql("select pgq_ext.keep_letter('mover', '', 2, 'type', 'data', null, null, null, 'story')")
    assert db.sql("select * from pgq_ext.kept_verdicts('mover', '', 2, 1, 10)") == [
        (2, 8, 60, None, None, None, None, None, None), (3, None, None, "type", "data", None, None, None, "story")]
    assert db.value("select pgq_ext.version()") == "4.0"
    assert db.value("select pgq_ext.upgrade_schema()") == 0


def contents(db):
    return {table: db.sql(f"select * from pgq_ext.{table} order by 1, 2") for table in TABLES}


def test_the_one_file_install_on_other_versions_and_without_pgq(any_version, make_db):
    db = make_db(any_version)
    install.install_one_file(db, "pgq_ext")
    everything_works(db)
    before = contents(db)
    install.install_one_file(db, "pgq_ext")
    assert contents(db) == before


def test_functions_with_the_owners_rights_pin_their_search_path(target):
    assert target.sql("select proname from pg_proc where pronamespace = 'pgq_ext'::regnamespace and prosecdef"
                      " and proconfig is distinct from '{\"search_path=pg_catalog, pg_temp\"}'") == []


def test_writers_may_and_the_public_may_not(target):
    def allowed(role):
        return {row[0] for row in target.sql(
            "select proname from pg_proc where pronamespace = 'pgq_ext'::regnamespace and has_function_privilege(%s, oid, 'execute')",
            role)}

    assert allowed("public") == allowed("pgq_reader") == {"version"}
    assert allowed("pgq_writer") == allowed("pgq_admin") == {
        "version", "upgrade_schema", "is_batch_done", "set_batch_done", "is_event_done", "set_event_done", "get_last_tick",
        "set_last_tick", "advance_tick", "keep_retries", "keep_letter", "kept_verdicts"}
    assert not any(target.value("select has_table_privilege('pgq_writer', %s, 'select, insert, update, delete')", f"pgq_ext.{table}")
                   for table in [*TABLES, "kept_verdict"])


def test_a_writer_works_with_nothing_but_its_role(target):
    session = target.connect()
    with session.cursor() as cursor:
        cursor.execute("set role pgq_writer")
        cursor.execute("select pgq_ext.set_batch_done('mover', 5), pgq_ext.set_event_done('mover', 5, 1),"
                       " pgq_ext.set_last_tick('mover', 5), pgq_ext.get_last_tick('mover')")
        assert cursor.fetchone() == (True, True, 1, 5)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("select * from pgq_ext.completed_batch")


def test_an_upgrade_keeps_what_was_done(server, make_db):
    db = make_db(server, "pgq", "pgq_ext")
    for name in ("'mover'", "'mover', 'left'"):
        db.sql(f"select pgq_ext.set_batch_done({name}, 5), pgq_ext.set_event_done({name}, 5, 1), pgq_ext.set_last_tick({name}, 5)")
    before = contents(db)
    as_in_3_3(db)

    db.sql("alter extension pgq_ext update")
    assert contents(db) == before
    assert db.value("select pgq_ext.set_batch_done('mover', 5)") is False
    assert db.value("select pgq_ext.set_event_done('mover', 'left', 5, 1)") is False
    assert db.value("select pgq_ext.advance_tick('mover', 5, 6)") is True
    assert db.value("select pgq_ext.version()") == "4.0"
    assert db.value("select has_function_privilege('public', 'pgq_ext.set_batch_done(text, bigint)', 'execute')") is False
    db.sql("drop extension pgq_ext")
    assert db.value("select to_regnamespace('pgq_ext')") is None


def as_in_3_3(db):
    """Makes the extension look as version 3.3 left it: none of what is new, no pinned search path, public rights."""
    for function in ("advance_tick(text, bigint, bigint)", "advance_tick(text, text, bigint, bigint)",
                     "keep_retries(text, text, bigint, bigint[], integer[])",
                     "keep_letter(text, text, bigint, text, text, text, text, text, text)",
                     "kept_verdicts(text, text, bigint, bigint, integer)"):
        db.sql(f"alter extension pgq_ext drop function pgq_ext.{function}")
        db.sql(f"drop function pgq_ext.{function}")
    db.sql("alter extension pgq_ext drop table pgq_ext.kept_verdict")
    db.sql("drop table pgq_ext.kept_verdict")
    db.sql("create or replace function pgq_ext.set_batch_done(a_consumer text, a_subconsumer text, a_batch_id bigint)"
           " returns boolean language plpgsql security definer as $$ begin return null; end $$")
    db.sql("grant execute on function pgq_ext.set_batch_done(text, bigint) to public")
    db.sql("update pg_extension set extversion = '3.3' where extname = 'pgq_ext'")
    assert db.value("select pgq_ext.set_batch_done('mover', 6)") is None


def test_tables_of_version_2_are_brought_up_to_date(server, make_db):
    db = make_db(server)
    db.sql("create schema pgq_ext")
    for table, columns, key in (
            ("completed_tick", "last_tick_id", "consumer_id"), ("completed_batch", "last_batch_id", "consumer_id"),
            ("completed_event", "batch_id bigint not null, event_id", "consumer_id, batch_id, event_id"),
            ("partial_batch", "cur_batch_id", "consumer_id")):
        db.sql(f"create table pgq_ext.{table} (consumer_id text not null, {columns} bigint not null, primary key ({key}))")
    db.sql("insert into pgq_ext.completed_batch values ('mover', 5)")
    db.sql("insert into pgq_ext.partial_batch values ('mover', 5)")
    db.sql("insert into pgq_ext.completed_event values ('mover', 5, 1)")

    install.install_one_file(db, "pgq_ext")
    assert db.value("select pgq_ext.is_batch_done('mover', 5)") is True
    assert db.value("select pgq_ext.set_event_done('mover', 5, 1)") is False
    assert db.value("select pgq_ext.set_batch_done('mover', 'left', 5)") is True
    assert db.value("select pgq_ext.set_event_done('mover', 'left', 5, 1)") is True
    assert db.value("select pgq_ext.upgrade_schema()") == 0


def test_a_missing_default_is_set(server, make_db):
    db = make_db(server, "pgq", "pgq_ext")
    for table in TABLES:
        db.sql(f"alter table pgq_ext.{table} alter subconsumer_id drop default")
    assert db.value("select pgq_ext.upgrade_schema()") == 4
    assert db.value("select pgq_ext.upgrade_schema()") == 0
    db.sql("insert into pgq_ext.completed_tick (consumer_id, last_tick_id) values ('mover', 3)")
    assert db.value("select pgq_ext.get_last_tick('mover')") == 3


def test_a_dump_holds_what_was_done(server, make_db):
    db, copy = make_db(server, "pgq", "pgq_ext"), make_db(server)
    db.sql("select pgq_ext.set_batch_done('mover', 5), pgq_ext.set_event_done('mover', 5, 1), pgq_ext.set_last_tick('mover', 5)")
    dump = subprocess.run([server.tree / "bin/pg_dump", "-d", db.conninfo], capture_output=True, text=True, check=True).stdout
    copy.psql(text=dump)
    assert contents(copy) == contents(db)
    assert copy.value("select pgq_ext.set_batch_done('mover', 5)") is False
