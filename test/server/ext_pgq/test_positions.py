"""Where consumers stand: moved to ticks and ends, paused and resumed, and how far behind."""
import select

import psycopg2.errors
import pytest

from one_queue import delivered, prepared, rotate, tick
from test_dump import restored


def insert(database, *types):
    for name in types:
        database.sql("select pgq.insert_event('q', %s, '')", name)


def test_seek_to_the_start_the_end_and_a_tick(q):
    insert(q, "a")
    tick(q)
    insert(q, "b")
    tick(q)
    assert delivered(q) == ["a", "b"]
    assert q.value("select pgq.seek_start('q', 'c')") == 1
    assert delivered(q) == ["a", "b"]
    assert q.value("select pgq.seek_tick('q', 'c', 2)") == 2
    assert delivered(q) == ["b"]
    insert(q, "c")
    tick(q)
    insert(q, "d")
    assert q.value("select pgq.seek_end('q', 'c')") == 4
    tick(q)
    assert delivered(q) == ["d"]


def test_the_start_is_where_rotation_has_come(q):
    everything = []
    for number in range(5):
        for name in (f"{number} a", f"{number} b"):
            insert(q, name)
            tick(q)
            everything.append(name)
        delivered(q)
        rotate(q)
    assert q.value("select pgq.seek_start('q', 'c')") > 1
    again = delivered(q)
    assert again and again == everything[-len(again):]


def test_seek_errors(q):
    q.sql("select pgq.create_queue('empty')")
    errors = {
        "pgq.seek_tick('q', 'c', 99)": "cannot reposition, tick not found: 99",
        "pgq.seek_tick('q', 'none', 1)": "Not subscriber to queue: q/none",
        "pgq.seek_tick('q', 'c', null)": "Invalid NULL value",
        "pgq.seek_start('none', 'c')": "No such event queue: none",
        "pgq.seek_start(null, 'c')": "Invalid NULL value",
        "pgq.seek_end('empty', 'c')": "Not subscriber to queue: empty/c",
        "pgq.seek_end('q', null)": "Invalid NULL value",
    }
    for call, error in errors.items():
        with pytest.raises(psycopg2.errors.RaiseException) as raised:
            q.sql(f"select {call}")
        assert raised.value.diag.message_primary == error
    assert q.sql("select consumer_name from pgq.get_consumer_info()") == [("c",)]


def test_a_paused_consumer_gets_no_batch_and_goes_on_where_it_was(q):
    q.sql("select pgq.register_consumer('q', 'other')")
    insert(q, "a")
    tick(q)
    assert q.value("select pgq.pause_consumer('q', 'c')") == 1
    assert q.value("select pgq.pause_consumer('q', 'c')") == 0
    assert q.sql("select queue_name, consumer_name, paused_since <= now() from pgq.get_paused_consumers(null)") == [("q", "c", True)]
    assert q.sql("select * from pgq.get_paused_consumers('none')") == []
    assert q.value("select pgq.next_batch('q', 'c')") is None
    assert q.sql("select * from pgq.next_batch_info('q', 'c')") == [(None,) * 7]
    assert q.sql("select * from pgq.next_batch_custom('q', 'c', null, 1, null)") == [(None,) * 7]
    assert delivered(q, "other") == ["a"]
    # As with a slow consumer, its events are kept.
    for _ in range(3):
        tick(q)
        delivered(q, "other")
        rotate(q)
    assert q.value("select pgq.resume_consumer('q', 'c')") == 1
    assert q.value("select pgq.resume_consumer('q', 'c')") == 0
    assert delivered(q) == ["a"]
    assert q.sql("select * from pgq.get_paused_consumers('q')") == []


