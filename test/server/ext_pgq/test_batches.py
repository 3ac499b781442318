"""Batches hold each event once, whatever overlaps: many transactions of all lengths, ticks and rotations in between, on ours and
on Debian's extension, where the same schedule gives the same batches."""
import random

import pytest

SESSIONS = 6


class Schedule:
    """A random run, decided by its seed alone, so that it can be repeated on another server."""

    def __init__(self, database, seed):
        self.database = database
        self.random = random.Random(seed)
        self.sessions = [database.connect(autocommit=False) for _ in range(SESSIONS)]
        self.open = [[] for _ in range(SESSIONS)]
        self.number = 0
        self.committed = []
        self.batches = []

    def run(self, steps):
        for _ in range(steps):
            action = self.random.choices([self.insert, self.commit, self.roll_back, self.burn, self.tick, self.consume, self.rotate],
                                         [40, 12, 3, 5, 12, 10, 3])[0]
            action()
        for index in range(SESSIONS):
            self.end(index, True)
        self.tick()
        while self.consume():
            pass
        return self

    def insert(self):
        index = self.random.randrange(SESSIONS)
        self.number += 1
        with self.sessions[index].cursor() as cursor:
            if self.random.random() < 0.2:
                cursor.execute("savepoint s")
            cursor.execute("select pgq.insert_event('q', %s, '')", (str(self.number),))
            cursor.fetchall()
        self.open[index].append(self.number)

    def end(self, index, commit):
        if commit:
            self.sessions[index].commit()
            self.committed += self.open[index]
        else:
            self.sessions[index].rollback()
        self.open[index] = []

    def commit(self):
        self.end(self.random.randrange(SESSIONS), True)

    def roll_back(self):
        self.end(self.random.randrange(SESSIONS), False)

    def burn(self):
        """Transactions of others: now and then so many that a running one lies far below."""
        for _ in range(self.random.choice([1, 5, 130])):
            self.database.sql("select txid_current()")

    def tick(self):
        self.database.sql("select pgq.force_tick('q')")
        self.database.sql("select pgq.ticker('q')")

    def consume(self):
        batch = self.database.value("select pgq.next_batch('q', 'c')")
        if batch is None:
            return False
        by_cursor = self.random.random() < 0.3
        self.database.sql("begin")
        query = "select ev_type from pgq.get_batch_cursor(%s, 'c', 1000, 'ev_id > 0')" if by_cursor else (
            "select ev_type from pgq.get_batch_events(%s)")
        self.batches.append([int(row[0]) for row in self.database.sql(query, batch)])
        self.database.sql("select pgq.finish_batch(%s)", batch)
        self.database.sql("commit")
        return True

    def rotate(self):
        self.database.sql("update pgq.queue set queue_switch_time = '2000-01-01'")
        # The spare table may be in use by a session that is still open: then nothing happens.
        self.database.sql("select pgq.maint_rotate_tables_step1('q')")
        self.database.sql("select pgq.maint_rotate_tables_step2()")


@pytest.fixture
def ready(db, debian_db):
    for database in (db, debian_db):
        database.sql("select pgq.create_queue('q')")
        database.sql("select pgq.register_consumer('q', 'c')")
    return db, debian_db


@pytest.mark.parametrize("seed", range(3))
def test_every_event_comes_once_and_batches_are_debians(ready, seed):
    ours, theirs = (Schedule(database, seed).run(250) for database in ready)
    delivered = [event for batch in ours.batches for event in batch]
    assert sorted(delivered) == sorted(ours.committed)
    assert all(batch == sorted(batch) for batch in ours.batches)
    assert ours.batches == theirs.batches


def walk(database):
    """Positions, batches by size and retries of one consumer, as clients see them."""
    seen = []

    def note(query):
        seen.append((query, database.sql(query)))

    database.sql("select pgq.create_queue('q')")
    database.sql("select pgq.register_consumer('q', 'c')")
    for number in range(10):
        database.sql("select pgq.insert_event('q', 'type', %s) from generate_series(1, 10)", str(number))
        database.sql("insert into pgq.tick (tick_queue, tick_id, tick_time, tick_event_seq) select 1, nextval('pgq.event_1_tick_seq'),"
                     " now() - interval '1 hour' + %s * interval '1 minute', last_value from pgq.event_1_id_seq", number)
    for arguments in ("null, null, null", "'2 hours', null, null", "null, 1000, null", "null, 25, null", "null, null, '3 minutes'",
                      "null, 10, '30 minutes'", "'1 second', 1, '1 second'", "null, null, '1 day'", "'30 minutes', 45, null"):
        note(f"select batch_id, cur_tick_id, prev_tick_id, cur_tick_event_seq, prev_tick_event_seq"
             f" from pgq.next_batch_custom('q', 'c', {arguments})")
        note("select last_tick, current_batch, next_tick, pending_events from pgq.get_consumer_info('q', 'c')")
        note("select queue_name, consumer_name, prev_tick_id, tick_id, seq_start, seq_end"
             " from pgq.get_batch_info((select sub_batch from pgq.subscription))")
        note("select count(*), min(ev_id), max(ev_id) from pgq.get_batch_events(coalesce((select sub_batch from pgq.subscription), 0))"
             " where (select sub_batch from pgq.subscription) is not null" if seen[-3][1][0][0] else "select 0")
        if seen[-4][1][0][0]:
            note("select pgq.event_retry(sub_batch, (select min(ev_id) from pgq.get_batch_events(sub_batch)), 0) from pgq.subscription")
            note("select pgq.event_retry(sub_batch, (select min(ev_id) from pgq.get_batch_events(sub_batch)), 5) from pgq.subscription")
            note("select pgq.batch_retry(sub_batch, 0) from pgq.subscription")
        note("select pgq.finish_batch(sub_batch) from pgq.subscription where sub_batch is not null")
    note("select count(*), min(ev_retry), max(ev_retry), min(ev_owner) from pgq.retry_queue")
    moved = 1
    while moved:
        moved = database.value("select pgq.maint_retry_events()")
        seen.append(("moved", moved))
    note("select ev_id, ev_owner, ev_retry from pgq.event_1_0 where ev_retry is not null order by 1")
    note("select pgq.unregister_consumer('q', 'c')")
    note("select count(*) from pgq.consumer")
    return seen


def test_sizes_and_retries_are_debians(db, debian_db):
    ours, theirs = walk(db), walk(debian_db)
    different = [pair for pair in zip(ours, theirs) if pair[0] != pair[1]]
    assert not different, "\n".join(f"{mine}\n{other}" for mine, other in different)
    assert len(ours) == len(theirs)


def test_cursor_reads_the_rest(db):
    db.sql("select pgq.create_queue('q'), pgq.register_consumer('q', 'c')")
    db.sql("select pgq.insert_event('q', 'even', n::text) from generate_series(1, 20) n")
    db.sql("select pgq.force_tick('q')")
    db.sql("select pgq.ticker('q')")
    batch = db.value("select pgq.next_batch('q', 'c')")
    db.sql("begin")
    assert len(db.sql("select * from pgq.get_batch_cursor(%s, 'Odd \"name', 5)", batch)) == 5
    assert len(db.sql('fetch 100 from "Odd ""name"')) == 15
    assert db.sql("select * from pgq.get_batch_cursor(%s, 'none', 0, 'ev_data::int > 15')", batch) == []
    assert [row[5] for row in db.sql("fetch all from none")] == ["16", "17", "18", "19", "20"]
    db.sql("rollback")
