"""walmgr receives the log of real servers, and whatever is killed, cut or full: nothing that it acknowledged is lost."""
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

import psycopg2
import pytest

from support.archive import recovering_copy
from support.disk import small_disk
from support.receiving import Link, Receiving, position, server_on_copy, small_cluster
from support.server import Server, give_to_server_user, scratch_folder, tree


@pytest.fixture(scope="module")
def cluster():
    folder = scratch_folder()
    yield small_cluster(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def receiving(scratch, program, start):
    return Receiving(scratch, program("walmgr"), start)


class Writer(threading.Thread):
    """Inserts rows, each in a transaction of its own, and knows which were acknowledged."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.connection = server.connect()
        self.acknowledged = 0
        self.over = False
        self.start()

    def run(self):
        try:
            cursor = self.connection.cursor()
            while not self.over:
                cursor.execute("insert into kept values (%s, repeat('x', 7000))", (self.acknowledged + 1,))
                self.acknowledged += 1
        except psycopg2.Error:
            pass  # the server was killed

    def end(self):
        self.over = True
        self.join()
        self.connection.close()


def write(server, segments=1):
    """Fills segments."""
    for _ in range(segments):
        server.execute("insert into kept select 0, repeat('x', 1000)")
        server.execute("select pg_switch_wal()")


def recovered_rows(receiving, cold, wait_until):
    with recovering_copy(receiving, cold) as copy:
        copy.start()
        wait_until(lambda: copy.execute("select pg_is_in_recovery()") == [(False,)], timeout=60, what="the end of recovery")
        return [n for n, in copy.execute("select n from kept where n > 0 order by n")]


def test_every_acknowledged_commit_survives_the_server_and_the_receiver(receiving, cluster, wait_until, scratch):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with server_on_copy(cluster, synchronous_standby_names="walmgr") as server:
        server.start()
        server.execute("set synchronous_commit = local; create table kept (n int, filler text); "
                       "alter table kept alter filler set storage plain")
        server.stop()
        shutil.copytree(server.data, scratch / "cold")
        subprocess.run(["chown", "-R", "--reference", server.data, scratch / "cold"], check=True)
        server.start()
        receiving.know(server, flush="synchronous")
        receiver = receiving.receive()
        writer = Writer(server)
        for goal in range(1, 6):
            wait_until(lambda: writer.acknowledged >= goal * 60, timeout=60, what="acknowledged commits")
            time.sleep(chance.random() * 0.05)  # when it is killed decides nothing but which step is hit
            receiver.kill()
            receiver.wait()
            receiver = receiving.receive()
        wait_until(lambda: writer.acknowledged >= 400, timeout=60, what="acknowledged commits")
        server.kill9()
        receiver.kill()
        receiver.wait()
        writer.end()
    assert len(receiving.whole_segments()) >= 2
    without = recovered_rows(receiving, scratch / "cold", wait_until)
    assert without == list(range(1, len(without) + 1))
    receiving.give_up(1)
    rows = recovered_rows(receiving, scratch / "cold", wait_until)
    assert len(without) <= writer.acknowledged <= len(rows)
    assert rows == list(range(1, len(rows) + 1))


def test_a_stop_is_quick_and_says_what_is_flushed_and_a_restart_goes_on(receiving, cluster, wait_until):
    with server_on_copy(cluster) as server:
        server.start()
        server.execute("create table kept (n int, filler text)")
        receiving.know(server, flush="segment")
        receiver = receiving.receive()
        write(server, 3)
        wait_until(lambda: len(receiving.whole_segments()) >= 3, what="archived segments")
        # Another one into the folder is refused; so is one with the same slot.
        second = receiving.run("receive")
        assert second.returncode == 14 and "another process receives into" in second.stderr
        other = receiving.folder / "other"
        other.mkdir()
        give_to_server_user(other)
        receiving.configure(master_db=server.conninfo(), partial_wals=other)
        second = receiving.run("sync")
        assert second.returncode == 14 and "another receiver uses it" in second.stderr
        receiving.configure(master_db=server.conninfo(), flush="every", flush_delay=0)

        # A server that goes down waits until all that it has sent is durable, whatever the policy.
        server.execute("insert into kept values (1)")
        server.restart()
        wait_until(lambda: not receiving.is_behind(server) or server.execute("select pg_switch_wal()") is None, what="the receiver")
        before = time.monotonic()
        receiver.send_signal(signal.SIGTERM)
        assert receiver.wait(10) == 0
        assert time.monotonic() - before < 5

        # What an archiver or a stop leaves is no gap.
        write(server, 2)
        server.execute("insert into kept values (2)")
        done = receiving.run("sync")
        assert done.returncode == 0, done.stderr
        assert not receiving.is_behind(server) or "gap" not in done.stderr
        done = receiving.run("verify")
        assert done.returncode == 0, done.stderr
        assert not (receiving.repository / "main/gaps_found").exists()
        unfinished, = receiving.partial.glob("*.partial")
        assert unfinished.stat().st_size == 1 << 20

        # A server of another cluster.
        folder = scratch_folder()
        try:
            with Server(tree("tree"), folder) as stranger:
                receiving.configure(master_db=stranger.conninfo())
                done = receiving.run("receive")
                assert done.returncode == 10 and "is of another cluster" in done.stderr
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def test_a_link_that_is_cut_anywhere_is_made_again(receiving, cluster, wait_until):
    with server_on_copy(cluster) as server:
        server.start()
        server.execute("create table kept (n int, filler text)")
        receiving.know(server)
        link = Link(f"{server.host}/.s.PGSQL.{server.port}")
        try:
            receiving.configure(master_db=f"{server.conninfo()} hostaddr=127.0.0.1 port={link.port} sslmode=disable".replace(
                f"port={server.port} ", "").replace(f"host={server.host} ", ""))
            receiving.receive()
            for cut in range(1, 7):
                link.budget = random.randrange(1, 1 << 20)
                write(server, 2)
                wait_until(lambda: link.cuts >= cut or server.execute("insert into kept select 1, repeat('x', 9000)"),
                           timeout=60, what="a cut")
            name, = server.execute("select pg_walfile_name(pg_current_wal_lsn())")[0]
            write(server)
            wait_until(lambda: name in receiving.whole_segments(), timeout=60, what="the archived segment")
        finally:
            link.close()
    done = receiving.run("verify")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" to ") == 1  # without a hole


def test_a_promotion_is_followed_and_an_old_primary_refused(receiving, cluster, wait_until):
    with server_on_copy(cluster) as primary:
        primary.start()
        primary.execute("create table kept (n int, filler text)")
        primary.stop()
        with server_on_copy(primary.data, signal="standby.signal", primary_conninfo="") as standby:
            primary.start()
            standby.settings["primary_conninfo"] = primary.conninfo()
            standby.start()
            receiving.know(primary)
            receiving.configure(master_db=standby.conninfo())
            receiver = receiving.receive()
            write(primary, 2)
            wait_until(lambda: len(receiving.whole_segments()) >= 2, what="segments of the first timeline")
            primary.execute("insert into kept values (1)")
            wait_until(lambda: not receiving.is_behind(primary), what="the last row before the promotion")
            standby.execute("select pg_promote()")
            write(standby, 2)
            stored = receiving.repository / "main/wal/1"
            wait_until(lambda: len(list(stored.glob("00000002/*/*.wal"))) >= 2, what="segments of the second timeline")
            assert (stored / "00000002.history.wal").exists()
            assert len(list(stored.glob("00000001*.partial.*.wal"))) == 1
            assert receiver.poll() is None
            receiver.send_signal(signal.SIGTERM)
            assert receiver.wait(10) == 0
            done = receiving.run("verify")
            assert done.returncode == 0, done.stderr

            receiving.configure(master_db=primary.conninfo())
            done = receiving.run("receive")
            assert done.returncode == 10 and "it is an old primary or an old copy" in done.stderr
            # The unfinished end of the old timeline is for those only who have given it up.
            last = max(path.name for path in stored.glob("00000001*.partial.*.wal"))[:24]
            fetched = receiving.repository / "fetched"
            assert receiving.run("xrestore", last, fetched).returncode == 1
            receiving.give_up(1)
            assert receiving.run("xrestore", last, fetched).returncode == 0
            assert fetched.stat().st_size == 1 << 20


def test_a_gap_is_said_recorded_and_passed(receiving, cluster, wait_until):
    with server_on_copy(cluster, max_wal_size="2MB") as server:
        server.start()
        server.execute("create table kept (n int, filler text)")
        receiving.know(server)
        for _ in range(2):
            assert receiving.run("sync").returncode == 0
            write(server)
        server.execute("select pg_drop_replication_slot('walmgr')")
        for _ in range(3):
            write(server, 3)
            server.execute("checkpoint")
        done = receiving.run("sync")
        assert done.returncode == 0 and "ERROR gap: the server has removed the log from" in done.stderr
        gap, = (receiving.repository / "main/gaps_found").iterdir()
        assert gap.name.startswith("1-00000001-")
        write(server)
        assert receiving.run("sync").returncode == 0
        assert len(list((receiving.repository / "main/gaps_found").iterdir())) == 1
        done = receiving.run("verify")
        assert done.returncode == 13 and "segments are missing" in done.stderr
        done = receiving.run("status")
        assert done.returncode == 13 and done.stdout.count("gone from the server before it was received") == 1, done.stderr


def test_a_slot_that_the_server_has_given_up_is_made_anew(receiving, cluster, wait_until):
    with server_on_copy(cluster, max_wal_size="2MB", max_slot_wal_keep_size="1MB") as server:
        server.start()
        server.execute("create table kept (n int, filler text)")
        second = receiving.make_folder("second")
        receiving.know(server, walmgr_data=f"{receiving.repository}, {second}")
        assert receiving.run("sync").returncode == 0
        for _ in range(4):
            write(server, 3)
            server.execute("checkpoint")
        assert server.execute("select wal_status from pg_replication_slots") == [("lost",)]
        done = receiving.run("sync")
        assert done.returncode == 0 and "slot walmgr had lost what it kept" in done.stderr and "ERROR gap:" in done.stderr, done
        (status, keeps), = server.execute("select wal_status, restart_lsn is not null from pg_replication_slots")
        assert status in ("reserved", "extended") and keeps
        for repository in (receiving.repository, second):
            assert len(list((repository / "main/gaps_found").iterdir())) == 1
        assert "walmgr CONFIG gap refill" in done.stderr


def test_a_repository_that_is_away_and_a_full_disk_lose_nothing(receiving, cluster, wait_until):
    with small_disk(4 << 20) as partial, server_on_copy(cluster) as server:
        server.start()
        server.execute("create table kept (n int, filler text)")
        receiving.know(server, partial_wals=partial)
        receiver = receiving.receive()
        wait_until(lambda: (partial / "flushed").exists() and list(partial.glob("*.partial")), what="the receiver")
        away = receiving.repository.rename(receiving.folder / "away")
        write(server, 6)
        wait_until(lambda: "waiting for room" in receiving.said.read_text(), what="a full disk")
        assert "cannot be archived yet" in receiving.said.read_text()
        assert receiver.poll() is None
        (kept, sent), = server.execute("select restart_lsn <= pg_current_wal_lsn(), active from pg_replication_slots")
        assert kept and sent
        away.rename(receiving.repository)
        name, = server.execute("select pg_walfile_name(pg_current_wal_lsn())")[0]
        write(server)
        wait_until(lambda: name in receiving.whole_segments(), timeout=60, what="the archived segment")
        receiver.send_signal(signal.SIGTERM)
        assert receiver.wait(10) == 0
        done = receiving.run("verify")
        assert done.returncode == 0, done.stderr


class Silence:
    """The repository as another machine has it, behind our own program, which can be told to say nothing more."""

    def __init__(self, receiving, server):
        self.receiving, self.server = receiving, server
        self.sign, self.pids = receiving.folder / "silent", receiving.folder / "pids"
        self.script = receiving.folder / "reach"
        self.script.write_text(f"#!/bin/sh\necho $$ >> {self.pids}\ntest ! -e {self.sign} || kill -STOP $$\n"
                               f"exec {receiving.program} serve --folder {receiving.repository}\n")
        self.script.chmod(0o755)
        self.pids.touch()
        give_to_server_user(self.pids)

    def patience(self, seconds):
        self.receiving.configure(master_db=self.server.conninfo(), walmgr_data=f"ssh://elsewhere{self.receiving.repository}",
                                 ssh_command=self.script, store_timeout=seconds)

    def _signal(self, number):
        for pid in map(int, self.pids.read_text().split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def begin(self):
        self.sign.touch()
        self._signal(signal.SIGSTOP)

    def end(self):
        self.sign.unlink(missing_ok=True)
        self._signal(signal.SIGCONT)


def change_bit(path):
    with open(path, "r+b") as file:
        file.seek(300_000)
        byte, = file.read(1)
        file.seek(300_000)
        file.write(bytes([byte ^ 1]))


def test_a_repository_that_keeps_silent_holds_up_neither_the_stream_nor_a_stop(receiving, cluster, wait_until):
    with server_on_copy(cluster) as server:
        server.start()
        server.execute("create table kept (n int, filler text)")
        receiving.know(server)
        silence = Silence(receiving, server)
        silence.patience(1)
        receiver = receiving.receive()
        write(server, 2)
        wait_until(lambda: len(receiving.whole_segments()) >= 2, what="archived segments")
        silence.begin()
        write(server, 2)
        wait_until(lambda: "no answer for 1 s" in receiving.said.read_text(), what="the archiver's complaint")
        # Where to go on after a lost connection is known here, too.
        server.restart()
        write(server)
        wait_until(lambda: not receiving.is_behind(server), what="the stream")
        assert "the repository cannot be asked" in receiving.said.read_text()
        silence.end()
        wait_until(lambda: len(receiving.whole_segments()) >= 5, what="archived segments")
        receiver.send_signal(signal.SIGTERM)
        assert receiver.wait(10) == 0

        silence.patience(600)
        receiver = receiving.receive()
        wait_until(lambda: server.execute("select active from pg_replication_slots") == [(True,)], what="the receiver")
        silence.begin()
        write(server)
        wait_until(lambda: not receiving.is_behind(server), what="the stream")
        receiver.send_signal(signal.SIGTERM)
        assert receiver.wait(10) == 0
        silence.end()
        # A bit that changed in the folder since is not archived, and not handed out.
        waits = next(path for path in receiving.partial.iterdir() if len(path.name) == 24)
        change_bit(waits)
        done = receiving.run("sync")
        assert done.returncode == 12 and "its bytes are not those that were received" in done.stderr, done
        assert receiving.run("xrestore", waits.name, receiving.repository / "fetched").returncode == 162
        change_bit(waits)
        done = receiving.run("sync")
        assert done.returncode == 0, done.stderr
        done = receiving.run("verify")
        assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def told_services(folder):
    """Where a service manager would listen, and a function that gives what it was told since."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(folder / "notify"))
        give_to_server_user(folder / "notify")
        listening.settimeout(30)
        yield lambda: listening.recv(100).decode()


def test_settings_are_read_again_while_it_receives(receiving, cluster, wait_until, monkeypatch):
    second = receiving.make_folder("second")
    with server_on_copy(cluster) as server, told_services(receiving.folder) as told:
        server.start()
        server.execute("create table kept (n int, filler text)")
        receiving.know(server)
        receiving.know(server, walmgr_data=second)
        receiving.configure(master_db=server.conninfo())
        monkeypatch.setenv("NOTIFY_SOCKET", str(receiving.folder / "notify"))
        receiver = receiving.receive("syncdaemon")
        assert told() == "READY=1"
        write(server)
        wait_until(lambda: len(receiving.whole_segments()) == 1, what="an archived segment")

        # What is wrong, or of another cluster, changes nothing.
        stranger = receiving.make_folder("stranger")
        receiving.know_cluster(stranger)
        for keys, words in (({"flush": "never"}, "flush is neither segment"), ({"walmgr_data": "/nowhere"}, "/nowhere"),
                            ({"walmgr_data": stranger}, "keeps another cluster")):
            receiving.configure(master_db=server.conninfo(), **keys)
            receiver.send_signal(signal.SIGHUP)
            assert (told(), told()) == ("RELOADING=1", "READY=1")
            last = receiving.said.read_text().splitlines()[-1]
            assert "the configuration stays as it was" in last and words in last
        write(server)
        wait_until(lambda: len(receiving.whole_segments()) == 2, what="an archived segment")

        # From now on into another repository; and however often, nothing is lost or taken twice.
        receiving.configure(master_db=server.conninfo(), walmgr_data=second, partial_wals="/elsewhere", flush="synchronous")
        receiver.send_signal(signal.SIGHUP)
        assert (told(), told()) == ("RELOADING=1", "READY=1")
        assert "partial_wals and cluster are as they were" in receiving.said.read_text()
        for _ in range(8):
            write(server, 2)
            receiver.send_signal(signal.SIGHUP)
            assert (told(), told()) == ("RELOADING=1", "READY=1")
        write(server)
        wait_until(lambda: len(list(second.glob("main/wal/1/*/*/*.wal"))) == 17, what="archived segments")
        assert len(receiving.whole_segments()) == 2 and receiver.poll() is None

        # A repository that keeps silent when it is asked for the first time holds up neither the stream nor a stop.
        receiving.configure(master_db=server.conninfo(), walmgr_data="ssh://nobody/x", ssh_command="sh -c 'exec sleep 600'")
        receiver.send_signal(signal.SIGHUP)
        assert told() == "RELOADING=1"
        write(server)
        wait_until(lambda: len(list(second.glob("main/wal/1/*/*/*.wal"))) == 18, what="an archived segment")
        receiver.send_signal(signal.SIGTERM)
        assert receiver.wait(10) == 0
        receiving.configure(master_db=server.conninfo(), walmgr_data=second)
        monkeypatch.delenv("NOTIFY_SOCKET")
        assert receiving.run("sync").returncode == 0
        done = receiving.run("verify")
        assert done.returncode == 0 and "gap" not in receiving.said.read_text(), done


@pytest.mark.parametrize("tree_name", ["tree-16", "tree-17", "tree-18"])
def test_other_versions_are_received_from(receiving, tree_name):
    if not (tree(tree_name) / "bin/postgres").exists():
        pytest.skip(f"build/{tree_name} is missing")
    folder = scratch_folder()
    try:
        with Server(tree(tree_name), folder) as server:
            receiving.know(server)
            server.execute("create table kept (n int, filler text)")
            write(server)
            done = receiving.run("sync")
            assert done.returncode == 0, done.stderr
            assert receiving.flushed()[1] >= position(server) - (1 << 20)
            done = receiving.run("verify")
            assert done.returncode == 0 and done.stdout.count("segment") == 1, done.stderr
    finally:
        shutil.rmtree(folder, ignore_errors=True)
