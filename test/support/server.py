"""A private PostgreSQL server: initdb, start, kill, stop. Used by the tests, the benchmarks, the demo and `./dev server`.

    with Server(tree("tree"), scratch) as server:
        server.conninfo("postgres")

A server listens on a unix socket in its own folder and on a free port of 127.0.0.1. It refuses to run as root, so root starts it as
the user `pgqtest`. Unless it is started detached, the kernel stops it when the process that started it dies, however that dies.
"""
import argparse
import contextlib
import os
import pathlib
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
USER = "pgqtest"
START_SECONDS = 60
MEMORY = "/dev/shm"

# Durability is not what most tests are about; those that kill the machine's write path turn it on again.
SETTINGS = {
    "fsync": "off",
    "max_connections": "200",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


def run_statement(conninfo, query, *args):
    """Runs one statement in a connection of its own; gives the rows, or None where there are none."""
    connection = psycopg2.connect(conninfo)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, args or None)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


class ServerError(Exception):
    """The server did not start; the text ends with its log."""


def tree(name):
    """The folder of a private PostgreSQL tree: `tree`, `tree-debian`, `tree-14`, `tree-16`, `tree-17` or `tree-18`.

    The real path, because the tree may be kept outside of a checkout that the server's user cannot enter.
    """
    return (ROOT / "build" / name).resolve()


def as_server_user(command, die_with_parent=False):
    """The command line that runs `command` as the user that servers run as."""
    prefix = ["setpriv"]
    if die_with_parent:
        prefix += ["--pdeathsig", "INT"]
    if os.geteuid() == 0:
        prefix += ["--reuid", USER, "--regid", USER, "--clear-groups"]
    return [*prefix, *map(str, command)] if len(prefix) > 1 else list(map(str, command))


def give_to_server_user(path):
    """Makes the server's user the owner of a folder."""
    if os.geteuid() == 0:
        entry = pwd.getpwnam(USER)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def scratch_folder(prefix="pgq-", quick=False):
    """A new short folder (a unix socket's path is limited to 107 bytes) that everybody may read and the server's user owns.

    A quick one lies in memory where that has room: making a database takes a seventh of the time there. Programs may not start from it.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if quick and _has_room(MEMORY) else "/tmp"))
    folder.chmod(0o755)
    give_to_server_user(folder)
    return folder


def _has_room(folder):
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 4 << 30


def free_port():
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _environment():
    """Nothing of the caller's PostgreSQL settings reaches the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG") or name.startswith("PGQ_")}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class Server:
    """One PostgreSQL server of the given tree, with its data in `folder`/data and its socket in `folder`."""

    def __init__(self, tree, folder, port=None, settings=None, data=None, detached=False, environment=None, checksums=False):
        self.tree = pathlib.Path(tree)
        self.folder = pathlib.Path(folder)
        self.data = pathlib.Path(data) if data else self.folder / "data"
        self.log = self.folder / "server.log"
        self.fixed_port = port
        self.port = port
        self.settings = {**SETTINGS, **(settings or {})}
        self.detached = detached
        self.environment = environment or {}
        self.checksums = checksums  # of the cluster that init() makes
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop("immediate")

    @property
    def host(self):
        """The folder of the unix socket."""
        return str(self.folder)

    def conninfo(self, dbname="postgres", **more):
        """A connection string for the unix socket; keywords are added to it."""
        words = {"host": self.host, "port": self.port, "user": "postgres", "dbname": dbname, **more}
        return " ".join(f"{name}={_quoted(value)}" for name, value in words.items())

    def connect(self, dbname="postgres", **more):
        """An autocommit psycopg2 connection."""
        connection = psycopg2.connect(self.conninfo(dbname, **more))
        connection.autocommit = True
        return connection

    def execute(self, query, *args, dbname="postgres"):
        """Runs one statement in a connection of its own; gives the rows, or None where there are none."""
        return run_statement(self.conninfo(dbname), query, *args)

    def init(self):
        """Runs initdb, unless the data folder holds a cluster already."""
        if (self.data / "PG_VERSION").exists():
            return
        self.data.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        give_to_server_user(self.data)
        self._as_user("copying a cluster", ["cp", "-a", f"{self._pristine()}/.", self.data])

    def _pristine(self):
        """A cluster as initdb leaves it, made once per tree, since initdb takes seconds and a copy does not."""
        cluster = self.tree / ("cluster-checksums" if self.checksums else "cluster")
        if not cluster.exists():
            made = pathlib.Path(tempfile.mkdtemp(prefix="cluster-", dir=self.tree))
            give_to_server_user(made)
            self._as_user("initdb", [self.tree / "bin/initdb", "-D", made, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                                     "--locale", "C.UTF-8", "--no-sync", *(["--data-checksums"] if self.checksums else [])])
            try:
                made.rename(cluster)
            except OSError:  # another process was faster
                shutil.rmtree(made)
        return cluster

    def _as_user(self, what, command):
        done = subprocess.run(as_server_user(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=_environment(), cwd="/")
        if done.returncode != 0:
            raise ServerError(f"{what} failed: {done.stdout}")

    def start(self):
        """Starts the server and returns once it takes connections."""
        self.init()
        for attempt in range(5):
            # Another process may take the port between the look and the start; then another port is tried.
            self.port = self.fixed_port or self.port or free_port()
            try:
                self._launch()
                return self
            except ServerError as error:
                if self.fixed_port or attempt == 4 or "Address already in use" not in str(error):
                    raise
                self.port = None
        return self

    def _launch(self):
        offset = self.log.stat().st_size if self.log.exists() else 0
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder, **self.settings}
        command = [self.tree / "bin/postgres", "-D", self.data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                as_server_user(command, die_with_parent=not self.detached), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**_environment(), **self.environment}, cwd="/", start_new_session=self.detached)
        deadline = time.monotonic() + START_SECONDS
        while not self._takes_connections():
            said = self.log.read_bytes()[offset:].decode(errors="replace")
            if self.process.poll() is not None:
                self.process = None
                raise ServerError(f"PostgreSQL did not start:\n{said}")
            if time.monotonic() > deadline:
                self.stop("immediate")
                raise ServerError(f"PostgreSQL took no connections within {START_SECONDS} s:\n{said}")
            time.sleep(0.02)

    def _takes_connections(self):
        """What the server itself says in its postmaster.pid; to ask by connecting would cost it a process each time."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) == 8 and int(lines[0]) == self.process.pid and lines[7].strip() in ("ready", "standby")

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, mode="fast"):
        """Stops the server: `smart`, `fast` or `immediate`. Does nothing when it does not run."""
        if self.process is None:
            return
        signals = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        self._end(signals[mode])

    def kill9(self):
        """Kills the server and all of its processes, as a machine does that loses its power."""
        if self.process is None:
            return
        kill_with_children(self.process.pid)
        self._end(signal.SIGKILL)

    def restart(self, mode="fast"):
        """Stops and starts the server on the same port."""
        self.stop(mode)
        return self.start()

    def _end(self, number):
        self.process.send_signal(number)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            for child in _children(self.process.pid):
                _send(child, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        self.process = None

    def psql(self, *args, dbname="postgres", text=None, check=True):
        """Runs psql (quiet, unaligned, stops at the first error) and gives what it printed."""
        done = subprocess.run(
            [self.tree_psql(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo(dbname), *map(str, args)],
            input=text, capture_output=True, text=True)
        if check and done.returncode != 0:
            raise ServerError(f"psql failed: {done.stderr}")
        return done.stdout

    def tree_psql(self):
        """This tree's psql; the trees of other versions come without one and use that of version 15."""
        own = self.tree / "bin/psql"
        return own if own.exists() else tree("tree") / "bin/psql"


