"""Many events of a batch handed back in one call."""
import psycopg2
import psycopg2.errors
import pytest

from one_queue import delivered, prepared, tick

MANY = "select pgq.event_retry(%s, %s::bigint[], %s::integer[])"
ASIDE = ("select ev_id, extract(epoch from ev_retry_after - now())::integer, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3,"
         " ev_extra4, ev_txid, ev_time from pgq.retry_queue order by ev_id")


def batch_of(database, count, consumer="c"):
    """An open batch of so many events, and their ids."""
    database.sql("select pgq.insert_event('q', 't', i::text, 'e1', null, '', 'e4') from generate_series(1, %s) i", count)
    tick(database)
    batch = database.value("select pgq.next_batch('q', %s)", consumer)
    return batch, [row[0] for row in database.sql("select ev_id from pgq.get_batch_events(%s) order by 1", batch)]


def come_again_each_in_its_time(anywhere):
    batch, ids = batch_of(anywhere, 4)
    assert anywhere.value(MANY, batch, [ids[2], ids[0]], [0, 1000]) == 2
    anywhere.sql("select pgq.finish_batch(%s)", batch)
    assert anywhere.value("select pgq.maint_retry_events()") == 1
    tick(anywhere)
    batch = anywhere.value("select pgq.next_batch('q', 'c')")
    assert anywhere.sql("select ev_id, ev_retry from pgq.get_batch_events(%s)", batch) == [(ids[2], 1)]
    # Once more, now from a batch that holds it as an event of one consumer.
    assert anywhere.value(MANY, batch, [ids[2]], [0]) == 1
    anywhere.sql("select pgq.finish_batch(%s)", batch)
    assert anywhere.sql("select ev_id, ev_retry from pgq.retry_queue order by 1") == [(ids[0], 1), (ids[2], 2)]


def test_they_come_again_each_in_its_time(q):
    come_again_each_in_its_time(q)


def test_they_come_again_in_each_version_and_without_c(any_version_db):
    come_again_each_in_its_time(prepared(any_version_db))


def test_they_lie_aside_as_if_handed_back_one_by_one(q):
    batch, ids = batch_of(q, 5)
    q.sql("begin")
    assert q.sql("select pgq.event_retry(%s, id, seconds) from unnest(%s, array[5, 0, -7]) one(id, seconds)", batch, ids[1:4]) == [(1,)] * 3
    single = q.sql(ASIDE)
    q.sql("rollback")
    q.sql("begin")
    assert q.value(MANY, batch, ids[1:4], [5, 0, -7]) == 3
    assert q.sql(ASIDE) == single
    q.sql("commit")


def test_what_is_aside_stays_as_it_is_and_is_not_counted(q):
    batch, ids = batch_of(q, 3)
    assert q.value("select pgq.event_retry(%s, %s, 500)", batch, ids[0]) == 1
    assert q.value(MANY, batch, ids, [9, 9, 9]) == 2
    assert q.value(MANY, batch, ids, [1, 1, 1]) == 0
    assert q.value("select pgq.event_retry(%s, %s, 0)", batch, ids[2]) == 0
    assert [row[1] > 400 for row in q.sql(ASIDE)] == [True, False, False]


def test_of_an_event_named_twice_the_first_time_counts(q):
    batch, ids = batch_of(q, 2)
    q.sql("begin")
    assert q.value(MANY, batch, [ids[1], ids[0], ids[1]], [100, 0, 900]) == 2
    assert [row[1] for row in q.sql(ASIDE)] == [0, 100]
    q.sql("rollback")


def test_none_is_put_aside_when_one_is_not_in_the_batch(q):
    earlier, before = batch_of(q, 1)
    q.sql("select pgq.finish_batch(%s)", earlier)
    batch, ids = batch_of(q, 3)
    q.sql("select pgq.register_consumer('q', 'other')")
    for wrong in (ids + before, [10**15], ids[:1] + [0]):
        with pytest.raises(psycopg2.errors.RaiseException, match="^event not found\n") as refused:
            q.sql(MANY, batch, wrong, [0] * len(wrong))
        assert refused.value.pgcode == "P0001"
        assert refused.value.diag.message_detail == f"Event {min(set(wrong) - set(ids))} is not in batch {batch}."
    assert q.sql(ASIDE) == []


