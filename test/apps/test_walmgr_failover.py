"""Two servers change their roles, and one is lost: what was acknowledged survives, and the old primary comes back."""
import pathlib
import subprocess

import pytest

from support.pair import BIN, PORT, running_pair
from support.receiving import Link
from support.server import tree
from support.told import Manual


@pytest.fixture
def pair(program):
    with running_pair(program("walmgr")) as made:
        yield made


def has(pair, wait_until, name, rows):
    wait_until(lambda: pair.rows(name) == rows, what=f"the rows on {name}", timeout=60)


def configured(pair, key, body):
    """The configuration with a command of the user's, whose text this is."""
    script = pair.folder / key
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    pair.archive.configure(**pair.keys, **{key: script})
    return script


def test_roles_change_a_primary_is_lost_and_comes_back(pair, wait_until):
    pair.sql("a", "create table kept (n int)")
    pair.sql("a", "insert into kept values (1)")
    wait_until(lambda: pair.sql("a", "select count(*) from pg_stat_replication where state = 'streaming'") == [(1,)],
               what="a standby that streams", timeout=60)

    # While the primary lives nothing is promoted, and a dry run does nothing.
    done = pair.walmgr("boot")
    assert done.returncode == 18 and "the master answers as a primary; stop it first" in done.stderr, done
    assert pair.sql("b", "select pg_is_in_recovery()") == [(True,)]
    assert "would make the slave the primary" in pair.walmgr("switchover", "-n").stdout

    # A standby that lags, or whose replay is held, is refused.
    assert pair.walmgr("pause").returncode == 0
    pair.sql("a", "insert into kept values (2)")
    done = pair.walmgr("switchover", "--max-lag", "0")
    assert done.returncode == 1 and "bytes behind" in done.stderr, done
    done = pair.walmgr("switchover")
    assert done.returncode == 1 and "replay on the standby is paused" in done.stderr, done
    assert pair.walmgr("continue").returncode == 0
    assert not list(pathlib.Path(pair.keys["state_dir"]).glob("*.journal"))

    # The server may be down already when it is stopped, by whoever else stops it.
    stop = f"{BIN}/pg_ctl stop -m fast -w -D {pair.data('a')}"
    configured(pair, "master_stop_cmd", f"{stop} && {stop}")
    done = pair.walmgr("switchover")
    assert done.returncode == 0, done
    pair.archive.configure(**pair.keys)
    assert pair.sql("a", "select pg_is_in_recovery()") == [(True,)]
    assert pair.sql("b", "select pg_is_in_recovery()") == [(False,)]
    pair.sql("b", "insert into kept values (3)")
    has(pair, wait_until, "a", [1, 2, 3])
    assert (pair.archive.repository / "main/wal/1/00000002.history.wal").exists()

    # The new primary is lost with rows that never reached the other, which is promoted in its place.
    pair.ctl("a", "stop")
    pair.sql("b", "insert into kept values (99)")
    pair.ctl("a", "start", "-o", "-c primary_conninfo=''")
    # It is not stopped by anybody but fence_cmd, and while that fails or hangs nothing is promoted.
    for body, status, says in (("exit 3", 16, "ended with status 3"), ("exec sleep 1000", 15, "did not end within 1 s")):
        configured(pair, "fence_cmd", body)
        done = pair.walmgr("boot", "--timeout", "1")
        assert done.returncode == status and says in done.stderr, done
        assert pair.primaries() == ["b"]
    script = configured(pair, "fence_cmd", f"exec {BIN}/pg_ctl stop -m immediate -w -D {pair.data('b')}")
    done = pair.walmgr("boot", "-n")
    assert done.returncode == 0 and f"would run {script}" in done.stdout and pair.primaries() == ["b"], done
    done = pair.walmgr("boot")
    assert done.returncode == 0 and "the master is the primary, on timeline 3" in done.stdout, done
    pair.sql("a", "insert into kept values (4)")
    assert pair.rows("a") == [1, 2, 3, 4]

    # It comes back without what nobody else has, and with its own configuration.
    done = pair.walmgr("rejoin", "--dry-run")
    assert done.returncode == 0 and "would rewind and start the slave" in done.stdout, done
    done = pair.walmgr("rejoin")
    assert done.returncode == 0 and "the slave follows the master, rewound" in done.stdout, done
    has(pair, wait_until, "b", [1, 2, 3, 4])
    assert pair.sql("b", "show cluster_name") == [("node_b",)]
    done = pair.walmgr("rejoin")
    assert done.returncode == 1 and "there is no stopped server beside a primary" in done.stderr
    pair.prove("a", "b")


