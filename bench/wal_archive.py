"""Archiving and fetching segments one after the other, as PostgreSQL's archiver and recovery do: walmgr and pgBackRest, both durable,
and cp without waiting for the disk."""

import argparse
import contextlib
import shutil
import statistics
import subprocess
import time

from peers import ROOT, Table, peers

from support.server import as_server_user, give_to_server_user, scratch_folder


def segments_of(server, count, shelf):
    """Copies of the finished segments of a server that has done pgbench's work, on a shelf, as the server recycles its own."""
    pgbench = [server.tree / "bin/pgbench", "-q", server.conninfo()]
    subprocess.run([*pgbench, "-i", "-s", "10"], check=True, capture_output=True)
    while True:
        found = sorted(path for path in (server.data / "pg_wal").iterdir() if len(path.name) == 24)
        (now,), = server.execute("select pg_walfile_name(pg_current_wal_lsn())")
        found = [path for path in found if path.name < now]
        if len(found) >= count:
            for path in found[:count]:
                shutil.copy(path, shelf / path.name)
                give_to_server_user(shelf / path.name)
            return [shelf / path.name for path in found[:count]]
        subprocess.run([*pgbench, "-N", "-c", "8", "-T", "5"], check=True, capture_output=True)


def per_second(command, segments, folder):
    """Runs `command(segment)` for each; segments per second."""
    start = time.perf_counter()
    for segment in segments:
        done = subprocess.run(as_server_user(command(segment)), capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, (command(segment), done.stdout, done.stderr)
    return len(segments) / (time.perf_counter() - start)


class Walmgr:
    goals = (15, 25)

    def __init__(self, folder, server, codec):
        self.name = f"walmgr, {codec}"
        self.program, self.ini, repository = folder / "walmgr", folder / f"{codec}.ini", folder / f"repository-{codec}"
        shutil.copy(ROOT / "build/apps/walmgr", self.program)
        repository.mkdir()
        give_to_server_user(repository)
        self.ini.write_text(f"[walmgr]\nwalmgr_data = {repository}\nwal_compression = {codec}\nmaster_db = {server.conninfo()}\n")
        subprocess.run(as_server_user([self.program, self.ini, "repo", "init"]), check=True, capture_output=True, cwd=folder)

    def push(self, segment):
        return [self.program, self.ini, "xarchive", segment, segment.name]

    def get(self, segment):
        return [self.program, self.ini, "xrestore", segment.name, "fetched"]


class PgBackRest:
    goals = (None, None)

    def __init__(self, folder, server, codec):
        self.name = f"pgBackRest, {codec}"
        repository = folder / f"pgbackrest-{codec}"
        repository.mkdir()
        give_to_server_user(repository)
        compression = {"zstd": "zst"}.get(codec, codec)
        self.command = ["pgbackrest", "--stanza=main", f"--pg1-path={server.data}", f"--repo1-path={repository}", "--no-config",
                        f"--compress-type={compression}", "--compress-level=1", f"--lock-path={folder}/lock",
                        "--log-level-file=off", "--log-level-console=warn"]
        (folder / "lock").mkdir(exist_ok=True)
        give_to_server_user(folder / "lock")
        subprocess.run(as_server_user([*self.without("--compress"), "--no-online", "stanza-create"]), check=True, cwd=folder)

    def without(self, *options):
        """The command without options that a part of it does not take."""
        return [word for word in self.command if not word.startswith(options)]

    def push(self, segment):
        return [*self.command, "archive-push", segment]

    def get(self, segment):
        return [*self.without("--compress"), "archive-get", segment.name, "fetched"]


class Copy:
    name = "cp, not durable"
    goals = (None, None)

    def __init__(self, folder):
        self.folder = folder / "copies"
        self.folder.mkdir()
        give_to_server_user(self.folder)

    def push(self, segment):
        return ["cp", segment, self.folder / segment.name]

    def get(self, segment):
        return ["cp", self.folder / segment.name, "fetched"]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--segments", type=int, default=30)
    options.add_argument("--rounds", type=int, default=3)
    settings = options.parse_args()
    with peers(names=["ours"]) as servers, contextlib.ExitStack() as stack:
        server = servers[0].server
        shelf = scratch_folder("pgq-bench-")
        stack.callback(shutil.rmtree, shelf, ignore_errors=True)
        segments = segments_of(server, settings.segments * settings.rounds, shelf)
        taken = {}
        for round_ in range(settings.rounds):
            folder = scratch_folder("pgq-bench-")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            some = segments[round_ * settings.segments:][:settings.segments]
            ways = [Walmgr(folder, server, "lz4"), PgBackRest(folder, server, "lz4"), Walmgr(folder, server, "zstd"),
                    PgBackRest(folder, server, "zstd"), Walmgr(folder, server, "none"), Copy(folder)]
            for way in ways:
                pushed, got = (per_second(command, some, server.data) for command in (way.push, way.get))
                taken.setdefault((way.name, way.goals), []).append((pushed, got))
        table = Table("write-ahead log", f"{settings.segments} segments of 16 MiB one by one, medians of {settings.rounds} rounds",
                      "segments/s", rates=True)
        for (name, goals), figures in taken.items():
            for at, what in enumerate(("archive", "fetch")):
                goal = f">= {goals[at]}" if goals[at] else None
                table.add("ours", f"{what}: {name}", statistics.median(one[at] for one in figures), goal=goal)
        table.show()


if __name__ == "__main__":
    main()
