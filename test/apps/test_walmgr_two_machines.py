"""The two servers live on two machines: each is stopped, started and changed by a walmgr on its own machine, behind ssh."""
import os
import re
import socket
import subprocess

import pytest

from support.pair import Writer
from support.server import as_server_user
from support.two_machines import two_machines


@pytest.fixture(scope="module")
def pair(program):
    with two_machines(program("walmgr")) as made:
        made.sql("a", "create table kept (n int primary key)")
        yield made


def state_of(pair):
    """All that a command could leave behind: files of ours, settings, and who is what."""
    settings = [(pair.data(name) / "postgresql.auto.conf").read_text() for name in "ab"]
    files = [sorted(path.name for path in (pair.folder / f"state-{machine}").iterdir()) for machine in pair.inis]
    return settings, files, pair.primaries(), sorted(pair.archive.repository.rglob("*.history.wal"))


def change_roles(pair, machine, of, to, writer, wait_until):
    """A switchover that is given on one of the machines."""
    wait_until(lambda: pair.streams(to), what="a standby that streams")
    done = pair.at(machine, "switchover")
    assert done.returncode == 0 and done.stderr == "", done
    assert pair.primaries() == [to] and pair.journals() == []
    # It recovers by the walmgr and the configuration of its own machine.
    assert f"{pair.inis[of]} xrestore" in (pair.data(of) / "postgresql.auto.conf").read_text()
    count = len(writer.acknowledged)
    wait_until(lambda: len(writer.acknowledged) > count + 5, what="rows at the new primary")
    return done.stdout


def test_roles_change_there_and_back_wherever_that_is_asked_for(pair, wait_until):
    wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
    if os.geteuid() == 0:
        assert subprocess.run([*pair.command_at("third")[:6], "ls", pair.data("a")], capture_output=True).returncode != 0
    before = state_of(pair)
    done = pair.at("third", "switchover", "-n")
    assert done.returncode == 0 and "would make the slave the primary and the master its standby" in done.stdout, done
    assert state_of(pair) == before

    writer = Writer(pair)
    wait_until(lambda: len(writer.acknowledged) > 5, what="some rows")
    said = change_roles(pair, "third", "a", "b", writer, wait_until)
    assert f"stop the master on {pair.sshd.user}@127.0.0.1:{pair.sshd.port}\n" in said, said
    said = change_roles(pair, "a", "b", "a", writer, wait_until)  # on the machine of the standby
    assert f"stop the slave on {pair.sshd.user}@127.0.0.1:{pair.sshd.port}\n" in said, said
    writer.end()
    for name in "ab":
        wait_until(lambda name=name: set(writer.acknowledged) <= set(pair.rows(name)), what=f"all acknowledged rows on {name}")


def another_walmgr(pair, text):
    path = pair.folder / "another"
    path.write_text(f"#!/bin/sh\n{text}\nexec {pair.archive.program} \"$@\"\n")
    path.chmod(0o755)
    return path


def refusals(pair):
    """(what is said, status, keys of the machine where it is asked for, keys of the one of the primary)"""
    usual, changed = pair.sshd.client, pair.folder / "changed.ssh"
    for pattern, by, says in (("UserKnownHostsFile .*", "UserKnownHostsFile /dev/null\nStrictHostKeyChecking no", "Host key verification failed"),
                              ("IdentityFile .*", f"IdentityFile {pair.sshd.folder}/other_key", "Permission denied")):
        changed.write_text(re.sub(pattern, by, usual.read_text()))
        yield rf"cannot be reached \(.*{says}.*this must work without a question: ssh .* true", 16, {"ssh_command": f"ssh -F {changed}"}, {}
    yield "there is no program /nowhere/ssh; see ssh_command", 3, {"ssh_command": "/nowhere/ssh"}, {}
    for text, says, status in (("exec /nowhere/walmgr", "has no program.*install walmgr there", 3),
                               ("echo 'walmgr: step is no command' >&2; exit 2", "step is no command.*install the same walmgr", 3),
                               ("echo '{\"walmgr\": 2}'; exit", "version 2, the other version 1; install the same walmgr", 3),
                               ("echo Welcome", "a shell there must print nothing", 16)):
        yield says, status, {"ssh_walmgr": another_walmgr(pair, text)}, {}
    yield "/nowhere/walmgr.ini", 3, {"master_machine": pair.sshd.location("/nowhere/walmgr.ini")}, {}
    yield 'the configuration there has cluster = "other", and here it is "main"; make them the same', 3, {}, {"cluster": "other"}
    yield 'there has standby_slot = "one", and here it is ""', 3, {}, {"standby_slot": "one"}
    yield "data folder of the master.*cannot be found", 3, {}, {"master_data": "/nowhere/data"}
    yield "cannot read /nowhere/postgresql.conf, by which the master is started", 3, {}, {"master_config": "/nowhere/postgresql.conf"}
    yield "is not that of the primary that answers: no primary runs there", 3, {}, {"master_data": pair.data("b")}
    other = pair.folder / "other"
    subprocess.run(as_server_user([pair.bin / "initdb", "-D", other, "-A", "trust", "--no-sync"]), check=True, capture_output=True, cwd="/")
    yield r"has system id \d+, and the cluster that is meant \d+", 10, {}, {"master_data": other}


