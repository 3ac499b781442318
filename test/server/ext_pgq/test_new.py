"""What is new in this version: seek, insert_events, notifications."""
import select

import psycopg2.errors
import pytest


def ticks_at(database, *minutes_ago):
    """Ticks 2, 3, ... made so many minutes ago; tick 1 is an hour old."""
    database.sql("update pgq.tick set tick_time = now() - interval '60 minutes'")
    for minutes in minutes_ago:
        database.sql("select pgq.insert_event('q', %s, '')", f"before {minutes}")
        database.sql("insert into pgq.tick (tick_queue, tick_id, tick_time, tick_event_seq)"
                     " values (1, nextval('pgq.event_1_tick_seq'), now() - %s * interval '1 minute', 1)", minutes)


def types(database):
    batch = database.value("select pgq.next_batch('q', 'c')")
    return [row[0] for row in database.sql("select ev_type from pgq.get_batch_events(%s)", batch)]


def test_seek_goes_back_and_forth(q):
    ticks_at(q, 30, 20, 10)
    assert q.value("select pgq.seek('q', 'c', now() - interval '15 minutes')") == 3
    assert types(q) == ["before 10"]
    # The batch that is open is dropped, with a notice.
    connection = q.connect()
    with connection.cursor() as cursor:
        cursor.execute("select pgq.seek('q', 'c', now() - interval '59 minutes')")
        assert cursor.fetchone() == (1,)
    assert "is dropped unfinished" in connection.notices[-1]
    assert types(q) == ["before 30"]
    assert q.value("select pgq.seek('q', 'c', now() - interval '20 minutes')") == 3
    assert q.value("select pgq.seek('q', 'c', 'infinity')") == 4
    assert q.value("select pgq.next_batch('q', 'c')") is None


def test_seek_says_what_is_wrong(q):
    errors = {
        "pgq.seek(null, 'c', now())": "Invalid NULL value",
        "pgq.seek('q', null, now())": "Invalid NULL value",
        "pgq.seek('q', 'c', null)": "Invalid NULL value",
        "pgq.seek('none', 'c', now())": "No such event queue: none",
        "pgq.seek('q', 'none', now())": "Not subscriber to queue: q/none",
        "pgq.seek('q', 'c', '2000-01-01')": "cannot seek in queue q to 2000-01-01 00:00:00+00: the oldest tick kept is 1 of ",
    }
    for call, error in errors.items():
        with pytest.raises(psycopg2.errors.RaiseException) as raised:
            q.sql(f"select {call}")
        assert raised.value.diag.message_primary.startswith(error)


def test_rotation_does_not_take_the_tick_of_a_seek(q):
    """The seek has not committed yet when rotation is due."""
    ticks_at(q, 30, 20)
    q.sql("update pgq.queue set queue_switch_time = '2000-01-01'")
    seeking = q.connect(autocommit=False)
    with seeking.cursor() as cursor:
        cursor.execute("select pgq.seek('q', 'c', now())")
        cursor.execute("select pgq.seek('q', 'c', now() - interval '59 minutes')")
    q.sql("set statement_timeout = '30s'")
    assert q.value("select pgq.maint_rotate_tables_step1('q')") == 0
    assert q.value("select queue_switch_step2 is not null from pgq.queue")
    seeking.commit()
    assert types(q) == ["before 30"]


def test_insert_events(db):
    db.sql("select pgq.create_queue('q')")
    assert db.value("select pgq.insert_events('q', array['a', null, 'c'], array['1', '2', null])") == [1, 2, 3]
    assert db.sql("select ev_id, ev_type, ev_data from pgq.event_template order by 1") == [(1, "a", "1"), (2, None, "2"), (3, "c", None)]
    assert db.value("select pgq.insert_events(queue => 'q', types => '{}', data => '{}')") == []


def heard(connection):
    """Payloads that came to a listening connection."""
    connection.poll()
    payloads = [(notify.channel, notify.payload) for notify in connection.notifies]
    del connection.notifies[:]
    return payloads


