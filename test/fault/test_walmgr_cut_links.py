"""Between machines links are cut and commands are killed: the same command goes on, nothing acknowledged is lost, and there is one primary."""
import os
import subprocess

import pytest

from support.killed_roles import has_all, killed_everywhere
from support.pair import BIN, Writer
from support.two_machines import two_machines

# A commit is acknowledged when the standby has it too: so no change of roles may lose it.
SETTINGS = "wal_log_hints = on\nsynchronous_standby_names = '*'"

# In front of the real ssh: each action is cut off the first time before it has begun, the second time when it is done and nobody has
# heard of it. All others pass.
CUTTING = """#!/usr/bin/python3
import json, os, pathlib, subprocess, sys
command = ["ssh", *sys.argv[1:]]
if not sys.argv[-1].endswith(" step"):
    os.execvp("ssh", command)
line = b""
while not line.endswith(b"\\n"):
    line += os.read(0, 1)
action = json.loads(line)["action"]
log = pathlib.Path({log!r})
seen = log.read_text().splitlines().count(action)
with open(log, "a") as out:
    print(action, file=out)
if seen == 0:
    sys.exit(255)
done = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
done.stdin.write(line)
done.stdin.flush()
answer = done.stdout.read()
status = done.wait()
if seen == 1:
    sys.exit(255)
sys.stdout.buffer.write(answer)
sys.exit(status)
"""


@pytest.fixture(scope="module")
def pair(program):
    with two_machines(program("walmgr"), SETTINGS) as made:
        made.sql("a", "set synchronous_commit = local; create table kept (n int primary key)")
        yield made


@pytest.fixture
def writer(pair, wait_until):
    wait_until(lambda: pair.streams("a") or pair.streams("b"), what="a standby that streams", timeout=60)
    primary, = pair.primaries()
    pair.sql(primary, "truncate kept")
    made = Writer(pair)
    wait_until(lambda: len(made.acknowledged) > 5, what="some rows")
    yield made
    made.over.set()


def settled(pair, writer, primary, wait_until):
    """Nobody has lost anything, and both go on."""
    assert pair.primaries() == [primary] and pair.journals() == []
    count = len(writer.acknowledged)
    wait_until(lambda: len(writer.acknowledged) > count + 5, what="commits that the new standby confirms", timeout=60)
    writer.end()
    for name in "ab":
        wait_until(lambda name=name: has_all(pair, name, writer), what=f"all acknowledged rows on {name}", timeout=60)


def run_through_cuts(pair, machine, *command):
    """Gives a command on a machine until it has come to its end, with each of its steps elsewhere cut off. Returns these, in order."""
    log = pair.folder / f"cut-{command[0]}"
    log.touch()
    pair.own(machine, log)
    cutting = pair.folder / "cutting"
    cutting.write_text(CUTTING.format(log=str(log)))
    cutting.chmod(0o755)
    client = pair.folder / "third.ssh" if machine == "third" else pair.sshd.client
    pair.configure_machines(**{machine: {"ssh_command": f"{cutting} -F {client}"}})
    for _ in range(60):
        done = pair.at(machine, *command)
        assert len(pair.primaries()) <= 1
        if done.returncode == 0:
            pair.configure_machines()
            return list(dict.fromkeys(log.read_text().splitlines()))
        assert done.returncode == 16 and done.stderr.count("\n") == 1, done
        assert "cannot be reached" in done.stderr or "the link was cut" in done.stderr and "run again" in done.stderr, done
    raise AssertionError(done)


def test_links_are_cut_before_and_after_each_step(pair, writer, wait_until):
    assert run_through_cuts(pair, "b", "switchover") == ["look", "stop", "follow", "start"]
    settled(pair, writer, "b", wait_until)


