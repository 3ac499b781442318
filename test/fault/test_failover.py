"""The primary dies while producer, consumers and ticker run, and its standby is promoted. Clients name both hosts and want the one that
takes writes. The standby is synchronous, so that what was acknowledged is on both."""

import shutil
import subprocess

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


def acknowledged(cast):
    """The orders that the producer knows to be committed; its last line may be cut off."""
    return {int(line) for line in cast.said("producer").split("\n")[:-1] if line.isdigit()}


@pytest.mark.xdist_group("kills")
def test_clients_go_on_at_the_promoted_standby_and_nothing_is_lost(own_db, own_server, standby, scratch, program, wait_until):
    either = (f"host={own_server.host},{standby.host} port={own_server.port},{standby.port} user=postgres "
              "target_session_attrs=read-write")
    with Cast(program, own_server, own_db.name, scratch, clients=either, ticker=either) as cast:
        own_server.execute("alter system set synchronous_standby_names = '*'")
        own_server.execute("select pg_reload_conf()")
        wait_until(lambda: own_server.execute("select 1 from pg_stat_replication where sync_state = 'sync'"),
                   timeout=60, what="a synchronous standby")
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
