"""Events that come into the queue not before a time."""
import psycopg2.errors
import pytest

from one_queue import delivered, prepared, rotate, tick
from test_dump import restored


def insert(database, name, after):
    return database.value("select pgq.insert_event_after('q', now() + %s::interval, %s, 'data', 'e1', null, '', 'e4')", after, name)


def come(database, *numbers):
    """As if their time had come."""
    database.sql("update pgq.delayed_event set de_deliver_after = now() - de_id * interval '1 second' where de_id = any (%s)", list(numbers))


def waiting(database):
    return database.value("select coalesce(sum(waiting), 0) from pgq.get_delayed_info('q')")


def move(database):
    moved = []
    while some := database.value("select pgq.maint_retry_events()"):
        moved.append(some)
    tick(database)
    return sum(moved)


def test_an_event_comes_once_and_not_before_its_time(q):
    number = insert(q, "later", "1 hour")
    insert(q, "much later", "2 hours")
    assert move(q) == 0
    assert delivered(q) == []
    come(q, number)
    assert q.sql("select queue_name, waiting, due, next_delivery < now() from pgq.get_delayed_info(null)") == [("q", 2, 1, True)]
    assert move(q) == 1
    batch = q.value("select pgq.next_batch('q', 'c')")
    assert q.sql("select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, ev_retry, ev_time > now() - interval '1 minute'"
                 " from pgq.get_batch_events(%s)", batch) == [("later", "data", "e1", None, "", "e4", None, True)]
    q.sql("select pgq.finish_batch(%s)", batch)
    assert move(q) == 0
    assert delivered(q) == []
    assert waiting(q) == 1


def test_all_consumers_get_it(q):
    q.sql("select pgq.register_consumer('q', 'other')")
    insert(q, "a", "-1 second")
    assert move(q) == 1
    assert delivered(q) == delivered(q, "other") == ["a"]


def test_ids_follow_the_order_of_delivery(q):
    first = insert(q, "second", "1 hour")
    second = insert(q, "first", "1 hour")
    q.sql("select pgq.insert_event('q', 'now', '')")
    # The later number has the earlier time.
    come(q, first, second)
    assert move(q) == 2
    assert delivered(q) == ["now", "first", "second"]


def test_a_large_crowd_comes_whole_and_in_order(q):
    q.sql("select count(pgq.insert_event_after('q', now() - interval '1 hour' + i * interval '1 ms', i::text, ''))"
          " from generate_series(1, 1200) i")
    assert move(q) == 1200
    assert delivered(q) == [str(number) for number in range(1, 1201)]


def test_nothing_is_lost_by_a_rollback_or_by_rotation(q):
    insert(q, "a", "-1 second")
    with q.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("select pgq.maint_retry_events()")
        assert cursor.fetchone() == (1,)
        # Another mover does not wait, and does not move it too.
        assert q.value("select pgq.maint_delayed_events()") == 0
        connection.rollback()
    assert waiting(q) == 1
    for _ in range(4):
        tick(q)
        assert delivered(q) == []
        assert rotate(q)
    assert move(q) == 1
    assert delivered(q) == ["a"]


def test_it_is_part_of_the_producers_transaction(q):
    with q.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("select pgq.insert_event_after('q', now(), 'a', '')")
        connection.rollback()
        assert waiting(q) == 0


def test_what_waits_can_be_cancelled(q):
    number = insert(q, "a", "-1 second")
    q.sql("select pgq.create_queue('other')")
    assert q.value("select pgq.cancel_delayed_event('other', %s)", number) == 0
    assert q.value("select pgq.cancel_delayed_event('q', %s)", number) == 1
    assert q.value("select pgq.cancel_delayed_event('q', %s)", number) == 0
    assert move(q) == 0


def test_a_closed_queue_keeps_only_its_own_waiting(q):
    q.sql("select pgq.create_queue('closed')")
    q.sql("select pgq.insert_event_after('closed', now() - interval '1 hour', 'kept', '')")
    q.sql("update pgq.queue set queue_disable_insert = true where queue_name = 'closed'")
    insert(q, "a", "-1 second")
    assert move(q) == 1
    assert delivered(q) == ["a"]
    q.sql("update pgq.queue set queue_disable_insert = false where queue_name = 'closed'")
    assert move(q) == 1


def test_a_limit_for_transactions_does_not_hold_them_up(q):
    q.sql("update pgq.queue set queue_per_tx_limit = 1")
    for name in "abc":
        insert(q, name, "-1 second")
    assert move(q) == 3
    assert delivered(q) == ["a", "b", "c"]


def test_a_dump_has_them(q, make_db):
    insert(q, "a", "-1 second")
    copy = restored(q, make_db)
    assert waiting(copy) == 1
    assert insert(copy, "b", "-1 second") == 2
    assert move(copy) == 2
    assert delivered(copy) == ["a", "b"]


def test_dropping_the_queue_drops_them(q):
    insert(q, "a", "1 hour")
    before = q.sql("select * from pgq.get_queue_info('q')")
    assert [row[:10] for row in before] and before[0][12] == 0
    with pytest.raises(psycopg2.errors.RaiseException, match="consumers still attached"):
        q.sql("select pgq.drop_queue('q')")
    assert waiting(q) == 1
    q.sql("select pgq.drop_queue('q', true)")
    assert q.sql("select * from pgq.delayed_event") == []
    assert q.value("select pgq.maint_retry_events()") == 0


def test_errors(q):
    q.sql("select pgq.create_queue('closed')")
    q.sql("update pgq.queue set queue_disable_insert = true where queue_name = 'closed'")
    errors = {"'none', now()": "No such queue", "null, now()": "Queue name must not be NULL", "'closed', now()": "Insert into queue disallowed",
              "'q', null": "deliver_after must not be null"}
    for arguments, error in errors.items():
        with pytest.raises(psycopg2.Error) as raised:
            q.sql(f"select pgq.insert_event_after({arguments}, 't', 'd')")
        assert raised.value.diag.message_primary == error


def test_without_c(any_version_db):
    q = prepared(any_version_db)
    test_an_event_comes_once_and_not_before_its_time(q)
    q.sql("delete from pgq.delayed_event")
    test_ids_follow_the_order_of_delivery(q)
    test_a_large_crowd_comes_whole_and_in_order(q)
