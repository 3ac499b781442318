"""backup, restore and expire are killed in front of each change that they make to files: what is listed as a backup is whole, what is not
whole is no data folder, nothing that is needed is gone, and the next run comes to its end."""
import contextlib
import json
import os
import re
import shutil
import subprocess

import pytest

from support.archive import Archive, small_segments_server, wait_until_archived
from support.killed_at_change import killed_at, made_by
from support.oracle import prove, verify_files
from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree


def points(changes, chosen):
    """Numbers of changes: all, or `chosen`: of so many kinds, rare ones first, the last, where what was begun becomes whole, and so many
    that lie evenly between."""
    print(len(changes), "changes")
    if chosen is None:
        return list(range(1, len(changes) + 1))
    kinds, between = chosen
    last = {change.split()[0]: number for number, change in enumerate(changes, 1)}
    count = {kind: sum(change.split()[0] == kind for change in changes) for kind in last}
    return sorted({*[last[kind] for kind in sorted(last, key=count.get)][:kinds],
                   *(1 + len(changes) * at // (between + 1) for at in range(1, between + 1))})


def unlike_ones(changes):
    """The first and the last of each kind, which is what is done with which kind of file, behind what, and ten that lie evenly between: the
    thousandth relation's file tells what the first has told, and there are thousands."""
    kinds, before = {}, ""
    for number, change in enumerate(changes, 1):
        shape = re.sub(r"\d+", "N", change)
        kinds.setdefault((before, shape), []).append(number)
        before = shape
    print(len(kinds), "kinds of changes")
    return sorted({*(found[at] for found in kinds.values() for at in (0, -1)), *points(changes, (0, 10))})


def some_or_all(*some):
    return pytest.mark.parametrize("chosen", [some, pytest.param(None, marks=pytest.mark.long)], ids=["some", "all"])


class Site:
    """A server with small segments, its archive, and a backup."""

    def __init__(self, archive, server, folder, quick):
        self.archive, self.server, self.folder, self.quick = archive, server, folder, quick
        server.execute("create table kept (n int)")
        self.run("backup")

    def run(self, *args, status=0):
        done = self.archive.run(*args)
        assert done.returncode == status, done
        return done

    def rest(self):
        """Ends a segment."""
        self.server.execute("insert into kept values (1)")
        self.server.execute("select pg_switch_wal()")

    def sealed(self):
        return sorted(path.parent.name for path in self.archive.repository.glob("main/base/*/backup.json"))

    def listed(self):
        """The backups that there are, each of them and its log whole."""
        self.run("verify")
        found = json.loads(self.run("info", "--json").stdout)
        assert all(one["log"] == "there" for one in found["backups"]), found
        for one in found["backups"]:
            names = {path.name for path in (self.archive.repository / "main/base" / one["label"]).iterdir()}
            assert {"backup.json", "backup_manifest"} <= names
        return [one["label"] for one in found["backups"]]


@pytest.fixture(scope="module")
def site(program):
    folder, quick = scratch_folder(), scratch_folder(quick=True)
    archive = Archive(folder, program("walmgr"))
    archive.repository = quick / "repository"
    archive.repository.mkdir()
    give_to_server_user(archive.repository)
    try:
        with small_segments_server(archive) as server:
            yield Site(archive, server, folder, quick)
    finally:
        for made in (folder, quick):
            shutil.rmtree(made, ignore_errors=True)


@some_or_all(2, 2)
@pytest.mark.parametrize("source", ["stream", "files"])
def test_a_backup_that_is_killed_at_any_change_is_none(site, source, chosen):
    site.archive.configure(master_db=site.server.conninfo(), backup_source=source, master_data=site.server.data, keep_backups=1)
    command = site.archive.command("backup")
    changes = made_by(command, site.folder)
    assert {"open", "write", "fsync", "unlink"} <= {change.split()[0] for change in changes}, changes
    before = site.listed()
    for number in points(changes, chosen):
        at, done = killed_at(command, number, site.folder)
        now = site.listed()
        said = done.stdout.split(":")[0]
        # One that was sealed and not told of is a backup; one that was told of was sealed.
        assert set(before) <= set(now) and len(now) - len(before) <= 1 and (not said or said in now), (number, at, done)
        done = site.run("backup", *(["--resume"] if source == "files" and number % 2 else []))
        site.run("expire")
        before = site.listed()
        assert before == [done.stdout.split(":")[0]], (number, at, before)


def contents(folder):
    return {str(path.relative_to(folder)): (path.stat().st_mode, None if path.is_dir() else path.read_bytes()) for path in folder.rglob("*")}


def is_refused_by_the_server(folder):
    """A server that is started there says that this is no data folder."""
    done = subprocess.run(as_server_user([tree("tree") / "bin/postgres", "-D", folder, "-k", folder.parent, "-c", "listen_addresses="]),
                          capture_output=True, text=True, timeout=60, cwd="/")
    return done.returncode != 0 and any(words in done.stderr for words in (
        "could not find the database system", "could not access the server configuration file", "is not a valid data directory"))


@pytest.mark.parametrize("chosen", [(20, 3), pytest.param(None, marks=pytest.mark.long)], ids=["some", "each_kind"])
def test_a_restore_that_is_killed_at_any_change_is_whole_or_no_data_folder(site, chosen, wait_until):
    site.archive.configure(master_db="user=postgres dbname=postgres", slave_bin=tree("tree") / "bin")
    for _ in range(3):
        site.rest()
    wait_until_archived(site.server, wait_until)
    made = site.quick / "restored"
    made.mkdir()
    give_to_server_user(made)
    whole, folder = made / "whole", made / "data"
    try:
        changes = made_by(site.archive.command("restore", whole), site.folder)
        assert {"mkdir", "open", "write", "rename", "unlink", "fsync"} <= {change.split()[0] for change in changes}, changes
        wanted_contents = contents(whole)
        # Among them that behind the creation of the marker, which says nothing yet.
        marker = next(number for number, change in enumerate(changes, 1) if "walmgr.restoring" in change)
        for number in sorted({*(points(changes, chosen) if chosen else unlike_ones(changes)), marker + 1}):
            shutil.rmtree(folder, ignore_errors=True)
            at, done = killed_at(site.archive.command("restore", folder), number, site.folder)
            more = []
            if (folder / "global/pg_control").exists():
                # Only the marker is still there: the folder is whole, and is replaced when that is said, and not else.
                left = contents(folder)
                left.pop("walmgr.restoring", None)
                assert left == wanted_contents, (number, at)
                site.run("restore", folder, status=10)
                more = ["--delta"]
            elif folder.exists() and os.listdir(folder):
                assert is_refused_by_the_server(folder), (number, at)
            site.run("restore", *more, folder)
            assert contents(folder) == wanted_contents, (number, at)
        verify_files(site.archive, site.sealed()[-1], folder)
        with Server(tree("tree"), made, data=folder) as copy:
            prove(copy, {"select count(*) from kept": site.server.execute("select count(*) from kept")}, wait_until)
    finally:
        shutil.rmtree(made, ignore_errors=True)


@some_or_all(3, 7)
def test_an_expire_that_is_killed_at_any_change_removes_nothing_needed(site, chosen):
    site.archive.configure(master_db=site.server.conninfo(), keep_backups=2)
    for _ in range(3):
        site.run("backup")
        site.rest()
    site.archive.configure(master_db=site.server.conninfo(), keep_backups=1)
    before, aside = site.listed(), site.quick / "aside"
    objects = site.archive.objects()
    site.server.execute("select pg_switch_wal()")
    repository = site.archive.repository
    with _kept(repository, aside) as reset:
        changes = made_by(site.archive.command("expire"), site.folder)
        left, log = site.listed(), site.archive.objects()
        assert left == before[-1:] and len(log) < len(objects), (left, before)
        for number in points(changes, chosen):
            reset()
            at, _ = killed_at(site.archive.command("expire"), number, site.folder)
            now = site.listed()
            # Of the old ones the newest goes first, so that none is there without what it builds on.
            assert now == before[:len(now) - 1] + before[-1:], (number, at, now)
            assert set(log) <= set(site.archive.objects()), (number, at)
            site.run("expire")
            assert site.sealed() == left and site.archive.objects()[0] == log[0], (number, at)


@contextlib.contextmanager
def _kept(folder, aside):
    """Of the folder as it is now, which the server adds to no more: a function that brings it back."""
    subprocess.run(["cp", "-a", folder, aside], check=True)

    def reset():
        subprocess.run(["cp", "-a", f"{aside}/.", folder], check=True)

    yield reset
    shutil.rmtree(aside)
