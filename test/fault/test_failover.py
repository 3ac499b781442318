"""The primary dies while producer, consumers and ticker run, and its standby is promoted. Clients name both hosts and want the one that
takes writes. The standby is synchronous, so that what was acknowledged is on both. Or the primary goes dark instead: all of its
processes are halted, so that it takes connections and bytes and never says a word."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from support.cast import Cast
from support.server import Server, as_server_user, scratch_folder, tree


@pytest.fixture
def standby(own_server):
    """A hot standby of own_server, attached as its synchronous one."""
    folder = scratch_folder()
    server = Server(tree("tree"), folder)
    try:
        subprocess.run(as_server_user([own_server.tree / "bin/pg_basebackup", "-D", server.data, "-d", own_server.conninfo(), "-R",
                                       "-X", "stream", "-c", "fast", "--no-sync"]), check=True, cwd="/", capture_output=True)
        server.start()
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def either_of(first, second):
    return f"host={first.host},{second.host} port={first.port},{second.port} user=postgres target_session_attrs=read-write"


def make_synchronous(server, wait_until):
    server.execute("alter system set synchronous_standby_names = '*'")
    server.execute("select pg_reload_conf()")
    wait_until(lambda: server.execute("select 1 from pg_stat_replication where sync_state = 'sync'"), timeout=60,
               what="a synchronous standby")


def go_dark(server):
    """Halts all processes of a server, the one first that would see the others go."""
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGSTOP)
    for child in pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
        os.kill(int(child), signal.SIGSTOP)


def acknowledged(cast):
    """The orders that the producer knows to be committed; its last line may be cut off."""
    return {int(line) for line in cast.said("producer").split("\n")[:-1] if line.isdigit()}


@pytest.mark.xdist_group("kills")
def test_clients_go_on_at_the_promoted_standby_and_nothing_is_lost(own_db, own_server, standby, scratch, program, wait_until):
    either = either_of(own_server, standby)
    with Cast(program, own_server, own_db.name, scratch, clients=either, ticker=either) as cast:
        make_synchronous(own_server, wait_until)
        cast.ensure_all()
        wait_until(lambda: cast.consumed("exact") > 100 and cast.consumed("least") > 100, timeout=60,
                   what="orders through the primary")

        own_server.kill9()
        before = acknowledged(cast)
        standby.execute("select pg_promote()")
        cast.server = standby
        wait_until(lambda: len(acknowledged(cast)) > len(before) + 100, timeout=60, what="orders at the new primary")
        # Nobody had to be started again.
        assert [name for name, process in cast.processes.items() if process.poll() is not None] == []

        assert cast.stop("producer") == 0
        cast.drain(wait_until)
        stored = {number for number, in standby.execute("select id from produced", dbname=own_db.name)}
        assert acknowledged(cast) - stored == set()
        assert cast.missing() == []
        assert cast.surplus() == 0
        assert cast.twice("exact") == 0


SILENCE_MS = 500
NOTICED_WITHIN = 60  # seconds, of which connecting to the dark host takes ten


@pytest.mark.xdist_group("kills")
def test_consumers_leave_a_primary_that_goes_dark(own_db, own_server, standby, scratch, program, start, wait_until):
    """One is idle, and one is in the middle of a batch."""
    def send(server, queue, data):
        server.execute("select pgq.insert_event(%s, 'n', %s)", queue, data, dbname=own_db.name)
        server.execute("select pgq.force_tick(%s)", queue, dbname=own_db.name)
        server.execute("select pgq.ticker(%s)", queue, dbname=own_db.name)

    gate = scratch / "gate"
    conninfo = f"{either_of(own_server, standby)} dbname={own_db.name}"

    def consume(queue):
        with open(scratch / f"{queue}.out", "wb") as out, open(scratch / f"{queue}.err", "wb") as err:
            return start([program("dark_consumer"), conninfo, queue, "reader", SILENCE_MS, gate], stdout=out, stderr=err)

    def said(name):
        return (scratch / name).read_text().splitlines()

    queues = ("idle", "busy")
    for queue in queues:
        own_db.sql("select pgq.create_queue(%s)", queue)
        own_db.sql("select pgq.register_consumer(%s, 'reader')", queue)
    make_synchronous(own_server, wait_until)
    consumers = {queue: consume(queue) for queue in queues}
    send(own_server, "idle", "first")
    send(own_server, "busy", "wait")
    wait_until(lambda: "done first" in said("idle.out") and "wait" in said("busy.out"), what="a consumer at rest and one at work")

    go_dark(own_server)
    try:
        went_dark = time.monotonic()
        gate.touch()
        standby.execute("select pg_promote()")
        send(standby, "idle", "second")
        wait_until(lambda: "done second" in said("idle.out"), timeout=NOTICED_WITHIN, what="the idle consumer at the new primary")
        wait_until(lambda: said("busy.out").count("done wait") == 2, timeout=NOTICED_WITHIN, what="the batch, delivered again there")
        send(standby, "busy", "third")
        wait_until(lambda: "done third" in said("busy.out"), what="the next batch there")
        assert time.monotonic() - went_dark < NOTICED_WITHIN
        for queue in queues:
            (line,) = said(f"{queue}.err")
            assert f"the server said nothing for {SILENCE_MS} ms" in line and "trying again in" in line
            consumers[queue].send_signal(signal.SIGTERM)
            assert consumers[queue].wait(30) == 0
        assert said("idle.out") == ["first", "done first", "second", "done second"]
    finally:
        own_server.kill9()
