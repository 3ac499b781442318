"""Each command that has a dry run is run dry where it would do something: nothing changes, neither in the repository, nor in data folders
and the servers' settings, nor where walmgr keeps its own files."""
import contextlib
import os
import re
import shutil
import subprocess

import psycopg2
import pytest

from support.pair import running_pair
from support.server import as_server_user, give_to_server_user


class Site:
    """A primary and its standby, a stopped copy of that, two backups, log in front of them, a gap behind; and what an old walmgr left."""

    def __init__(self, pair, wait_until):
        self.pair, self.archive, self.wait_until = pair, pair.archive, wait_until
        self.folder = pair.folder
        self.repository = pair.archive.repository
        self.tree_folders = [self.repository, pair.folder / "walmgr", pair.keys["state_dir"]]
        pair.sql("a", "create table kept (n int)")
        stored = self._segments(3, wait_until)
        self.labels = []
        for _ in range(2):
            done = pair.walmgr("backup")
            assert done.returncode == 0, done
            self.labels.append(re.search(r"^(\S+-F):", done.stdout, re.M)[1])
        stored = self._segments(3, wait_until, besides=stored)

        # The old walmgr has a segment that is missing between others here, and that the server still has.
        self.missing = stored[-2].stem
        self.old = self._make("old")
        (self.old / "logs.complete").mkdir()
        with open(self.old / "logs.complete" / self.missing, "wb") as raw:
            subprocess.run(["zstd", "-dcq", stored[-2]], stdout=raw, check=True)
        stored[-2].unlink()

        # Behind the begin of a segment, which still has the name of the one before.
        pair.sql("a", "insert into kept values (0)")

        # A stopped standby.
        pair.ctl("b", "stop")
        self.stopped = pair.folder / "c"
        pair.run("cp", "-a", pair.data("b"), self.stopped)
        pair.ctl("b", "start")
        wait_until(lambda: pair.streams("b"), what="the standby streams")

        # A cluster of the same name that was another one before.
        record = (self.repository / "main/history/1.ini").read_text()
        before = self._make("repository/before/history")
        (before / "1.ini").write_text(record.replace("system_id = ", "system_id = 1"))
        give_to_server_user(before / "1.ini")

        self.sessions = {name: psycopg2.connect(pair.conninfo(name)) for name in "ab"}
        for session in self.sessions.values():
            session.autocommit = True
        self.mark = pair.folder / "walmgr" / "fenced"
        self.fence = pair.folder / "walmgr" / "fence"
        self.fence.write_text(f"#!/bin/sh\ntouch {self.mark}\n")
        self.fence.chmod(0o755)

    def _make(self, name):
        made = self.folder / "walmgr" / name
        made.mkdir(parents=True)
        for path in (made, made.parent):
            give_to_server_user(path)
        return made

    def _segments(self, count, wait_until, besides=()):
        for n in range(count):
            self.pair.sql("a", f"insert into kept values ({n})")
            self.pair.sql("a", "select pg_switch_wal()")
        known = set(besides)
        return wait_until(lambda: (found := sorted(set(self.repository.glob("main/wal/1/*/*/*.wal")) - known))[count - 1:] and found,
                          timeout=60, what="archived segments")

    def configuration(self, **keys):
        """Another one, which the server does not archive by."""
        path = self.folder / "walmgr" / "other.ini"
        keys = {"walmgr_data": self.repository, **self.pair.keys, **keys}
        path.write_text("[walmgr]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))
        path.chmod(0o644)
        return path

    def run(self, ini, *words):
        command = as_server_user([self.archive.program, ini, *words])
        return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=self.folder)

    def snapshot(self):
        """All that a command could change."""
        found = {}
        for top in [*self.tree_folders, self.stopped]:
            for path in [top, *top.rglob("*")]:
                found[str(path)] = _look_at(path)
        for name in "ab":
            for path in self.pair.data(name).iterdir():
                if path.is_file() and path.name not in ("postmaster.pid", "postmaster.opts"):
                    found[str(path)] = _look_at(path)
            found[f"folder {name}"] = sorted(path.name for path in self.pair.data(name).iterdir())
            for query in ("select name, setting, pending_restart from pg_settings where context <> 'internal' order by name",
                          "select slot_name, active from pg_replication_slots order by slot_name",
                          "select pg_is_in_recovery(), timeline_id from pg_control_checkpoint()",
                          "select case when pg_is_in_recovery() then pg_get_wal_replay_pause_state() else pg_walfile_name(pg_current_wal_lsn()) end"):
                with self.sessions[name].cursor() as cursor:
                    cursor.execute(query)
                    found[f"{name}: {query}"] = cursor.fetchall()
        found["beside"] = sorted(path.name for path in self.folder.iterdir())
        return found


def _look_at(path):
    """The time of its last change tells of each: of its bytes, its rights and, for a folder, of names that came and went."""
    about = os.lstat(path)
    return about.st_mode, about.st_uid, about.st_ino, about.st_size, about.st_ctime_ns


def differences(before, after):
    return {key: (before.get(key), after.get(key)) for key in {*before, *after} if before.get(key) != after.get(key)}


@pytest.fixture(scope="module")
def site(program, wait_until):
    with running_pair(program("walmgr")) as pair:
        made = Site(pair, wait_until)
        yield made
        for session in made.sessions.values():
            session.close()


@contextlib.contextmanager
def paused(site):
    site.pair.sql("b", "select pg_wal_replay_pause()")
    site.pair.sql("a", "insert into kept values (0)")
    site.wait_until(lambda: site.pair.sql("b", "select pg_get_wal_replay_pause_state()") == [("paused",)], what="replay is held")
    yield
    site.pair.sql("b", "select pg_wal_replay_resume()")


