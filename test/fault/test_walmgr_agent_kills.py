"""An agent, the commands that ask it and the server are killed at random points: what the server took for archived is stored."""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from support.agent import AgentArchive, processes_of
from support.archive import recovering_copy, small_segments_server, wait_until_archived
from support.server import as_server_user


@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.long)])
def test_kills_lose_nothing_and_acknowledge_nothing_that_is_not_stored(scratch, program, start, wait_until, rounds):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    archive = AgentArchive(scratch, program("walmgr"), start)
    with small_segments_server(archive) as server:
        server.execute("create table kept (n int, filler text); alter table kept alter filler set storage plain")
        server.stop()
        subprocess.run(as_server_user(["cp", "-a", server.data, archive.repository / "cold"]), check=True, cwd="/")
        (archive.repository / "cold").rename(scratch / "cold")
        server.start()
        agent = archive.agent(wait_until)
        status = server.data / "pg_wal/archive_status"

        def write(rows):
            server.execute("insert into kept select n, repeat('x', 7000) from generate_series(%s, %s) n", rows[0], rows[-1])

        def acknowledged():
            return sorted(path.stem for path in status.glob("*.done") if len(path.stem) == 24)

        woken = time.monotonic()

        def goes_on(before):
            nonlocal woken
            if len(acknowledged()) > len(before) or not list(status.glob("*.ready")):
                return True
            # An archiver whose command was killed ends, and the server begins another one after ten seconds if something wakes it.
            if time.monotonic() - woken > 0.5:
                server.process.send_signal(signal.SIGHUP)
                woken = time.monotonic()
            return False

        rows = 0
        for round_ in range(rounds):
            write(range(rows + 1, rows + 601))
            rows += 600
            before = acknowledged()
            wait_until(lambda: goes_on(before), what="an archived segment")
            time.sleep(chance.random() * 0.1)  # when it is killed decides nothing but which step is hit
            for process in processes_of(archive, "xarchive"):
                if chance.random() < 0.5:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
            if round_ % 2:
                agent.kill()
                agent.wait()
            said, there = acknowledged(), archive.stored()
            assert set(said) <= set(there), sorted(set(said) - set(there))
            if round_ % 4 == 3:
                server.kill9()
                server.start()
            if round_ % 2 and round_ < rounds - 1:
                agent = archive.agent(wait_until)
        agent = archive.agent(wait_until)
        wait_until_archived(server, wait_until)
        done = archive.run("verify")
        assert done.returncode == 0, done.stderr
        server.kill9()

    # Recovery through the agent, which fetches ahead, and is killed on the way.
    with recovering_copy(archive, scratch / "cold") as copy:
        copy.start()
        wait_until(lambda: "redo starts" in copy.log.read_text() or "restored log file" in copy.log.read_text(), what="recovery")
        agent.kill()
        agent.wait()
        wait_until(lambda: copy.execute("select pg_is_in_recovery()") == [(False,)], timeout=60, what="the end of recovery")
        assert copy.execute("select count(*), count(distinct n), max(n) from kept") == [(rows, rows, rows)]
    shutil.rmtree(scratch / "cold")


def test_two_agents_of_one_cluster_are_in_nobodys_way(scratch, program, start, wait_until):
    archive = AgentArchive(scratch, program("walmgr"), start)
    archive.know_cluster(archive.repository)
    archive.agent(wait_until)
    first = archive.ini.read_text()
    archive.ini = archive.folder / "other.ini"
    archive.configure(agent_socket=archive.folder / "other.sock", agent_pidfile=archive.folder / "other.pid", cluster="main",
                      agent_spool="")
    assert "other" not in first
    with open(archive.said, "ab") as said:
        start(as_server_user(archive.command("agent"), die_with_parent=True), cwd="/", stdout=said, stderr=said)
    wait_until((archive.folder / "other.sock").exists, what="the second agent")
    inis = (archive.folder / "walmgr.ini", archive.folder / "other.ini")
    for number in range(1, 13):
        archive.put(number)
    for number in range(1, 13):
        for archive.ini in inis if number % 2 else inis[::-1]:
            done = archive.ask(number)
            assert (done.returncode, done.stderr) == (0, "")
    assert len(archive.stored()) == 12
    assert archive.run("verify").returncode == 0