@pytest.mark.parametrize("ids", [[], [1]])
def test_a_batch_that_is_not_open_holds_no_event(q, ids):
    batch, _ = batch_of(q, 1)
    q.sql("select pgq.finish_batch(%s)", batch)
    for closed in (batch, 99, None):
        with pytest.raises(psycopg2.errors.RaiseException, match="^event not found\n"):
            q.sql(MANY, closed, ids, [0] * len(ids))


@pytest.mark.parametrize("ids, seconds, state, said", [
    (None, [1], "22004", "must not be null"),
    ([1], None, "22004", "must not be null"),
    ([1, None], [0, 0], "22004", "must not hold nulls"),
    ([1, 2], [0, None], "22004", "must not hold nulls"),
    ([1, 2], [0], "2202E", "must have the same length, not 2 and 1"),
    ([], [0], "2202E", "must have the same length, not 0 and 1"),
    ([[1], [2]], [0, 0], "2202E", "must be one-dimensional arrays"),
])
def test_arrays_that_do_not_fit_are_refused(q, ids, seconds, state, said):
    batch, _ = batch_of(q, 2)
    with pytest.raises(psycopg2.Error, match=said) as refused:
        q.sql(MANY, batch, ids, seconds)
    assert refused.value.pgcode == state
    assert q.sql(ASIDE) == []


def test_nothing_to_hand_back_is_nothing(q):
    batch, _ = batch_of(q, 1)
    assert q.value(MANY, batch, [], []) == 0


def test_statistics_that_deceive_the_planner_cost_no_second_look(q):
    """Twenty thousand events of a table said to be empty. One look at the batch reads each row a few times at most; a look for each id
    would read hundreds of millions, or compare as many where the batch is kept at hand."""
    count = 20_000
    batch, ids = batch_of(q, count)
    table = q.value("select pgq.current_event_table('q')")
    q.sql("update pg_class set reltuples = 0, relpages = 1 where oid = %s::regclass", table)

    with q.connect().cursor() as cursor:
        cursor.execute("set enable_hashjoin = off; load 'auto_explain'; set auto_explain.log_nested_statements = on;"
                       " set client_min_messages = log; begin")
        read = ("select pg_stat_get_xact_tuples_returned(%s::regclass) + pg_stat_get_xact_tuples_fetched(%s::regclass)"
                " + sum(pg_stat_get_xact_tuples_returned(indexrelid)) from pg_index where indrelid = %s::regclass")
        cursor.execute(read, (table, table, table))
        before = cursor.fetchone()[0]
        cursor.execute("set auto_explain.log_min_duration = 0")
        cursor.execute(MANY, (batch, ids, [60] * count))
        assert cursor.fetchone()[0] == count
        cursor.execute("set auto_explain.log_min_duration = -1")
        cursor.execute(read, (table, table, table))
        assert count <= cursor.fetchone()[0] - before <= 4 * count
        plans = [text for text in cursor.connection.notices if "insert into pgq.retry_queue" in text]
        assert len(plans) == 1 and "Nested Loop" not in plans[0]
        cursor.execute("commit")
        cursor.connection.close()
    assert q.value("select count(*) from pgq.retry_queue") == count


def test_a_pass_of_maintenance_brings_them_back(q):
    batch, ids = batch_of(q, 25)
    assert q.value(MANY, batch, ids, [0] * 25) == 25
    q.sql("select pgq.finish_batch(%s)", batch)
    moved = []
    while count := q.value("select pgq.maint_retry_events()"):
        moved.append(count)
    assert sum(moved) == 25
    tick(q)
    assert delivered(q) == ["t"] * 25