def test_a_standby_that_would_archive_nothing_becomes_the_primary_in_an_emergency_only(pair, wait_until):
    # What is restored as a standby may become the primary, and archives then as the server did that it is a copy of.
    assert pair.walmgr("backup").returncode == 0
    pair.ctl("b", "stop")
    subprocess.run(["rm", "-rf", pair.data("b")], check=True)
    for more, kept in ([["--archive-mode", "off"], False], [[], True]):
        done = pair.walmgr("restore", "--standby", "--delta", *more)
        assert done.returncode == 0, done
        assert ("archive_mode" not in (pair.data("b") / "postgresql.auto.conf").read_text()) == kept
    pair.configure("b")
    with open(pair.data("b") / "postgresql.conf", "a") as settings:
        settings.write(f"primary_conninfo = '{pair.conninfo('a')}'\n")
    pair.ctl("b", "start")
    wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
    done = pair.walmgr("switchover", "-n")
    assert done.returncode == 0 and "ATTENTION" not in done.stdout + done.stderr, done

    for setting, says in (("archive_command=true", 'archive_command "true" keeps nothing'), ("archive_mode=off", "archive_mode is off")):
        pair.ctl("b", "stop")
        pair.ctl("b", "start", "-o", f"-c {setting}")
        wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
        for more in (["-n"], []):
            done = pair.walmgr("switchover", *more)
            assert done.returncode == 1 and f"would archive nothing as the primary, its {says}" in done.stderr, done
    assert pair.primaries() == ["a"] and not list(pathlib.Path(pair.keys["state_dir"]).glob("*.journal"))

    pair.ctl("a", "stop", "-m", "immediate")
    done = pair.walmgr("boot", "-n")
    assert done.returncode == 0 and "ATTENTION: the slave archives nothing then: its archive_mode is off" in done.stdout, done
    done = pair.walmgr("boot")
    assert done.returncode == 0 and pair.primaries() == ["b"], done
    assert "ATTENTION: the slave archives nothing from now on: its archive_mode is off" in done.stdout, done
    assert done.stderr.count("\n") == 1 and f"set archive_mode = on and archive_command = '{pair.archive.program}" in done.stderr, done


@pytest.mark.parametrize("tree_name", [*(pytest.param(f"tree-{version}", marks=pytest.mark.long) for version in (14, 16, 17)), "tree-18"])
def test_standbys_of_other_versions_are_booted(program, wait_until, tree_name):
    if not (tree(tree_name) / "bin/postgres").exists():
        pytest.skip(f"build/{tree_name} is missing: npm could not fetch it")
    with running_pair(program("walmgr"), tree_name=tree_name) as pair:
        # The primary is lost with log that the standby has and the repository has not.
        pair.sql("a", "create table kept (n int)")
        pair.sql("a", "alter system set archive_command = 'false'")
        pair.sql("a", "select pg_reload_conf()")
        wait_until(lambda: pair.sql("a", "show archive_command") == [("false",)], what="a primary that archives no more")
        lost = []
        for n in (1, 2):
            lost += pair.sql("a", "select pg_walfile_name(pg_switch_wal())")[0]
            pair.sql("a", f"insert into kept values ({n})")
        has(pair, wait_until, "b", [1, 2])
        assert not list(pair.archive.repository.glob(f"main/wal/1/*/*/{lost[0]}.wal"))
        pair.kill9("a")
        (pair.data("b") / "pg_wal" / lost[0]).unlink()
        dry = Manual().read(pair.walmgr("boot", "-n", "--json"), "boot", dry_run=True)
        assert [one["action"] for one in dry["changes"]] == ["abandon", "promote", "refill"]
        done = pair.walmgr("boot")
        assert done.returncode == 0 and "the slave is the primary, on timeline 2" in done.stdout, done
        assert f"{lost[1]}: stored, which the old primary had not archived\n" in done.stdout, done
        # What it does not have is in nobody's way.
        attentions = [line for line in (done.stdout + done.stderr).splitlines() if "ATTENTION" in line]
        assert len(attentions) == 1 and f"{lost[0]} was never archived, and the slave does not give it" in attentions[0], done
        assert pair.walmgr("gap", "list").stdout == f"{lost[0]}: missing\n"
        assert pair.walmgr("gap", "accept", lost[0], "--why", "test").returncode == 0
        assert (pair.archive.repository / "main/wal/1/00000002.history.wal").exists()
        pair.sql("b", "insert into kept values (3)")
        (name,), = pair.sql("b", "select pg_walfile_name(pg_switch_wal())")
        wait_until(lambda: list(pair.archive.repository.glob(f"main/wal/1/00000002/*/{name}.wal")), what="log of the new primary")
        assert pair.rows("b") == [1, 2, 3] and pair.walmgr("verify").returncode == 0


