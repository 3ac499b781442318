"""A cluster goes through pg_upgrade. What its repository has from the time before is restored, read, kept and expired as the rest is,
and is never mixed up with it."""
import json
import struct
import subprocess

import pytest

from support.agent import AgentArchive
from support.archive import SYSTEM_ID, Archive, archiving_server, segment_bytes, segment_name, wait_until_archived
from support.oracle import prove, verify_files
from support.server import Server, as_server_user, scratch_folder, tree
from support.told import Manual

BIN = tree("tree") / "bin"
KEPT = "select n from kept order by n"


class Story:
    """Two backups of a cluster, and what pg_upgrade has made of it, of which there is none yet."""

    def __init__(self, archive):
        self.archive = archive
        self.labels = []

    def run(self, *args, status=0, says=""):
        done = self.archive.run(*args)
        assert done.returncode == status and says in done.stdout + done.stderr, done
        return done

    def tell(self, server, wait_until):
        server.execute("create table kept (n int primary key)")
        for n in range(2):
            server.execute("insert into kept values (%s)", n)
            # Two backups of one second would be one label.
            wait_until(lambda: self.archive.run("backup").returncode == 0, timeout=30, what="a backup")
            self.labels = self.backups()
        server.execute("insert into kept values (2)")
        (self.time,), = server.execute("select clock_timestamp()::text")
        wait_until_archived(server, wait_until)

    def backups(self):
        return [one["label"] for one in self.info()["backups"]]

    def info(self):
        return json.loads(self.run("info", "--json").stdout)

    def log(self, history):
        return sorted((self.archive.repository / f"main/wal/{history}").glob("*/*/*.wal"))


def pg_upgrade(before, folder):
    """Makes a server in `folder` of the one that was stopped."""
    def run(*command):
        done = subprocess.run(as_server_user(command), capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done
    run(BIN / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "-k", "--no-sync")
    run(BIN / "pg_upgrade", "-b", BIN, "-B", BIN, "-d", before.data, "-D", folder / "data", "-U", "postgres", "-s", folder)
    return Server(tree("tree"), folder, settings=before.settings)


@pytest.fixture(scope="module")
def story(program, wait_until):
    place, folder = scratch_folder(), scratch_folder(quick=True)
    archive = Archive(place, program("walmgr"))
    told = Story(archive)
    try:
        with archiving_server(archive) as server:
            told.tell(server, wait_until)
            server.stop()
            upgraded = pg_upgrade(server, folder)
        with upgraded:
            archive.configure(master_db=upgraded.conninfo(), slave_bin=BIN, keep_backups=1)
            told.server = upgraded
            told.run("upgrade", "--yes", says="history 2")
            upgraded.execute("insert into kept values (3)")
            wait_until_archived(upgraded, wait_until)
            yield told
    finally:
        subprocess.run(["rm", "-rf", place, folder], check=True)


def test_a_backup_from_before_is_restored_by_its_label_and_never_chosen(story, wait_until):
    for target in ((), ("--target-time", story.time)):
        done = story.run("restore", *target, story.archive.folder / "never", status=1, says="name one by its label")
        assert story.labels[1] in done.stderr
    story.run("restore-test", status=1, says="name one by its label")
    folder = scratch_folder()
    try:
        label = story.labels[0]
        told = Manual().read(story.run("restore", label, folder / "data", "-n", "--json"), "restore", dry_run=True)
        assert told["label"] == label and told["last_segment"] == story.log(1)[-1].stem
        story.run("restore", label, folder / "data")
        verify_files(story.archive, label, folder / "data")
        with Server(tree("tree"), folder) as server:
            prove(server, {KEPT: [(0,), (1,), (2,)]}, wait_until)
        story.run("restore-test", label, says="pg_amcheck: fine")
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)


