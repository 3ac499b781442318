"""Two servers change their roles, and one is lost: what was acknowledged survives, and the old primary comes back."""
import pathlib
import shutil
import subprocess

import psycopg2
import pytest

from support.archive import Archive
from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree

BIN = tree("tree") / "bin"
PORT = 5432  # names a socket in a folder of its own; nothing listens on the network


class Pair:
    """A primary `a` and its standby `b`, run by pg_ctl, and walmgr with a configuration that names both."""

    def __init__(self, folder, program):
        self.archive = Archive(folder / "walmgr", program)
        self.folders = {name: folder / name for name in "ab"}
        for path in self.folders.values():
            path.mkdir()
            give_to_server_user(path)
        Server(tree("tree"), self.folders["a"]).init()
        self.configure("a")
        self.keys = {"state_dir": folder / "state"}
        self.keys["state_dir"].mkdir()
        give_to_server_user(self.keys["state_dir"])
        for name, role in (("a", "master"), ("b", "slave")):
            self.keys |= {f"{role}_db": self.conninfo(name), f"{role}_data": self.data(name), f"{role}_bin": BIN}
        self.archive.configure(**self.keys)
        self.ctl("a", "start")
        assert self.walmgr("repo", "init").returncode == 0
        self.run(BIN / "pg_basebackup", "-d", self.conninfo("a"), "-D", self.data("b"), "-c", "fast", "-R")
        self.configure("b")
        self.ctl("b", "start")

    def data(self, name):
        return self.folders[name] / "data"

    def conninfo(self, name):
        return f"host={self.folders[name]} port={PORT} user=postgres dbname=postgres"

    def configure(self, name):
        command = f"{self.archive.program} {self.archive.ini}"
        (self.data(name) / "postgresql.conf").write_text(
            f"unix_socket_directories = '{self.folders[name]}'\nport = {PORT}\nlisten_addresses = ''\nwal_log_hints = on\n"
            f"archive_mode = on\narchive_command = '{command} xarchive %p %f'\nrestore_command = '{command} xrestore %f %p'\n"
            "wal_retrieve_retry_interval = 200ms\nfsync = off\ncluster_name = 'node_" + name + "'\n")

    def run(self, *command):
        done = subprocess.run(as_server_user(command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/")
        assert done.returncode == 0, done.stderr

    def ctl(self, name, verb, *more):
        self.run(BIN / "pg_ctl", verb, "-w", "-D", self.data(name), *(["-l", self.folders[name] / "log"] if verb == "start" else []),
                 *more)

    def walmgr(self, *args):
        return self.archive.run(*args)

    def sql(self, name, query):
        connection = psycopg2.connect(self.conninfo(name))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def rows(self, name):
        return [n for n, in self.sql(name, "select n from kept order by n")]

    def end(self):
        for name in "ab":
            subprocess.run(as_server_user([BIN / "pg_ctl", "stop", "-m", "immediate", "-w", "-D", self.data(name)]),
                           capture_output=True, cwd="/")


@pytest.fixture
def pair(program):
    folder = scratch_folder()
    (folder / "walmgr").mkdir()
    give_to_server_user(folder / "walmgr")
    made = None
    try:
        made = Pair.__new__(Pair)
        made.folders = {}
        made.__init__(folder, program("walmgr"))
        yield made
    finally:
        if made.folders:
            made.end()
        shutil.rmtree(folder, ignore_errors=True)


def has(pair, wait_until, name, rows):
    wait_until(lambda: pair.rows(name) == rows, what=f"the rows on {name}", timeout=60)


def test_roles_change_a_primary_is_lost_and_comes_back(pair, wait_until):
    pair.sql("a", "create table kept (n int)")
    pair.sql("a", "insert into kept values (1)")
    wait_until(lambda: pair.sql("a", "select count(*) from pg_stat_replication where state = 'streaming'") == [(1,)],
               what="a standby that streams", timeout=60)

    # While the primary lives nothing is promoted, and a dry run does nothing.
    done = pair.walmgr("boot")
    assert done.returncode == 18 and "the master answers as a primary; stop it first" in done.stderr, done
    assert pair.sql("b", "select pg_is_in_recovery()") == [(True,)]
    assert "would make the slave the primary" in pair.walmgr("switchover", "-n").stdout

    # A standby that lags, or whose replay is held, is refused.
    assert pair.walmgr("pause").returncode == 0
    pair.sql("a", "insert into kept values (2)")
    done = pair.walmgr("switchover", "--max-lag", "0")
    assert done.returncode == 1 and "bytes behind" in done.stderr, done
    done = pair.walmgr("switchover")
    assert done.returncode == 1 and "replay on the standby is paused" in done.stderr, done
    assert pair.walmgr("continue").returncode == 0
    assert not list(pathlib.Path(pair.keys["state_dir"]).glob("*.journal"))

    done = pair.walmgr("switchover")
    assert done.returncode == 0, done
    assert pair.sql("a", "select pg_is_in_recovery()") == [(True,)]
    assert pair.sql("b", "select pg_is_in_recovery()") == [(False,)]
    pair.sql("b", "insert into kept values (3)")
    has(pair, wait_until, "a", [1, 2, 3])
    assert (pair.archive.repository / "main/wal/1/00000002.history.wal").exists()

    # The new primary is lost with rows that never reached the other, which is promoted in its place.
    pair.ctl("a", "stop")
    pair.sql("b", "insert into kept values (99)")
    pair.ctl("b", "stop", "-m", "immediate")
    pair.ctl("a", "start")
    done = pair.walmgr("boot")
    assert done.returncode == 0 and "the master is the primary, on timeline 3" in done.stdout, done
    pair.sql("a", "insert into kept values (4)")
    assert pair.rows("a") == [1, 2, 3, 4]

    # It comes back without what nobody else has, and with its own configuration.
    done = pair.walmgr("rejoin", "--dry-run")
    assert done.returncode == 0 and "would rewind and start the slave" in done.stdout, done
    done = pair.walmgr("rejoin")
    assert done.returncode == 0 and "the slave follows the master, rewound" in done.stdout, done
    has(pair, wait_until, "b", [1, 2, 3, 4])
    assert pair.sql("b", "show cluster_name") == [("node_b",)]
    done = pair.walmgr("rejoin")
    assert done.returncode == 1 and "there is no stopped server beside a primary" in done.stderr
