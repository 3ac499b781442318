"""Two and more sessions at once."""
import concurrent.futures
import threading

import psycopg2
import pytest

from support import install


@pytest.fixture
def background():
    """background(function, *args) -> a future."""
    pool = concurrent.futures.ThreadPoolExecutor(16)
    yield pool.submit
    # A thread of a failed test may wait for a session that is closed only after this.
    pool.shutdown(wait=False)


@pytest.fixture
def waits(wait_until):
    """waits(group, session): returns once the session waits for a lock."""

    def wait(group, session):
        wait_until(lambda: group.db.value("select cardinality(pg_blocking_pids(%s)) > 0", session.info.backend_pid),
                   what="a session waits for a lock")

    return wait


def call(session, query, *args):
    with session.cursor() as cursor:
        cursor.execute(query, args or None)
        return cursor.fetchone()[0]


NEXT = "select pgq_coop.next_batch('orders', 'pack', %s, %s::interval)"
FINISH = "select pgq_coop.finish_batch(%s)"


def test_many_members_get_each_event_once(group, background):
    names = [str(number) for number in range(6)]
    group.join("0")
    for number in range(40):
        group.tick(f"{number} first", f"{number} second")
    start = threading.Barrier(len(names))

    def work(name):
        session, seen = group.db.connect(), []
        start.wait(30)
        while (batch := call(session, NEXT, name, None)) is not None:
            with session.cursor() as cursor:
                cursor.execute("select ev_data from pgq.get_batch_events(%s)", [batch])
                seen += [row[0] for row in cursor]
            assert call(session, FINISH, batch) == 1
        return seen

    workers = [background(work, name) for name in names]
    seen = [data for worker in workers for data in worker.result(60)]
    assert sorted(seen) == sorted(f"{number} {place}" for number in range(40) for place in ("first", "second"))


@pytest.mark.parametrize("whose", ["ours", pytest.param("debian", marks=pytest.mark.xdist_group("debian"))])
def test_two_sessions_may_be_first_to_use_a_name(request, whose, make_db, group_in, background, waits):
    if whose == "ours":
        db = make_db(request.getfixturevalue("server"), "pgq", "pgq_coop")
    else:
        db = request.getfixturevalue("debian_db")
        install.install_one_file(db, "pgq_coop")
    group = group_in(db)
    first, second = group.db.connect(autocommit=False), group.db.connect()
    join = "select pgq_coop.register_subconsumer('orders', 'pack', 'a')"
    assert call(first, join) == 1
    later = background(call, second, join)
    waits(group, second)
    first.commit()
    assert later.result(30) == 0
    assert group.members() == {"pack.a": None}


def test_who_is_finishing_is_not_dead(group):
    group.join("a", "b")
    group.tick("1")
    batch = group.next("a")
    group.kill("a")
    owner = group.db.connect(autocommit=False)
    assert call(owner, FINISH, batch) == 1
    assert group.next("b", "30 minutes") is None
    owner.commit()
    assert group.members() == {"pack.a": None, "pack.b": None}


@pytest.mark.parametrize("goes_through", [True, False])
def test_finishing_waits_for_a_take_over(group, background, waits, goes_through):
    group.join("a", "b")
    group.tick("1")
    batch = group.next("a")
    group.kill("a")
    heir, owner = group.db.connect(autocommit=False), group.db.connect()
    assert call(heir, NEXT, "b", "30 minutes") != batch
    finished = background(call, owner, FINISH, batch)
    waits(group, owner)
    if goes_through:
        heir.commit()
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
            finished.result(30)
    else:
        heir.rollback()
        assert finished.result(30) == 1


def test_a_dead_member_has_one_heir(group, background, waits):
    group.join("a", "b", "c")
    group.tick("1")
    batch = group.next("a")
    group.kill("a")
    first, second = group.db.connect(autocommit=False), group.db.connect()
    taken = call(first, NEXT, "b", "30 minutes")
    later = background(call, second, NEXT, "c", "30 minutes")
    waits(group, second)
    first.commit()
    assert later.result(30) is None
    assert group.members() == {"pack.b": taken, "pack.c": None}
    assert taken != batch


def test_a_member_joins_while_another_takes_a_batch(group, background, waits):
    group.join("1")
    group.tick("first")
    taking, joining = group.db.connect(autocommit=False), group.db.connect()
    assert call(taking, "select 1 from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer "
                        "where c.co_name = 'pack' for update of s") == 1
    joined = background(call, joining, "select pgq_coop.register_subconsumer('orders', 'pack', '2')")
    waits(group, joining)
    assert call(taking, NEXT, "1", None) is not None  # writes the consumer's row twice, and so looks at its name
    taking.commit()
    assert joined.result(60) == 1