def test_a_link_is_cut_while_a_server_is_stopped(pair, writer, wait_until):
    """What was begun there comes to its end, and whoever comes again waits for it, to go on or to take it back."""
    wait_until(lambda: pair.streams("a"), what="a standby that streams", timeout=60)
    begun, go, stop = pair.folder / "b" / "begun", pair.folder / "go", pair.folder / "stop"
    os.mkfifo(go, 0o644)
    stop.write_text(f"#!/bin/sh\ntouch {begun}\nread -r _ < {go}\n"
                    f"exec {BIN}/pg_ctl stop -m fast -w -D {pair.data('b')}\n")
    stop.chmod(0o755)
    for again, primary in (("--undo", "b"), (None, "a")):
        pair.configure_machines(b={"slave_stop_cmd": stop})
        begun.unlink(missing_ok=True)
        given = subprocess.Popen(pair.command_at("a", "switchover"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")
        wait_until(begun.exists, what="a stop that was begun")
        pair.sshd.cut()
        said = given.communicate(timeout=60)[1]
        assert given.returncode == 16 and "the link was cut" in said and said.count("\n") == 1, said
        assert pair.primaries() == ["b"] and len(pair.journals()) == 1
        # It is not passed over while nobody knows what becomes of it.
        done = pair.at("a", "switchover", *[again] if again else [], "--timeout", "1")
        assert done.returncode == 14 and "is not done yet" in done.stderr, done
        os.write(opened := os.open(go, os.O_WRONLY | os.O_NONBLOCK), b"\n")  # which somebody must wait for
        os.close(opened)
        done = pair.at("a", "switchover", *[again] if again else [])
        assert done.returncode == 0 and pair.primaries() == [primary], done
        wait_until(lambda: pair.streams("a" if primary == "b" else "b"), what="a standby that streams", timeout=60)
    pair.configure_machines()
    settled(pair, writer, "a", wait_until)


def test_the_old_primary_s_machine_is_lost_in_the_middle(pair, writer, wait_until):
    wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
    given = pair.command_at("third", "switchover")
    # When it has claimed the promotion, which boot then does.
    killed_everywhere(pair, given=given, at=lambda event: event == ("before", "begin promote"), until=bool)
    assert pair.primaries() == []
    pair.configure_machines(third={"master_machine": "ssh://127.0.0.1:1/etc/walmgr.ini"})
    done = pair.at("third", "switchover")
    assert done.returncode == 16 and len(pair.journals()) == 1, done
    done = pair.at("third", "boot")
    assert done.returncode == 0 and "in place of a switchover that is unfinished" in done.stdout and pair.primaries() == ["b"], done
    pair.configure_machines()
    done = pair.at("third", "rejoin")
    assert done.returncode == 0 and "the master follows the slave\n" in done.stdout, done

    # Now it is the other one, and it is lost when the standby was promoted already.
    wait_until(lambda: pair.streams("a"), what="a standby that streams", timeout=60)
    killed_everywhere(pair, given=given, at=lambda event: event == ("before", "begin start standby"), until=bool)
    assert pair.primaries() == ["a"]
    done = pair.at("third", "rejoin")
    assert done.returncode == 0 and "in place of a switchover that is unfinished" in done.stdout, done
    settled(pair, writer, "a", wait_until)


def test_it_goes_on_when_it_was_killed(pair, writer, wait_until):
    wanted = [("before", "done hand over"), ("running", "begin start standby: 1"), ("before", "end")]
    # And while the primary is being stopped: what it was told to do there goes on.
    seen = killed_everywhere(pair, given=pair.command_at("b", "switchover"),
                             at=lambda event: event in wanted or event[0] == "running" and event[1].startswith("note timeline"))
    assert set(wanted) < set(seen), seen
    settled(pair, writer, "b", wait_until)


@pytest.mark.long
def test_every_step_and_every_cut_of_a_loss_and_a_return(program, wait_until):
    with two_machines(program("walmgr"), SETTINGS) as pair:
        pair.sql("a", "set synchronous_commit = local; create table kept (n int primary key)")
        writer = Writer(pair)
        wait_until(lambda: len(writer.acknowledged) > 5, what="some rows", timeout=60)
        killed_everywhere(pair, given=pair.command_at("third", "switchover"), at=bool)
        assert pair.primaries() == ["b"]
        wait_until(lambda: pair.streams("a"), what="a standby that streams", timeout=60)
        for command in ("cut", "killed"):
            lost, = pair.primaries()
            other = "ab".replace(lost, "")
            wait_until(lambda other=other: pair.streams(other), what="a standby that streams", timeout=60)
            pair.kill9(lost)
            assert pair.at("third", "boot").returncode == 0 and pair.primaries() == [other]
            if command == "cut":
                steps = run_through_cuts(pair, "third", "rejoin")
                assert {"look", "prepare", "keep", "rewind", "give back", "forget", "follow", "start"} == set(steps), steps
            else:
                killed_everywhere(pair, given=pair.command_at("third", "rejoin"), at=bool)
            wait_until(lambda lost=lost: pair.streams(lost), what="the old primary follows", timeout=60)
        settled(pair, writer, *pair.primaries(), wait_until)
