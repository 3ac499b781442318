"""Somebody keeps a transaction open for long, and VACUUM can free nothing: consumers do not pay for it."""
import psycopg2.errors
import psycopg2.extensions
import pytest


def hold(database, **more):
    """A transaction with a snapshot, and with the id that makes VACUUM keep everything younger."""
    connection = database.connect(autocommit=False, **more)
    connection.set_session(isolation_level=psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ)
    connection.cursor().execute("select txid_current()")
    return connection


def work(database, batches):
    for _ in range(batches):
        database.sql("select pgq.force_tick('q')")
        database.sql("select pgq.ticker('q')")
        database.sql("select pgq.finish_batch(pgq.next_batch('q', 'c'))")


def test_old_versions_of_subscriptions_are_freed(db, wait_until):
    def pages():
        return db.value("select pg_relation_size('pgq.subscription') / current_setting('block_size')::int")

    db.sql("select pgq.create_queue('q'), pgq.register_consumer('q', 'c')")
    db.sql("update pgq.queue set queue_switch_time = '2000-01-01'")
    dump, *others = hold(db, application_name="pg_dump"), hold(db), hold(db)
    wait_until(lambda: db.value("select min(clock_timestamp() - xact_start) > '6 s' from pg_stat_activity"
                                " where datname = current_database() and backend_xmin is not null and pid <> pg_backend_pid()"),
               what="transactions that are old enough")

    # Never under a dump, which may not have come to lock the table yet.
    work(db, 200)
    before = pages()
    assert before > 1
    dump.rollback()
    kept = db.sql("select * from pgq.subscription")
    # Autovacuum may have the table just now.
    wait_until(lambda: work(db, 1) or pages() < before, what="a smaller pgq.subscription")
    assert pages() == 1
    assert [row[:3] for row in db.sql("select * from pgq.subscription")] == [row[:3] for row in kept]
    work(db, 5)
    assert db.value("select last_tick from pgq.get_consumer_info('q', 'c')") == db.value("select last_tick_id from pgq.get_queue_info('q')")

    # To the old snapshots the table is empty. Nothing may be lost for that.
    for call, connection in zip(("pgq.maint_rotate_tables_step1('q')", "pgq.drop_queue('q')"), others):
        with connection.cursor() as cursor, pytest.raises(psycopg2.errors.SerializationFailure, match="rewrite of pgq.subscription"):
            cursor.execute(f"select {call}")
        connection.rollback()
