"""What each function of pgq_coop answers, to the letter of version 3.4."""
import psycopg2
import pytest


def refused(db, text, query, *args):
    with pytest.raises(psycopg2.errors.RaiseException) as caught:
        db.sql(query, *args)
    assert caught.value.diag.message_primary == text


CATALOGUE = {
    ("register_subconsumer", "i_queue_name text, i_consumer_name text, i_subconsumer_name text", "integer", True),
    ("unregister_subconsumer", "i_queue_name text, i_consumer_name text, i_subconsumer_name text, i_batch_handling integer",
     "integer", True),
    ("next_batch", "i_queue_name text, i_consumer_name text, i_subconsumer_name text", "bigint", False),
    ("next_batch", "i_queue_name text, i_consumer_name text, i_subconsumer_name text, i_dead_interval interval", "bigint", False),
    ("next_batch_custom", "i_queue_name text, i_consumer_name text, i_subconsumer_name text, i_min_lag interval, "
     "i_min_count integer, i_min_interval interval", "bigint", False),
    ("next_batch_custom", "i_queue_name text, i_consumer_name text, i_subconsumer_name text, i_min_lag interval, "
     "i_min_count integer, i_min_interval interval, i_dead_interval interval", "bigint", True),
    ("finish_batch", "i_batch_id bigint", "integer", True),
    ("version", "", "text", False),
}


def test_names_and_arguments_are_those_of_3_4(group):
    found = set(group.db.sql("select proname, pg_get_function_identity_arguments(oid), pg_get_function_result(oid), prosecdef"
                             " from pg_proc where pronamespace = 'pgq_coop'::regnamespace"))
    assert CATALOGUE <= found
    assert {row[0] for row in found - CATALOGUE if not row[0].startswith("_")} == {"heartbeat"}


def test_register_tells_new_from_known(group):
    assert group.join("a", "a", "b") == [1, 0, 1]
    rows = group.db.sql("select c.co_name, s.sub_id, s.sub_last_tick, s.sub_next_tick, s.sub_batch from pgq.subscription s"
                        " join pgq.consumer c on c.co_id = s.sub_consumer order by 1")
    shared = rows[0][1]
    assert rows == [("pack", shared, 1, None, None), ("pack.a", shared, None, None, None), ("pack.b", shared, None, None, None)]


def test_an_unknown_queue_is_refused(group):
    for call in ("register_subconsumer('none', 'pack', 'a')", "next_batch('none', 'pack', 'a')"):
        refused(group.db, "Event queue not created yet", f"select pgq_coop.{call}")
    assert group.db.value("select pgq_coop.unregister_subconsumer('none', 'pack', 'a', 0)") == 0
    assert group.db.value("select count(*) from pgq.consumer") == 0


def test_a_queue_without_ticks_is_refused(group):
    group.db.sql("delete from pgq.tick")
    refused(group.db, "No ticks for this queue.  Please run ticker on database.",
            "select pgq_coop.next_batch('orders', 'pack', 'a')")


def test_each_batch_goes_to_one_member(group):
    assert group.next("a") is None and group.next("b") is None
    group.tick("1", "2")
    first = group.next("a")
    assert first is not None
    assert group.next("a") == first
    assert group.next("b") is None
    second_tick = group.tick("3")
    second = group.next("b")
    assert second not in (None, first)
    assert (group.events(first), group.events(second)) == (["1", "2"], ["3"])
    assert group.main_tick() == second_tick

    assert group.finish(second) == 1
    assert group.members() == {"pack.a": first, "pack.b": None}
    assert group.next("b") is None
    assert group.finish(first) == 1


def test_finishing_what_nobody_has_is_a_warning(group):
    group.tick()
    group.next("a")
    session = group.db.connect()
    with session.cursor() as cursor:
        cursor.execute("select pgq_coop.finish_batch(4711)")
        assert cursor.fetchone() == (0,)
    assert session.notices == ["WARNING:  coop_finish_batch: batch 4711 not found\n"]
    assert group.db.value("select pgq_coop.heartbeat(4711)") == 0


def test_an_open_batch_of_the_consumer_itself_is_refused(group):
    group.join("a")
    group.tick("1")
    batch = group.db.value("select pgq.next_batch('orders', 'pack')")
    refused(group.db, "main consumer has batch open?", "select pgq_coop.next_batch('orders', 'pack', 'a')")
    assert group.finish(batch) == 0
    assert group.db.value("select pgq.finish_batch(%s)", batch) == 1


