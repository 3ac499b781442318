"""A change of roles needs each repository that is named: what it will ask of them is asked before anything is stopped, and one that is
lost later keeps nobody from going back. A boot goes by what all of them have together, and past a gap only where somebody has accepted it."""
import contextlib
import os
import subprocess

import pytest

from support.archive import stored_object
from support.pair import BIN, running_pair
from support.server import as_server_user, give_to_server_user


@pytest.fixture(scope="module")
def pair(program):
    """With two repositories. The tests are in the order in which they are; the last one loses the primary."""
    with running_pair(program("walmgr")) as made:
        made.second = made.archive.make_folder("second")
        made.repositories = [made.archive.repository, made.second]
        made.keys["walmgr_data"] = ", ".join(map(str, made.repositories))
        made.archive.configure(**made.keys)
        assert made.walmgr("repo", "init").returncode == 0
        made.sql("a", "create table kept (n int)")
        yield made


@contextlib.contextmanager
def away(*repositories):
    for one in repositories:
        one.rename(one.with_suffix(".away"))
    try:
        yield
    finally:
        for one in repositories:
            one.with_suffix(".away").rename(one)


@contextlib.contextmanager
def claimed_by_another(repository):
    claim = repository / "main/promotions/1-00000001"
    claim.parent.mkdir(exist_ok=True)
    give_to_server_user(claim.parent)
    claim.write_bytes(stored_object(b"token\nhost elsewhere, journal /its.journal\n"))
    claim.chmod(0o644)
    try:
        yield
    finally:
        claim.unlink()


def journals(pair):
    return list(pair.keys["state_dir"].glob("*.journal"))


def streams(pair, wait_until):
    wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)


def is_refused(pair, *asked, status, says, primaries=("a",)):
    """In one line, and nothing has changed."""
    done = pair.walmgr(*asked)
    assert done.returncode == status and all(text in done.stderr for text in says) and done.stderr.count("\n") == 1, done
    assert pair.primaries() == list(primaries)
    assert not any(list(one.glob("main/intents/*")) for one in pair.repositories)


def test_nothing_is_stopped_where_it_could_not_come_to_its_end(pair, wait_until):
    streams(pair, wait_until)
    lost = [f"repository {pair.second}", "take it out of walmgr_data on each machine"]
    with away(pair.second):
        for asked in (["switchover", "-n"], ["switchover"], ["boot"]):
            is_refused(pair, *asked, status=16, says=lost)
    # One that can be read and takes nothing.
    (pair.second / "main/probe").touch()
    is_refused(pair, "switchover", status=16, says=lost)
    (pair.second / "main/probe").unlink()
    with claimed_by_another(pair.second):
        for asked in (["switchover", "-n"], ["switchover"]):
            is_refused(pair, *asked, status=14, says=["somebody else promotes", "host elsewhere"])

    # A backup by files has no session that says so, but the lease of the backups; this one is xlock's.
    assert pair.walmgr("xlock", str(os.getpid())).returncode == 0
    for asked in (["switchover", "-n"], ["switchover"]):
        is_refused(pair, *asked, status=1, says=["no switchover now", f"xlock, process {os.getpid()} of host"])
    assert pair.walmgr("xrelease").returncode == 0
    with open(pair.folder / "backup.tar", "wb") as out:
        backup = subprocess.Popen(as_server_user([BIN / "pg_basebackup", "-d", pair.conninfo("b"), "-D", "-", "-F", "tar", "-X", "none",
                                                  "-c", "fast", "-r", "32k"]), stdout=out, stderr=subprocess.DEVNULL, cwd="/")
        wait_until(lambda: pair.sql("b", "select phase from pg_stat_progress_basebackup") == [("streaming database files",)], what="a backup")
        is_refused(pair, "switchover", status=1, says=["no switchover now: a base backup of the standby is being taken"])
        pair.sql("b", "select pg_terminate_backend(pid) from pg_stat_progress_basebackup")
        backup.wait()
        wait_until(lambda: pair.sql("b", "select phase from pg_stat_progress_basebackup") == [], what="the end of the backup")
    assert not journals(pair)


