"""The power fails after each step of walmgr: what it had acknowledged is there and right, and nothing is ever handed out wrong."""
import copy
import random
import shutil
import subprocess

import pytest

from support.archive import SEGMENT, Archive, segment_bytes, segment_name
from support.power_loss import Disk, quick_folder, record


class Site:
    """walmgr with two repositories that a loss of power hits, and one made segment."""

    def __init__(self, folder, program, way):
        self.archive = Archive(folder, program)
        self.disk = folder / "disk"
        self.repositories = [self.disk / "one", self.disk / "two"]
        self.archive.configure(walmgr_data=", ".join(map(str, self.repositories)), wal_compression=way)
        for path in self.repositories:
            path.mkdir(parents=True)
            self.archive.know_cluster(path)
        self.before = folder / "before"
        shutil.copytree(self.disk, self.before)
        self.name = segment_name(7)
        self.segment = folder / self.name
        self.segment.write_bytes(segment_bytes(7))
        self.fetched = folder / "fetched"
        self.seen = set()

    def run(self, *args):
        return subprocess.run([str(word) for word in self.archive.command(*args)], capture_output=True, text=True, cwd=self.archive.folder)

    def archiving(self):
        return self.archive.command("xarchive", self.segment, self.name)

    def reset(self):
        shutil.rmtree(self.disk)
        shutil.copytree(self.before, self.disk)

    def check(self, state, acknowledged, what):
        """After a loss of power that has left `state`: the segment is there when it was acknowledged; if not, it is there, absent or
        refused; and archiving goes on."""
        if (key := (state.key(), acknowledged)) in self.seen:
            return
        self.seen.add(key)
        state.make(self.disk)
        for repository in self.repositories if acknowledged else [None]:
            # Each repository by itself has what was acknowledged.
            self.archive.configure(walmgr_data=repository or ", ".join(map(str, self.repositories)))
            self.fetched.unlink(missing_ok=True)
            done = self.run("xrestore", self.name, self.fetched)
            there = self.fetched.exists()
            assert there == (done.returncode == 0), (what, done)
            assert there or not acknowledged, (what, "lost", repository, done)
            assert not there or self.fetched.read_bytes() == self.segment.read_bytes(), (what, "handed out wrong", done)
            assert there or done.returncode == 1 or (done.returncode > 125 and "walmgr: " in done.stderr), (what, done)
        self.archive.configure(walmgr_data=", ".join(map(str, self.repositories)))
        looks = [["verify"]] if "mixed" in what else []  # of each kind of loss some are looked through
        for args in (["xarchive", self.segment, self.name], ["xrestore", self.name, self.fetched], *looks):
            done = self.run(*args)
            assert done.returncode == 0, (what, "cannot go on", args, done)
        assert self.fetched.read_bytes() == self.segment.read_bytes()


@pytest.fixture
def site(program, request):
    with quick_folder() as folder:
        yield Site(folder, program("walmgr"), getattr(request, "param", "lz4"))


def states(disk, rounds, chance):
    for kind in ("strict", "names", "all") if rounds > 0 else ("strict", "names"):
        yield kind, disk.after_loss(kind)
    for _ in range(rounds):
        yield "mixed", disk.after_loss("mixed", chance)


def lose_power_after_each_step(site, rounds, seed):
    chance = random.Random(seed)
    steps, done = record(site.archiving())
    assert done.returncode == 0
    real = Disk(site.disk).after_loss("all")
    site.reset()
    disk = Disk(site.disk)
    changes = 0
    for at, step in enumerate(steps):
        if disk.do(step):
            changes += 1
            for kind, state in states(disk, rounds, chance):
                site.check(state, False, f"seed {seed}, {kind} after step {at}, {step}")
    assert disk.after_loss("all") == real  # all that was done was recorded
    # Who archives has gone on, believing that it is safe.
    for kind, state in states(disk, 2 + 10 * rounds, chance):
        site.check(state, True, f"seed {seed}, {kind} after the end")
    return changes


def test_a_segment_that_was_acknowledged_survives_a_loss_of_power(site):
    assert lose_power_after_each_step(site, 0, random.randrange(1 << 30)) > 20


def test_a_program_that_syncs_nothing_is_found_out(site):
    """So that the other tests are known to see what they look for."""
    steps, _ = record(site.archiving())
    for forgotten in ("files", "folders"):
        site.reset()
        disk, folders = Disk(site.disk), set()
        for step in steps:
            if step.call == "openat":
                (folders.add if "O_DIRECTORY" in str(step.args) else folders.discard)(step.result)
            if step.call != "fsync" or (step.args[0] in folders) != (forgotten == "folders"):
                disk.do(step)
        with pytest.raises(AssertionError, match="lost"):
            site.check(disk.after_loss("strict"), True, f"no {forgotten} were synced")


@pytest.mark.long
@pytest.mark.parametrize("site", ["none", "lz4", "zstd"], indirect=True)
def test_a_segment_that_was_acknowledged_survives_each_of_many_losses(site):
    lose_power_after_each_step(site, 4, random.randrange(1 << 30))


def test_what_a_killed_archiver_left_is_made_durable_by_the_next(site):
    """The first is killed after each of its steps, and its names and bytes are there, but on no disk yet. The second finds them."""
    steps, _ = record(site.archiving())
    site.reset()
    disk = Disk(site.disk)
    seen = set()
    for at, step in enumerate(steps):
        if not disk.do(step) or (key := disk.after_loss("all").key()) in seen:
            continue
        seen.add(key)
        disk.after_loss("all").make(site.disk)
        more, done = record(site.archiving())
        assert done.returncode == 0, done.stderr
        later = copy.deepcopy(disk)
        later.open.clear()  # the descriptors were those of the first
        for other in more:
            later.do(other)
        site.check(later.after_loss("strict"), True, f"the first was killed after step {at}, {step}")
    assert len(seen) > 10
    assert SEGMENT == site.segment.stat().st_size
