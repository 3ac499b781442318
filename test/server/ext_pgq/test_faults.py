"""Faults of PgQ 3.5 that are mended. Each is shown on Debian's extension first, so that the test is known to see it."""
import threading

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import pytest

REPEATABLE_READ = psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ


@pytest.fixture(params=["ours", "debian"])
def either(request):
    """Our extension, or Debian's: `.mended` says which."""
    database = request.getfixturevalue("db" if request.param == "ours" else "debian_db")
    database.mended = request.param == "ours"
    database.sql("select pgq.create_queue('q')")
    return database


def rotate(database, queue="q"):
    """Both steps of a rotation, due or not."""
    database.sql("update pgq.queue set queue_switch_time = '2000-01-01' where queue_name = %s", queue)
    database.sql("select pgq.maint_rotate_tables_step1(%s)", queue)
    database.sql("select pgq.maint_rotate_tables_step2()")


def tick(database, queue="q"):
    """A tick now."""
    database.sql("select pgq.force_tick(%s)", queue)
    assert database.value("select pgq.ticker(%s)", queue)


def consume(database, consumer="c", queue="q"):
    """Types of all events that the consumer gets, in order of delivery."""
    types = []
    while batch := database.value("select pgq.next_batch(%s, %s)", queue, consumer):
        types += [row[0] for row in database.sql("select ev_type from pgq.get_batch_events(%s)", batch)]
        database.sql("select pgq.finish_batch(%s)", batch)
    return types


