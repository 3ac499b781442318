"""Backups in each of several repositories: the loss of the first one leaves a backup and its log, and each is kept by itself."""
import json
import shutil

import pytest

from support.archive import Archive, small_segments_server, wait_until_archived
from support.server import Server, give_to_server_user, scratch_folder, tree

ROWS = "select count(*), coalesce(sum(n), 0) from kept"


class Two:
    """An archive with two repositories, and a server whose log goes to both."""

    def __init__(self, archive, server):
        self.archive, self.server = archive, server
        self.first, self.second = archive.repository, archive.make_folder("second")
        self.configure()
        self.run("repo", "init")
        server.execute("create table kept (n int)")

    def configure(self, **keys):
        data = keys.pop("walmgr_data", f"{self.first}, {self.second}")
        self.archive.configure(**{"walmgr_data": data, "master_db": self.server.conninfo(), "slave_bin": tree("tree") / "bin", **keys})

    def run(self, *args, status=0, says=""):
        done = self.archive.run(*args)
        assert done.returncode == status and says in done.stdout + done.stderr, done
        return done

    def backup(self, *args, **wanted):
        return [line.split(":")[0] for line in self.run("backup", *args, **wanted).stdout.splitlines()]

    def info(self):
        """By repository: its backups by label."""
        lines = [one for line in self.archive.run("info", "--json").stdout.splitlines() if "backups" in (one := json.loads(line))]
        return {one["repository"]: {each["label"]: each for each in one["backups"]} for one in lines}

    def insert(self, n):
        self.server.execute("insert into kept values (%s)", n)

    def lose(self, repository):
        repository.rename(f"{repository}.lost")
        repository.mkdir()
        give_to_server_user(repository)

    def find(self, repository):
        repository.rmdir()
        repository.with_name(f"{repository.name}.lost").rename(repository)


@pytest.fixture(scope="module")
def two(program):
    folder = scratch_folder()
    archive = Archive(folder, program("walmgr"))
    try:
        with small_segments_server(archive) as server:
            yield Two(archive, server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def restored_rows(two, wait_until, *args, says=""):
    folder = scratch_folder()
    try:
        two.run("restore", *args[:1], folder / "data", *args[1:], says=says)
        with Server(tree("tree"), folder) as server:
            wait_until(lambda: server.execute("select pg_is_in_recovery()") == [(False,)], what="the end of recovery")
            return server.execute(ROWS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_lost_repository_takes_nothing_with_it(two, wait_until):
    # One for each, of the server's own, and chains that stay in their repository.
    two.insert(1)
    two.configure(backup_repository="all")
    full = two.backup(says=f"is in the repository {two.second}")
    two.insert(2)
    two.configure()
    assert full[0] in (child := two.run("backup", "--incremental").stdout) and str(two.first) in child
    second = two.backup("--repository", "2", "--incremental", says=f"builds on {full[1]}")
    found = two.info()
    assert [list(found[str(place)]) for place in (two.first, two.second)] == [[full[0], child.split(":")[0]], [full[1], *second]]
    table = two.run("listbackups").stdout
    assert table.index(f"{two.first}:\n") < table.index(full[0]) < table.index(f"{two.second}:\n") < table.index(second[0])
    two.insert(3)
    wait_until_archived(two.server, wait_until)

    # The newest of all is taken, or that of the repository that is named, and the log is where either has it.
    two.run("restore", two.archive.folder / "x", "-n", says=f"{second[0]} (complete at")
    two.run("restore", two.archive.folder / "x", "-n", "--repository", two.first, says=f"{child.split(':')[0]} (complete at")
    two.run("restore", full[0], two.archive.folder / "x", "-n", "--repository", "2", status=1, says=f"there is no backup {full[0]}")
    last = sorted(two.second.glob("main/wal/1/*/*/*.wal"))[-1]
    last.rename(two.archive.folder / "taken away")
    assert restored_rows(two, wait_until, second[0], says=f"in the repository {two.second}, into") == [(3, 6)]
    (two.archive.folder / "taken away").rename(last)

    two.lose(two.first)
    try:
        two.run("restore", two.archive.folder / "x", "-n", says=f"{second[0]} (complete at")
        done = two.run("restore", two.archive.folder / "x", "-n", says=f"repository {two.first}: ")
        assert "take it out of walmgr_data" in done.stderr, done
        two.run("restore", two.archive.folder / "x", "-n", "--repository", "1", status=3, says="does not know the cluster")
        done = two.archive.run("check")
        assert f"wrong: repository: {two.first}: " in done.stdout and f"ok: repository: {two.second}: " in done.stdout, done
        assert f"ok: backup: {second[0]} is the newest" in done.stdout, done
        two.run("pin", full[1], says="pinned")
        assert two.info()[str(two.second)][full[1]]["pinned"]
        two.run("unpin", full[1])
        # One that cannot be stored keeps none from the other.
        two.configure(backup_repository="all", wal_copies=1)
        done = two.run("backup", status=3, says=f"that was the repository {two.first}")
        assert f"is in the repository {two.second}" in done.stdout, done
        two.configure(walmgr_data=two.second)
        wait_until_archived(two.server, wait_until)
        assert restored_rows(two, wait_until) == [(3, 6)]
        two.run("restore-test", says="restores")
    finally:
        two.find(two.first)
        two.configure()


def test_each_repository_is_kept_by_itself_and_has_its_own_lease(two, wait_until):
    two.configure(backup_repository=f"{two.second}, 1", keep_backups=1)
    kept = two.backup()
    two.insert(0)
    wait_until_archived(two.server, wait_until)
    before = {place: sorted(place.glob("main/wal/1/*/*/*.wal")) for place in (two.first, two.second)}
    # What a repository needs that cannot be asked nobody knows.
    two.lose(two.first)
    try:
        done = two.run("expire", status=3, says="no log is removed: one of the repositories cannot be asked")
        assert list(two.info().get(str(two.second), {})) == kept[:1]
    finally:
        two.find(two.first)
    assert sorted(two.second.glob("main/wal/1/*/*/*.wal")) == before[two.second]
    two.run("expire")
    found = two.info()
    assert [list(found[str(place)]) for place in (two.second, two.first)] == [kept[:1], kept[1:]]
    assert all(one["log"] == "there" for backups in found.values() for one in backups.values())
    first_needed = min(one["first_segment"] for backups in found.values() for one in backups.values())
    for place in (two.first, two.second):
        assert sorted(place.glob("main/wal/1/*/*/*.wal"))[0].stem == first_needed
    two.run("verify")

    two.run("xlock", "1")
    for number in "1", "2":
        two.run("backup", "--repository", number, status=14, says="xlock")
    two.run("xrelease")
    two.run("backup", "--repository", "2", "-n", says=f", into {two.second}")
    two.run("backup", "--repository", "3", status=2, says="is no repository: walmgr_data has 2")
    two.configure(backup_repository="1, 3")
    two.run("backup", status=3, says="backup_repository")
