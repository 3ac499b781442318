"""walmgr receiving from real servers, whose segments are small so that there are many."""
import contextlib
import pathlib
import select
import shutil
import socket
import subprocess
import threading

from support.archive import Archive, stored_object
from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree

SETTINGS = {"max_wal_size": "200MB", "min_wal_size": "2MB", "checkpoint_timeout": "1h", "wal_level": "replica", "hot_standby": "on", "autovacuum": "off",
            "wal_keep_size": "0", "log_min_messages": "fatal"}


def small_cluster(folder, tree_name="tree"):
    """A cluster with segments of 1 MiB, as initdb leaves it."""
    data = folder / "small"
    made = subprocess.run(as_server_user([tree(tree_name) / "bin/initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync",
                                          "--wal-segsize=1", "-E", "UTF8", "--locale", "C.UTF-8"]), capture_output=True, text=True, cwd="/")
    assert made.returncode == 0, made.stderr
    return data


@contextlib.contextmanager
def server_on_copy(data, signal=None, **settings):
    """A server on a copy of `data`, not started yet."""
    folder = scratch_folder()
    subprocess.run(as_server_user(["cp", "-a", data, folder / "data"]), check=True, cwd="/")
    if signal:
        (folder / "data" / signal).touch()
        give_to_server_user(folder / "data" / signal)
    server = Server(tree("tree"), folder, settings={**SETTINGS, **settings})
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


class Receiving(Archive):
    """walmgr with a repository, and a folder to receive into."""

    def __init__(self, folder, program, start):
        self.partial = pathlib.Path(folder) / "partial"
        self.partial.mkdir()
        give_to_server_user(self.partial)
        super().__init__(folder, program)
        self.start = start
        self.said = self.folder / "receive.log"

    def configure(self, **keys):
        super().configure(**{"partial_wals": self.partial, "wal_compression": "lz4", **keys})

    def know(self, server, **keys):
        """Configures a server, which the repository then knows."""
        self.configure(master_db=server.conninfo(), **keys)
        done = self.run("repo", "init")
        assert done.returncode == 0, done.stderr

    def receive(self, command="receive"):
        """A receiver, running; its lines are added to `said`."""
        with open(self.said, "ab") as said:
            return self.start(as_server_user(self.command(command), die_with_parent=True), cwd="/", stdout=said, stderr=said)

    def flushed(self):
        """Timeline and position up to which received log is durable."""
        text = (self.partial / "flushed").read_text().split()
        return (int(text[0], 16), int(text[1], 16)) if len(text) == 2 else (0, 0)

    def is_behind(self, server):
        return self.flushed()[1] < position(server)

    def whole_segments(self):
        return [path.stem for path in self.objects()]

    def give_up(self, timeline):
        """Records the intent to promote a standby at the end of a timeline."""
        path = self.repository / f"main/intents/1-{timeline:08X}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(stored_object(b"0/0\n"))
        give_to_server_user(path)
        give_to_server_user(path.parent)


def position(server):
    """Up to where a server's log is flushed, in bytes."""
    (at,), = server.execute("select pg_current_wal_flush_lsn() - '0/0'")
    return int(at)


class Link:
    """A TCP link to a server's socket that can be cut, at any byte: after `budget` bytes from the server, when that is set. `once`: it is not
    made again then."""

    def __init__(self, server_socket, once=False):
        self.upstream = str(server_socket)
        self.once = once
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.budget = None
        self.cuts = 0
        self.closing = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        pairs = []
        while not self.closing:
            ready, _, _ = select.select([self.listener, *[one for pair in pairs for one in pair]], [], [], 0.05)
            for one in ready:
                if one is self.listener:
                    pairs.append((self.listener.accept()[0], socket.socket(socket.AF_UNIX)))
                    pairs[-1][1].connect(self.upstream)
                elif pair := next((pair for pair in pairs if one in pair), None):
                    if not self._pass(one, *pair):
                        pairs.remove(pair)
                        for end in pair:
                            end.close()
        self.listener.close()
        for pair in pairs:
            for end in pair:
                end.close()

    def _pass(self, one, client, server):
        try:
            data = one.recv(65536)
            if one is server and self.budget is not None:
                data, self.budget = data[:self.budget], self.budget - len(data)
            (server if one is client else client).sendall(data)
            if self.budget is not None and self.budget <= 0:
                self.budget = None
                self.cuts += 1
                self.closing = self.closing or self.once
                return False
            return bool(data)
        except OSError:
            return False

    def close(self):
        self.closing = True
        self.thread.join()
