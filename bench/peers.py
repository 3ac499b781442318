"""What the benchmarks share: our server and Debian's side by side, and a table of figures with ratios.

    with peers() as servers:            # ours first
        table = Table("title", "settings", "unit")
        for peer in servers:
            db = peer.database()        # fresh, with the peer's own pgq
            table.add(peer, "what", figure, goal=2)
        table.show()
"""

import contextlib
import io
import itertools
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test"))

from support.server import Server, scratch_folder, tree  # noqa: E402

# What goals are measured under: a server that keeps its word to the disk, with no background work of its own choosing.
SETTINGS = {"fsync": "on", "shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "1h", "autovacuum": "off",
            "max_locks_per_transaction": "1024"}


SEGMENT = 16 << 20  # bytes of the log


class Database:
    """One database of a peer, with one session of its own."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.session = server.connect(name)

    @property
    def conninfo(self):
        return self.server.conninfo(self.name)

    def connect(self):
        """Another session."""
        return self.server.connect(self.name)

    def sql(self, query, *args):
        with self.session.cursor() as cursor:
            cursor.execute(query, args or None)
            return cursor.fetchall() if cursor.description else None

    def value(self, query, *args):
        return self.sql(query, *args)[0][0]

    def copy(self, table, columns, lines):
        """COPY of text lines, taken from an iterator piece by piece."""
        with self.session.cursor() as cursor:
            cursor.copy_expert(f"copy {table} ({', '.join(columns)}) from stdin", Lines(lines))


class Lines(io.RawIOBase):
    """An iterator of lines as the file that COPY reads."""

    def __init__(self, lines):
        super().__init__()
        self.lines = iter(lines)

    def read(self, size=-1):
        return "".join(itertools.islice(self.lines, max(1, size // 256))).encode()


class Peer:
    """A running server with its PgQ."""

    numbers = itertools.count()

    def __init__(self, name, server):
        self.name = name
        self.ours = name == "ours"
        self.server = server

    def database(self, extension="pgq"):
        name = f"bench_{next(self.numbers)}"
        self.server.execute(f"create database {name}")
        if extension:
            self.server.execute(f"create extension {extension}", dbname=name)
        return Database(self.server, name)


@contextlib.contextmanager
def peers(settings=None, names=("ours", "debian")):
    """Our server and Debian's, one after the other started and both stopped at the end."""
    trees = {"ours": "tree", "debian": "tree-debian"}
    with contextlib.ExitStack() as stack:
        running = []
        for name in names:
            folder = scratch_folder("pgq-bench-")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            running.append(Peer(name, stack.enter_context(Server(tree(trees[name]), folder, settings={**SETTINGS, **(settings or {})}))))
        yield running


def median_time(db, query, runs):
    """Median seconds of a statement, after three that are not counted."""
    took = []
    for _ in range(runs + 3):
        start = time.perf_counter()
        db.sql(query)
        took.append(time.perf_counter() - start)
    return statistics.median(took[3:])


def write_log(server, segments):
    """So many segments of updates and inserts, as much as a server writes in a hurry. Gives where the log begins and ends."""
    begin = server.execute("select pg_current_wal_lsn() - '0/0'")[0][0]
    while (end := server.execute("select pg_current_wal_flush_lsn() - '0/0'")[0][0]) - begin < segments * SEGMENT:
        server.execute("update pgbench_accounts set abalance = abalance + (random() * 1000)::int where aid % 10 = (random() * 9)::int")
        server.execute("insert into pgbench_history select 1, 1, n, n, now() from generate_series(1, 50000) n")
    server.execute("select pg_switch_wal()")  # pg_receivewal ends when there is more than it was asked for
    server.execute("create table if not exists more as select 1")
    return int(begin), int(end)


def figures(name, *arguments):
    """Runs the program built from bench/NAME.cpp and gives the numbers that it prints."""
    command = [ROOT / "build" / "bench" / name, *arguments]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


@contextlib.contextmanager
def ticking(db, peer, **settings):
    """The peer's own pgqd at work on a database, with default settings but for those given."""
    program = ROOT / "build" / "apps" / "pgqd" if peer.ours else "pgqd"
    server = peer.server
    with tempfile.TemporaryDirectory() as folder:
        log, config = pathlib.Path(folder) / "pgqd.log", pathlib.Path(folder) / "pgqd.ini"
        settings = {"logfile": log, "pidfile": f"{folder}/pgqd.pid", "database_list": db.name, "syslog": 0,
                    "base_connstr": f"host={server.host} port={server.port} user=postgres", **settings}
        config.write_text("[pgqd]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))
        with subprocess.Popen([program, "-q", config]) as daemon:
            try:
                deadline = time.monotonic() + 30
                while not (log.exists() and "pgq version ok" in log.read_text()):
                    if daemon.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"pgqd does not work: {log.read_text() if log.exists() else 'no log'}")
                    time.sleep(0.05)
                yield
            finally:
                daemon.terminate()


class Table:
    """Figures by peer; printed with the ratio of the first peer's to ours, and the goal. Where more is better (`rates`),
    the ratio is that of ours to the peer's, so that above 1 means that ours is the better one."""

    def __init__(self, title, settings, unit, rates=False):
        self.title, self.settings, self.unit, self.rates = title, settings, unit, rates
        self.rows = {}
        self.goals = {}

    def add(self, peer, what, figure, goal=None):
        self.rows.setdefault(what, {})[peer if isinstance(peer, str) else peer.name] = figure
        if goal is not None:
            self.goals[what] = goal

    def show(self):
        with open("/proc/loadavg", encoding="ascii") as load:
            busy = load.read().split()[0]
        print(f"{self.title}  [{self.unit}]")
        print(f"  {self.settings}; PostgreSQL 15, {os.cpu_count()} cores, {platform.machine()}, load {busy}")
        names = list(dict.fromkeys(name for figures in self.rows.values() for name in figures))
        print("  " + f"{'':34}" + "".join(f"{name:>12}" for name in names) + f"{'ratio':>9}{'goal':>9}")
        for what, figures in self.rows.items():
            cells = "".join(f"{_number(figures.get(name)):>12}" for name in names)
            ours, theirs = figures.get("ours"), next((figures[n] for n in names if n != "ours" and n in figures), None)
            ratio = (ours / theirs if self.rates else theirs / ours) if ours and theirs else None
            print(f"  {what:34}{cells}{'' if ratio is None else f'{ratio:.2f}':>9}{_number(self.goals.get(what)):>9}")
        print(flush=True)


def _number(figure):
    if figure is None or isinstance(figure, str):
        return figure or ""
    return f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:.3g}"