def _quoted(value):
    text = str(value)
    if text and not any(character in " '\\" for character in text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def kill_with_children(pid):
    """Kills a server's processes, and returns when none of them holds its shared memory any more."""
    os.kill(pid, signal.SIGSTOP)  # or it would start another while its children are counted
    ends = []
    for one in [*_children(pid), pid]:
        with contextlib.suppress(ProcessLookupError):
            ends.append(os.pidfd_open(one))
            os.kill(one, signal.SIGKILL)
    for end in ends:
        select.select([end], [], [])  # readable when it has ended, whoever is told of that
        os.close(end)


def _children(pid):
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _fail(message, status=1):
    print(f"dev server: {message}", file=sys.stderr)
    sys.exit(status)


def _command_start(data, port):
    data = data.absolute()
    running = _pid_of(data)
    if running:
        _fail(f"a server runs on {data} already (process {running}); stop it with: ./dev server stop --data {data}")
    if (data.exists() and any(data.iterdir())) and not (data / "PG_VERSION").exists():
        _fail(f"{data} is not empty and not a PostgreSQL data folder")
    folder = scratch_folder("pgq-server-")
    server = Server(tree("tree"), folder, port=port, data=data, settings={"fsync": "on"}, detached=True)
    try:
        server.start()
    except (ServerError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        _fail(" ".join(str(error).split()))
    print(server.conninfo("postgres"))


def _pid_of(data):
    """The process id of the server that runs on a data folder, or None."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
        return pid
    except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
        return None


def _command_stop(data):
    data = data.absolute()
    pid = _pid_of(data)
    if pid is None:
        _fail(f"no server runs on {data}")
    socket_folder = pathlib.Path((data / "postmaster.pid").read_text().splitlines()[4])
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + 60
    while _pid_of(data):
        if time.monotonic() > deadline:
            _fail(f"the server (process {pid}) did not stop within 60 s")
        time.sleep(0.05)
    if socket_folder.name.startswith("pgq-server-"):
        shutil.rmtree(socket_folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(prog="dev server", description="A private PostgreSQL with all of our extensions available.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="create the cluster if needed, start it, print a connection string")
    start.add_argument("--data", type=pathlib.Path, required=True, help="data folder; created if missing")
    start.add_argument("--port", type=int, required=True, help="port of 127.0.0.1")
    stop = commands.add_parser("stop", help="stop the server of a data folder")
    stop.add_argument("--data", type=pathlib.Path, required=True)
    given = parser.parse_args()
    if given.command == "start":
        _command_start(given.data, given.port)
    else:
        _command_stop(given.data)


if __name__ == "__main__":
    main()
