"""Writers beside rotation, rollbacks and each other: nothing is lost, nothing comes twice, no index entry is wrong."""
import random
import threading

import psycopg2
import psycopg2.extensions as levels

LEVELS = [levels.ISOLATION_LEVEL_READ_COMMITTED, levels.ISOLATION_LEVEL_REPEATABLE_READ, levels.ISOLATION_LEVEL_SERIALIZABLE]


def eager(capture):
    """Ticks and rotates whenever asked, and has a consumer `c`."""
    capture.sql("update pgq.queue set queue_ticker_max_lag = '0', queue_ticker_idle_period = '0', queue_rotation_period = '0'")
    capture.sql("select pgq.ticker('q')")
    capture.sql("select pgq.register_consumer('q', 'c')")


def rotate(sql):
    sql("select pgq.maint_rotate_tables_step1('q')")
    sql("select pgq.maint_rotate_tables_step2()")


def consume(sql):
    """The data of all events up to the newest tick."""
    found = []
    while True:
        ((batch,),) = sql("select pgq.next_batch('q', 'c')")
        if batch is None:
            return found
        found += [data for (data,) in sql(f"select ev_data from pgq.get_batch_events({batch})")]
        sql(f"select pgq.finish_batch({batch})")


WAYS = {
    "insert_event": "select pgq.insert_event('q', 't', 'late')",
    "insert_events": "select pgq.insert_events('q', '{t}', '{late}')",
    "trigger": "insert into t (v) values ('late')",
}


def write_late(capture, level, way):
    """What is consumed of a writer whose snapshot is older than a rotation."""
    writer = capture.connect(autocommit=False)
    with writer.cursor() as cursor:
        cursor.execute(f"set transaction isolation level {level}; select count(*) from t")
        rotate(capture.sql)
        capture.sql("select pgq.ticker('q')")
        consume(capture.sql)
        cursor.execute(way)
        writer.commit()
    capture.sql("select pgq.ticker('q')")
    return consume(capture.sql)


def test_writer_with_an_old_snapshot_loses_nothing_at_a_rotation(ours, debian):
    for capture in (ours, debian):
        eager(capture)
        capture.sql("create table t (id serial primary key, v text)")
        capture.trigger("t", "logutriga", "ev_data=v")
    for level in ("repeatable read", "serializable"):
        for name, way in WAYS.items():
            assert (level, name, write_late(ours, level, way)) == (level, name, ["late"])
            if name != "insert_events":
                assert write_late(debian, level, way) == [], "Debian's extension loses it"


def test_writer_that_began_before_two_rotations_keeps_its_table_from_being_emptied(ours):
    eager(ours)
    writer = ours.connect(autocommit=False)
    with writer.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read; select pgq.insert_event('q', 't', 'first')")
        for _ in range(5):
            rotate(ours.sql)
            ours.sql("select pgq.ticker('q')")
            consume(ours.sql)
        cursor.execute("select pgq.insert_event('q', 't', 'second')")
        writer.commit()
    ours.sql("select pgq.ticker('q')")
    assert sorted(consume(ours.sql)) == ["first", "second"]


class Writer(threading.Thread):
    """Transactions of a few events, some rolled back in part or whole; remembers what was committed."""

    def __init__(self, capture, number):
        super().__init__()
        self.number = number
        self.random = random.Random(number)
        self.connection = capture.connect(autocommit=False)
        self.connection.set_session(isolation_level=LEVELS[number % len(LEVELS)])
        self.committed = []
        self.failure = None

    def run(self):
        try:
            with self.connection.cursor() as cursor:
                for transaction in range(120):
                    self.one(cursor, f"{self.number}.{transaction}")
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def one(self, cursor, name):
        cursor.execute("select 1")  # takes the snapshot
        kept = []
        try:
            for step in range(self.random.randrange(1, 5)):
                data = f"{name}.{step}"
                rolled_back = self.random.random() < 0.2
                if rolled_back:
                    cursor.execute("savepoint s")
                if self.random.random() < 0.3:
                    cursor.execute("insert into t values (%s)", (data,))
                elif self.random.random() < 0.3:
                    cursor.execute("select pgq.insert_events('q', %s, %s)", (["t"] * 3, [data + c for c in "abc"]))
                else:
                    cursor.execute("select pgq.insert_event('q', 't', %s)", (data,))
                if rolled_back:
                    cursor.execute("rollback to savepoint s")
                else:
                    cursor.execute("select pgq.insert_event('q', 't', %s)", (data + "+",))
                    kept.append(data + "+")
            if self.random.random() < 0.2:
                self.connection.rollback()
            else:
                self.connection.commit()
                self.committed += kept
        except psycopg2.errors.SerializationFailure:
            self.connection.rollback()


