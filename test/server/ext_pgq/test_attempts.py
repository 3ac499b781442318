"""What the server remembers of attempts at a batch: deaths are counted, other ends are not."""


def new_batch(db, consumer="c"):
    db.sql("select pgq.insert_event('q', 'type', 'data')")
    db.sql("select pgq.force_tick('q')")
    db.sql("select pgq.ticker('q')")
    return db.value("select pgq.next_batch('q', %s)", consumer)


def begin(db, batch, worker):
    return db.sql("select * from pgq.begin_attempt(%s, %s)", batch, worker)[0]


def mark(db, batch, worker, place):
    return db.value("select pgq.mark_attempt(%s, %s, %s)", batch, worker, place)


def test_another_worker_means_a_death_and_the_same_one_does_not(q):
    batch = new_batch(q)
    assert begin(q, batch, "a") == (0, None, 0)
    assert begin(q, batch, "a") == (0, None, 0)
    assert begin(q, batch, "b") == (1, None, 0)
    assert begin(q, batch, "c") == (2, None, 0)
    assert q.value("select pgq.finish_batch(%s)", batch) == 1
    assert begin(q, new_batch(q), "d") == (0, None, 0)


def test_who_leaves_has_not_died(q):
    batch = new_batch(q)
    begin(q, batch, "a")
    assert q.value("select pgq.leave_attempt(%s, 'b')", batch) is False
    assert q.value("select pgq.leave_attempt(%s, 'a')", batch) is True
    assert begin(q, batch, "b") == (0, None, 0)


def test_deaths_count_for_a_place_only_when_it_was_tried(q):
    batch = new_batch(q)
    begin(q, batch, "a")
    assert mark(q, batch, "a", 0) is True
    assert mark(q, batch, "a", 1) is True
    assert begin(q, batch, "b") == (1, 1, 1)
    assert begin(q, batch, "c") == (2, 1, 1)  # b died before it came to the place
    assert mark(q, batch, "c", 1) is True
    assert begin(q, batch, "d") == (3, 1, 2)
    assert mark(q, batch, "d", 2) is True
    assert begin(q, batch, "e") == (4, 2, 1)


def test_a_worker_that_was_replaced_is_refused(q):
    batch = new_batch(q)
    begin(q, batch, "a")
    begin(q, batch, "b")
    assert mark(q, batch, "a", 1) is False
    assert mark(q, batch, "b", 1) is True
    q.sql("select pgq.finish_batch(%s)", batch)
    assert mark(q, batch, "b", 2) is False
    assert q.value("select pgq.leave_attempt(%s, 'b')", batch) is False
    assert begin(q, batch, "b") == (None, None, None)


def test_the_row_is_written_in_place_and_goes_with_the_queue(q):
    for _ in range(3):
        batch = new_batch(q)
        begin(q, batch, "a")
        q.sql("select pgq.finish_batch(%s)", batch)
    assert q.value("select count(*) from pgq.attempt") == 1
    q.sql("select pgq.unregister_consumer('q', 'c')")
    q.sql("select pgq.register_consumer('q', 'd')")
    begin(q, new_batch(q, "d"), "a")
    assert q.value("select count(*) from pgq.attempt") == 1
    q.sql("select pgq.drop_queue('q', true)")
    assert q.value("select count(*) from pgq.attempt") == 0


def test_the_heir_of_a_dead_member_inherits_its_attempts(server, make_db):
    db = make_db(server, "pgq", "pgq_coop")
    db.sql("select pgq.create_queue('q')")
    for member in ("left", "right"):
        db.sql("select pgq_coop.register_subconsumer('q', 'c', %s)", member)
    db.sql("select pgq.insert_event('q', 'type', 'data')")
    db.sql("select pgq.force_tick('q')")
    db.sql("select pgq.ticker('q')")
    batch = db.value("select pgq_coop.next_batch('q', 'c', 'left')")
    begin(db, batch, "a")
    mark(db, batch, "a", 0)
    db.sql("update pgq.subscription set sub_active = now() - interval '1 day' where sub_batch = %s", batch)
    heir = db.value("select pgq_coop.next_batch('q', 'c', 'right', '1 hour')")
    assert heir not in (None, batch)
    assert begin(db, heir, "b") == (1, 0, 1)
    assert mark(db, batch, "a", 1) is False
    assert db.value("select count(*) from pgq.attempt") == 1


def test_a_reader_may_and_the_public_may_not(q):
    batch = new_batch(q)
    session = q.connect()
    with session.cursor() as cursor:
        cursor.execute("set role pgq_reader")
        cursor.execute("select pgq.begin_attempt(%s, 'a'), pgq.mark_attempt(%s, 'a', 0), pgq.leave_attempt(%s, 'a')",
                       (batch, batch, batch))
    assert q.value("select count(*) from pg_proc where proname in ('begin_attempt', 'mark_attempt', 'leave_attempt')"
                   " and has_function_privilege('public', oid, 'execute')") == 0


def test_it_works_on_other_versions_without_c(any_version_db):
    db = any_version_db
    db.sql("select pgq.create_queue('q')")
    db.sql("select pgq.register_consumer('q', 'c')")
    batch = new_batch(db)
    begin(db, batch, "a")
    assert mark(db, batch, "a", 1) is True
    assert begin(db, batch, "b") == (1, 1, 1)
    assert db.value("select pgq.leave_attempt(%s, 'b')", batch) is True