def test_a_primary_that_is_lost_as_soon_as_it_is_one_takes_its_own_timeline_along(pair, wait_until):
    """The standby says for minutes that it is on the timeline of before, which is not what is to be given up."""
    wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
    done = pair.walmgr("switchover")
    assert done.returncode == 0, done
    pair.sql("b", "create table kept (n int)")
    pair.sql("b", "insert into kept values (1)")
    has(pair, wait_until, "a", [1])
    assert pair.sql("a", "select greatest(min_recovery_end_timeline, timeline_id) from pg_control_recovery(), pg_control_checkpoint()") == [(1,)]
    pair.kill9("b")
    done = pair.walmgr("boot")
    assert done.returncode == 0 and "give up timeline 2" in done.stdout and "on timeline 3" in done.stdout, done
    assert pair.rows("a") == [1]


def test_the_log_of_standbys_ends_within_a_record_and_one_is_booted_and_the_other_follows(pair, wait_until):
    """What a server that was lost had sent ends at a page, with the begin of a record there: it will never be replayed."""
    pair.sql("a", "create table kept (n int, filler text)")
    pair.clone("c")
    links = {name: Link(pair.folders["a"] / f".s.PGSQL.{PORT}", once=True) for name in "bc"}
    for name, link in links.items():
        with open(pair.data(name) / "postgresql.auto.conf", "a", encoding="utf-8") as conf:
            conf.write(f"primary_conninfo = 'host=127.0.0.1 port={link.port} user=postgres'\n")
        pair.ctl(name, "restart" if name == "b" else "start")
    wait_until(lambda: pair.streams("b") and pair.streams("c"), what="standbys that stream", timeout=60)
    for name, kilobytes in (("b", 1024), ("c", 1000)):  # the other one has less, but the same begin of a record may be its end
        links[name].budget = kilobytes << 10
    pair.sql("a", "insert into kept select n, repeat('x', 500) from generate_series(1, 10000) n")
    wait_until(lambda: all(link.cuts for link in links.values()), what="links that are cut")
    pair.kill9("a")
    done = pair.walmgr("boot")
    assert done.returncode == 0, done
    pair.archive.configure(**{**pair.keys, "master_db": pair.conninfo("c"), "master_data": pair.data("c")})
    done = pair.walmgr("follow")
    assert done.returncode == 0, done
    pair.sql("b", "create table after as select 1 as n")
    wait_until(lambda: pair.sql("c", "select to_regclass('after') is not null") == [(True,)], what="the other standby follows", timeout=60)


def test_a_standby_that_has_gone_over_to_another_primary_meanwhile_is_not_promoted_in_its_back(pair, wait_until):
    pair.sql("a", "create table kept (n int)")
    pair.clone("c")
    pair.ctl("c", "start")
    wait_until(lambda: pair.streams("b") and pair.streams("c"), what="standbys that stream", timeout=60)
    pair.kill9("a")
    pair.sql("b", "alter system set recovery_min_apply_delay = '1ms'")
    pair.sql("b", "select pg_reload_conf()")
    wait_until(lambda: pair.sql("b", "show recovery_min_apply_delay") == [("1ms",)], what="the setting")
    done = pair.walmgr("boot")
    assert done.returncode == 3 and "give up timeline 1" in done.stdout, done
    pair.sql("b", "alter system reset recovery_min_apply_delay")
    pair.sql("b", "select pg_reload_conf()")
    pair.sql("c", "select pg_promote()")
    pair.sql("c", "create table of_the_other (n int)")
    pair.sql("c", "select pg_switch_wal()")
    wait_until(lambda: pair.sql("b", "select to_regclass('of_the_other') is not null") == [(True,)], what="log of the other", timeout=60)
    done = pair.walmgr("boot")
    assert done.returncode == 10 and "gone over to timeline 2" in done.stderr and "--undo" in done.stderr, done
    assert pair.primaries() == ["c"]