def test_nothing_is_lost_or_doubled_while_tables_rotate(ours):
    eager(ours)
    ours.sql("create table t (v text primary key)")
    ours.trigger("t", "logutriga", "ev_data=v", "ev_type='row'")
    rotating = ours.connect().cursor()

    def run(query):
        rotating.execute(query)
        return rotating.fetchall()

    writers = [Writer(ours, number) for number in range(4)]
    for writer in writers:
        writer.start()
    consumed = []
    tables = set()
    while any(writer.is_alive() for writer in writers):
        run("select pgq.ticker('q')")
        rotate(run)
        tables.add(run("select queue_cur_table from pgq.queue")[0][0])
        consumed += consume(run)
    for writer in writers:
        writer.join()
        assert writer.failure is None
    run("select pgq.ticker('q')")
    consumed += consume(run)
    assert tables == {0, 1, 2}
    assert len(consumed) == len(set(consumed))
    expected = {data for writer in writers for data in writer.committed}
    rows = {row for (row,) in ours.sql("select v from t")}
    assert expected <= set(consumed)
    assert {data for data in consumed if data.endswith("+")} == expected
    assert rows <= set(consumed)
    ours.sql("create extension amcheck")
    ours.sql("select bt_index_check(i.oid, true) from pg_class i where i.relname like 'event_%_idx'")


def test_indexes_are_whole_after_aborts_at_every_point(ours):
    ours.sql("create table t (id integer primary key, v text)")
    ours.trigger("t", "sqltriga")
    with ours.connect(autocommit=False) as connection, connection.cursor() as cursor:
        for number in range(1, 61):
            cursor.execute("savepoint a; select pgq.insert_events('q', array_agg('t' || i), array_agg('d' || i)) from generate_series(1, %s) i", (number,))
            cursor.execute("insert into t select 1000 + i, repeat('x', 50) from generate_series(1, %s) i", (number,))
            cursor.execute("rollback to a")
            if number % 3 == 0:
                cursor.execute("insert into t values (%s, 'kept')", (number,))
            if number % 10 == 9:
                connection.commit() if number % 20 == 9 else connection.rollback()
    ours.sql("create extension amcheck")
    assert ours.sql("select bt_index_check('pgq.event_1_0_txid_idx', true)")
    kept = ours.value("select count(*) from t")
    assert ours.value("select count(*) from pgq.event_1_0") == kept
    ours.sql("set enable_seqscan = off")
    assert ours.value("select count(*) from pgq.event_1_0 where ev_txid > 0") == kept
    ours.sql("vacuum pgq.event_1_0")
    assert ours.value("select count(*) from pgq.event_1_0 where ev_txid > 0") == kept


def test_index_made_meanwhile_is_fed(ours):
    ours.sql("select pgq.insert_event('q', 't', '1')")
    other = ours.connect().cursor()
    other.execute("create index concurrently more on pgq.event_1_0 (ev_id)")
    ours.sql("select pgq.insert_event('q', 't', '2')")
    other.execute("reindex index concurrently pgq.more")
    ours.sql("select pgq.insert_event('q', 't', '3')")
    ours.sql("create extension amcheck; select bt_index_check('pgq.more', true); set enable_seqscan = off")
    assert ours.sql("select ev_data from pgq.event_1_0 where ev_id > 0 order by ev_id") == [("1",), ("2",), ("3",)]
    other.execute("drop index pgq.more")
    ours.sql("select pgq.insert_event('q', 't', '4')")
    assert ours.value("select count(*) from pgq.event_1_0") == 4