def test_a_consumer_with_a_dot_in_its_name_is_left_alone(group):
    group.join("a")
    group.db.value("select pgq.register_consumer('orders', 'pack.lone')")
    group.tick("1")
    batch = group.db.value("select pgq.next_batch('orders', 'pack.lone')")
    refused(group.db, "subconsumer not found", "select pgq_coop.next_batch('orders', 'pack', 'lone')")
    assert group.finish(batch) == 0
    assert group.db.value("select pgq_coop.unregister_subconsumer('orders', 'pack', 'lone', 1)") == 0
    assert group.events(batch) == ["1"]
    assert group.db.value("select pgq.finish_batch(%s)", batch) == 1


def test_unregister_spares_an_open_batch_unless_told(group):
    group.join("a", "b")
    leave = "select pgq_coop.unregister_subconsumer('orders', 'pack', %s, %s)"
    assert group.db.value(leave, "nobody", 0) == 0
    assert group.db.value(leave, "b", 0) == 1
    group.tick("1")
    batch = group.next("a")
    for handling in (0, 2, None):
        refused(group.db, "subconsumer has active batch", leave, "a", handling)
    assert group.db.value(leave, "a", 1) == 1
    assert group.finish(batch) == 0
    assert group.members() == {}


def test_pgq_unregisters_members_and_groups(group):
    group.join("a", "b")
    leave = "select pgq.unregister_consumer('orders', %s)"
    assert group.db.value(leave, "pack.b") == 1
    assert group.members() == {"pack.a": None}
    assert group.db.value(leave, "pack") == 2
    assert group.db.value("select count(*) from pgq.subscription") == 0


def test_wishes_about_size_are_passed_on(group):
    group.join("a", "b")
    for data in "1234":
        group.tick(data)
    custom = "select pgq_coop.next_batch_custom('orders', 'pack', %s, %s::interval, %s, %s::interval)"
    assert group.db.value(custom, "a", "1 hour", None, None) is None
    batch = group.db.value(custom, "a", None, 1, None)
    assert batch is not None
    assert group.events(batch)[0] == "1"
    timed = "select pgq_coop.next_batch_custom('orders', 'pack', 'b', null, null, null, '1 hour')"
    assert group.db.value(timed) == group.db.value(timed)


def test_a_rollback_gives_the_batch_back(group):
    group.join("a", "b")
    group.tick("1")
    session = group.db.connect(autocommit=False)
    with session.cursor() as cursor:
        cursor.execute("select pgq_coop.next_batch('orders', 'pack', 'a')")
        assert cursor.fetchone()[0] is not None
    session.rollback()
    assert group.events(group.next("b")) == ["1"]


def test_retried_events_reach_any_member(group):
    group.join("a", "b")
    group.tick("1")
    batch = group.next("a")
    event = group.db.value("select ev_id from pgq.get_batch_events(%s)", batch)
    assert group.db.value("select pgq.event_retry(%s, %s, 0)", batch, event) == 1
    group.finish(batch)
    assert group.db.value("select pgq.maint_retry_events()") == 1
    group.tick()
    assert group.db.sql("select ev_id, ev_retry from pgq.get_batch_events(%s)", group.next("b")) == [(event, 1)]


def test_many_events_are_handed_back_at_once(group):
    group.join("a", "b")
    group.tick("1", "2", "3")
    batch = group.next("a")
    ids = [row[0] for row in group.db.sql("select ev_id from pgq.get_batch_events(%s)", batch)]
    assert group.db.value("select pgq.event_retry(%s, %s::bigint[], '{0,0}')", batch, ids[1:]) == 2
    group.finish(batch)
    assert group.db.value("select pgq.maint_retry_events()") == 2
    group.tick()
    assert group.db.sql("select ev_id, ev_retry from pgq.get_batch_events(%s)", group.next("b")) == [(ids[1], 1), (ids[2], 1)]


def test_asking_in_vain_writes_nothing(group):
    group.join("a", "b")

    def rows():
        return group.db.sql("select ctid, xmin, xmax from pgq.subscription order by sub_consumer")

    before = rows()
    for _ in range(3):
        assert group.next("a", "1 hour") is None
        assert group.next("b") is None
    assert rows() == before


def test_asking_in_vain_shows_that_a_member_lives(group):
    group.join("a", "b")
    group.kill("a", "20 minutes")
    assert group.next("a", "1 hour") is None
    assert group.next("b", "15 minutes") is None
    assert group.members() == {"pack.a": None, "pack.b": None}