def in_background(work):
    """Runs `work` in a thread. Returns a function that waits for it and gives its result, or raises its error."""
    done = {}

    def run():
        try:
            done["result"] = work()
        except Exception as error:  # handed to whoever waits
            done["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result():
        thread.join(30)
        assert not thread.is_alive(), "no end within 30 s"
        if "error" in done:
            raise done["error"]
        return done["result"]

    return result


@pytest.fixture
def wait_for_lock(wait_until):
    """wait_for_lock(database, connection) returns once the connection's server process waits for a lock."""
    query = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"

    def wait(database, connection):
        pid = connection.info.backend_pid
        wait_until(lambda: database.value(query, pid), what="a session that waits for a lock")

    return wait


# B1 ------------------------------------------------------------------------------------------------------------------------------


def producer_across_rotation(database, insert):
    """A REPEATABLE READ transaction that looked at the queue before a rotation and writes after it. Returns what is delivered."""
    database.sql("select pgq.register_consumer('q', 'c')")
    producer = database.connect(autocommit=False)
    producer.set_session(isolation_level=REPEATABLE_READ)
    with producer.cursor() as cursor:
        cursor.execute("select count(*) from pgq.queue")
        tick(database)
        assert consume(database) == []
        rotate(database)
        tick(database)
        assert consume(database) == []
        insert(cursor)
    producer.commit()
    tick(database)
    return consume(database)


def by_function(cursor):
    cursor.execute("select pgq.insert_event('q', 'late', 'data')")


def by_table(cursor):
    cursor.execute("select pgq.current_event_table('q')")
    cursor.execute(f"insert into {cursor.fetchone()[0]} (ev_time, ev_type) values (now(), 'late')")


def test_b1_producer_with_an_old_snapshot_loses_nothing(either):
    assert producer_across_rotation(either, by_function) == (["late"] if either.mended else [])


def test_b1_writer_to_the_table_with_an_old_snapshot_is_refused(either):
    if either.mended:
        with pytest.raises(psycopg2.errors.SerializationFailure, match="concurrent rotation of pgq.event_1"):
            producer_across_rotation(either, by_table)
    else:
        assert producer_across_rotation(either, by_table) == []


def test_b1_without_c_is_refused(server, make_db):
    database = make_db(server, "pgq", one_file=True)
    database.sql("select pgq.create_queue('q')")
    with pytest.raises(psycopg2.errors.SerializationFailure, match="concurrent rotation of pgq.event_1"):
        producer_across_rotation(database, by_function)


# B2 is in test_rotation_race.py -------------------------------------------------------------------------------------------------


# B3 ------------------------------------------------------------------------------------------------------------------------------


def test_b3_two_sessions_get_one_batch(either, wait_for_lock):
    either.sql("select pgq.register_consumer('q', 'c')")
    tick(either)
    first, second = either.connect(autocommit=False), either.connect()
    with first.cursor() as cursor:
        cursor.execute("select pgq.next_batch('q', 'c')")
        batch = cursor.fetchone()[0]

    def ask():
        with second.cursor() as cursor:
            cursor.execute("select pgq.next_batch('q', 'c')")
            return cursor.fetchone()[0]

    other = in_background(ask)
    wait_for_lock(either, second)
    first.commit()
    assert (other() == batch) == either.mended
    assert either.value("select pgq.finish_batch(%s)", batch) == (1 if either.mended else 0)


def test_b3_rolled_back_batch_is_given_to_the_other(db, wait_for_lock):
    db.sql("select pgq.create_queue('q'), pgq.register_consumer('q', 'c')")
    tick(db)
    first, second = db.connect(autocommit=False), db.connect()
    with first.cursor() as cursor:
        cursor.execute("select pgq.next_batch('q', 'c')")

    def ask():
        with second.cursor() as cursor:
            cursor.execute("select * from pgq.next_batch_info('q', 'c')")
            return cursor.fetchone()

    other = in_background(ask)
    wait_for_lock(db, second)
    first.rollback()
    assert other()[1:3] == (2, 1)


# B4 ------------------------------------------------------------------------------------------------------------------------------


def test_b4_two_tickers_cannot_turn_snapshots_back(either):
    """The first ticker has its snapshot and tick, but does not commit; an event is committed; the second ticker ticks."""
    either.sql("select pgq.register_consumer('q', 'c')")
    slow = either.connect(autocommit=False)
    either.sql("select pgq.force_tick('q')")
    with slow.cursor() as cursor:
        if either.mended:
            cursor.execute("select pgq.ticker('q')")
        else:
            # What its ticker does between its snapshot and its tick, stretched.
            cursor.execute("select txid_current_snapshot()")
            snapshot = cursor.fetchone()[0]
        either.sql("select pgq.insert_event('q', 'once', 'data')")
        quick = either.value("select pgq.ticker('q')")
        assert (quick is None) == either.mended
        if not either.mended:
            cursor.execute("insert into pgq.tick (tick_queue, tick_id, tick_event_seq, tick_snapshot)"
                           " values (1, nextval('pgq.event_1_tick_seq'), 2000, %s)", (snapshot,))
    slow.commit()
    tick(either)
    assert consume(either) == (["once"] if either.mended else ["once", "once"])
    backwards = ("select count(*) from (select txid_snapshot_xmax(tick_snapshot) as xmax,"
                 " lag(txid_snapshot_xmax(tick_snapshot)) over (order by tick_id) as before from pgq.tick) t where xmax < before")
    assert (either.value(backwards) == 0) == either.mended


def test_b4_second_ticker_does_not_wait(db):
    db.sql("select pgq.create_queue('q'), pgq.create_queue('r')")
    first = db.connect(autocommit=False)
    db.sql("select pgq.force_tick('q'), pgq.force_tick('r')")
    with first.cursor() as cursor:
        cursor.execute("select pgq.ticker('q')")
        assert cursor.fetchone()[0] == 2
    db.sql("set statement_timeout = '30s'")
    assert db.value("select pgq.ticker()") == 1
    assert db.value("select pgq.ticker('q')") is None
    first.commit()
    assert db.value("select last_tick_id from pgq.get_queue_info('r')") == 2


@pytest.mark.parametrize("seen", [True, False], ids=["tick committed", "tick rolled back"])
def test_b4_ticker_with_an_old_snapshot(db, seen):
    db.sql("select pgq.create_queue('q')")
    old = db.connect(autocommit=False)
    old.set_session(isolation_level=REPEATABLE_READ)
    with old.cursor() as cursor:
        cursor.execute("select count(*) from pgq.tick")
        db.sql("select pgq.force_tick('q')")
        other = db.connect(autocommit=False)
        with other.cursor() as committed:
            committed.execute("select pgq.ticker('q')")
        other.commit() if seen else other.rollback()
        db.sql("select pgq.force_tick('q')")
        if seen:
            with pytest.raises(psycopg2.errors.SerializationFailure):
                cursor.execute("select pgq.ticker('q')")
        else:
            cursor.execute("select pgq.ticker('q')")
            assert cursor.fetchone()[0] == 3
    old.rollback() if seen else old.commit()
    assert db.sql("select tick_id from pgq.tick order by 1") == [(1,), (2,) if seen else (3,)]


# B6 is in test_dump.py ----------------------------------------------------------------------------------------------------------


# B7 ------------------------------------------------------------------------------------------------------------------------------


def test_b7_rotation_keeps_a_tick(either):
    either.sql("select pgq.set_queue_config('q', 'ticker_paused', 'true')")
    for _ in range(4):
        rotate(either)
    assert either.value("select count(*) from pgq.tick") == (1 if either.mended else 0)
    if either.mended:
        assert either.value("select pgq.register_consumer('q', 'c')") == 1
    else:
        with pytest.raises(psycopg2.errors.RaiseException, match="No ticks for this queue"):
            either.sql("select pgq.register_consumer('q', 'c')")


# B8 ------------------------------------------------------------------------------------------------------------------------------


def test_b8_external_ticks_do_not_go_back(either):
    either.sql("select pgq.set_queue_config('q', 'external_ticker', 'true')")
    either.sql("select pgq.ticker('q', 10, now(), 100)")
    if either.mended:
        with pytest.raises(psycopg2.errors.RaiseException, match="tick 5 is older than the last tick 10 of queue q"):
            either.sql("select pgq.ticker('q', 5, now(), 50)")
    else:
        assert either.value("select pgq.ticker('q', 5, now(), 50)") == 5
    with pytest.raises(psycopg2.errors.UniqueViolation, match="tick_pkey"):
        either.sql("select pgq.ticker('q', 10, now(), 100)")
    assert either.value("select pgq.ticker('q', 11, now(), 100)") == 11


# B10 -----------------------------------------------------------------------------------------------------------------------------


def test_b10_disabled_queue_holds_up_no_other(either):
    either.sql("select pgq.create_queue('r')")
    for queue in ("q", "r"):
        either.sql("select pgq.register_consumer(%s, 'c')", queue)
        either.sql("select pgq.event_retry_raw(%s, 'c', now() - interval '1 second', 1, now(), 1, 't', 'd', null, null, null, null)", queue)
    either.sql("update pgq.queue set queue_disable_insert = true where queue_name = 'q'")
    if either.mended:
        assert [either.value("select pgq.maint_retry_events()") for _ in range(2)] == [1, 0]
        assert either.sql("select ev_queue from pgq.retry_queue") == [(1,)]
        either.sql("update pgq.queue set queue_disable_insert = false")
        assert either.value("select pgq.maint_retry_events()") == 1
    else:
        with pytest.raises(psycopg2.errors.InternalError_, match="Insert into queue disallowed"):
            either.sql("select pgq.maint_retry_events()")


def test_b10_replica_moves_them_all(db):
    db.sql("select pgq.create_queue('q'), pgq.register_consumer('q', 'c')")
    db.sql("select pgq.event_retry_raw('q', 'c', now() - interval '1 second', 1, now(), 1, 't', 'd', null, null, null, null)")
    db.sql("update pgq.queue set queue_disable_insert = true")
    db.sql("set session_replication_role = replica")
    assert db.value("select pgq.maint_retry_events()") == 1


# B11 -----------------------------------------------------------------------------------------------------------------------------


def test_b11_a_batch_is_not_dropped_in_silence(either):
    either.sql("select pgq.register_consumer('q', 'c')")
    tick(either)
    connection = either.connect()
    with connection.cursor() as cursor:
        cursor.execute("select pgq.next_batch('q', 'c')")
        batch = cursor.fetchone()[0]
        cursor.execute("select pgq.register_consumer_at('q', 'c', 1)")
        assert cursor.fetchone()[0] == 0
    said = [notice.strip() for notice in connection.notices]
    assert said == ([f"NOTICE:  batch {batch} of consumer c is dropped unfinished"] if either.mended else [])
    assert either.sql("select current_batch, last_tick from pgq.get_consumer_info('q', 'c')") == [(None, 1)]


# B12 -----------------------------------------------------------------------------------------------------------------------------


def test_b12_first_event_is_new(either):
    """The ticker counts the very first event: it does not wait for the idle period."""
    either.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '0')")
    either.sql("update pgq.tick set tick_time = now() - interval '40 seconds'")
    either.sql("select pgq.ticker('q')")
    either.sql("select pgq.insert_event('q', 'first', 'data')")
    assert (either.value("select pgq.ticker('q')") is not None) == either.mended


