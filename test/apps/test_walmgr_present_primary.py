"""After roles have changed, commands for the primary go on at the new one, by the configuration as it is."""
import pytest

from support.pair import running_pair
from support.server import as_server_user


@pytest.fixture
def pair(program):
    with running_pair(program("walmgr")) as made:
        made.archive.configure(**made.keys, partial_wals=made.archive.make_folder("partial"))
        yield made


@pytest.fixture
def receiver(pair, start):
    with open(pair.folder / "received", "w", encoding="utf-8") as log:
        yield start(as_server_user(pair.archive.command("receive")), stdout=log, stderr=log, cwd="/")


def receives(pair, name):
    return pair.sql(name, "select count(*) from pg_stat_replication where application_name = 'walmgr' and state = 'streaming'") == [(1,)]


def kept_slots(pair, name):
    return [slot for slot, in pair.sql(name, "select slot_name from pg_replication_slots")]


def said_by_check(pair):
    return dict(reversed(line.split(": ", 2)[:2]) for line in pair.walmgr("check").stdout.splitlines())


def is_set_up_at_the_new_primary(pair):
    """The disk that fills is the primary's, archiving is the primary's, and so is the cluster."""
    for number in range(3):
        (pair.data("a") / f"pg_wal/archive_status/0000000100000000000000A{number}.ready").touch()
    keys = pair.keys | {"partial_wals": pair.archive.folder / "partial"}
    pair.archive.configure(**keys, on_pressure="alarm", pressure_backlog=2)
    done = pair.walmgr("status")
    assert done.returncode == 0, done
    assert said_by_check(pair)["pressure"] == "ok"
    pair.archive.configure(**keys)
    for waits in (pair.data("a") / "pg_wal/archive_status").glob("*A?.ready"):
        waits.unlink()

    command = pair.sql("b", "show archive_command")
    assert pair.walmgr("stop").returncode == 0
    assert pair.sql("b", "show archive_command") == [("",)] and pair.sql("a", "show archive_command") == command
    done = pair.walmgr("setup")
    assert done.returncode == 0 and pair.sql("b", "show archive_command") == command, done
    pair.ctl("a", "stop")
    for asked in (["repo", "init"], ["upgrade"]):
        done = pair.walmgr(*asked)
        assert done.returncode == 0 and "known already" in done.stdout, done
    pair.ctl("a", "start")


def test_they_go_on_at_the_new_primary(pair, receiver, wait_until):
    pair.sql("a", "create table kept (n int)")
    wait_until(lambda: pair.streams("b") and receives(pair, "a"), what="a standby and a receiver", timeout=60)
    done = pair.walmgr("switchover")
    assert done.returncode == 0, done
    wait_until(lambda: receives(pair, "b"), what="a receiver at the new primary", timeout=60)
    assert receiver.poll() is None
    assert kept_slots(pair, "a") == [] and kept_slots(pair, "b") == ["walmgr"]

    done = pair.walmgr("status")
    assert done.returncode == 0 and done.stdout.startswith("server: timeline 2") and "a standby" not in done.stdout, done
    done = pair.walmgr("backup")
    assert done.returncode == 0 and "of timeline 2 is in the repository" in done.stdout, done
    said = said_by_check(pair)
    assert said["server"] == said["roles"] == said["slots"] == "ok", said
    is_set_up_at_the_new_primary(pair)

    # The new primary is lost, and comes back behind the old one.
    pair.kill9("b")
    assert said_by_check(pair)["server"] == "wrong"
    assert pair.walmgr("boot").returncode == 0
    wait_until(lambda: receives(pair, "a"), what="a receiver at the primary of old", timeout=60)
    said = said_by_check(pair)
    assert said["server"] == "ok" and said["roles"] == "note", said
    done = pair.walmgr("rejoin")
    assert done.returncode == 0, done
    assert kept_slots(pair, "b") == []


def test_two_primaries_are_noticed(pair, wait_until):
    wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
    assert said_by_check(pair)["roles"] == "ok"
    pair.ctl("b", "promote")
    done = pair.walmgr("check")
    assert done.returncode == 1
    assert "wrong: roles: the master answers as a primary, the slave answers as a primary; stop the one that was given up" in done.stdout, done
