"""Archiving and fetching segments one after the other, as PostgreSQL's archiver and recovery do: walmgr and pgBackRest, each alone and
with a process beside it that looks ahead, Barman over ssh on loopback, which is its only way, all durable, and cp without waiting for
the disk. And what one command costs above fork and exec."""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import time

from barman_peer import BarmanHome
from peers import ROOT, Table, peers, write_log

from support.server import as_server_user, give_to_server_user, scratch_folder


def segments_of(server, count, shelf):
    """Copies of the finished segments of a server that has worked in a hurry, on a shelf."""
    subprocess.run([server.tree / "bin/pgbench", server.conninfo(), "-i", "-q", "-s", "10"], check=True, capture_output=True)
    (first,), = server.execute("select pg_walfile_name(pg_current_wal_lsn())")
    write_log(server, count + 1)
    (now,), = server.execute("select pg_walfile_name(pg_current_wal_lsn())")
    found = sorted(path for path in (server.data / "pg_wal").iterdir() if len(path.name) == 24 and first < path.name < now)[:count]
    assert len(found) == count, "the server has removed its log"
    for path in found:
        shutil.copy(path, shelf / path.name)
        give_to_server_user(shelf / path.name)
    return [shelf / path.name for path in found]


def stand_in(server, segments, folder):
    """A data folder whose log is these segments, ready to be archived; the server's own goes on meanwhile."""
    data = folder / "data"
    for made in (data, data / "global", data / "pg_wal", data / "pg_wal/archive_status"):
        made.mkdir(mode=0o700)
        give_to_server_user(made)
    for name in ("PG_VERSION", "global/pg_control"):
        shutil.copy(server.data / name, data / name)
        give_to_server_user(data / name)
    for segment in segments:
        os.link(segment, data / "pg_wal" / segment.name)
    return data


def seconds(command, names, data, after=None):
    """Runs `command(name)` for each; how long that takes."""
    start = time.perf_counter()
    for name in names:
        done = subprocess.run(as_server_user(command(name)), capture_output=True, text=True, cwd=data)
        assert done.returncode == 0, (command(name), done.stdout, done.stderr)
        if after:
            after(name)
    return time.perf_counter() - start


def drain(way, names, data):
    """Archives what is ready, as the server's archiver does."""
    status = data / "pg_wal/archive_status"
    for path in status.iterdir():
        path.unlink()
    for name in names:
        (status / f"{name}.ready").touch()
        give_to_server_user(status / f"{name}.ready")
    return seconds(way.push, names, data, lambda name: (status / f"{name}.ready").rename(status / f"{name}.done"))


