"""The demo of walmgr: a primary is lost under load with SIGKILL, and nothing that it had acknowledged; then rows are deleted by mistake.

    ./dev demo walmgr [--seconds N] [--clients N] [--scale N]

pgbench runs; its log goes into a repository by archive_command and by `walmgr receive`, for which every commit waits. A backup is taken
meanwhile and becomes a standby. The receiver is killed, then the primary. The standby is booted, and must have every transaction that
anybody was told of. The old primary rejoins. Then rows are deleted, and a restore to the moment before is compared row by row.

Exit status 0 when all is as it must be, 1 when a row differs or something failed.
"""

import argparse
import contextlib
import ctypes
import io
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

import psycopg2
from demo import ROOT, Failure, program

sys.path.insert(0, str(ROOT / "test"))

from support.archive import Archive  # noqa: E402
from support.oracle import pages_are_whole, relations_are_whole, verify_files  # noqa: E402
from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree  # noqa: E402

BIN = tree("tree") / "bin"
PORT = 5432  # names a socket in a folder of its own; nothing listens on the network
PATIENCE = 120  # seconds that any wait may take
TABLES = {"promise": "writer, n", "pgbench_accounts": "aid", "pgbench_branches": "bid", "pgbench_tellers": "tid",
          "pgbench_history": "tid, bid, aid, delta, mtime"}
AMOUNTS = """
    select (select sum(abalance) from pgbench_accounts), (select sum(bbalance) from pgbench_branches),
           (select sum(tbalance) from pgbench_tellers), (select coalesce(sum(delta), 0) from pgbench_history)
"""