def test_a_repository_that_never_had_the_cluster_from_before_is_passed_over(story, wait_until):
    fresh = story.archive.make_folder("fresh")
    data = story.archive.make_folder("data")
    several = {"walmgr_data": f"{fresh}, {story.archive.repository}", "master_db": story.server.conninfo()}
    story.archive.configure(**several)
    try:
        story.run("repo", "init", says="recorded")
        # It counts as the other one does, which looks for log and backups by that number.
        assert [path.name for path in (fresh / "main/history").iterdir()] == ["2.ini"]
        story.run("restore", story.labels[0], data, says=f"in the repository {story.archive.repository}")
        first, last = (story.log(1)[at].stem for at in (0, -1))
        behind = f"{last[:16]}{int(last[16:], 16) + 1:08X}"
        assert story.archive.run("xrestore", first, "pg_wal/fetched", cwd=data).returncode == 0
        assert (data / "pg_wal/fetched").read_bytes()[24:32] == (data / "global/pg_control").read_bytes()[:8]
        assert story.archive.run("xrestore", behind, "pg_wal/fetched", cwd=data).returncode == 1
        # Where nobody has ever had it, that is no end of the log.
        story.archive.configure(**{**several, "walmgr_data": fresh})
        done = story.archive.run("xrestore", first, "pg_wal/never", cwd=data)
        assert done.returncode == 160 and "no repository keeps log of the server that asks" in done.stderr
    finally:
        story.archive.configure(master_db=story.server.conninfo(), slave_bin=BIN, keep_backups=1)


def test_the_log_from_before_is_verified_and_shown(story):
    told = json.loads(story.run("verify", "--json").stdout)
    assert [(one["history"], one["gap"], one["damaged"]) for one in told["earlier"]] == [(1, False, [])]
    assert sum(one["segments"] for one in told["earlier"][0]["ranges"]) == len(story.log(1))
    story.run("verify", says="from before an upgrade, history 1:")
    assert [one["log"] for one in story.info()["backups"]] == ["old", "old"]
    needed = story.archive.repository / "main/wal/1/00000001/00000000" / (story.info()["backups"][1]["first_segment"] + ".wal")
    whole = needed.read_bytes()
    half = len(whole) // 2
    damaged = whole[:half] + bytes([whole[half] ^ 0x55]) + whole[half + 1:]
    for wrong, status, words in (None, 13, "needs " + needed.stem), (damaged, 12, "damaged"):
        needed.unlink()
        if wrong is not None:
            needed.write_bytes(wrong)
        else:
            assert [one["log"] for one in story.info()["backups"]][1] == "MISSING"
        story.run("verify", status=status, says=words)
        story.run("verify", story.labels[1], status=status, says=words)
        needed.write_bytes(whole)
    story.run("verify")


def test_backups_from_before_and_their_log_go_when_newer_ones_are_there(story):
    # The upgrade alone removes nothing but what it was to remove before.
    done = story.run("check", status=1)
    assert "wrong: backup: there is no base backup" in done.stdout
    before = story.log(1)
    done = story.run("expire", "-n", says=f"kept {story.labels[1]}: among the newest 1")
    assert f"would remove {story.labels[0]}" in done.stdout and "no log is removed" in done.stdout
    story.run("pin", story.labels[0])
    story.run("backup")
    new = story.backups()[-1]
    story.run("restore", story.archive.folder / "never", "-n", says=f"would restore backup {new}")

    # A pinned one stays, with its log and the other one without a need for it.
    told = Manual().read(story.run("expire", "--json"), "expire")
    assert [one["object"] for one in told["changes"] if one["action"] == "remove" and "T" in one["object"]] == [story.labels[1]]
    assert story.backups() == [story.labels[0], new]
    first = next(one["first_segment"] for one in story.info()["backups"] if one["label"] == story.labels[0])
    assert story.log(1) == [path for path in before if path.name >= first] != []
    assert json.loads(story.run("verify", "--json").stdout)["earlier"][0]["history"] == 1

    # With the last one all of its log goes, and what it was is still known.
    story.run("unpin", story.labels[0])
    story.run("expire", "-n", says="of log of history 1, from before an upgrade")
    assert story.log(1)
    story.run("expire")
    assert story.backups() == [new] and story.log(2)
    assert not [path for path in (story.archive.repository / "main/wal/1").rglob("*") if path.is_file()]
    assert (story.archive.repository / "main/history/1.ini").exists()
    assert json.loads(story.run("verify", "--json").stdout)["earlier"] == []
    story.run("restore", story.archive.folder / "never", "-n", says=f"would restore backup {new}")