@contextlib.contextmanager
def pinned(site):
    assert site.pair.walmgr("pin", site.labels[0]).returncode == 0
    yield
    assert site.pair.walmgr("unpin", site.labels[0]).returncode == 0


@contextlib.contextmanager
def leased(site):
    assert site.pair.walmgr("xlock", os.getpid()).returncode == 0
    yield
    assert site.pair.walmgr("xrelease").returncode == 0


# Command: what else is to be written, keys that differ, what is said, and what is so meanwhile.
SITUATIONS = [
    ("setup", ["--replace"], {}, "would set archive_command", None),
    ("setup", ["--replace", "--restart"], {}, "would set archive_command", None),
    ("stop", ["--replace"], {}, "would set archive_command = ''", None),
    ("stop", ["--replace", "--discard-wal"], {}, "would set archive_command = '/bin/true'", None),
    ("repo init", [], {"cluster": "fresh"}, "would record: cluster \"fresh\"", None),
    ("gap accept", ["MISSING", "--why", "x"], {}, "would be accepted", None),
    ("gap refill", [], {}, "MISSING", None),
    ("import", ["OLD"], {}, "would take 1 files of log", None),
    ("init", ["NEW", "--master-db", "MASTER"], None, "would write", None),
    ("upgrade", ["--yes"], {"cluster": "before"}, "history 2", None),
    ("cleanup", ["--yes"], {}, "would remove", None),
    ("periodic", [], {}, "would run backup", None),
    ("periodic", [], {"periodic_command": "FENCE"}, "would run", None),
    ("createslave", [], {"slave_data": "NEW", "slave_db": "host=/nowhere"}, "would make the slave in", None),
    ("createslave", ["--from-repository"], {"slave_data": "NEW", "slave_db": "host=/nowhere"}, "would make the slave in", None),
    ("follow", ["--slot", "another"], {}, "would let the slave follow the master", None),
    ("synch-standby", ["node_b"], {}, "would set synchronous_standby_names", None),
    ("boot", [], {"fence_cmd": "FENCE"}, "would make the slave the primary", None),
    ("switchover", [], {"standby_slot": "another"}, "would make the slave the primary", None),
    ("rejoin", [], {"slave_data": "STOPPED", "slave_db": "host=/nowhere"}, "would start the slave as a standby", None),
    ("pause", [], {}, "would pause replay", None),
    ("continue", [], {}, "would continue replay", paused),
    ("restore", ["NEW", "--target-immediate"], {}, "would restore", None),
    ("restore", ["STOPPED", "--delta", "--target-immediate"], {}, "would restore", None),
    ("restore-test", [], {}, "would", None),
    ("backup", [], {}, "would take a backup", None),
    ("backup", ["--incremental"], {"backup_source": "files"}, "would build on", None),
    ("expire", [], {"keep_backups": "1"}, "would remove", None),
    ("xrotate", [], {"keep_backups": "1"}, "would remove", None),
    ("xpurgewals", [], {}, "would remove", None),
    ("pin", ["NEWEST"], {}, "would be pinned", None),
    ("unpin", ["OLDEST"], {}, "would not be pinned any more", pinned),
    ("xlock", [], {}, "would take the lease", None),
    ("xrelease", [], {}, "would release", leased),
]


def commands_of(program, *words):
    """Those that the help names below these words, each with its help."""
    text = subprocess.run([program, "x", *words, "--help"], check=False, capture_output=True, text=True).stdout
    below = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
    if below is None:
        return {" ".join(words): text}
    found = {}
    for name in re.findall(r"^  ([\w-]+)", below[1], re.M):
        found |= commands_of(program, *words, name)
    return found


def test_each_dry_run_has_its_place_here(program):
    found = commands_of(program("walmgr"))
    assert len(found) > 40
    assert {name for name, text in found.items() if "--dry-run" in text} == {name for name, *_ in SITUATIONS}


@pytest.mark.parametrize("command, more, keys, says, meanwhile", SITUATIONS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_dry_run_changes_nothing(site, command, more, keys, says, meanwhile):
    names = {"MISSING": site.missing, "OLD": site.old, "NEW": site.folder / "walmgr" / "new", "MASTER": site.pair.conninfo("a"),
             "FENCE": site.fence, "STOPPED": site.stopped, "NEWEST": site.labels[1], "OLDEST": site.labels[0]}
    keys = keys and {key: names.get(value, value) for key, value in keys.items()}
    ini = site.folder / "walmgr" / "first.ini" if keys is None else site.configuration(**keys)
    with (meanwhile or (lambda _: contextlib.nullcontext()))(site):
        before = site.snapshot()
        done = site.run(ini, *command.split(), *[names.get(word, word) for word in more], "-n")
        assert done.returncode == 0 and names.get(says, says) in done.stdout + done.stderr, done
        assert differences(before, site.snapshot()) == {}, done


def test_what_changes_is_seen(site):
    """So that the test above is known to see what it looks for."""
    ini = site.configuration()
    for command, changed in ((["pin", site.labels[1]], "pins"), (["unpin", site.labels[1]], "pins"),
                             (["synch-standby", "node_b"], "pg_settings"), (["synch-standby", ""], "postgresql.auto.conf"),
                             (["pause"], "pause_state"), (["continue"], "pause_state")):
        before = site.snapshot()
        done = site.run(ini, *command)
        assert done.returncode == 0, done
        assert any(changed in key for key in differences(before, site.snapshot())), command
    before = site.snapshot()
    shutil.copy(ini, site.stopped / "more")
    assert set(differences(before, site.snapshot())) == {str(site.stopped), str(site.stopped / "more")}
