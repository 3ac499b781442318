"""What waits for a consumer, looked at and taken out of the queue one by one."""
import psycopg2
import psycopg2.errors
import pytest

from one_queue import delivered, prepared, rotate, tick


def insert(database, *types):
    for name in types:
        database.sql("select pgq.insert_event('q', %s, 'data', 'e1', null, '', 'e4')", name)


def waiting(database, after=None, limit=None):
    return [row[0] for row in database.sql("select ev_type from pgq.get_waiting_events('q', 'c', %s, %s)", after, limit)]


def take(database, *types):
    ids = [row[0] for row in database.sql("select ev_id from pgq.get_waiting_events('q', 'c', null, null)"
                                          " where ev_type = any (%s)", list(types))]
    return [row[0] for row in database.sql("select ev_type from pgq.take_waiting_events('q', 'c', %s)", ids)]


def test_waiting_are_ticked_events_those_not_yet_ticked_and_retries(q):
    insert(q, "finished")
    tick(q)
    assert delivered(q) == ["finished"]
    insert(q, "a", "b")
    tick(q)
    batch = q.value("select pgq.next_batch('q', 'c')")
    assert q.value("select pgq.event_retry(%s, (select ev_id from pgq.get_batch_events(%s) where ev_type = 'a'), 1000)", batch, batch) == 1
    assert waiting(q) == ["a", "a", "b"]
    q.sql("select pgq.finish_batch(%s)", batch)
    insert(q, "c")
    tick(q)
    insert(q, "d")
    assert waiting(q) == ["a", "c", "d"]
    ids = [row[0] for row in q.sql("select ev_id from pgq.get_waiting_events('q', 'c', null, null)")]
    assert waiting(q, limit=2) == ["a", "c"]
    assert waiting(q, after=ids[0]) == ["c", "d"]
    assert waiting(q, after=ids[0], limit=1) == ["c"]
    assert q.sql("select ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, ev_retry, ev_retry_after is not null"
                 " from pgq.get_waiting_events('q', 'c', null, null)") == [
        ("data", "e1", None, "", "e4", 1, True), ("data", "e1", None, "", "e4", None, False), ("data", "e1", None, "", "e4", None, False)]


def test_looking_changes_nothing(q):
    insert(q, "a")
    tick(q)
    assert waiting(q) == ["a"]
    assert delivered(q) == ["a"]
    assert waiting(q) == []


def test_taken_events_do_not_come_and_the_others_stay(q):
    insert(q, "a", "b", "c")
    tick(q)
    insert(q, "d")
    assert take(q, "b", "d", "unknown") == ["b", "d"]
    assert waiting(q) == ["a", "c"]
    insert(q, "e")
    assert take(q, "c") == ["c"]
    assert waiting(q) == ["a", "e"]
    assert q.value("select count(*) from pgq.take_waiting_events('q', 'c', null)") == 2
    assert waiting(q) == []
    assert q.sql("select * from pgq.take_waiting_events('q', 'c', null)") == []


def test_taken_events_keep_all_columns(q):
    insert(q, "a")
    before = q.sql("select ev_id, ev_time, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4"
                   " from pgq.get_waiting_events('q', 'c', null, null)")
    assert q.sql("select ev_id, ev_time, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4"
                 " from pgq.take_waiting_events('q', 'c', null)") == before


def test_what_stays_is_in_nobodys_way_and_outlives_rotation(q):
    insert(q, "a", "b")
    tick(q)
    assert take(q, "a") == ["a"]
    tick(q)
    assert q.value("select pgq.maint_retry_events()") == 0
    assert [rotate(q) for _ in range(4)].count(True) >= 1
    for _ in range(3):
        tick(q)
        take(q, "none")
        assert delivered(q) == []
        assert rotate(q)
    assert waiting(q) == ["b"]
    assert take(q, "b") == ["b"]


def test_other_consumers_get_everything(q):
    q.sql("select pgq.register_consumer('q', 'other')")
    insert(q, "a", "b")
    tick(q)
    assert take(q, "a", "b") == ["a", "b"]
    tick(q)
    assert delivered(q, "other") == ["a", "b"]
    assert delivered(q) == []


