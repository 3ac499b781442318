"""Producer and consumers behind pgbouncer in transaction mode, where neither prepared statements nor LISTEN outlive a transaction."""

import pytest

from support.cast import Cast
from support.pooler import Pooler

ORDERS = 300


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