def test_a_restored_server_wants_the_programs_of_its_version(scratch, program):
    """As after an upgrade, where slave_bin has those of today. Debian has no version 16 here."""
    archive = Archive(scratch, program("walmgr"))
    with archiving_server(archive, "tree-16") as server:
        assert archive.run("backup").returncode == 0
        for folder, told in (BIN, True), (tree("tree-16") / "bin", False):
            archive.configure(master_db=server.conninfo(), slave_bin=folder)
            done = archive.run("restore", archive.folder / "never", "-n")
            assert done.returncode == 0 and ("are of 15: start the server by those of 16" in done.stderr) == told, done
            for command in ("restore", archive.folder / "never", "--start", "-n"), ("restore-test", "-n"):
                done = archive.run(*command)
                assert done.returncode == (3 if told else 0) and ("name the folder of those of 16" in done.stderr) == told, done


def data_folder(archive, name, system_id):
    """As much of one as tells whose it is."""
    data = archive.make_folder(name)
    for part in ("global", "pg_wal"):
        archive.make_folder(f"{name}/{part}")
    (data / "global/pg_control").write_bytes(struct.pack("<Q", system_id).ljust(8192, b"\0"))
    return data


def of_system(segment, system_id):
    return segment[:24] + struct.pack("<Q", system_id) + segment[32:]


def test_who_asks_gets_the_log_of_his_own_time_and_no_other(scratch, program, start, wait_until):
    """Segments of the two times have equal names here, as they have where log is counted from the start again."""
    archive = AgentArchive(scratch, program("walmgr"), start)
    archive.know_cluster(archive.repository)
    archive.configure(agent_socket="")
    history = b"1\t0/400000\tpromoted\n"
    assert archive.push(3).returncode == archive.push_bytes("00000002.history", history).returncode == 0
    record = archive.repository / "main/history/1.ini"
    later = SYSTEM_ID + 1
    record.with_name("2.ini").write_text(record.read_text().replace(str(SYSTEM_ID), str(later)))
    for number in (3, 4, 5):
        assert archive.push_bytes(segment_name(number), of_system(segment_bytes(number), later)).returncode == 0
    # What is received now lies behind all of it, and is no gap for somebody from before.
    partial = archive.make_folder("partial")
    for number, ending in ((6, ""), (7, ".partial")):
        (partial / (segment_name(number) + ending)).write_bytes(of_system(segment_bytes(number), later))
    before, now, foreign = (data_folder(archive, name, one) for name, one in (("before", SYSTEM_ID), ("now", later), ("foreign", 5)))

    def ask(data, name):
        done = archive.run("xrestore", name, "pg_wal/fetched", cwd=data)
        place = data / "pg_wal/fetched"
        found = place.read_bytes() if place.exists() else None
        place.unlink(missing_ok=True)
        return done.returncode, found

    for agent in (False, True):
        archive.configure(partial_wals=partial, **({} if agent else {"agent_socket": ""}))
        if agent:
            archive.agent(wait_until)
        assert ask(before, segment_name(3)) == (0, segment_bytes(3))
        assert ask(before, segment_name(4)) == (1, None)
        assert ask(before, "00000002.history") == (0, history)
        assert ask(now, segment_name(3)) == (0, of_system(segment_bytes(3), later))
        assert ask(now, segment_name(4)) == (0, of_system(segment_bytes(4), later))
        assert ask(now, "00000002.history") == (1, None)
        assert ask(foreign, segment_name(3)) == ask(foreign, "00000002.history") == (160, None)