def test_what_does_not_fit_together_is_said_in_one_line_and_nothing_is_changed(pair, wait_until):
    wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
    before = state_of(pair)
    for says, status, asking, asked in refusals(pair):
        pair.configure_machines(b=asking, a=asked)
        done = pair.at("b", "switchover")
        assert done.returncode == status and re.search(says, done.stderr), (says, done)
        assert done.stderr.count("\n") == 1 and f"the master on {pair.sshd.user}@127.0.0.1:{pair.sshd.port}" in done.stderr, done
        assert state_of(pair) == before, says
    for wrong, says in (("db1", "must begin with a slash"), ("sftp://db1/etc/walmgr.ini", "is no ssh://"), ("ssh://db1", "names no folder")):
        pair.configure_machines(b={"master_machine": wrong})
        done = pair.at("b", "switchover")
        assert done.returncode == 3 and "master_machine" in done.stderr and says in done.stderr, done
    # One file may lie on all machines: a host of this one's name is here.
    here = f"ssh://{pair.sshd.user}@{socket.gethostname()}/nowhere.ini"
    pair.configure_machines(a={"master_machine": here, "slave_machine": here, "ssh_command": "/nowhere/ssh"})
    done = pair.at("a", "switchover", "-n")
    assert done.returncode == 0, done
    # A key can be limited to the steps.
    pair.configure_machines(b={"ssh_walmgr": "/nowhere/walmgr"})
    pair.sshd.allow(f'restrict,command="{pair.archive.program} {pair.inis["a"]} step"')
    done = pair.at("b", "switchover", "-n")
    pair.sshd.allow()
    assert done.returncode == 0, done
    pair.configure_machines()

    # What works in a data folder is for the machine where that is.
    done = pair.at("third", "createslave")
    assert done.returncode == 3 and "the data folder of the slave on" in done.stderr and "run it there" in done.stderr, done
    done = pair.at("third", "restore")
    assert done.returncode == 2 and "to which folder?" in done.stderr, done
    # By hand nobody does a step by accident.
    done = pair.at("a", "step", stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and "this is for a walmgr at the other end of ssh" in done.stdout, done


def test_a_primary_is_set_up_and_restarted_on_its_machine(pair, wait_until):
    pair.sql("a", "alter system set superuser_reserved_connections = 4")
    pair.sql("a", "select pg_reload_conf()")
    wait_until(lambda: pair.sql("a", "select pending_restart from pg_settings where name = 'superuser_reserved_connections'") == [(True,)],
               what="a setting that waits")
    done = pair.at("b", "setup", "--replace", "--restart")
    assert done.returncode == 0 and "restarted the server" in done.stdout, done
    assert pair.sql("a", "show superuser_reserved_connections") == [("4",)]
    assert pair.sql("a", "show archive_command") == [(f"{pair.archive.program} {pair.inis['a']} xarchive %p %f",)]
    pair.sql("a", "alter system reset all")
    pair.sql("a", "select pg_reload_conf()")


def test_a_primary_is_lost_and_comes_back(pair, wait_until):
    wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
    where = f"the master on {pair.sshd.user}@127.0.0.1:{pair.sshd.port}"
    # It does not answer, as behind a broken network, and its machine says that it runs; or nobody can say that.
    pair.configure_machines(third={"master_db": "host=/nowhere dbname=postgres"})
    done = pair.at("third", "boot")
    assert done.returncode == 18 and f"{where} does not answer, but runs: " in done.stderr and "stop it there" in done.stderr, done
    pair.configure_machines(third={"master_db": "host=/nowhere dbname=postgres", "master_machine": "ssh://127.0.0.1:1/etc/walmgr.ini"})
    done = pair.at("third", "boot", "-n")
    assert done.returncode == 0 and "whether the master on 127.0.0.1:1 runs could not be seen" in done.stdout, done
    assert "would make the slave the primary" in done.stdout and pair.primaries() == ["a"], done
    pair.configure_machines()

    pair.sql("a", "insert into kept values (-1)")
    wait_until(lambda: -1 in pair.rows("b"), what="the last row on the standby")
    pair.ctl("b", "stop")
    pair.sql("a", "insert into kept values (-2)")  # nobody else has it
    pair.kill9("a")
    pair.ctl("b", "start", "-o", "-c restore_command=false")
    done = pair.at("third", "boot")
    assert done.returncode == 0 and pair.primaries() == ["b"], done
    pair.sql("b", "insert into kept values (-3)")

    before = state_of(pair)
    done = pair.at("third", "rejoin", "-n")
    assert done.returncode == 0 and "would rewind and start the master" in done.stdout and state_of(pair) == before, done
    done = pair.at("third", "rejoin")
    assert done.returncode == 0 and f"rewind {where}" in done.stdout and "follows the slave, rewound" in done.stdout, done
    wait_until(lambda: pair.rows("a")[:2] == [-3, -1], what="the rows of the new primary")
    assert pair.sql("a", "show cluster_name") == [("node_a",)] and pair.journals() == []
    assert sorted(path.name for path in (pair.folder / "state-a").iterdir() if "kept" in path.name) == []
