"""The disk under the tables is full: the producer is told, the consumer waits until there is room, and nothing is lost."""

import contextlib
import shutil

import psycopg2
import pytest

from support import disk
from support.cast import Cast

ORDERS = 300
SMALL = 32 << 20  # bytes: a database takes eight of them


@pytest.fixture
def small_disk():
    with disk.small_disk(SMALL) as folder:
        yield folder


@pytest.mark.xdist_group("kills")
def test_nothing_is_lost_when_the_disk_is_full_for_a_while(small_disk, own_server, scratch, program, wait_until):
    tables = small_disk / "tables"
    tables.mkdir()
    shutil.chown(tables, *(["pgqtest"] * 2))
    own_server.execute(f"create tablespace small location '{tables}'")
    own_server.execute("create database crowded tablespace small")
    own_server.execute("create extension pgq", dbname="crowded")

    with Cast(program, own_server, "crowded", scratch) as cast:
        cast.ensure("producer", "ticker")
        wait_until(lambda: cast.produced() >= ORDERS, timeout=60, what=f"{ORDERS} orders")
        filler = small_disk / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(1 << 16)):
                pass

        with pytest.raises(psycopg2.errors.DiskFull):
            cast.execute("select count(pgq.insert_event('orders', 'order', 'id=0', repeat('x', 1000), null, null, null)) "
                         "from generate_series(1, 10000)")
        cast.ensure("exact", "least")
        for name in ("exact", "least"):
            wait_until(lambda: "SQLSTATE 53100" in cast.said(name) or cast.processes[name].poll() is not None,
                       timeout=60, what="a consumer without room")
        # They wait, and have not gone.
        assert [name for name in ("producer", "exact", "least") if cast.processes[name].poll() is not None] == []

        filler.unlink()
        before = cast.produced()
        wait_until(lambda: cast.produced() > before, timeout=60, what="orders after there was room again")
        assert cast.stop("producer") == 0
        cast.drain(wait_until)
        assert cast.missing() == []
        assert cast.surplus() == 0
        assert cast.twice("exact") == 0