def test_b12_all_in_one_pass_too(db):
    db.sql("select pgq.create_queue('q')")
    db.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '0')")
    db.sql("update pgq.tick set tick_time = now() - interval '40 seconds'")
    assert db.value("select pgq.ticker()") == 1
    assert db.value("select pgq.ticker()") == 0
    db.sql("select pgq.insert_event('q', 'first', 'data')")
    assert db.value("select pgq.ticker()") == 1


def test_b12_numbers_that_clients_see_stay(either):
    """What an unused sequence looks like has not changed: 1, as after the first event."""
    either.sql("select pgq.register_consumer('q', 'c')")
    seen = [either.sql("select ev_new, last_tick_id from pgq.get_queue_info('q')"),
            either.sql("select pending_events from pgq.get_consumer_info('q', 'c')")]
    either.sql("select pgq.insert_event('q', 'first', 'data')")
    seen.append(either.sql("select ev_new from pgq.get_queue_info('q')"))
    either.sql("select pgq.insert_event('q', 'second', 'data')")
    either.sql("update pgq.tick set tick_time = now() - interval '1 minute'")
    either.sql("select pgq.ticker('q')")
    seen += [either.sql("select ev_new from pgq.get_queue_info('q')"),
             either.sql("select pending_events from pgq.get_consumer_info('q', 'c')"),
             either.sql("select cur_tick_event_seq, prev_tick_event_seq from pgq.next_batch_info('q', 'c')"),
             either.sql("select seq_start, seq_end from pgq.get_batch_info(1)")]
    assert seen == [[(0, 1)], [(0,)], [(0,)], [(0,)], [(1,)], [(2, 1)], [(1, 2)]]


