"""Producer and consumers behind pgbouncer in transaction mode, where neither prepared statements nor LISTEN outlive a transaction."""

import contextlib
import signal
import threading

import psycopg2
import pytest

from support.cast import Cast
from support.pooler import Pooler

ORDERS = 300
BATCHES = 40
MOVERS = ("one", "two")


@pytest.fixture
def pooler(server, scratch):
    folder = scratch / "pooler"
    folder.mkdir()
    with Pooler(server, folder) as running:
        yield running


def test_everything_arrives_and_nothing_twice_with_fewer_server_sessions_than_clients(pooler, db, scratch, program, wait_until):
    with Cast(program, db.server, db.name, scratch, clients=pooler.address) as cast:
        cast.ensure_all()
        wait_until(lambda: cast.produced() >= ORDERS, timeout=60, what=f"{ORDERS} orders")
        assert cast.stop("producer") == 0
        cast.drain(wait_until)
        assert cast.missing() == []
        assert cast.surplus() == 0
        assert cast.twice("exact") == 0
        assert cast.twice("least") == 0, "nobody was killed"
        assert cast.stop("ticker") == 0
        for name in ("exact", "least"):
            said = cast.said(name)
            # One line each: what the pooler takes away, and no trouble beside it.
            assert [line for line in said.splitlines() if "pooler" not in line] == []
            assert said.count("a pooler stands between") == 1
        assert cast.said("producer").count("pgq") == 0


def test_a_consumer_stops_while_its_statement_waits(pooler, db, scratch, program, wait_until):
    """The cancel request goes through the pooler too."""
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into consumed%'"
    with Cast(program, db.server, db.name, scratch, clients=pooler.address) as cast:
        holder = db.connect(autocommit=False)
        holder.cursor().execute("lock table consumed")
        cast.ensure("exact", "producer", "ticker")
        wait_until(lambda: db.value(waiting) == 1, what="a statement that waits")
        assert cast.stop("exact") == 0
        wait_until(lambda: db.value(waiting) == 0, what="the cancelled statement's end")
        holder.rollback()


@contextlib.contextmanager
def neighbour(conninfo):
    """Another client of the pooler, whose short transactions make it hand out now one server session and now the other."""
    over = threading.Event()

    def run():
        with contextlib.closing(psycopg2.connect(conninfo)) as connection:
            while not over.wait(0.001):
                with connection, connection.cursor() as cursor:
                    cursor.execute("select pg_sleep(0.003)")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("pooled", [("target",), ("source",), ("source", "target")], ids="-and-".join)
def test_tracked_works_with_either_end_behind_a_pooler(pooled, pooler, server, db, make_db, scratch, program, start, wait_until):
    """Both movers name what they prepare alike, and either may get the other's server session."""
    target = make_db(server, "pgq", "pgq_ext")
    target.sql("create table consumed (data text)")
    ends = {"source": db, "target": target}
    at = {name: f"{pooler.address} dbname={end.name}" if name in pooled else end.conninfo for name, end in ends.items()}
    db.sql("select pgq.create_queue('orders')")
    for mover in MOVERS:
        db.sql("select pgq.register_consumer('orders', %s)", mover)
    for batch in range(BATCHES):
        db.sql("select count(pgq.insert_event('orders', 'good', n::text)) from generate_series(%s, %s) n", 3 * batch + 1, 3 * batch + 3)
        db.sql("select pgq.force_tick('orders')")
        db.sql("select pgq.ticker('orders')")

    with contextlib.ExitStack() as neighbours:
        for name in pooled:
            neighbours.enter_context(neighbour(at[name]))
        movers = {}
        for mover in MOVERS:
            with open(scratch / f"{mover}.log", "wb") as log:
                movers[mover] = start([program("tracked_consumer"), at["source"], at["target"], "orders", mover, "run"], stderr=log)

        def settled():
            ended = any(process.poll() is not None for process in movers.values())
            return ended or target.value("select count(*) from consumed") >= len(MOVERS) * BATCHES * 3

        wait_until(settled, timeout=60, what="all orders in the target")
        for mover, process in movers.items():
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, (scratch / f"{mover}.log").read_text()
    assert target.value("select count(*) from consumed") == len(MOVERS) * BATCHES * 3
    assert target.value("select count(*) from (select data from consumed group by data having count(*) = 2) pairs") == BATCHES * 3
    for mover in MOVERS:
        said = (scratch / f"{mover}.log").read_text()
        assert [line for line in said.splitlines() if "a pooler stands between" not in line] == []