def test_a_rollback_leaves_all_as_it_was(q):
    insert(q, "a", "b")
    connection = q.connect(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("select ev_type from pgq.take_waiting_events('q', 'c', null)")
        assert cursor.fetchall() == [("a",), ("b",)]
    connection.rollback()
    assert waiting(q) == ["a", "b"]
    tick(q)
    assert delivered(q) == ["a", "b"]


def test_two_who_take_the_same_event_take_turns(q, wait_until):
    insert(q, "a", "b")
    first, second = q.connect(autocommit=False), q.connect()
    with first.cursor() as one, second.cursor() as two:
        one.execute("select ev_type from pgq.take_waiting_events('q', 'c', '{1}')")
        assert one.fetchall() == [("a",)]
        two.execute("set statement_timeout = '30s'; set lock_timeout = '100ms'")
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            two.execute("select ev_type from pgq.take_waiting_events('q', 'c', '{1,2}')")
        two.execute("reset lock_timeout")
        first.commit()
        two.execute("select ev_type from pgq.take_waiting_events('q', 'c', '{1,2}')")
        assert two.fetchall() == [("b",)]


def test_what_the_same_transaction_inserts_after_it_is_delivered(q):
    """Whatever the server's snapshot says of the transaction that made the tick."""
    insert(q, "a")
    with q.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("select txid_current()")
        # Others begin later and are over before.
        insert(q, "b")
        cursor.execute("select ev_type from pgq.take_waiting_events('q', 'c', null)")
        assert cursor.fetchall() == [("a",), ("b",)]
        cursor.execute("select pgq.insert_event('q', 'late', '')")
    assert waiting(q) == ["late"]
    tick(q)
    assert delivered(q) == ["late"]


def test_events_of_transactions_still_open_come_later(q):
    with q.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("select pgq.insert_event('q', 'slow', '')")
        insert(q, "a")
        assert take(q, "a", "slow") == ["a"]
    tick(q)
    assert waiting(q) == ["slow"]
    assert delivered(q) == ["slow"]


def test_an_open_batch_is_given_up(q):
    insert(q, "a")
    tick(q)
    batch = q.value("select pgq.next_batch('q', 'c')")
    assert take(q, "a") == ["a"]
    assert q.value("select pgq.finish_batch(%s)", batch) == 0


def test_errors(q):
    q.sql("select pgq.create_queue('external'), pgq.register_consumer('external', 'c')")
    q.sql("select pgq.insert_event('external', 'type', '')")
    q.sql("select pgq.set_queue_config('external', 'external_ticker', 'true')")
    errors = {
        "pgq.get_waiting_events('none', 'c', null, null)": "Not subscriber to queue: none/c",
        "pgq.get_waiting_events('q', null, null, null)": "Not subscriber to queue: q/NULL",
        "pgq.take_waiting_events('q', 'none', null)": "Not subscriber to queue: q/none",
        "pgq.take_waiting_events(null, 'c', null)": "Not subscriber to queue: NULL/c",
        "pgq.take_waiting_events('external', 'c', null)": "cannot take events from queue external: it has an external tick source",
    }
    for call, error in errors.items():
        with pytest.raises(psycopg2.errors.RaiseException) as raised:
            q.sql(f"select {call}")
        assert raised.value.diag.message_primary == error
    with q.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        with pytest.raises(psycopg2.Error, match='only at isolation level "read committed"'):
            cursor.execute("select pgq.take_waiting_events('q', 'c', null)")


def test_cooperative_consumers_are_refused(server, make_db):
    database = make_db(server, "pgq", "pgq_coop")
    database.sql("select pgq.create_queue('q')")
    database.sql("select pgq_coop.register_subconsumer('q', 'c', 'member')")
    insert(database, "a")
    with pytest.raises(psycopg2.errors.RaiseException, match="cannot take events from c on queue q: it is cooperative"):
        database.sql("select pgq.take_waiting_events('q', 'c', null)")


def test_without_c(any_version_db):
    test_taken_events_do_not_come_and_the_others_stay(prepared(any_version_db))
    test_what_stays_is_in_nobodys_way_and_outlives_rotation(any_version_db)
    test_what_the_same_transaction_inserts_after_it_is_delivered(any_version_db)