def test_a_repository_that_is_lost_after_the_stop_keeps_nobody_from_going_back(pair, wait_until):
    streams(pair, wait_until)
    script = pair.folder / "stop"
    script.write_text(f"#!/bin/sh\n{BIN}/pg_ctl stop -m fast -w -D {pair.data('a')} && mv {pair.second} {pair.second}.away\n")
    script.chmod(0o755)
    pair.archive.configure(**pair.keys, master_stop_cmd=script)
    is_refused(pair, "switchover", status=16, primaries=(),
               says=[f"repository {pair.second}", "take it out of walmgr_data on each machine", "switchover --undo"])
    pair.archive.configure(**pair.keys)

    # What has to be sure is that nobody else promotes: that is not known where nobody answers, or where somebody does.
    undo = ["switchover", "--undo"]
    with away(pair.archive.repository):
        is_refused(pair, *undo, status=16, says=["walmgr_data"], primaries=())
    with claimed_by_another(pair.archive.repository):
        is_refused(pair, *undo, status=1, says=["somebody else promotes", "host elsewhere"], primaries=())
    done = pair.walmgr(*undo, "-n")
    assert done.returncode == 0 and "would start the old primary" in done.stdout and pair.primaries() == [], done
    done = pair.walmgr(*undo)
    assert done.returncode == 0 and "the master runs as the primary that it was" in done.stdout, done
    assert f"ATTENTION: repository {pair.second}" in done.stdout, done
    assert pair.primaries() == ["a"] and not journals(pair)
    pair.second.with_suffix(".away").rename(pair.second)
    assert not any(list(one.glob("main/promotions/*")) for one in pair.repositories)
    streams(pair, wait_until)
    assert pair.walmgr("switchover", "-n").returncode == 0


def test_a_boot_ends_in_front_of_a_gap_that_was_accepted_and_no_other(pair, wait_until):
    streams(pair, wait_until)
    names = []
    for n in range(5):
        pair.sql("a", f"insert into kept values ({n})")
        names += pair.sql("a", "select pg_walfile_name(pg_switch_wal())")[0]
        if n == 0:  # which comes to the standby as it is written
            (end,), = pair.sql("a", "select pg_current_wal_flush_lsn()")
            wait_until(lambda: pair.sql("b", f"select pg_last_wal_replay_lsn() >= '{end}'") == [(True,)], what="all of it on the standby")
            pair.ctl("b", "stop")
    passed, *names = names
    objects = [[one / f"main/wal/1/00000001/00000000/{name}.wal" for one in pair.repositories] for name in [*names, passed]]
    wait_until(lambda: all(one.exists() for one in objects[3]), what="all is archived", timeout=60)
    for one in objects.pop():
        one.unlink()
    objects[0][0].unlink()  # which the other has
    for one in objects[2]:
        one.unlink()
    pair.kill9("a")
    pair.ctl("b", "start")

    wait_until(lambda: pair.rows("b") == [0, 1, 2], what="what is in front of the gap", timeout=60)
    for asked in (["boot", "-n"], ["boot", "--timeout", "60"]):
        done = pair.walmgr(*asked)
        assert done.returncode == 13 and f"{names[2]} is missing" in done.stderr and f"gap accept {names[2]}" in done.stderr, done
        assert names[0] not in done.stderr and passed not in done.stderr and pair.primaries() == []
    assert pair.walmgr("gap", "accept", names[2], "--why", "its disk burnt").returncode == 0
    for asked in (["boot", "-n"], ["boot", "--timeout", "60"]):
        assert pair.primaries() == []
        done = pair.walmgr(*asked)
        assert done.returncode == 0 and f"ATTENTION: {names[2]} is missing" in done.stdout, done
        assert "its disk burnt" in done.stdout and f"up to {names[3]}" in done.stdout, done
    assert pair.primaries() == ["b"] and pair.rows("b") == [0, 1, 2]
