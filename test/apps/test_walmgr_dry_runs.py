"""Each command that has a dry run is run dry where it would do something: nothing changes, neither in the repository, nor in data folders
and the servers' settings, nor where walmgr keeps its own files."""
import contextlib
import os
import re
import shutil
import subprocess

import pytest

from support.pair import running_pair
from support.site import Site, differences
from support.told import Manual


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
    ("repo get", ["OBJECT", "NEW"], {}, "would copy", None),
    ("sync", [], {"partial_wals": "RECEIVED"}, "would receive", None),
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
    dry = {name for name, text in found.items() if "--dry-run" in text}
    assert dry == {name for name, *_ in SITUATIONS} == set(Manual().facts)
    assert all("--json" in found[name] for name in dry)


@pytest.mark.parametrize("command, more, keys, says, meanwhile", SITUATIONS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_dry_run_changes_nothing(site, command, more, keys, says, meanwhile):
    names = site.names()
    ini = site.ini(keys)
    words = [*command.split(), *[names.get(word, word) for word in more], "-n"]
    with (meanwhile or (lambda _: contextlib.nullcontext()))(site):
        before = site.snapshot()
        done = site.run(ini, *words)
        assert done.returncode == 0 and names.get(says, says) in done.stdout + done.stderr, done
        told = Manual().read(site.run(ini, *words, "--json"), command, dry_run=True)
        assert told["changes"] or told["left"], told
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


# Command, what else is to be written, keys that differ ("own" for the configuration by which the server archives), and what is so in the
# object besides what the manual says. In this order.
STORY = [
    ("gap accept", ["MISSING", "--why", "x"], {}, lambda told: told["segments"] == 1 and told["accepted"].endswith(": x")),
    ("import", ["OLD"], {}, lambda told: [one["taken"] for one in told["repositories"]] == [1]),
    ("repo init", [], {"cluster": "fresh"}, lambda told: told["version"] == 15 and told["segment_size"] == 16 << 20),
    ("repo get", ["OBJECT", "NEW"], {}, lambda told: told["bytes"] > 1000),
    ("pin", ["OLDEST"], {}, None),
    ("unpin", ["OLDEST"], {}, None),
    ("xlock", ["PROCESS"], {}, None),
    ("xrelease", [], {}, None),
    ("pause", [], {}, lambda told: told["paused"]),
    ("continue", [], {}, lambda told: not told["paused"] and told["standby"] == "slave"),
    ("synch-standby", ["node_b"], {}, lambda told: (told["connected"], told["needed"], told["confirm"]) == (["node_b"], 1, 1)),
    ("synch-standby", [""], {}, lambda told: told["changes"][0]["before"] == "node_b"),
    ("sync", [], {"partial_wals": "RECEIVED"}, lambda told: told["before"] is None and told["after"]["timeline"] == 1),
    ("stop", ["--replace"], {}, lambda told: told["discarded_from"] is None),
    ("setup", [], "own", lambda told: told["pending_restart"] == [] and told["restarted"] is False),
    ("periodic", [], "own", lambda told: [one["status"] for one in told["runs"]] == [0, 0, 0] and
     told["runs"][0]["result"]["label"].endswith("-F") and told["runs"][2]["result"]["fine"]),
    ("backup", ["--annotation", "a \"b\""], {}, lambda told: told["annotation"] == 'a "b"' and told["raw_size"] > told["stored_size"] > 0),
    ("xrotate", [], {"keep_backups": "2"}, lambda told: len(told["kept"]) == 2 and told["log_before"] is None),
    ("xpurgewals", [], {"keep_backups": "1"}, lambda told: told["log_before"] is not None),
    ("expire", [], {"keep_backups": "1"}, lambda told: len(told["kept"]) == 1 and told["kept"][0]["why"]),
    ("restore", ["STOPPED", "--delta", "--target-immediate"], {}, lambda told: told["kept_files"] > 0 and told["written_files"] > 0),
    ("follow", [], {}, lambda told: (told["primary"], told["standby"], told["timeline"]) == ("master", "slave", 1)),
    ("switchover", [], {}, lambda told: (told["primary"], told["standby"], told["timeline"]) == ("slave", "master", 2)),
    ("boot", ["--timeout", "20"], {"fence_cmd": "FENCE"}, lambda told: (told["primary"], told["standby"], told["timeline"]) == ("master", None, 3)),
    ("rejoin", [], {}, lambda told: told["standby"] == "slave" and told["way"] in ("follow", "rewind")),
    ("init", ["FRESH", "--master-db", "MASTER"], None, lambda told: told["repo_init"]["system_id"]),
    ("upgrade", ["--yes"], {"cluster": "before"}, lambda told: told["history"] == 2),
    ("cleanup", ["--yes"], {"cluster": "before"}, None),
]


@pytest.mark.parametrize("command, more, keys, right", STORY, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_done_is_told_and_the_dry_run_has_told_it_before(site, command, more, keys, right):
    if command == "boot":
        site.wait_until(lambda: site.pair.sql("a", "checkpoint") or site.pair.sql("a", "select timeline_id from pg_control_checkpoint()") ==
                        [(2,)], what="the old primary follows, and says so")
        site.pair.ctl("b", "stop", "-m", "fast")
    names = site.names() | {"PROCESS": os.getpid(), "FRESH": site.folder / "walmgr/fresh"}
    ini = site.pair.archive.ini if keys == "own" else site.ini(keys)
    words = [*command.split(), *[names.get(word, word) for word in more], "--json"]
    foreseen = Manual().read(site.run(ini, *words, "-n"), command, dry_run=True)
    done = site.run(ini, *words)
    told = Manual().read(done, command)
    assert done.returncode == 0 and (right is None or right(told)), done
    assert told["changes"] == foreseen["changes"] != [], (told, foreseen)
    if command in ("gap accept", "repo init", "pin", "pause", "continue", "stop", "setup", "xrotate", "xpurgewals", "expire", "upgrade"):
        assert Manual().read(site.run(ini, *words), command)["changes"] == []
