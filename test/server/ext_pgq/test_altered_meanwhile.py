"""Whoever inserts goes on while tables of the queue are altered: what a session remembers of them is then forgotten, at any moment."""
import itertools
import threading

import pytest

ALTERATIONS = 1500

# Each tells all sessions that something about the table has changed, and holds up no insert.
WAYS = ["alter table pgq.queue set (autovacuum_analyze_threshold = 50)",
        "alter table pgq.event_1_0 set (autovacuum_analyze_threshold = 50)",
        "comment on table pgq.queue is 'altered'",
        "grant usage on sequence pgq.event_1_id_seq to pgq_writer"]

INSERTS = {"one at a time": ("select pgq.insert_event('q', 'type', 'data')", 1),
           "many at once": ("select pgq.insert_events('q', '{a,b,c}', '{1,2,3}')", 3),
           "by a trigger": ("insert into t values (1)", 1)}


@pytest.mark.parametrize("way", INSERTS)
def test_inserts_go_on(db, way):
    db.sql("select pgq.create_queue('q')")
    db.sql("create table t (n int); create trigger capture before insert on t for each row execute function pgq.logutriga('q', 'SKIP', 'pkey=n')")
    query, events = INSERTS[way]
    over, failures, inserted = threading.Event(), [], itertools.count()

    def insert(cursor):
        while not over.is_set():
            try:
                cursor.execute(query)
                next(inserted)
            except Exception as problem:  # none is expected, whatever it says
                failures.append(str(problem).splitlines()[0])

    threads = [threading.Thread(target=insert, args=(db.connect().cursor(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    with db.connect().cursor() as cursor:
        for number in range(ALTERATIONS):
            cursor.execute(WAYS[0] if number % 2 else WAYS[number // 2 % len(WAYS)])
    over.set()
    for thread in threads:
        thread.join()
    assert not failures, f"{len(failures)} of {next(inserted)}: {set(failures)}"
    assert db.value("select count(*) from pgq.event_1") == events * next(inserted)
