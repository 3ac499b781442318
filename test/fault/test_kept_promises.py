"""Delayed events, and events inserted once per key, while producers, ticker and server are killed with SIGKILL: each comes, and none comes
twice."""

import os
import random
import time

import pytest

from support.cast import Cast

ROUNDS = 12  # in one of which it is the server, which needs a second to come back
BY_LOCK = """
    select pid from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database() and query ~ 'maint_(delayed|retry)_events'
"""


@pytest.fixture
def cast(own_db, own_server, scratch, program):
    """Both producers in the place of the usual one."""
    with Cast(program, own_server, own_db.name, scratch) as cast:
        cast.execute("alter table produced add told boolean not null default true")
        conninfo, queue = cast.commands.pop("producer")[1:]
        for how in ("delayed", "once"):
            cast.commands[how] = [program("kill_policy_producer"), how, conninfo, queue]
        yield cast


def kill_while_events_are_moved(cast, own_server, own_db, wait_until, victim):
    """At the moment when a statement of the ticker has taken events out of the waiting ones and cannot put them into the queue yet."""
    cast.execute("with made as (insert into produced select from generate_series(1, 300) returning id)"
                 " select count(pgq.insert_event_after('orders', now(), 'order', 'id=' || id)) from made")
    holder = own_db.connect(autocommit=False)
    with holder.cursor() as cursor:
        cursor.execute("select pgq.current_event_table('orders')")
        cursor.execute(f"lock table {cursor.fetchone()[0]} in exclusive mode")
    cast.ensure("ticker")
    wait_until(lambda: cast.execute(BY_LOCK), what="a ticker that moves events")
    cast.kill("ticker")
    if victim == "server":
        own_server.kill9()
        own_server.start()
    holder.close()


def kill_at_any_time(cast, own_server, wait_until):
    seed = int(os.environ.get("PGQ_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"PGQ_SEED={seed}")
    chance = random.Random(seed)
    cast.ensure_all()
    wait_until(lambda: cast.said("delayed") and cast.said("once"), what="orders of both producers")
    for number in range(int(os.environ.get("PGQ_ROUNDS", ROUNDS))):
        time.sleep(chance.uniform(0.02, 0.25))  # the random point, not a wait for anything
        if number % ROUNDS == ROUNDS // 2:
            own_server.kill9()
            own_server.start()
        else:
            cast.kill(chance.choice(["delayed", "once", "ticker"]))
        cast.ensure_all()
    for how in ("delayed", "once"):
        before = cast.said(how)
        wait_until(lambda: cast.said(how) != before, what="a producer at work, which hears SIGTERM")
        assert cast.stop(how) == 0


@pytest.mark.xdist_group("kills")
def test_each_event_comes_once_whoever_is_killed(cast, own_server, own_db, wait_until):
    for victim in ("ticker", "server"):
        kill_while_events_are_moved(cast, own_server, own_db, wait_until, victim)
    kill_at_any_time(cast, own_server, wait_until)
    assert cast.execute("select count(*) from produced where not told") == [(0,)]
    cast.drain(wait_until)
    assert cast.missing() == []
    assert cast.surplus() == 0
    # Exactly-once, so that what comes twice was twice in the queue.
    assert cast.twice("exact") == 0
    assert cast.execute("select count(*) from pgq.delayed_event") == [(0,)]
    print(f"{cast.produced()} orders")
