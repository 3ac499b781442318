"""The wall clock jumps, a consumer's or the server's: who waits goes by the steady clock, and what goes by the server's clock loses nothing
and holds up nobody."""

import itertools
import shutil
import signal

import pytest

from support.clock import JumpingClock
from support.database import Templates
from support.server import Server, scratch_folder, tree

YEAR = 365 * 86400


@pytest.mark.parametrize("wait", ["poll", "notify"])
def test_a_waiting_consumer_does_not_notice(db, program, start, wait_until, scratch, wait):
    db.sql("select pgq.create_queue('orders')")
    db.sql("select pgq.register_consumer('orders', 'billing')")
    said = scratch / "said"
    with open(said, "wb") as out:
        consumer = start([program("clock_jump"), wait, db.conninfo, "orders", "billing"], stdout=out, stderr=out)
    expected = []
    for data in ("first", f"jump {YEAR}", "after a year", f"jump {-2 * YEAR}", "before it"):
        db.sql("select pgq.insert_event('orders', 'n', %s)", data)
        db.sql("select pgq.force_tick('orders')")
        db.sql("select pgq.ticker('orders')")
        expected += ["jumped", data] if data.startswith("jump") else [data]
        wait_until(lambda: said.read_text().splitlines() == expected, what=f"{data!r} at the consumer")
    consumer.send_signal(signal.SIGTERM)
    assert consumer.wait(30) == 0


@pytest.fixture
def jumping():
    folder = scratch_folder()
    clock = JumpingClock(folder)
    try:
        with Server(tree("tree"), folder, environment=clock.environment) as server:
            server.templates = Templates(server)
            yield server, clock
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_servers_clock_jumps_under_all_of_them(jumping, make_db, program, start, wait_until, scratch):
    """A ticker, a consumer, and two members that share another's work. Orders that were handed back or put off wait by the server's clock,
    and are not among them."""
    server, clock = jumping
    db = make_db(server, "pgq", "pgq_coop")
    db.sql("create table consumed (consumer text, id bigint)")
    db.sql("select pgq.create_queue('orders')")
    db.sql("select pgq.register_consumer('orders', 'alone')")
    members = ("one", "two")
    for member in members:
        db.sql("select pgq_coop.register_subconsumer('orders', 'shared', %s)", member)
    config = scratch / "pgqd.ini"
    config.write_text(f"[pgqd]\nbase_connstr = host={server.host} port={server.port} user=postgres\ndatabase_list = {db.name}\nlogfile = {scratch}/pgqd.log\n"
                      f"pidfile = {scratch}/pgqd.pid\n")
    running = {"pgqd": start([program("pgqd"), "-q", config])}
    said = scratch / "alone.log"
    with open(said, "wb") as out:
        running["alone"] = start([program("clock_jump"), "notify", db.conninfo, "orders", "alone"], stdout=out, stderr=out)

    def ensure(*names):
        """A member that was taken for dead by a clock that jumped ahead has been fenced; it comes back, as under a service manager."""
        for name in names:
            if name not in running or running[name].poll() == 3:
                with open(scratch / f"{name}.log", "ab") as log:
                    running[name] = start([program("kill_member"), db.conninfo, "orders", "shared", name, 60_000], stdout=log, stderr=log)

    ids = itertools.count(1)
    last = 0
    for seconds in (0, 3600, -3600, YEAR, -YEAR, 0):
        clock.jump_to(seconds)
        for _ in range(30):
            last = next(ids)
            db.sql("select pgq.insert_event('orders', 'order', %s)", f"id={last}")

        def all_done():
            ensure(*members)
            assert all(one.poll() in (None, 3) for one in running.values())
            return db.value("select count(distinct id) from consumed") == last

        wait_until(lambda: len(said.read_text().splitlines()) == last, what=f"all orders at the consumer, by a clock moved by {seconds} s")
        wait_until(all_done, what=f"all orders at the members, by a clock moved by {seconds} s")
    assert said.read_text().splitlines() == [f"id={n}" for n in range(1, last + 1)], "in order, and nothing twice"
    assert db.value("select count(*) from consumed") == last
