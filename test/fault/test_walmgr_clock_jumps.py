"""The wall clock jumps a year forth or back: no lease is lost on its host, nothing that is needed is removed, and the log goes on."""
import datetime
import json
import subprocess

import pytest

from support.archive import SEGMENT, SYSTEM_ID, Archive, segment_name, stored_object
from support.clock import moved_clock
from support.receiving import Receiving
from support.server import as_server_user, give_to_server_user

YEAR = 365 * 86400
DAYS = (40, 20, 9, 6, 1)  # how old the backups are


@pytest.fixture
def archive(scratch, program):
    made = Archive(scratch, program("walmgr"))
    made.know_cluster(made.repository)
    return made


def backup(archive, days):
    """A whole record of a backup of so many days ago. Gives its label."""
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    label, number = then.strftime("%Y%m%dT%H%M%SZ-F"), 100 - days
    folder = archive.repository / "main/base" / label
    folder.mkdir(parents=True)
    (folder / "backup.json").write_bytes(stored_object(json.dumps({
        "label": label, "kind": "full", "parent": None,
        "cluster": {"system_id": str(SYSTEM_ID), "history": 1, "segment_size": SEGMENT}, "version": 15, "timeline": 1,
        "start_lsn": f"0/{number * SEGMENT + 40:X}", "stop_lsn": f"0/{number * SEGMENT + 400:X}",
        "started": then.strftime("%Y-%m-%dT%H:%M:%SZ"), "stopped": then.strftime("%Y-%m-%dT%H:%M:%SZ"), "time_zone": "UTC",
        "checksums": False, "manifest_sha256": "0" * 64, "tablespaces": [], "annotation": "",
        "parts": [{"object": "main-0000.tar", "raw_size": 1, "stored_size": 1, "sha256": "0" * 64, "files": 1}]}).encode()))
    for path in (folder / "backup.json", folder, folder.parent, folder.parent.parent):
        give_to_server_user(path)
    return label


def jumped(archive, seconds, *args):
    return archive.run(*args, env=moved_clock(archive.folder, seconds))


@pytest.mark.parametrize("seconds", [0, YEAR, -YEAR])
def test_expire_removes_nothing_that_is_needed(archive, seconds):
    archive.configure(keep_days=7)
    labels = [backup(archive, days) for days in DAYS]
    for days in DAYS:
        assert archive.push(100 - days).returncode == 0
    done = jumped(archive, seconds, "expire")
    assert done.returncode == 0, done.stderr
    # With a clock that is behind nothing is old; with one that is ahead the days are counted from the newest backup, a day ago.
    needed = {0: labels[2:], YEAR: labels[2:], -YEAR: labels}[seconds]
    assert sorted(path.name for path in (archive.repository / "main/base").iterdir()) == needed, done
    assert [path.stem for path in archive.objects()] == [segment_name(100 - days) for days in DAYS[-len(needed):]]


@pytest.mark.parametrize("seconds", [YEAR, -YEAR])
def test_a_lease_is_its_holders_for_as_long_as_that_lives(archive, seconds, start):
    holder = start(["sleep", "600"])
    assert archive.run("xlock", holder.pid).returncode == 0
    done = jumped(archive, seconds, "expire")
    assert done.returncode == 14 and f"process {holder.pid}" in done.stderr, done
    holder.kill()
    holder.wait()
    done = jumped(archive, seconds, "expire")
    assert done.returncode == 0 and "left behind" in done.stderr, done


def test_of_many_who_want_the_lease_at_once_one_has_it(archive, start):
    holders = [start(["sleep", "600"]) for _ in range(6)]
    running = [subprocess.Popen(as_server_user(archive.command("xlock", one.pid)), stderr=subprocess.PIPE, text=True, cwd="/")
               for one in holders]
    said = [one.communicate(timeout=60)[1] for one in running]
    assert sorted(one.returncode for one in running) == [0, *[14] * 5], said
    assert len(list((archive.repository / "main/leases/backup").iterdir())) == 1


def test_status_and_receiving_do_not_notice(scratch, program, start, server):
    receiving = Receiving(scratch, program("walmgr"), start)
    receiving.know(server, slot="")
    shown = []
    for seconds in (0, YEAR, -YEAR):
        done = jumped(receiving, seconds, "sync")
        assert done.returncode == 0, done.stderr
        done = jumped(receiving, seconds, "status", "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["problems"] == [] and found["received"]["lag_bytes"] is not None
        shown.append((found["received"]["timeline"], found["received"]["waiting"], found["repositories"][0]["gaps"]))
    assert shown == [shown[0]] * 3