def milliseconds(command, rounds=41):
    """What a command takes from fork to its end, the median."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        with open(os.devnull, "r+b") as nothing:
            process = os.posix_spawn(command[0], [str(word) for word in command], os.environ, file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), stream) for stream in (0, 1, 2)])
        os.waitpid(process, 0)
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


class Walmgr:
    goals = (None, None)
    keys = ""

    def __init__(self, folder, server, data, codec):
        self.name = f"walmgr, {codec}"
        self.program, self.ini = folder / "walmgr", folder / f"{type(self).__name__}-{codec}.ini"
        repository = folder / f"repository-{type(self).__name__}-{codec}"
        shutil.copy(ROOT / "build/apps/walmgr", self.program)
        repository.mkdir()
        give_to_server_user(repository)
        self.ini.write_text(f"[walmgr]\nwalmgr_data = {repository}\nwal_compression = {codec}\nmaster_db = {server.conninfo()}\n"
                            + self.keys.format(folder=folder))
        subprocess.run(as_server_user([self.program, self.ini, "repo", "init"]), check=True, capture_output=True, cwd=folder)

    def push(self, name):
        return [self.program, self.ini, "xarchive", f"pg_wal/{name}", name]

    def get(self, name):
        return [self.program, self.ini, "xrestore", name, "pg_wal/RECOVERYXLOG"]

    @contextlib.contextmanager
    def running(self):
        yield


class WalmgrAgent(Walmgr):
    goals = (15, 25)
    keys = "agent_socket = {folder}/agent.sock\nagent_spool = {folder}\n"

    def __init__(self, folder, server, data, codec):
        super().__init__(folder, server, data, codec)
        self.name = f"walmgr with its agent, {codec}"
        self.socket = folder / "agent.sock"

    @contextlib.contextmanager
    def running(self):
        agent = subprocess.Popen(as_server_user([self.program, self.ini, "agent"]), stderr=subprocess.DEVNULL, cwd="/")
        try:
            while not self.socket.exists():
                assert agent.poll() is None, "the agent has ended"
                time.sleep(0.01)
            yield
        finally:
            agent.terminate()
            agent.wait()


class PgBackRest:
    goals = (None, None)
    more = []

    def __init__(self, folder, server, data, codec):
        self.name = f"pgBackRest, {codec}"
        repository = folder / f"{type(self).__name__}-{codec}"
        repository.mkdir()
        give_to_server_user(repository)
        compression = {"zstd": "zst"}.get(codec, codec)
        self.command = ["/usr/bin/pgbackrest", "--stanza=main", f"--pg1-path={data}", f"--repo1-path={repository}", "--no-config",
                        f"--compress-type={compression}", "--compress-level=1", f"--lock-path={repository}/lock",
                        "--log-level-file=off", "--log-level-console=warn"]
        for made in (repository / "lock", repository / "spool"):
            made.mkdir()
            give_to_server_user(made)
        subprocess.run(as_server_user([*self.without("--compress"), "--no-online", "stanza-create"]), check=True, cwd=folder)
        self.command += [word.format(spool=repository / "spool") for word in self.more]

    def without(self, *options):
        """The command without options that a part of it does not take."""
        return [word for word in self.command if not word.startswith(options)]

    def push(self, name):
        return [*self.without("--archive-get"), "archive-push", f"pg_wal/{name}"]

    def get(self, name):
        return [*self.without("--compress"), "archive-get", name, "pg_wal/RECOVERYXLOG"]

    @contextlib.contextmanager
    def running(self):
        yield


class PgBackRestAsync(PgBackRest):
    more = ["--archive-async", "--spool-path={spool}", "--process-max=2", "--archive-get-queue-max=256MiB"]

    def __init__(self, folder, server, data, codec):
        super().__init__(folder, server, data, codec)
        self.name = f"pgBackRest async, {codec}"


class Barman:
    """It keeps what comes as it is, and packs it later: `barman cron` has it do that once a minute. As it starts two or three programs
    in Python for each segment, it gets a quarter of them."""
    name = "Barman"
    share = 4
    goals = (None, None)

    def __init__(self, folder, server, data, codec):
        self.barman = BarmanHome(folder, server, compression="custom", custom_compression_filter=f"{codec} -1 -c",
                                 custom_decompression_filter=f"{codec} -dc")

    def push(self, name):
        return self.barman.by_ssh("barman-wal-archive", f"pg_wal/{name}")

    def get(self, name):
        return self.barman.by_ssh("barman-wal-restore", name, "pg_wal/RECOVERYXLOG")

    def pack(self):
        return self.barman.command("archive-wal", "main")

    def running(self):
        return self.barman.reached()


class Copy:
    name = "cp, not durable"
    goals = (None, None)

    def __init__(self, folder, *_):
        self.folder = folder / "copies"
        self.folder.mkdir()
        give_to_server_user(self.folder)

    def push(self, name):
        return ["cp", f"pg_wal/{name}", self.folder / name]

    def get(self, name):
        return ["cp", self.folder / name, "pg_wal/RECOVERYXLOG"]

    @contextlib.contextmanager
    def running(self):
        yield


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--segments", type=int, default=8)
    options.add_argument("--rounds", type=int, default=3)
    settings = options.parse_args()
    with peers({"wal_keep_size": "8GB"}, names=["ours"]) as servers, contextlib.ExitStack() as stack:
        server = servers[0].server
        shelf = scratch_folder("pgq-bench-")
        stack.callback(shutil.rmtree, shelf, ignore_errors=True)
        segments = segments_of(server, settings.segments * settings.rounds, shelf)
        taken = {}
        for round_ in range(settings.rounds):
            folder = scratch_folder("pgq-bench-")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            some = settings.segments
            data = stand_in(server, segments[round_ * some:][:some], folder)
            names = [segment.name for segment in segments[round_ * some:][:some]]
            ways = [WalmgrAgent(folder, server, data, "lz4"), PgBackRestAsync(folder, server, data, "lz4"),
                    Walmgr(folder, server, data, "lz4"), PgBackRest(folder, server, data, "lz4"),
                    WalmgrAgent(folder, server, data, "zstd"), PgBackRestAsync(folder, server, data, "zstd"),
                    Barman(folder, server, data, "lz4"), Copy(folder)]
            for way in ways:
                of_them = names[:max(1, some // getattr(way, "share", 1))]
                with way.running():
                    pushed = drain(way, of_them, data)
                    if hasattr(way, "pack"):
                        packed = pushed + seconds(lambda _: way.pack(), [None], data)
                        taken.setdefault((f"{way.name}, and packed", way.goals), []).append((len(of_them) / packed, None))
                    got = seconds(way.get, of_them, data)
                taken.setdefault((way.name, way.goals), []).append((len(of_them) / pushed, len(of_them) / got))
        # To look for what is not there costs little more than the start-up.
        floor = milliseconds(["/bin/true"])
        started = {way.name: milliseconds([*way.get("0000000100000FFF00000001")[:-1], data / "pg_wal/absent"]) for way in ways[2:4]}
        table = Table("write-ahead log", f"{settings.segments} segments of 16 MiB one by one, medians of {settings.rounds} rounds",
                      "segments/s", rates=True)
        for (name, goals), figures in taken.items():
            for at, what in enumerate(("archive", "fetch")):
                goal = f">= {goals[at]}" if goals[at] else None
                if figures[0][at] is not None:
                    table.add("ours", f"{what}: {name}", statistics.median(one[at] for one in figures), goal=goal)
        table.show()
        table = Table("start-up", f"above fork and exec, which take {floor:.1f} ms; medians of 41", "ms")
        for name, taken_ms in started.items():
            table.add("ours", name, taken_ms - floor, goal="<= 4" if name.startswith("walmgr") else None)
        table.show()


if __name__ == "__main__":
    main()
