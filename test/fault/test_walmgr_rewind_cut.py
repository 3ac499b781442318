"""The link to the new primary is cut while pg_rewind reads from it: the old primary is half of each then. Another `rejoin` brings it
back, or says that it must be made anew; it starts nothing that is half rewound."""
import random

import pytest

from support.pair import PORT, running_pair
from support.receiving import Link

pytestmark = pytest.mark.long


@pytest.fixture
def pair(program, wait_until):
    with running_pair(program("walmgr"), "wal_log_hints = on\nlog_min_messages = fatal") as made:
        made.sql("a", "create table kept (n int primary key, filler text)")
        made.sql("a", "insert into kept select n, repeat('x', 500) from generate_series(1, 20000) n")
        wait_until(lambda: made.streams("b"), what="a standby that streams", timeout=60)
        made.kill9("a")
        assert made.walmgr("boot").returncode == 0
        yield made


def diverge(pair):
    """The old primary writes what the new one does not have, and the new one what the old one does not have."""
    pair.ctl("a", "start")
    pair.sql("a", "update kept set filler = 'of the old one' where n % 3 = 0")
    pair.sql("a", "create table lost as select n from generate_series(1, 20000) n")
    pair.kill9("a")
    pair.sql("b", "update kept set filler = 'of the new one' where n % 2 = 0")
    pair.sql("b", "checkpoint")


def test_the_link_is_cut_while_the_old_primary_is_rewound(pair, wait_until):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    diverge(pair)
    link = Link(pair.folders["b"] / f".s.PGSQL.{PORT}")
    try:
        conninfo = f"host=127.0.0.1 port={link.port} user=postgres dbname=postgres"
        pair.archive.configure(**{**pair.keys, "slave_db": conninfo})
        link.budget = chance.randrange(1 << 16, 1 << 22)
        done = pair.walmgr("rejoin")
        assert link.cuts == 1 and done.returncode == 16, done
    finally:
        link.close()
    assert "server closed the connection" in done.stderr and "createslave" in done.stderr and done.stderr.count("\n") == 1, done
    assert pair.primaries() == ["b"] and not (pair.data("a") / "postmaster.pid").exists()
    pair.archive.configure(**pair.keys)
    done = pair.walmgr("rejoin")
    assert pair.primaries() == ["b"]
    if done.returncode != 0:
        assert "createslave" in done.stderr and not (pair.data("a") / "postmaster.pid").exists(), done
        return
    wait_until(lambda: pair.streams("a"), what="the old primary as a standby", timeout=60)
    wait_until(lambda: pair.sql("a", "select to_regclass('lost')") == [(None,)], what="it has what the new one has", timeout=60)
    assert pair.sql("a", "select count(*), count(*) filter (where filler = 'of the old one') from kept") == [(20000, 0)]
    pair.prove("b", "a")
