"""pg_dump and restore of a database with queues."""
import subprocess

import psycopg2.errors
import pytest

from lived_in import as_before, contents, fill, work_on
from test_batches import Schedule


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
    after = as_before(contents(copy), before)
    assert {table: after[table] for table in before if not table.startswith("pgq.")} == {
        table: rows for table, rows in before.items() if not table.startswith("pgq.")}


FAR = 900_000_000


def as_from_a_far_cluster(database):
    """All transaction ids become what they are in a cluster that has seen many more transactions."""
    def moved(snapshot):
        xmin, xmax, running = snapshot.split(":")
        return f"{int(xmin) + FAR}:{int(xmax) + FAR}:{','.join(str(int(xid) + FAR) for xid in running.split(',') if xid)}"

    for queue, tick, snapshot in database.sql("select tick_queue, tick_id, tick_snapshot::text from pgq.tick"):
        database.sql("update pgq.tick set tick_snapshot = %s where tick_queue = %s and tick_id = %s", moved(snapshot), queue, tick)
    database.sql("update pgq.event_template set ev_txid = ev_txid + %s", FAR)
    database.sql("update pgq.queue set queue_switch_step1 = queue_switch_step1 + %s, queue_switch_step2 = queue_switch_step2 + %s", FAR, FAR)


def drained(database):
    """Events of every batch that is left."""
    batches = []
    while batch := database.value("select pgq.next_batch('q', 'c')"):
        batches.append([int(row[0]) for row in database.sql("select ev_type from pgq.get_batch_events(%s)", batch)])
        database.sql("select pgq.finish_batch(%s)", batch)
    return batches


@pytest.mark.parametrize("seed", range(3))
def test_b5_queue_from_a_cluster_that_was_further_on(db, seed):
    """Overlapping transactions and ticks, then the move; what is left comes in the batches that it would have come in."""
    db.sql("select pgq.create_queue('q'), pgq.register_consumer('q', 'c')")
    run = Schedule(db, seed)
    run.consume = lambda: False
    run.burn = lambda: None
    run.run(200)
    # The last events lie behind the last tick.
    db.sql("select pgq.insert_event('q', '1001', ''), pgq.insert_event('q', '1002', '')")
    db.sql("select pgq.insert_event('q', '1003', '')")
    drained(db)
    position = db.value("select min(tick_id) from pgq.tick")
    db.sql("select pgq.register_consumer_at('q', 'c', %s)", position)
    expected = drained(db)
    db.sql("select pgq.register_consumer_at('q', 'c', %s)", position)

    as_from_a_far_cluster(db)
    with pytest.raises(psycopg2.errors.RaiseException, match="Invalid PgQ state"):
        db.sql("select pgq.ticker('q')")
    assert db.value("select pgq.rebase_queue('q')") == 1
    assert db.value("select pgq.rebase_queue('q')") == 0
    assert drained(db) == expected

    run.rotate()
    db.sql("select pgq.insert_event('q', '1004', '')")
    run.tick()
    run.rotate()
    assert drained(db) == [[1001, 1002, 1003, 1004]]
    tables = [db.value("select pgq.current_event_table('q')")]
    for _ in range(3):
        run.tick()
        drained(db)
        run.rotate()
        tables.append(db.value("select pgq.current_event_table('q')"))
    assert len(set(tables)) == 3


def test_b5_debians_stands_still(debian_db):
    debian_db.sql("select pgq.create_queue('q'), pgq.register_consumer('q', 'c')")
    debian_db.sql("select pgq.insert_event('q', '1', '')")
    as_from_a_far_cluster(debian_db)
    with pytest.raises(psycopg2.errors.RaiseException, match="Invalid PgQ state"):
        debian_db.sql("select pgq.ticker('q')")
    assert debian_db.value("select pgq.next_batch('q', 'c')") is None


def test_b5_is_not_for_queues_that_are_right(db):
    db.sql("select pgq.create_queue('q')")
    before = contents(db)
    assert db.value("select pgq.rebase_queue('q')") == 0
    assert contents(db) == before
    with pytest.raises(psycopg2.errors.RaiseException, match="No such event queue: none"):
        db.sql("select pgq.rebase_queue('none')")
