"""Two sessions do the same thing at once: one of them is told to have no effects."""
import concurrent.futures

import psycopg2
import pytest

SAME = {
    "batch": "select pgq_ext.set_batch_done('mover', 5)",
    "event": "select pgq_ext.set_event_done('mover', 5, 1)",
    "advance": "select pgq_ext.advance_tick('mover', 4, 5)",
}
EARLIER = {
    "batch": "select pgq_ext.set_batch_done('mover', 4)",
    "event": "select pgq_ext.set_event_done('mover', 4, 1)",
    "advance": "select pgq_ext.advance_tick('mover', 3, 4)",
}


@pytest.fixture
def background():
    pool = concurrent.futures.ThreadPoolExecutor(4)
    yield pool.submit
    # A thread of a failed test may wait for a session that is closed only after this.
    pool.shutdown(wait=False)


@pytest.fixture
def waits(target, wait_until):
    """waits(session): returns once the session waits for a lock."""

    def wait(session):
        wait_until(lambda: target.value("select cardinality(pg_blocking_pids(%s)) > 0", session.info.backend_pid),
                   what="a session waits for a lock")

    return wait


def call(session, query):
    with session.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


@pytest.mark.parametrize("first_goes_through", [True, False], ids=["commit", "rollback"])
@pytest.mark.parametrize("known", [False, True], ids=["first_use", "later"])
@pytest.mark.parametrize("what", SAME)
def test_one_of_two_is_fresh(target, background, waits, what, known, first_goes_through):
    if known:
        assert target.value(EARLIER[what]) is True
    first, second = target.connect(autocommit=False), target.connect()
    assert call(first, SAME[what]) is True
    later = background(call, second, SAME[what])
    waits(second)
    if first_goes_through:
        first.commit()
    else:
        first.rollback()
    assert later.result(30) is not first_goes_through


def test_the_first_tick_may_be_set_by_two(target, background, waits):
    first, second = target.connect(autocommit=False), target.connect()
    assert call(first, "select pgq_ext.set_last_tick('mover', 5)") == 1
    later = background(call, second, "select pgq_ext.set_last_tick('mover', 6)")
    waits(second)
    first.commit()
    assert later.result(30) == 1
    assert target.value("select pgq_ext.get_last_tick('mover')") == 6


def test_who_fell_behind_is_refused(target, background, waits):
    target.value("select pgq_ext.set_last_tick('mover', 4)")
    first, second = target.connect(autocommit=False), target.connect()
    assert call(first, "select pgq_ext.advance_tick('mover', 4, 6)") is True
    later = background(call, second, "select pgq_ext.advance_tick('mover', 4, 8)")
    waits(second)
    first.commit()
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="is at tick 6, the batch begins at tick 4"):
        later.result(30)


@pytest.mark.parametrize("what", SAME)
def test_a_crowd_does_each_thing_once(target, background, what):
    sessions = [target.connect() for _ in range(4)]
    steps = {
        "batch": lambda step: f"select pgq_ext.set_batch_done('mover', {step})",
        "event": lambda step: f"select pgq_ext.set_event_done('mover', 5, {step})",
        "advance": lambda step: f"select pgq_ext.advance_tick('mover', {step - 1}, {step})",
    }
    for step in range(1, 31):
        answers = [background(call, session, steps[what](step)) for session in sessions]
        assert sorted(answer.result(30) for answer in answers) == [False, False, False, True]
