"""boot, rejoin and switchover are killed at the steps of their journals, and go on when they are given again: there is one primary
afterwards, and what was acknowledged is there."""

import contextlib

import pytest

from support.killed_roles import has_all, killed_everywhere, lines_of
from support.pair import Writer, running_pair
from support.told import Manual

# A commit is acknowledged when the standby has it too: so no failover may lose it.
SETTINGS = "wal_log_hints = on\nsynchronous_standby_names = '*'"


@contextlib.contextmanager
def pair_of(program):
    with running_pair(program("walmgr"), SETTINGS) as made:
        made.sql("a", "set synchronous_commit = local; create table kept (n int primary key)")
        yield made


@pytest.fixture(scope="module")
def pair(program):
    with pair_of(program) as made:
        yield made


def changed_by_kills(pair, wait_until, at):
    """A loss, a return and a change of roles, each killed wherever `at` says."""
    wait_until(lambda: pair.streams("b"), what="a standby that streams")
    writer = Writer(pair)
    wait_until(lambda: len(writer.acknowledged) > 10, what="some rows")
    pair.kill9("a")
    seen = killed_everywhere(pair, "boot", at=at)
    assert {"done give up", "done drain", "done promote", "done bring", "done checkpoint", "done history", "end"} <= set(
        lines_of(seen)), seen
    assert pair.primaries() == ["b"] and has_all(pair, "b", writer)

    seen = killed_everywhere(pair, "rejoin", at=at)
    assert {"done decide", "done keep configuration", "done rewind", "done give configuration back", "done make standby",
            "done start standby", "end"} <= set(lines_of(seen)), seen
    assert pair.primaries() == ["b"]
    count = len(writer.acknowledged)
    wait_until(lambda: len(writer.acknowledged) > count + 10, what="commits that the old primary confirms", timeout=60)

    seen = killed_everywhere(pair, "switchover", at=at)
    assert {"done hand over", "done promote", "done checkpoint", "done history", "done make standby", "done start standby",
            "end"} <= set(lines_of(seen)), seen
    assert pair.primaries() == ["a"]
    count = len(writer.acknowledged)
    wait_until(lambda: len(writer.acknowledged) > count + 10, what="commits that the new standby confirms", timeout=60)
    writer.end()
    wait_until(lambda: has_all(pair, "a", writer) and has_all(pair, "b", writer), what="all acknowledged rows on both", timeout=60)


def is_sound(pair):
    pair.prove("a", "b")
    for name in "ab":
        pair.ctl(name, "start")


def test_steps_that_were_done_and_not_written_down(pair, wait_until):
    # And while the server is being started, which the next run then finds.
    changed_by_kills(pair, wait_until, at=lambda event: event == ("running", "begin start standby: 1")
                     or event[0] == "before" and event[1].startswith(("done", "end")))
    is_sound(pair)


def test_a_switchover_is_taken_back_or_goes_on_when_the_old_primary_has_come_back(pair, wait_until):
    wait_until(lambda: pair.streams("b"), what="a standby that streams")
    # While pg_ctl still stops the primary, and when it is down.
    for kind, line in (("running", "note timeline"), ("before", "done hand over")):
        killed_everywhere(pair, "switchover", at=lambda event: event[0] == kind and event[1].startswith(line), until=bool)
        done = pair.walmgr("switchover", "--undo", "--dry-run")
        assert done.returncode == 0 and "would start the old primary" in done.stdout, done
        done = pair.walmgr("switchover", "--undo", "--json")
        assert [change["action"] for change in Manual().read(done, "switchover")["changes"]] == ["start"]
        assert done.returncode == 0 and "the master runs as the primary that it was" in done.stderr, done
        assert pair.primaries() == ["a"]
        wait_until(lambda: pair.streams("b"), what="the standby streams again")
    assert "nothing to undo" in pair.walmgr("switchover", "--undo").stdout

    # Between two runs the old primary comes back and goes on: it must not be passed over.
    killed_everywhere(pair, "switchover", at=lambda event: event == ("after", "begin promote"), until=bool)
    pair.ctl("a", "start")
    assert pair.primaries() == ["a"]
    wait_until(lambda: pair.streams("b"), what="the standby streams again")
    pair.sql("a", "insert into kept values (-1)")
    assert pair.walmgr("switchover", "--undo").returncode == 1
    done = pair.walmgr("switchover")
    assert done.returncode == 0, done
    assert pair.primaries() == ["b"] and -1 in pair.rows("b")


@pytest.mark.long
@pytest.mark.parametrize("round", range(3))
def test_every_step_and_while_programs_run(program, wait_until, round):
    with pair_of(program) as pair:
        changed_by_kills(pair, wait_until, at=bool)
        is_sound(pair)
