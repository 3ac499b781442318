"""An event under a key is inserted once, whoever tries, until its window is over."""
import threading

import psycopg2
import psycopg2.errors
import pytest

from test_dump import restored


def prepared(database):
    database.sql("select pgq.create_queue('q')")
    return database


@pytest.fixture
def q(db):
    return prepared(db)


def once(database, key, window="1 hour", name="type"):
    return database.sql("select * from pgq.insert_event_once('q', %s, %s, %s, 'data', 'e1', null, '', 'e4')", key, window, name)[0]


def stored(database):
    return database.sql("select ev_id, ev_type from pgq.event_template order by 1")


def test_the_second_gets_the_id_of_the_first(q):
    assert once(q, "k") == (1, True)
    assert once(q, "k", name="other") == (1, False)
    other, inserted = once(q, "other")
    assert inserted and other > 1
    assert q.sql("select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_template where ev_id = 1") == [
        ("type", "data", "e1", None, "", "e4")]
    assert len(stored(q)) == 2
    assert q.sql("select ev_id, inserted from pgq.insert_event_once('q', 'k', '1 hour', 'short', 'form')") == [(1, False)]


def test_repetitions_make_the_ticker_no_work(q):
    once(q, "k")
    before = q.value("select last_value from pgq.event_1_id_seq")
    for _ in range(3):
        once(q, "k")
    assert q.value("select last_value from pgq.event_1_id_seq") == before


def test_a_key_can_be_used_again_after_its_window(q):
    first, _ = once(q, "k")
    q.sql("update pgq.event_key set key_expires = now() - interval '1 second'")
    again, inserted = once(q, "k")
    assert inserted and again > first
    assert once(q, "k") == (again, False)
    assert len(stored(q)) == 2


def test_keys_of_queues_are_apart(q):
    q.sql("select pgq.create_queue('other')")
    once(q, "k")
    assert q.sql("select inserted from pgq.insert_event_once('other', 'k', '1 hour', 't', 'd')") == [(True,)]


def test_a_rollback_frees_the_key(q):
    with q.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("select inserted from pgq.insert_event_once('q', 'k', '1 hour', 't', 'd')")
        assert cursor.fetchone() == (True,)
        connection.rollback()
    assert stored(q) == []
    assert once(q, "k")[1]


@pytest.mark.parametrize("commits", [True, False])
def test_who_comes_second_waits_for_the_first_transaction(q, wait_until, commits):
    first, second = q.connect(autocommit=False), q.connect()
    with first.cursor() as cursor:
        cursor.execute("select ev_id from pgq.insert_event_once('q', 'k', '1 hour', 'first', '')")
        id_of_first = cursor.fetchone()[0]
    answers = []

    def try_second():
        with second.cursor() as cursor:
            cursor.execute("set statement_timeout = '30s'")
            cursor.execute("select ev_id, inserted from pgq.insert_event_once('q', 'k', '1 hour', 'second', '')")
            answers.append(cursor.fetchone())

    thread = threading.Thread(target=try_second)
    thread.start()
    try:
        wait_until(lambda: q.value("select count(*) from pg_locks where not granted and pid = %s", second.info.backend_pid) == 1,
                   what="the second waits")
        assert answers == []
    finally:
        (first.commit if commits else first.rollback)()
        thread.join(30)
    assert len(answers) == 1
    if commits:
        assert answers == [(id_of_first, False)]
        assert stored(q) == [(id_of_first, "first")]
    else:
        assert answers[0][1]
        assert stored(q) == [(answers[0][0], "second")]


def test_of_many_at_a_time_one_inserts(q):
    answers = []

    def insert(connection):
        with connection.cursor() as cursor:
            for key in range(20):
                cursor.execute("select ev_id, inserted from pgq.insert_event_once('q', %s, '1 hour', %s, '')", (str(key), str(key)))
                answers.append((key, *cursor.fetchone()))

    threads = [threading.Thread(target=insert, args=(q.connect(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 120
    assert sorted(key for key, _, inserted in answers if inserted) == list(range(20))
    assert len({(key, number) for key, number, _ in answers}) == 20
    assert len(stored(q)) == 20


def test_a_fixed_snapshot_fails_rather_than_inserts_twice(q):
    with q.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        cursor.execute("select 1")
        once(q, "k")
        with pytest.raises(psycopg2.errors.SerializationFailure):
            cursor.execute("select pgq.insert_event_once('q', 'k', '1 hour', 't', 'd')")
        connection.rollback()
    assert len(stored(q)) == 1


def test_maintenance_forgets_old_keys(q):
    for key in "abc":
        once(q, key)
    assert ("pgq.maint_event_keys", None) not in q.sql("select * from pgq.maint_operations()")
    q.sql("update pgq.event_key set key_expires = now() - interval '1 second' where key_name <> 'b'")
    assert ("pgq.maint_event_keys", None) in q.sql("select * from pgq.maint_operations()")
    assert q.value("select pgq.maint_event_keys()") == 2
    assert q.value("select pgq.maint_event_keys()") == 0
    assert q.sql("select key_name from pgq.event_key") == [("b",)]


def test_a_dump_has_the_keys_and_dropping_the_queue_drops_them(q, make_db):
    first, _ = once(q, "k")
    copy = restored(q, make_db)
    assert once(copy, "k") == (first, False)
    q.sql("select pgq.drop_queue('q')")
    assert q.sql("select * from pgq.event_key") == []


def test_errors(q):
    q.sql("select pgq.create_queue('closed')")
    q.sql("update pgq.queue set queue_disable_insert = true where queue_name = 'closed'")
    errors = {
        "'none', 'k', '1 hour'": "No such queue", "null, 'k', '1 hour'": "Queue name must not be NULL",
        "'closed', 'k', '1 hour'": "Insert into queue disallowed",
        "'q', null, '1 hour'": "event_key must not be null, nor longer than 1000 bytes",
        "'q', repeat('k', 1001), '1 hour'": "event_key must not be null, nor longer than 1000 bytes",
        "'q', 'k', null": "key_window must be longer than 0", "'q', 'k', '0'": "key_window must be longer than 0"}
    for arguments, error in errors.items():
        with pytest.raises(psycopg2.Error) as raised:
            q.sql(f"select pgq.insert_event_once({arguments}, 't', 'd')")
        assert raised.value.diag.message_primary == error
    assert q.sql("select * from pgq.event_key") == []


def test_without_c(any_version_db):
    q = prepared(any_version_db)
    test_the_second_gets_the_id_of_the_first(q)
    assert once(q, "again")[1]
    q.sql("update pgq.event_key set key_expires = now() - interval '1 second' where key_name = 'again'")
    assert once(q, "again")[1]
    assert q.value("select pgq.maint_event_keys()") == 0
