"""The power fails after each step of `walmgr sync`: whatever it had reported to the server as flushed can be recovered."""
import random
import shutil
import struct
import subprocess

import pytest

from support.power_loss import Disk, record
from support.receiving import Receiving, position, server_on_copy, small_cluster
from support.server import scratch_folder

SEGMENT = 1 << 20


@pytest.fixture(scope="module")
def cluster():
    folder = scratch_folder()
    yield small_cluster(folder)
    shutil.rmtree(folder, ignore_errors=True)


def reported(step):
    """The position that a status message to the server calls flushed, in bytes."""
    if step.call != "sendto" or not isinstance(step.args[1], bytes):
        return None
    data, at, last = step.args[1], 0, None
    while at + 5 <= len(data) and data[at:at + 1] in b"dcQXp":
        length = struct.unpack(">I", data[at + 1:at + 5])[0] + 1
        if data[at:at + 1] == b"d" and data[at + 5:at + 6] == b"r":
            last = struct.unpack(">Q", data[at + 14:at + 22])[0]
        at += length
    return last


class Site:
    """A receiver whose folders a loss of power hits, and a copy of what the server had."""

    def __init__(self, receiving, server, disk):
        self.receiving, self.server, self.disk = receiving, server, disk
        self.fetched = receiving.folder / "fetched"
        self.before = receiving.folder / "before"

    def run(self, *args):
        return subprocess.run([str(word) for word in self.receiving.command(*args)], capture_output=True, text=True, cwd=self.receiving.folder)

    def check(self, state, first, safe, what):
        """From segment `first` on, all up to the position `safe` can be had; and nothing that is had is wrong."""
        state.make(self.disk)
        self.receiving.give_up(1)
        for number in range(first, (safe - 1) // SEGMENT + 1 if safe else first):
            name = f"00000001{number // 4096:08X}{number % 4096:08X}"
            self.fetched.unlink(missing_ok=True)
            done = self.run("xrestore", name, self.fetched)
            assert done.returncode == 0, (what, f"{name} is lost, flushed was {safe:X}", done)
            wanted = (self.server.data / "pg_wal" / name).read_bytes()
            certain = min(SEGMENT, safe - number * SEGMENT)
            data = self.fetched.read_bytes()
            assert data[:certain] == wanted[:certain], (what, f"{name} is wrong in front of {safe:X}")


@pytest.fixture
def site(scratch, program, start, cluster):
    disk = scratch / "disk"
    disk.mkdir()
    receiving = Receiving(scratch, program("walmgr"), start)
    for path in (receiving.repository, receiving.partial):
        path.rename(disk / path.name)
    receiving.repository, receiving.partial = disk / "repository", disk / "partial"
    with server_on_copy(cluster) as server:
        server.start()
        server.execute("create table kept (n int, filler text)")
        receiving.configure(master_db=server.conninfo(), walmgr_data=receiving.repository, flush="synchronous")
        site = Site(receiving, server, disk)
        for args in (["repo", "init"], ["sync"]):
            done = site.run(*args)
            assert done.returncode == 0, done.stderr
        yield site


def lose_power_after_each_step(site, kinds, every, rows):
    chance = random.Random(seed := random.randrange(1 << 30))
    print(f"seed {seed}")
    first = position(site.server) // SEGMENT
    site.server.execute("insert into kept select n, repeat('x', 1000) from generate_series(1, %s) n", rows)
    site.before = shutil.copytree(site.disk, site.receiving.folder / "before")
    steps, done = record(site.receiving.command("sync"))
    assert done.returncode == 0
    end, real = position(site.server), Disk(site.disk).after_loss("all")
    shutil.rmtree(site.disk)
    shutil.copytree(site.before, site.disk)
    disk, safe, seen, reports = Disk(site.disk), 0, set(), set()
    for at, step in enumerate(steps):
        told = reported(step)
        safe = max(safe, told or 0)
        reports |= {told} - {None}
        if not disk.do(step) and not told:
            continue
        for kind in kinds:
            state = disk.after_loss(kind, chance)
            if (key := (state.key(), safe)) not in seen:
                seen.add(key)
                site.check(state, first, safe, f"seed {seed}, {kind} after step {at}, {step}")
                if len(seen) % every == 0:  # the next one goes on from there
                    shutil.rmtree(site.disk)
                    state.make(site.disk)
                    for args in (["sync"], ["verify"]):
                        done = site.run(*args)
                        assert done.returncode == 0, (kind, step, args, done)
    assert disk.after_loss("all") == real  # all that was done was recorded
    assert safe == end and len(reports) > 2, (safe, end, reports)
    return len(seen)


def test_what_was_reported_as_flushed_survives_a_loss_of_power(site):
    assert lose_power_after_each_step(site, ["strict", "names"], 10, 1500) > 12


@pytest.mark.long
def test_what_was_reported_as_flushed_survives_each_of_many_losses(site):
    assert lose_power_after_each_step(site, ["strict", "names", "all", "mixed", "mixed"], 10, 5000) > 60
