"""A consumer whose effects go into another database, killed between the commit there and the finish at the source; and a target that
crashes although it does not wait for its disk."""
import os
import random
import signal
import subprocess
import time

import pytest

RETRIES = "select count(*) from pgq.retry_queue"
LETTERS = "select ev_type, ev_data, (ev_extra4::json) ->> 'reason' from pgq.event_template where ev_extra4 is not null"


@pytest.fixture
def play(db, server, make_db, program):
    """A queue with one batch of four events in one database; `play(target, when)` runs the consumer to its end or death."""
    db.sql("select pgq.create_queue('orders')")
    db.sql("select pgq.register_consumer('orders', 'mover')")
    for kind in ("good", "late", "bad", "good"):
        db.sql("select pgq.insert_event('orders', %s, %s)", kind, kind)
    db.sql("select pgq.force_tick('orders')")
    db.sql("select pgq.ticker('orders')")

    def run(target, when):
        return subprocess.run([program("tracked_consumer"), db.conninfo, target.conninfo, "orders", "mover", when],
                              capture_output=True, text=True, timeout=60)

    return run


def new_target(make_db, server):
    target = make_db(server, "pgq", "pgq_ext")
    target.sql("create table consumed (data text)")
    return target


def open_batches(db):
    return db.value("select count(*) from pgq.subscription where sub_batch is not null")


@pytest.mark.parametrize("when, stored", [("before", 0), ("between", 2)])
def test_a_process_that_dies_leaves_nothing_undone_and_nothing_twice(play, db, server, make_db, when, stored):
    target = new_target(make_db, server)
    for _ in range(2):
        assert play(target, when).returncode == -signal.SIGKILL
        assert target.value("select count(*) from consumed") == stored
        assert (db.value(RETRIES), db.sql(LETTERS), open_batches(db)) == (0, [], 1)
        if when == "between":
            break  # the next one finishes the batch, and has no commit to die after but that of the look

    survivor = play(target, "never")
    assert survivor.returncode == 0, survivor.stderr
    assert survivor.stdout == ("4\n" if when == "before" else "0\n")
    assert target.sql("select data from consumed") == [("good",), ("good",)]
    assert (db.value(RETRIES), db.sql(LETTERS), open_batches(db)) == (1, [("bad", "bad", "it is bad")], 0)


def test_what_was_finished_survives_a_crash_of_a_target_that_does_not_wait_for_its_disk(play, db, own_server, make_db):
    target = new_target(make_db, own_server)
    target.sql(f'alter database "{target.name}" set synchronous_commit = off')
    target.sql("alter system set wal_writer_delay = '10s'")
    target.sql("checkpoint")
    own_server.restart()
    target.close()

    assert play(target, "never").stdout == "4\n"
    own_server.kill9()
    assert open_batches(db) == 0
    own_server.start()
    target.close()
    assert target.sql("select data from consumed") == [("good",), ("good",)]
    assert target.value("select count(*) from pgq_ext.completed_tick") == 1


def test_killed_at_any_time_nothing_is_lost_and_nothing_comes_twice(db, server, make_db, program, start, wait_until):
    seed = int(os.environ.get("PGQ_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"PGQ_SEED={seed}")
    chance = random.Random(seed)
    target = new_target(make_db, server)
    db.sql("select pgq.create_queue('orders')")
    db.sql("select pgq.register_consumer('orders', 'mover')")
    command = [program("tracked_consumer"), db.conninfo, target.conninfo, "orders", "mover", "never"]

    def tick():
        db.sql("select pgq.force_tick('orders')")
        db.sql("select pgq.ticker('orders')")

    for batch in range(50):
        db.sql("select count(pgq.insert_event('orders', case when mod(n, 20) = 0 then 'late' else 'good' end, n::text))"
               " from generate_series(%s, %s) n", batch * 40 + 1, batch * 40 + 40)
        tick()
    def stored():
        return target.value("select count(*) from consumed")

    for _ in range(15):
        process, before = start(command), stored()
        wait_until(lambda: stored() > before or process.poll() is not None, what="a batch stored, or all of them")
        time.sleep(chance.uniform(0, 0.02))  # the random point, not a wait for anything
        process.kill()
        assert process.wait() in (0, -signal.SIGKILL)
    assert start(command).wait(120) == 0
    # Those that were put aside come by themselves now.
    while db.value("select pgq.maint_retry_events()") > 0:
        tick()
    assert start(command).wait(120) == 0
    assert stored() == 2000
    assert target.value("select count(distinct data) from consumed") == 2000
