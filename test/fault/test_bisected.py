"""Events that end their process in the middle of a batch, by abort, _exit and SIGKILL, over as many processes as it takes."""
import signal
import subprocess

import pytest

LETTERS = "select ev_type, (ev_extra4::json) ->> 'reason' from pgq.event_template where ev_extra4 is not null order by ev_id"


@pytest.fixture
def play(db, program):
    """`play(how)` runs the consumer once and gives its exit status."""
    db.sql("create table consumed (data text)")
    db.sql("select pgq.create_queue('orders')")
    db.sql("select pgq.register_consumer('orders', 'doomed')")

    def run(how):
        return subprocess.run([program("doomed_consumer"), how, db.conninfo, "orders", "doomed"], capture_output=True,
                              timeout=60).returncode

    return run


def fill(db, *types):
    """One batch of these, each with its place as data."""
    for place, kind in enumerate(types):
        db.sql("select pgq.insert_event('orders', %s, %s)", kind, str(place))
    db.sql("select pgq.force_tick('orders')")
    db.sql("select pgq.ticker('orders')")


def consumed(db):
    return dict(db.sql("select data, count(*) from consumed group by 1"))


@pytest.mark.parametrize("how", ["same_transaction", "at_least_once"])
def test_culprits_are_set_aside_and_all_others_handled(play, db, how):
    fill(db, "good", "abort", "good", "good", "kill", "exit", "good")
    ends = []
    while not ends or ends[-1] != 0:
        ends.append(play(how))
        assert len(ends) < 20
    died = -signal.SIGABRT
    # Two with the batch in one go, then two with each culprit.
    assert ends == [died, died, died, died, -signal.SIGKILL, -signal.SIGKILL, 7, 7, 0]
    assert db.sql(LETTERS) == [(kind, "its handler ended the process 2 times") for kind in ("abort", "kill", "exit")]
    good = {place: times for place, times in consumed(db).items() if place in ("0", "2", "3", "6")}
    assert set(good) == {"0", "2", "3", "6"}
    if how == "same_transaction":
        assert consumed(db) == {place: 1 for place in good}
    else:
        # In one go, and once more alone, those before the first culprit; the others had their process to themselves.
        assert good == {"0": 3, "2": 1, "3": 1, "6": 1}
    assert db.value("select count(*) from pgq.subscription where sub_batch is not null") == 0

    fill(db, "good")
    assert play(how) == 0
    assert db.sql("select deaths, place from pgq.attempt") == [(0, None)]


@pytest.mark.parametrize("how", ["same_transaction", "at_least_once"])
def test_what_only_throws_is_never_taken_for_a_death(play, db, how):
    fill(db, "good", "throw")
    assert [play(how) for _ in range(6)] == [1] * 6
    assert db.sql("select worker, deaths, place from pgq.attempt") == [(None, 0, None)]
    assert db.sql(LETTERS) == []


def test_an_unlucky_event_that_dies_once_alone_is_handled(play, db):
    fill(db, "abort", "good")
    assert [play("same_transaction") for _ in range(3)] == [-signal.SIGABRT] * 3
    # As if it had been the machine's fault.
    for table in ("pgq.event_1_0", "pgq.event_1_1", "pgq.event_1_2"):
        db.sql(f"update {table} set ev_type = 'good'")
    assert play("same_transaction") == 0
    assert consumed(db) == {"0": 1, "1": 1}
    assert db.sql(LETTERS) == []
