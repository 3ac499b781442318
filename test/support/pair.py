"""A primary and its standby, run by pg_ctl, and walmgr with one configuration that names both."""
import contextlib
import pathlib
import shutil
import subprocess
import threading
import time

import psycopg2

from support.archive import Archive
from support.oracle import pages_are_whole, relations_are_whole
from support.server import Server, as_server_user, give_to_server_user, kill_with_children, run_statement, scratch_folder, tree

BIN = tree("tree") / "bin"
PORT = 5432  # names a socket in a folder of its own; nothing listens on the network


class Pair:
    """A primary `a` and its standby `b`. In walmgr's configuration `a` is the master and `b` the slave."""

    def __init__(self, folder, program, settings="", tree_name="tree"):
        self.settings = settings
        self.tree = tree(tree_name)
        self.bin = self.tree / "bin"
        self.folder = folder
        self.archive = Archive(folder / "walmgr", program)
        self.folders = {name: folder / name for name in "ab"}
        for path in self.folders.values():
            path.mkdir()
            give_to_server_user(path)
        Server(self.tree, self.folders["a"], checksums=True).init()
        self.configure("a")
        self.keys = {"state_dir": folder / "state"}
        self.keys["state_dir"].mkdir()
        give_to_server_user(self.keys["state_dir"])
        for name, role in (("a", "master"), ("b", "slave")):
            self.keys |= {f"{role}_db": self.conninfo(name), f"{role}_data": self.data(name), f"{role}_bin": self.bin}
        self.archive.configure(**self.keys)
        self.ctl("a", "start")
        assert self.walmgr("repo", "init").returncode == 0
        self.clone("b")
        self.ctl("b", "start")

    def clone(self, name, source="a"):
        """Makes another standby, which is not started, of a primary."""
        if name not in self.folders:
            self.folders[name] = self.folder / name
            self.folders[name].mkdir()
            give_to_server_user(self.folders[name])
        if self.has_clients:
            self.run(self.bin / "pg_basebackup", "-d", self.conninfo(source), "-D", self.data(name), "-c", "fast", "-R")
        else:
            self.ctl(source, "stop")
            self.run("cp", "-a", self.data(source), self.data(name))
            self.run("sh", "-c", f"touch {self.data(name)}/standby.signal && "
                     f"echo \"primary_conninfo = '{self.conninfo(source)}'\" >> {self.data(name)}/postgresql.auto.conf")
            self.ctl(source, "start")
        self.configure(name)

    @property
    def has_clients(self):
        """The trees of other versions come without the programs that are clients."""
        return (self.bin / "pg_basebackup").exists()

    def data(self, name):
        return self.folders[name] / "data"

    def conninfo(self, name):
        return f"host={self.folders[name]} port={PORT} user=postgres dbname=postgres"

    def configure(self, name):
        command = f"{self.archive.program} {self.archive.ini}"
        (self.data(name) / "postgresql.conf").write_text(
            f"unix_socket_directories = '{self.folders[name]}'\nport = {PORT}\nlisten_addresses = ''\n"
            f"archive_mode = on\narchive_command = '{command} xarchive %p %f'\nrestore_command = '{command} xrestore %f %p'\n"
            f"wal_retrieve_retry_interval = 200ms\nfsync = off\ncluster_name = 'node_{name}'\n{self.settings}\n")

    def run(self, *command, cwd="/"):
        done = subprocess.run(as_server_user(command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=cwd)
        assert done.returncode == 0, done.stderr

    def ctl(self, name, verb, *more):
        self.run(self.bin / "pg_ctl", verb, "-w", "-D", self.data(name), *(["-l", self.folders[name] / "log"] if verb == "start" else []),
                 *more)

    def kill9(self, name):
        """Ends all processes of a server at once, as when its machine loses power."""
        postmaster = int((self.data(name) / "postmaster.pid").read_text().split()[0])
        kill_with_children(postmaster)
        while pathlib.Path(f"/proc/{postmaster}").exists():  # as long as nobody has heard of its end, its number counts as in use
            time.sleep(0.01)

    def walmgr(self, *args, **keywords):
        return self.archive.run(*args, **keywords)

    def sql(self, name, query):
        return run_statement(self.conninfo(name), query)

    def rows(self, name):
        return [n for n, in self.sql(name, "select n from kept order by n")]

    def primaries(self):
        """The names of those that answer as a primary."""
        found = []
        for name in self.folders:
            with contextlib.suppress(psycopg2.OperationalError):
                if self.sql(name, "select pg_is_in_recovery()") == [(False,)]:
                    found.append(name)
        return found

    def prove(self, primary, standby):
        """Both servers' tables and indexes, and after a stop in order each page, as PostgreSQL's own programs see them."""
        relations_are_whole(self.conninfo(primary))
        (position,), = self.sql(primary, "select pg_current_wal_flush_lsn()")
        deadline = time.monotonic() + 60
        while self.sql(standby, f"select pg_last_wal_replay_lsn() < '{position}'") != [(False,)]:
            assert time.monotonic() < deadline, f"{standby} does not come to {position}"
            time.sleep(0.02)
        relations_are_whole(self.conninfo(standby), standby=True)
        for name in (primary, standby):
            self.ctl(name, "stop")
            pages_are_whole(self.data(name))

    def streams(self, name):
        """Whether a standby receives log."""
        try:
            return self.sql(name, "select count(*) from pg_stat_wal_receiver where status = 'streaming'") == [(1,)]
        except psycopg2.OperationalError:
            return False

    def end(self):
        for name in self.folders:
            subprocess.run(as_server_user([self.bin / "pg_ctl", "stop", "-m", "immediate", "-w", "-D", self.data(name)]),
                           capture_output=True, cwd="/")


@contextlib.contextmanager
def running_pair(program, settings="wal_log_hints = on", tree_name="tree"):
    """A pair that is stopped and removed at the end, whatever happens."""
    folder = scratch_folder()
    (folder / "walmgr").mkdir()
    give_to_server_user(folder / "walmgr")
    made = Pair.__new__(Pair)
    made.folders = {}
    try:
        made.__init__(folder, program, settings, tree_name)
        yield made
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)


class Writer(threading.Thread):
    """Inserts rows where a primary is, each in a transaction of its own, and keeps those that were acknowledged."""

    def __init__(self, pair):
        super().__init__(daemon=True)
        hosts = ",".join(str(folder) for folder in pair.folders.values())
        self.conninfo = f"host={hosts} port={PORT} user=postgres dbname=postgres target_session_attrs=read-write connect_timeout=5"
        self.acknowledged = []
        self.over = threading.Event()
        self.last = 0
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                connection = psycopg2.connect(self.conninfo)
            except psycopg2.OperationalError:
                self.over.wait(0.05)
                continue
            with contextlib.suppress(psycopg2.Error), connection.cursor() as cursor:
                connection.autocommit = True
                while not self.over.is_set():
                    self.last += 1
                    cursor.execute("insert into kept values (%s)", (self.last,))
                    self.acknowledged.append(self.last)
                    self.over.wait(0.002)
            connection.close()

    def end(self):
        self.over.set()
        self.join(60)
        assert not self.is_alive()
