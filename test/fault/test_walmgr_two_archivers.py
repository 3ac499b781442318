"""Two archivers work for several repositories at once, which neither mixes what they bring nor acknowledges what is not everywhere."""
import shutil
import subprocess

import pytest

from support.archive import Archive, segment_bytes, segment_name
from support.server import as_server_user, give_to_server_user

ROUNDS = 4


class Both:
    """Two configurations that name the same two repositories, each in an order of its own."""

    def __init__(self, folder, program):
        self.archive = Archive(folder, program)
        self.repositories = [folder / "one", folder / "two"]
        for path in self.repositories:
            path.mkdir()
            give_to_server_user(path)
            self.archive.know_cluster(path)
        self.inis = []
        for number, way in enumerate(("lz4", "zstd")):
            order = self.repositories[::-1 if number else 1]
            self.archive.configure(walmgr_data=", ".join(map(str, order)), wal_compression=way)
            self.inis.append(shutil.copy(self.archive.ini, folder / f"{number}.ini"))

    def segment(self, number, seed):
        path = self.archive.folder / f"{segment_name(number)}-{seed}"
        path.write_bytes(segment_bytes(number, seed=seed))
        path.chmod(0o644)
        return path

    def at_once(self, number, *seeds):
        """Status and complaint of each archiver, both of which are started before either has ended."""
        running = [subprocess.Popen(as_server_user([self.archive.program, ini, "xarchive", self.segment(number, seed), segment_name(number)]),
                                    stderr=subprocess.PIPE, text=True, cwd="/") for ini, seed in zip(self.inis, seeds)]
        return [(one.returncode, said) for one in running for said in [one.communicate(timeout=60)[1]]]

    def stored(self, number):
        """The bytes of a segment in each repository."""
        found = []
        for repository in self.repositories:
            self.archive.configure(walmgr_data=repository)
            place = repository / "fetched"
            done = self.archive.run("xrestore", segment_name(number), place)
            assert done.returncode == 0, done.stderr
            found.append(place.read_bytes())
            place.unlink()
        return found


@pytest.fixture
def both(scratch, program):
    return Both(scratch, program("walmgr"))


def test_the_same_segments_are_acknowledged_to_both(both):
    for number in range(1, ROUNDS + 1):
        assert [status for status, _ in both.at_once(number, 1, 1)] == [0, 0]
    for number in (1, ROUNDS):
        assert both.stored(number) == [segment_bytes(number)] * 2
    both.archive.configure(walmgr_data=", ".join(map(str, both.repositories)))
    done = both.archive.run("verify")
    assert done.returncode == 0, done.stderr
    assert not [path for one in both.repositories for path in one.rglob("*") if path.name.endswith(".tmp") or path.name == "quarantine"]


def test_other_bytes_under_one_name_are_acknowledged_to_one_at_most(both):
    for number in range(1, ROUNDS + 1):
        ended = both.at_once(number, 1, 2)
        statuses = [status for status, _ in ended]
        assert 11 in statuses and set(statuses) <= {0, 11}, ended
        assert all("were put aside as main/quarantine/" in said for status, said in ended if status == 11), ended
        stored = both.stored(number)
        if 0 in statuses:
            assert stored == [segment_bytes(number, seed=statuses.index(0) + 1)] * 2
        assert all(one in (segment_bytes(number, seed=1), segment_bytes(number, seed=2)) for one in stored)
        # It stays as it is, whoever tries again; with one copy only to be had, too.
        both.archive.configure(walmgr_data=", ".join(map(str, both.repositories)), wal_copies=1)
        for seed in (1, 2):
            done = both.archive.run("xarchive", both.segment(number, seed), segment_name(number))
            assert (done.returncode == 0) == (stored == [segment_bytes(number, seed=seed)] * 2), done