def test_ticker_notifies(db):
    listener = db.connect()
    with listener.cursor() as cursor:
        cursor.execute("listen pgq_tick")
        db.sql("select pgq.create_queue('first'), pgq.create_queue('second'), pgq.create_queue('external')")
        db.sql("select pgq.set_queue_config('external', 'external_ticker', 'true')")
        db.sql("select pgq.force_tick('first')")
        assert db.value("select pgq.ticker('first')") == 2
        assert select.select([listener], [], [], 30)[0]
        # One for the tick; none for the first tick of a queue, nor for force_tick, which ticks nothing.
        assert heard(listener) == [("pgq_tick", "first")]

        db.sql("select pgq.force_tick('first'), pgq.force_tick('second')")
        assert db.value("select pgq.ticker()") == 2
        assert db.value("select pgq.ticker('external', 7, now(), 7)") == 7
        cursor.execute("select 1")
        seen = heard(listener)
        while len(seen) < 3:
            assert select.select([listener], [], [], 30)[0]
            seen += heard(listener)
        assert sorted(seen) == [("pgq_tick", "external"), ("pgq_tick", "first"), ("pgq_tick", "second")]

        db.sql("begin")
        db.sql("select pgq.force_tick('first')")
        db.sql("select pgq.ticker('first')")
        db.sql("rollback")
        cursor.execute("select 1")
        assert heard(listener) == []


def test_queue_with_a_long_name_ticks(db):
    name = "n" * 9000
    # Longer than an index entry may be when it does not compress; this one does.
    db.sql("select pgq.create_queue(%s)", name)
    db.sql("select pgq.force_tick(%s)", name)
    assert db.value("select pgq.ticker(%s)", name) == 2


def test_idle_passes_see_the_next_event(db):
    """A session's passes that found nothing spare themselves some looks; whatever is committed after is seen all the same."""
    db.sql("select pgq.create_queue('q')")
    db.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '0'), pgq.set_queue_config('q', 'ticker_idle_period', '1 day')")
    db.sql("update pgq.tick set tick_time = now() - interval '10 days'")
    assert db.value("select pgq.ticker()") == 1
    writer = db.connect(autocommit=False)
    for number in range(5):
        assert [db.value("select pgq.ticker()") for _ in range(3)] == [0, 0, 0]
        with writer.cursor() as cursor:
            cursor.execute("select pgq.insert_event('q', 'type', %s)", (str(number),))
        writer.commit()
        assert db.value("select pgq.ticker()") == 1
        # Far from the tick before, so that the idle one is far too.
        db.sql("update pgq.tick set tick_time = tick_time - interval '10 days' where tick_id < (select max(tick_id) from pgq.tick)")


def test_idle_passes_see_their_own_transaction_and_the_time(db):
    db.sql("select pgq.create_queue('q')")
    db.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '1 day'), pgq.set_queue_config('q', 'ticker_idle_period', '1 day')")
    db.sql("update pgq.tick set tick_time = now() - interval '10 days'")
    assert db.value("select pgq.ticker()") == 1
    assert [db.value("select pgq.ticker()") for _ in range(4)] == [0, 0, 0, 0]
    # What this transaction did is in no snapshot.
    db.sql("begin")
    db.sql("select pgq.force_tick('q')")
    assert db.value("select pgq.ticker()") == 1
    db.sql("rollback")
    # The tick is gone, the sequence stays where it is.
    assert [db.value("select pgq.ticker()") for _ in range(4)] == [1, 0, 0, 0]
    db.sql("begin")
    db.sql("select pgq.create_queue('r')")
    db.sql("select pgq.force_tick('r')")
    assert db.value("select pgq.ticker()") == 1
    db.sql("commit")


def test_idle_queue_is_ticked_when_its_time_has_come(db, wait_until):
    db.sql("select pgq.create_queue('q')")
    db.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '0'), pgq.set_queue_config('q', 'ticker_idle_period', '1 second')")
    for tick in (2, 3, 4):
        wait_until(lambda: db.value("select pgq.ticker()") == 1, what="an idle tick")
        assert db.value("select last_tick_id from pgq.get_queue_info('q')") == tick
