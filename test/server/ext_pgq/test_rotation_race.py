"""B2: a writer has looked which table takes the events, and before it writes that table is rotated away.

The writer is held in between by a lock on the table. Its transaction has no id before it writes, unless it took one before it looked; and
an event whose id is later than the rotation, in the table from before it, is in no batch.
"""
import functools

import pytest

from test_faults import consume, either, in_background, rotate, tick, wait_for_lock  # noqa: F401 (fixtures)

CURRENT = "pgq.event_1_0"

# A row trigger that fires before its row is written: nothing else has given an id to the transaction.
TABLE = """
create table t (id integer primary key, v text);
create trigger capture before insert on t for each row execute function pgq.{}('q', 'ev_type=''late''')"""

# What Debian's extension has too.
COMMON = {
    "insert_event of 3": "select pgq.insert_event('q', 'late', 'data')",
    "insert_event of 7": "select pgq.insert_event('q', 'late', 'data', '1', '2', '3', '4')",
    "insert_event_raw": "select pgq.insert_event_raw('q', null, now(), null, null, 'late', 'data', null, null, null, null)",
    "jsontriga": "insert into t values (1, 'x')",
    "logutriga": "insert into t values (1, 'x')",
    "sqltriga": "insert into t values (1, 'x')",
    "retry": "select pgq.maint_retry_events()",
}
OURS = {
    "insert_events": "select pgq.insert_events('q', '{late}', '{data}')",
    "insert_event_once": "select pgq.insert_event_once('q', 'key', '1 hour', 'late', 'data')",
    "delayed": "select pgq.maint_delayed_events()",
}


def prepare(database, way):
    """What has to be there before the writer comes."""
    if way.endswith("triga"):
        database.sql(TABLE.format(way))
    if way == "retry":
        database.sql("select pgq.event_retry_raw('q', 'c', now() - interval '1 second', 1, now(), 1, 'late', 'd', null, null, null, null)")
    if way == "delayed":
        database.sql("select pgq.insert_event_after('q', now() - interval '1 second', 'late', 'data')")


def rotated(database):
    """Tries a rotation; a transaction of anybody that is older than the queue holds it up. It empties another table than the current."""
    tick(database)
    assert consume(database) == []
    rotate(database)
    return database.value("select queue_cur_table from pgq.queue") == 1


@pytest.fixture
def delivered_of(wait_for_lock, wait_until):  # noqa: F811
    return functools.partial(overtaken, wait_for_lock=wait_for_lock, wait_until=wait_until)


def overtaken(database, writer, statement, wait_for_lock, wait_until):  # noqa: F811
    """What a consumer gets of a statement that a rotation has overtaken."""
    database.sql("set statement_timeout = '30s'")
    tick(database)
    assert consume(database) == []
    # The first number after a tick is logged, which gives an id to the transaction that takes it; most are not.
    database.sql("select nextval('pgq.event_1_id_seq')")
    holder = database.connect(autocommit=False)
    holder.cursor().execute(f"lock table {CURRENT} in share mode")
    written = in_background(lambda: writer.cursor().execute(statement))
    wait_for_lock(database, writer)
    wait_until(lambda: rotated(database), what="a rotation")
    tick(database)
    assert consume(database) == []
    holder.rollback()
    written()
    tick(database)
    return consume(database)


@pytest.mark.parametrize("way", COMMON)
def test_b2_the_common_ways(either, way, delivered_of):  # noqa: F811
    either.sql("select pgq.register_consumer('q', 'c')")
    prepare(either, way)
    assert delivered_of(either, either.connect(), COMMON[way]) == (["late"] if either.mended else [])


@pytest.mark.parametrize("way", OURS)
def test_b2_our_own_ways(db, way, delivered_of):  # noqa: F811
    db.sql("select pgq.create_queue('q'), pgq.register_consumer('q', 'c')")
    prepare(db, way)
    assert delivered_of(db, db.connect(), OURS[way]) == ["late"]


@pytest.mark.parametrize("way", ["insert_event of 7", "logutriga", *OURS])
def test_b2_without_c(server, make_db, way, delivered_of):  # noqa: F811
    database = make_db(server, "pgq", one_file=True)
    database.sql("select pgq.create_queue('q'), pgq.register_consumer('q', 'c')")
    prepare(database, way)
    assert delivered_of(database, database.connect(), {**COMMON, **OURS}[way]) == ["late"]


def test_b2_writers_to_the_table(either, delivered_of):  # noqa: F811
    """As python-pgq and COPY do it: first the name, then, in the same transaction, the rows."""
    either.sql("select pgq.register_consumer('q', 'c')")
    writer = either.connect(autocommit=False)
    with writer.cursor() as cursor:
        cursor.execute("select pgq.current_event_table('q')")
        assert cursor.fetchone() == (CURRENT,)
    found = delivered_of(either, writer, f"copy {CURRENT} (ev_time, ev_type) from program 'printf \"2020-01-01\\tlate\\n\"'; commit")
    assert found == (["late"] if either.mended else [])
