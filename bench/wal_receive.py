"""Receiving log that a server has kept: walmgr receive, which flushes and puts each segment into a repository too, and pg_receivewal,
which is also what Barman receives by."""

import argparse
import contextlib
import pathlib
import shutil
import statistics
import subprocess
import time

from peers import ROOT, SEGMENT, Table, peers, write_log

from support.server import as_server_user, give_to_server_user, scratch_folder


def as_lsn(position):
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


class Walmgr:
    """`flush` as the configuration has it. Measured until all is flushed, and until all that is whole is in the repository."""

    def __init__(self, flush):
        self.flush, self.slot = flush, f"walmgr_{flush}"

    def receive(self, server, folder, end):
        program, ini, repository, partial = folder / "walmgr", folder / "walmgr.ini", folder / "repository", folder / "partial"
        shutil.copy(ROOT / "build/apps/walmgr", program)
        for path in (repository, partial):
            path.mkdir()
            give_to_server_user(path)
        ini.write_text(f"[walmgr]\nwalmgr_data = {repository}\npartial_wals = {partial}\nwal_compression = lz4\nflush = {self.flush}\n"
                       f"master_db = {server.conninfo()}\nslot = {self.slot}\n")
        subprocess.run(as_server_user([program, ini, "repo", "init"]), check=True, capture_output=True, cwd="/")
        start = time.perf_counter()
        receiver = subprocess.Popen(as_server_user([program, ini, "sync"], die_with_parent=True), cwd="/")
        while receiver.poll() is None and flushed(partial) < end:
            time.sleep(0.005)
        received = time.perf_counter() - start
        assert receiver.wait() == 0
        return {f"walmgr, flush = {self.flush}": received, f"walmgr, flush = {self.flush}, archived": time.perf_counter() - start}


def flushed(partial):
    with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
        return int((partial / "flushed").read_text().split()[1], 16)
    return 0


class PgReceivewal:
    """It flushes at the end of each segment, or never."""

    def __init__(self, *options):
        self.options, self.slot = options, "pg_receivewal" + "_".join(options).replace("-", "_")

    def receive(self, server, folder, end):
        into = folder / "segments"
        into.mkdir()
        give_to_server_user(into)
        start = time.perf_counter()
        subprocess.run(as_server_user([pathlib.Path(server.tree) / "bin/pg_receivewal", "-D", into, "-d", server.conninfo(dbname="replication"),
                                       "-S", self.slot, "--no-loop", f"--endpos={as_lsn(end)}", *self.options]), check=True, cwd="/",
                       capture_output=True)
        return {" ".join(["pg_receivewal", *self.options]): time.perf_counter() - start}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--segments", type=int, default=25)
    options.add_argument("--rounds", type=int, default=3)
    settings = options.parse_args()
    ways = [Walmgr("every"), PgReceivewal(), Walmgr("synchronous"), PgReceivewal("--no-sync")]
    taken = {}
    with peers(names=["ours"]) as servers, contextlib.ExitStack() as stack:
        server = servers[0].server
        subprocess.run([server.tree / "bin/pgbench", "-i", "-q", "-s", "10", server.conninfo()], check=True, capture_output=True)
        for round_ in range(settings.rounds):
            server.execute("checkpoint")
            for way in ways:
                server.execute("select pg_create_physical_replication_slot(%s, true)", way.slot)
            begin, end = write_log(server, settings.segments)
            for way in ways[round_ % 2:] + ways[:round_ % 2]:  # none is always the one after a pause
                folder = scratch_folder("pgq-bench-")
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                for what, seconds in way.receive(server, folder, end).items():
                    taken.setdefault(what, []).append((end - begin) / SEGMENT / seconds)
                shutil.rmtree(folder)
            for way in ways:
                server.execute("select pg_drop_replication_slot(%s)", way.slot)
    table = Table("receiving the log", f"about {settings.segments} segments of 16 MiB, medians of {settings.rounds} rounds", "segments/s", rates=True)
    for what, figures in taken.items():
        flushes = what.startswith("walmgr") and "archived" not in what
        table.add("ours", what, statistics.median(figures), goal=">= 12.5" if flushes else None)
    table.show()
    medians = {what: statistics.median(figures) for what, figures in taken.items()}
    print(f"  walmgr to pg_receivewal, both flushing: {medians['walmgr, flush = every'] / medians['pg_receivewal']:.2f}; "
          f"to --no-sync: {medians['walmgr, flush = every'] / medians['pg_receivewal --no-sync']:.2f}")


if __name__ == "__main__":
    main()