# B13 -----------------------------------------------------------------------------------------------------------------------------


def test_b13_a_clock_that_was_set_back_holds_up_no_tick(either):
    """The newest tick seems to be of the future: nobody waits until the clock has come there."""
    either.sql("update pgq.tick set tick_time = now() + interval '2 hours'")
    either.sql("select pgq.insert_event('q', 'n', 'data') from generate_series(1, 2)")  # to Debian's the first of all is none
    assert (either.value("select pgq.ticker('q')") is not None) == either.mended
    assert either.value("select pgq.ticker('q')") is None


def test_b13_all_in_one_pass_too(db):
    db.sql("select pgq.create_queue('q')")
    db.sql("update pgq.tick set tick_time = now() + interval '2 hours'")
    db.sql("select pgq.insert_event('q', 'first', 'data')")
    assert db.value("select pgq.ticker()") == 1
    assert db.value("select pgq.ticker()") == 0
    # A little before is no jump: another ticker's transaction has begun later than ours.
    db.sql("update pgq.tick set tick_time = now() + interval '1 second'")
    db.sql("select pgq.insert_event('q', 'second', 'data')")
    assert db.value("select pgq.ticker()") == 0


# Beyond the list ----------------------------------------------------------------------------------------------------------------


def test_ticker_goes_on_while_a_queue_rotates(either, wait_for_lock):
    either.sql("update pgq.queue set queue_switch_time = '2000-01-01'")
    rotation = either.connect(autocommit=False)
    with rotation.cursor() as cursor:
        cursor.execute("select pgq.maint_rotate_tables_step1('q')")
    either.sql("select pgq.force_tick('q')")
    ticker = either.connect()

    def run():
        with ticker.cursor() as cursor:
            cursor.execute("select pgq.ticker('q')")
            return cursor.fetchone()[0]

    result = in_background(run)
    if not either.mended:
        wait_for_lock(either, ticker)
        rotation.commit()
    assert result() == 2
    rotation.commit()


def test_idle_ticker_uses_no_transaction_id(either):
    either.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '1 day')")
    tick(either)
    tick(either)
    either.sql("begin")
    assert either.value("select pgq.ticker()") == 0
    assert (either.value("select txid_current_if_assigned()") is None) == either.mended
    either.sql("rollback")


def test_queue_created_twice_at_once(either, wait_for_lock):
    first, second = either.connect(autocommit=False), either.connect()
    with first.cursor() as cursor:
        cursor.execute("select pgq.create_queue('new')")
        assert cursor.fetchone()[0] == 1

    def create():
        with second.cursor() as cursor:
            cursor.execute("select pgq.create_queue('new')")
            return cursor.fetchone()[0]

    result = in_background(create)
    wait_for_lock(either, second)
    first.commit()
    if either.mended:
        assert result() == 0
    else:
        with pytest.raises(psycopg2.errors.UniqueViolation):
            result()