def test_an_open_batch_can_be_finished_but_comes_not_again(q):
    insert(q, "a", "b")
    tick(q)
    batch = q.value("select pgq.next_batch('q', 'c')")
    q.sql("select pgq.pause_consumer('q', 'c')")
    assert q.value("select pgq.next_batch('q', 'c')") is None
    assert q.value("select count(*) from pgq.get_batch_events(%s)", batch) == 2
    assert q.value("select pgq.finish_batch(%s)", batch) == 1
    q.sql("select pgq.seek_start('q', 'c')")
    assert q.value("select pgq.next_batch('q', 'c')") is None
    q.sql("select pgq.resume_consumer('q', 'c')")
    assert delivered(q) == ["a", "b"]


def test_resume_wakes_those_who_listen(q):
    listener = q.connect()
    q.sql("select pgq.pause_consumer('q', 'c')")
    with listener.cursor() as cursor:
        cursor.execute("listen pgq_tick")
        q.sql("select pgq.resume_consumer('q', 'c')")
        assert select.select([listener], [], [], 30)[0]
        listener.poll()
        assert [notify.payload for notify in listener.notifies] == ["q"]


def test_a_pause_outlives_a_dump(q, make_db):
    q.sql("select pgq.pause_consumer('q', 'c')")
    copy = restored(q, make_db)
    assert copy.sql("select consumer_name from pgq.get_paused_consumers('q')") == [("c",)]


def test_members_of_a_cooperative_consumer_pause_with_it(server, make_db):
    database = make_db(server, "pgq", "pgq_coop")
    database.sql("select pgq.create_queue('q')")
    database.sql("select pgq_coop.register_subconsumer('q', 'c', 'm')")
    insert(database, "a")
    tick(database)
    with pytest.raises(psycopg2.errors.RaiseException, match="cannot pause c.m: it is a member of a cooperative consumer"):
        database.sql("select pgq.pause_consumer('q', 'c.m')")
    database.sql("select pgq.pause_consumer('q', 'c')")
    assert database.value("select pgq_coop.next_batch('q', 'c', 'm')") is None
    database.sql("select pgq.resume_consumer('q', 'c')")
    assert database.value("select pgq_coop.next_batch('q', 'c', 'm')") is not None


def test_pause_of_an_unknown_consumer(q):
    for call in ("pause_consumer('q', 'none')", "resume_consumer('none', 'c')", "pause_consumer(null, null)"):
        with pytest.raises(psycopg2.errors.RaiseException, match="Not subscriber to queue"):
            q.sql(f"select pgq.{call}")


def lag(database):
    return database.sql("select consumer_name, events, lag > interval '0' from pgq.get_queue_lag('q')")[0]


def test_lag_is_that_of_the_slowest(q):
    q.sql("select pgq.register_consumer('q', 'fast')")
    assert lag(q)[1:] == (0, False)
    insert(q, "a", "b", "c")
    assert lag(q)[1:] == (3, False)
    # Not force_tick, which moves the sequence.
    q.sql("update pgq.tick set tick_time = tick_time - interval '1 hour'")
    assert q.value("select pgq.ticker('q')") == 2
    assert lag(q)[1:] == (3, True)
    assert delivered(q, "fast") == ["a", "b", "c"]
    assert lag(q) == ("c", 3, True)
    assert delivered(q) == ["a", "b", "c"]
    assert lag(q)[1:] == (0, False)
    insert(q, "d")
    assert lag(q)[1:] == (1, False)


def test_lag_without_consumers_and_queues(q):
    q.sql("select pgq.unregister_consumer('q', 'c')")
    insert(q, "a")
    assert lag(q) == (None, 0, False)
    with pytest.raises(psycopg2.errors.RaiseException, match="No such event queue: none"):
        q.sql("select * from pgq.get_queue_lag('none')")


def test_without_c(any_version_db):
    q = prepared(any_version_db)
    test_seek_to_the_start_the_end_and_a_tick(q)
    test_a_paused_consumer_gets_no_batch_and_goes_on_where_it_was(q)
    q.sql("select pgq.drop_queue('q', true)")
    test_lag_is_that_of_the_slowest(prepared(q))
