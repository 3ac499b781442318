"""A silent member's batch goes to another member, and the silent one cannot finish it any more."""
import psycopg2
import pytest


def lost(group, call, batch, heir, new_batch):
    """The batch's former owner is told who has it now."""
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState) as caught:
        group.db.value(f"select pgq_coop.{call}(%s)", batch)
    assert caught.value.diag.message_primary == f"coop_{call}: batch {batch} was taken over by {heir} as batch {new_batch}"


@pytest.fixture
def open_batch(group):
    """Member a has a batch of one event, and b has none."""
    group.join("a", "b")
    group.tick("1")
    return group.next("a")


def test_the_batch_gets_a_new_id(group, open_batch):
    group.kill("a")
    taken = group.next("b", "30 minutes")
    assert taken not in (None, open_batch)
    assert group.events(taken) == ["1"]
    assert group.members() == {"pack.b": taken}

    lost(group, "finish_batch", open_batch, "pack.b", taken)
    lost(group, "heartbeat", open_batch, "pack.b", taken)
    with pytest.raises(psycopg2.errors.RaiseException):
        group.events(open_batch)
    assert group.next("b") == taken
    assert group.finish(taken) == 1
    lost(group, "finish_batch", open_batch, "pack.b", taken)


def test_who_comes_back_joins_again(group, open_batch):
    group.kill("a")
    taken = group.next("b", "30 minutes")
    assert group.next("a") is None
    group.tick("2")
    assert group.events(group.next("a")) == ["2"]
    assert group.members().keys() == {"pack.a", "pack.b"}
    lost(group, "finish_batch", open_batch, "pack.b", taken)


def test_effects_of_the_former_owner_are_undone(group, open_batch):
    group.kill("a")
    group.next("b", "30 minutes")
    session = group.db.connect(autocommit=False)
    with session.cursor() as cursor:
        cursor.execute("select pgq.insert_event('orders', 'effect', '1')")
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
            cursor.execute("select pgq_coop.finish_batch(%s)", [open_batch])
    session.commit()
    assert group.db.value("select count(*) from pgq.event_template where ev_type = 'effect'") == 0


def test_a_batch_can_be_taken_over_again(group, open_batch):
    group.kill("a")
    second = group.next("b", "30 minutes")
    group.kill("b")
    third = group.next("c", "30 minutes")
    lost(group, "finish_batch", open_batch, "pack.b", second)
    lost(group, "finish_batch", second, "pack.c", third)
    assert group.finish(third) == 1


def test_only_the_dead_are_robbed(group, open_batch):
    group.kill("a", "10 minutes")
    assert group.next("b", "30 minutes") is None
    assert group.next("b") is None
    assert group.finish(open_batch) == 1


@pytest.mark.parametrize("sign", ["heartbeat", "next_batch"])
def test_signs_of_life_keep_a_batch(group, open_batch, sign):
    group.kill("a")
    if sign == "heartbeat":
        assert group.db.value("select pgq_coop.heartbeat(%s)", open_batch) == 1
    else:
        assert group.next("a") == open_batch
    assert group.next("b", "30 minutes") is None
    assert group.finish(open_batch) == 1


def test_nobody_takes_over_from_itself(group, open_batch):
    group.kill("a")
    assert group.next("a", "30 minutes") == open_batch


def test_the_oldest_batch_goes_first_and_one_at_a_time(group):
    group.join("idle", "late", "early", "b")
    group.tick("1")
    group.next("early")
    group.tick("2")
    group.next("late")
    for member in ("idle", "late", "early"):
        group.kill(member)
    for data in ("1", "2"):
        batch = group.next("b", "30 minutes")
        assert group.events(batch) == [data]
        assert group.finish(batch) == 1
    assert group.members() == {"pack.b": None, "pack.idle": None}
    assert group.next("b", "30 minutes") is None
    assert group.members() == {"pack.b": None}


def test_other_groups_are_not_touched(group, open_batch):
    group.kill("a")
    assert group.db.value("select pgq_coop.next_batch('orders', 'other', 'b', '1 second')") is None
    assert group.finish(open_batch) == 1


def test_what_was_taken_over_is_forgotten_in_the_end(group, open_batch):
    group.kill("a")
    taken = group.next("b", "30 minutes")
    group.db.sql("update pgq_coop.taken_over set taken_at = now() - interval '31 days'")
    group.kill("b")
    group.next("c", "30 minutes")
    assert group.db.sql("select batch_id, consumer_name, taken_by from pgq_coop.taken_over") == [(taken, "pack.b", "pack.c")]
    assert group.finish(open_batch) == 0
