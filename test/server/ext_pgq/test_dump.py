"""pg_dump and restore of a database with queues."""
import subprocess

import psycopg2.errors
import pytest

from lived_in import contents, fill, work_on


@pytest.fixture(params=["ours", "debian"])
def either(request):
    database = request.getfixturevalue("db" if request.param == "ours" else "debian_db")
    database.mended = request.param == "ours"
    return database


def restored(database, make_db, server=None):
    """A copy of the database, by pg_dump and psql, on its own server or on another."""
    server = server or database.server
    dump = subprocess.run([database.server.tree / "bin/pg_dump", "-d", database.conninfo], capture_output=True, text=True, check=True)
    copy = make_db(server)
    copy.psql(text=dump.stdout)
    return copy


def test_b6_numbers_go_on_after_a_restore(either, make_db):
    fill(either)
    copy = restored(either, make_db)
    if either.mended:
        assert copy.value("select pgq.create_queue('later')") == 1
        assert copy.value("select pgq.register_consumer('later', 'another')") == 1
        assert copy.value("select count(*) from pgq.get_consumer_info()") == 4
    else:
        with pytest.raises(psycopg2.errors.UniqueViolation, match="queue_pkey"):
            copy.sql("select pgq.create_queue('later')")
        with pytest.raises(psycopg2.errors.UniqueViolation, match="consumer_pkey"):
            copy.sql("select pgq.register_consumer('q', 'another')")


def test_restore_keeps_everything(db, make_db):
    fill(db)
    before = contents(db)
    copy = restored(db, make_db)
    assert contents(copy) == before
    work_on(copy)


def test_dump_of_debians_version_restores_into_ours(debian_db, server, make_db):
    """The cluster here is older than the dump's, or younger: only the rows are looked at."""
    fill(debian_db)
    before = contents(debian_db)
    copy = restored(debian_db, make_db, server)
    assert copy.value("select pgq.version()") == "4.0"
    after = contents(copy)
    assert {table: after[table] for table in before if not table.startswith("pgq.")} == {
        table: rows for table, rows in before.items() if not table.startswith("pgq.")}