def adopt_orphans():
    """Servers become children of this process when pg_ctl ends: what is killed is then gone at once, whoever else would reap it."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {PATIENCE} s")
        time.sleep(0.05)
    return found


class Node:
    """A server that pg_ctl starts, whose settings all stand in its data folder."""

    def __init__(self, name, folder, archive):
        self.name, self.archive, self.folder = name, archive, folder / name
        self.data = self.folder / "data"
        self.conninfo = f"host={self.folder} port={PORT} user=postgres dbname=postgres"
        self.folder.mkdir()
        give_to_server_user(self.folder)

    def configure(self, **settings):
        command = f"{self.archive.program} {self.archive.ini}"
        settings = {"unix_socket_directories": self.folder, "port": PORT, "listen_addresses": "", "cluster_name": self.name,
                    "archive_mode": "on", "archive_command": f"{command} xarchive %p %f", "wal_log_hints": "on",
                    "restore_command": f"{command} xrestore %f %p", "wal_retrieve_retry_interval": "200ms",
                    "recovery_init_sync_method": "syncfs", **settings}
        (self.data / "postgresql.conf").write_text("".join(f"{name} = '{value}'\n" for name, value in settings.items()))

    def ctl(self, verb, *more):
        log = ["-l", self.folder / "log"] if verb == "start" else []
        done = subprocess.run(as_server_user([BIN / "pg_ctl", verb, "-w", "-D", self.data, *log, *more]), stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, cwd="/")
        if done.returncode != 0:
            raise Failure(f"{self.name}: pg_ctl {verb} failed: {' '.join(done.stderr.split())}")

    def pid(self):
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().splitlines()[0])
        return None

    def kill9(self):
        """As a machine does that loses its power: no process of the server says another word."""
        pid = self.pid()
        os.kill(pid, signal.SIGSTOP)
        for child in map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)  # see adopt_orphans()

    def end(self):
        if pid := self.pid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)  # kill9() may have been interrupted
            subprocess.run(as_server_user([BIN / "pg_ctl", "stop", "-m", "immediate", "-w", "-D", self.data]), capture_output=True, cwd="/")

    def connect(self):
        connection = psycopg2.connect(self.conninfo)
        connection.autocommit = True
        return connection

    def execute(self, query, *args):
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, args or None)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def value(self, query, *args):
        return self.execute(query, *args)[0][0]

    def rows(self):
        """Every row of every table, as text."""
        found = {}
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                for table, key in TABLES.items():
                    text = io.StringIO()
                    cursor.copy_expert(f"copy (select * from {table} order by {key}) to stdout", text)
                    found[table] = text.getvalue().splitlines()
        finally:
            connection.close()
        return found


class Writer(threading.Thread):
    """Makes promises, each in a transaction of its own, and remembers those that the server has acknowledged."""

    def __init__(self, node, number):
        super().__init__(daemon=True)
        self.connection, self.number, self.kept = node.connect(), number, 0
        self.over = False
        self.start()

    def run(self):
        with contextlib.suppress(psycopg2.Error):  # the server is killed
            cursor = self.connection.cursor()
            while not self.over:
                cursor.execute("insert into promise values (%s, %s)", (self.number, self.kept + 1))
                self.kept += 1

    def end(self):
        self.over = True
        self.join(PATIENCE)
        self.connection.close()


class Demo:
    def __init__(self, settings, folder):
        self.settings, self.folder = settings, folder
        self.started, self.figures = [], []
        work = folder / "walmgr"
        for path in (work, work / "partial", work / "state"):
            path.mkdir()
            give_to_server_user(path)
        self.archive = Archive(work, program("walmgr"))
        self.a, self.b, self.c = (Node(name, folder, self.archive) for name in "abc")
        self.keys = {"master_db": self.a.conninfo, "master_data": self.a.data, "master_bin": BIN, "slave_db": self.b.conninfo,
                     "slave_data": self.b.data, "slave_bin": BIN, "partial_wals": work / "partial", "state_dir": work / "state",
                     "flush": "synchronous", "wal_compression": "lz4"}
        self.archive.configure(**self.keys)
        self.begin = time.monotonic()

    def say(self, text):
        print(f"  {time.monotonic() - self.begin:4.0f} s  {text}", flush=True)

    def figure(self, what, value):
        self.figures.append((what, value))

    def spawn(self, name, command):
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(as_server_user(command, die_with_parent=True), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        self.started.append(process)
        return process

    def walmgr(self, *words):
        """Runs it to its end; gives the seconds that it took."""
        begin = time.monotonic()
        done = self.archive.run(*words, cwd="/")
        if done.returncode != 0:
            raise Failure(f"walmgr {' '.join(map(str, words))} ended with {done.returncode}: {' '.join(done.stderr.split())}")
        return time.monotonic() - begin

    def receive_from(self, node):
        """A receiver that is at work when this returns. The servers keep their names in the main configuration."""
        ini = self.archive.folder / "receive.ini"
        ini.write_text("[walmgr]\n" + "".join(f"{name} = {value}\n" for name, value in {
            **self.keys, "walmgr_data": self.archive.repository, "master_db": node.conninfo}.items()))
        ini.chmod(0o644)
        receiver = self.spawn("receive", [self.archive.program, ini, "receive"])

        def at_work():
            if receiver.poll() is not None:
                raise Failure(f"walmgr receive ended: {self.last_line('receive')}")
            return node.value("select count(*) from pg_stat_replication where application_name = 'walmgr' and state = 'streaming'")

        wait_until(at_work, "a receiver at work")
        return receiver

    def last_line(self, name):
        lines = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        for node in (self.a, self.b, self.c):
            node.end()

    def prepare(self):
        Server(tree("tree"), self.a.folder, checksums=True).init()
        self.a.configure(synchronous_standby_names="walmgr", synchronous_commit="local")
        self.a.ctl("start")
        self.pgbench("-i", "-q", "-s", self.settings.scale)
        self.a.execute("create table promise (writer int, n int, primary key (writer, n))")
        self.walmgr("repo", "init")

    def pgbench(self, *options):
        done = subprocess.run(as_server_user([BIN / "pgbench", *map(str, options), self.a.conninfo]), capture_output=True, text=True, cwd="/")
        if done.returncode != 0:
            raise Failure("pgbench failed: " + done.stderr.strip().splitlines()[-1])

    def load(self):
        """From here on a commit is acknowledged when the receiver has it on its disk."""
        receiver = self.receive_from(self.a)
        self.a.configure(synchronous_standby_names="walmgr")
        self.a.ctl("reload")
        wait_until(lambda: self.a.value("select count(*) from pg_stat_replication where sync_state = 'sync'"), "a synchronous receiver")
        self.bench = self.spawn("pgbench", [BIN / "pgbench", "-n", "-c", str(self.settings.clients), "-T", "3600", self.a.conninfo])
        self.writers = [Writer(self.a, number) for number in range(2)]
        return receiver

    def promises(self):
        return sum(writer.kept for writer in self.writers)

    def work(self, seconds):
        """Lets the load go on, and sees to it that it does."""
        before = self.promises()
        end = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() >= end and self.promises() > before, "further commits")
        if self.bench.poll() is not None:
            raise Failure(f"pgbench ended: {self.last_line('pgbench')}")

    def backup_becomes_standby(self):
        took = self.walmgr("backup")
        bytes_stored = sum(path.stat().st_size for path in (self.archive.repository / "main/base").rglob("*") if path.is_file())
        size = self.a.value("select sum(pg_database_size(oid)) from pg_database")
        self.figure("backup under load", f"{took:.1f} s for {float(size) / 1e6:.0f} MB, stored in {bytes_stored / 1e6:.0f} MB")
        took = self.walmgr("restore", "--standby", "--archive-mode", "preserve", self.b.data)
        self.b.configure()
        self.b.ctl("start")
        self.figure("standby made of it", f"{took:.1f} s")

    def lose_primary(self):
        transactions = self.a.value("select count(*) from pgbench_history")
        self.say(f"the primary is killed with SIGKILL, after {self.promises():,} promises and {transactions:,} transactions of pgbench")
        self.a.kill9()
        for writer in self.writers:
            writer.end()
        self.bench.wait(PATIENCE)
        told = [line for line in (self.folder / "pgbench.log").read_text().splitlines() if "actually processed" in line]
        if not told:
            raise Failure("pgbench does not say what was acknowledged")
        return int(told[0].split(":")[1].split("/")[0])

    def prove(self, acknowledged):
        """Everything that was acknowledged is there; beyond that at most what was under way when the primary died."""
        for writer in self.writers:
            found = [n for n, in self.b.execute("select n from promise where writer = %s order by n", writer.number)]
            if found != list(range(1, len(found) + 1)) or not writer.kept <= len(found) <= writer.kept + 1:
                lost = sorted(set(range(1, writer.kept + 1)) - set(found))
                raise Failure(f"writer {writer.number} was promised {writer.kept:,} rows; {len(found):,} are there, lost: {lost[:5]}")
        found = self.b.value("select count(*) from pgbench_history")
        if not acknowledged <= found <= acknowledged + self.settings.clients:
            raise Failure(f"pgbench was told of {acknowledged:,} transactions; {found:,} are there")
        amounts = self.b.execute(AMOUNTS)[0]
        if len(set(amounts)) != 1:
            raise Failure(f"the balances do not add up: {amounts}")
        promises = self.b.value("select count(*) from promise")
        self.say(f"all {self.promises():,} promises are kept, and all {acknowledged:,} transactions that pgbench was told of; "
                 f"{promises - self.promises() + found - acknowledged} that nobody was told of have survived too")
        self.figure("acknowledged, and there", f"{self.promises() + acknowledged:,} commits, lost: 0")

    def mistake(self):
        """Rows are deleted, and life goes on. Gives the rows before, and the moment."""
        before = self.b.rows()
        moment = self.b.value("select clock_timestamp()::text")
        gone = len(self.b.execute("delete from promise where n % 2 = 0 returning n"))
        self.b.execute("insert into promise values (99, 1)")
        name = self.b.value("select pg_walfile_name(pg_switch_wal())")
        wait_until(lambda: (self.b.value("select last_archived_wal from pg_stat_archiver") or "")[8:24] >= name[8:24],
                   f"{name} in the repository")
        self.say(f"a mistake: {gone:,} rows are deleted; the moment before it is {moment}")
        return before, moment

    def compare(self, before, moment):
        took = self.walmgr("restore", "--target-time", moment, self.c.data)
        backup = max(path.parent.name for path in self.archive.repository.glob("main/base/*/backup.json"))
        verify_files(self.archive, backup, self.c.data, changed=["postgresql.conf"])  # which had a restore_command of its own
        begin = time.monotonic()
        self.c.configure(archive_mode="off")
        self.c.ctl("start")
        wait_until(lambda: not self.c.value("select pg_is_in_recovery()"), "the end of recovery")
        self.figure("restore to the moment", f"{took:.1f} s, and {time.monotonic() - begin:.1f} s of recovery")
        after = self.c.rows()
        different = 0
        for table, rows in before.items():
            lines = sum(one != other for one, other in zip(rows, after[table])) + abs(len(rows) - len(after[table]))
            different += lines
            if lines:
                self.say(f"{table}: {lines:,} of {len(rows):,} rows differ")
        if different:
            raise Failure(f"{different:,} rows differ from what they were at {moment}")
        count = sum(map(len, before.values()))
        self.say(f"restored to that moment: {count:,} rows of {len(before)} tables, each as it was")
        self.figure("rows compared", f"{count:,}, different: 0")
        relations_are_whole(self.c.conninfo)
        for node in (self.c, self.a):
            node.ctl("stop")
            pages_are_whole(node.data)
        self.say("pg_verifybackup, pg_amcheck and pg_checksums find nothing wrong with it, nor pg_checksums with the rewound one")

    def play(self):
        settings = self.settings
        print(f"pgbench: scale {settings.scale}, {settings.clients} clients; every commit waits for `walmgr receive`", flush=True)
        self.prepare()
        receiver = self.load()
        self.say("pgbench and two writers are at work; archive_command and receiver feed the repository")
        self.work(settings.seconds / 3)
        self.backup_becomes_standby()
        self.say("a backup was taken under load, and a standby made of it, which has the log from the repository only")
        self.work(settings.seconds / 3)
        receiver.kill()
        receiver.wait()
        self.say("the receiver is killed with SIGKILL: commits wait until there is another one")
        self.receive_from(self.a)
        self.work(settings.seconds / 3)
        acknowledged = self.lose_primary()
        took = self.walmgr("boot")
        self.figure("from the loss to a new primary", f"{took:.1f} s")
        self.say(f"the standby was booted: timeline {self.b.value('select timeline_id from pg_control_checkpoint()')}")
        self.prove(acknowledged)
        took = self.walmgr("rejoin")
        self.figure("old primary rejoined", f"{took:.1f} s")
        self.say("the old primary was rewound and follows the new one")
        for process in self.started:
            process.terminate()
            process.wait(PATIENCE)
        self.receive_from(self.b)
        self.b.execute("insert into promise select 9, n from generate_series(1, 1000) n")
        wait_until(lambda: self.a.execute("select * from promise order by 1, 2") == self.b.execute("select * from promise order by 1, 2"),
                   "the same rows on both servers")
        self.compare(*self.mistake())
        self.walmgr("verify")
        self.say("every archived file and the backup were read again: nothing is damaged, nothing missing")
        print("\n".join(f"  {what:32}{value}" for what, value in self.figures))


def main():
    options = argparse.ArgumentParser(prog="dev demo walmgr", description=__doc__.split("\n\n", maxsplit=1)[0])
    options.add_argument("--seconds", type=int, default=6, help="how long the load runs beside the other work")
    options.add_argument("--clients", type=int, default=4, help="sessions of pgbench")
    options.add_argument("--scale", type=int, default=2, help="branches of pgbench")
    settings = options.parse_args()
    if min(settings.seconds, settings.clients, settings.scale) < 1:
        options.error("seconds, clients and scale are at least 1")

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    adopt_orphans()
    folder = scratch_folder("pgq-demo-")
    try:
        demo = Demo(settings, folder)
        try:
            demo.play()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a second Ctrl-C must not leave servers behind
                signal.signal(number, signal.SIG_IGN)
            demo.end()
        print("demo passed")
        return 0
    except (Failure, AssertionError, psycopg2.Error, subprocess.TimeoutExpired) as failure:  # AssertionError: of support.oracle
        print(f"demo failed: {' '.join(str(failure).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo interrupted", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
