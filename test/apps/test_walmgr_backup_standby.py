"""walmgr takes base backups of a standby, so that the primary is spared: what was committed on the primary is there, the log up to the
backup's end is, and a standby that is promoted meanwhile gives no backup."""
import contextlib
import json
import random
import shutil
import subprocess
import time

import pytest

from support.archive import rescued_backup
from support.oracle import prove, verify_files
from support.pair import BIN, Writer, running_pair
from support.server import Server, as_server_user, scratch_folder, tree

ROWS = "select count(*), coalesce(sum(n), 0), md5(coalesce(string_agg(n || filler, ',' order by n), '')) from {}"


@pytest.fixture(scope="module")
def pair(program):
    with running_pair(program("walmgr")) as made:
        made.sql("a", "create table kept (n int)")
        made.sql("a", "create table bulk as select g as n, repeat('x', 300) as filler from generate_series(1, 20000) g")
        yield made


def configure(pair, **keys):
    pair.archive.configure(**{**pair.keys, "backup_from": "standby", **keys})


def backup(pair, *args, status=0, says=""):
    done = pair.walmgr("backup", *args)
    assert done.returncode == status and says in done.stdout + done.stderr, done
    return done.stdout.split(":")[0] if status == 0 else done


def record(pair, label):
    packed = pair.archive.repository / "main/base" / label / "backup.json"
    return json.loads(subprocess.run(["zstd", "-dcq", packed], check=True, capture_output=True).stdout)


def position(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def replayed(pair):
    """Whether the standby is where the primary is."""
    return pair.streams("b") and pair.sql("b", "select pg_last_wal_replay_lsn()") == pair.sql("a", "select pg_current_wal_lsn()")


def sealed(pair):
    return {path.parent.name for path in pair.archive.repository.glob("main/base/*/backup.json")}


def archived(pair, wait_until, name="a"):
    """All that a primary has written up to now."""
    pair.sql(name, "create table if not exists something (n int)")
    pair.sql(name, "insert into something values (1)")
    (last,), = pair.sql(name, "select pg_walfile_name(pg_switch_wal())")
    wait_until(lambda: list(pair.archive.repository.glob(f"main/wal/1/*/*/{last}.wal")), what=f"{last} is archived")


@contextlib.contextmanager
def restored(pair, wait_until, *args, tree_name="tree"):
    """A server that has come to its target, and is proved to be whole in the end."""
    folder = scratch_folder()
    try:
        done = pair.walmgr("restore", *args[:1], folder / "data", *args[1:])
        assert done.returncode == 0, done.stderr
        assert not (folder / "data/standby.signal").exists()
        if tree_name == "tree":
            verify_files(pair.archive, args[0], folder / "data", changed=["postgresql.conf"])  # which had a restore_command of its own
        with Server(tree(tree_name), folder) as server:
            wait_until(lambda: server.execute("select pg_is_in_recovery()") == [(False,)], what="the end of recovery")
            yield server
            prove(server, {}, wait_until)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("method", ["stream", "files"])
def test_a_backup_of_the_standby_under_load_has_what_was_committed_on_the_primary(pair, method, wait_until, scratch):
    configure(pair, backup_source=method)
    writer = Writer(pair)
    try:
        wait_until(lambda: len(writer.acknowledged) > 20, what="rows")
        done = backup(pair, says=", of the slave, a standby; log from")
        before = max(pair.rows("a"))
        # The record's moment of its end is cut off to seconds.
        later = f"select clock_timestamp() > timestamptz '{record(pair, done)['stopped']}' + interval '1 s'"
        wait_until(lambda: writer.last > before + 20 and pair.sql("a", later) == [(True,)], what="more rows, in another second")
        # Writes of one connection are in the order of their numbers, so the moment says which rows there are.
        (moment, newest), = pair.sql("a", "lock table kept; select clock_timestamp()::text, max(n) from kept")
        wait_until(lambda: writer.last > newest + 20, what="still more rows")
    finally:
        writer.end()
    assert record(pair, done)["taken_of"] == "standby"
    archived(pair, wait_until)
    with restored(pair, wait_until, done, "--target-time", moment) as server:
        there = [n for n, in server.execute("select n from kept order by n")]
        assert there == [n for n in pair.rows("a") if n <= newest] and len(there) > before - 20
        assert server.execute(ROWS.format("bulk")) == pair.sql("a", ROWS.format("bulk"))
    assert set(writer.acknowledged) <= set(pair.rows("a"))

    # By PostgreSQL's own programs, and by the log in the repository.
    rescued_backup(pair.archive, done, scratch / "rescued")
    assert "BACKUP FROM: standby" in (scratch / "rescued/backup_label").read_text()
    subprocess.run(as_server_user([BIN / "pg_verifybackup", "--no-parse-wal", scratch / "rescued"]), check=True, cwd="/")
    assert pair.walmgr("verify", done).returncode == 0
    if method == "stream":
        tested = pair.walmgr("restore-test", done)
        assert tested.returncode == 0, tested


def test_an_incremental_one_never_begins_in_front_of_its_parent(pair, wait_until):
    # The primary's backup begins with a checkpoint that the standby has not made its own yet: where the next one of its own began,
    # the chain would not fit together.
    configure(pair, backup_from="primary")
    parent = backup(pair)
    configure(pair, backup_source="files")
    pair.sql("a", "update bulk set filler = 'changed' where n % 5000 = 1")
    child = backup(pair, "--incremental", says=f"builds on {parent}, of the slave, a standby")
    assert position(record(pair, child)["start_lsn"]) >= position(record(pair, parent)["start_lsn"])
    with restored(pair, wait_until, child) as server:
        assert server.execute(ROWS.format("bulk")) == pair.sql("a", ROWS.format("bulk"))


def test_without_a_standby_it_is_refused_or_of_the_primary(pair, wait_until):
    configure(pair)
    pair.ctl("b", "stop")
    try:
        backup(pair, status=1, says="the slave does not answer, the master answers as a primary; backup_from = prefer-standby")
        assert "wrong: backup_from: there is no standby: the slave does not answer" in pair.walmgr("check").stdout
        configure(pair, backup_from="prefer-standby")
        assert record(pair, backup(pair, says="no standby to take the backup of"))["taken_of"] == "primary"
        configure(pair, backup_from="either")
        backup(pair, status=3, says="is neither primary, standby nor prefer-standby")
        pair.sql("a", "alter system set full_page_writes = off")
    finally:
        pair.ctl("b", "start")
    try:
        pair.ctl("a", "reload")
        wait_until(lambda: pair.sql("a", "show full_page_writes") == [("off",)], what="the setting")
        pair.sql("a", "checkpoint")
        configure(pair)
        backup(pair, status=3, says="set full_page_writes = on there")
    finally:
        pair.sql("a", "alter system reset full_page_writes")
        pair.ctl("a", "reload")
        wait_until(lambda: pair.sql("a", "show full_page_writes") == [("on",)], what="the setting")
    # What was logged without full pages is still behind the last restart point.
    wait_until(lambda: replayed(pair), what="replay")
    backup(pair, status=16, says="let the primary make a CHECKPOINT")
    pair.sql("a", "checkpoint")
    wait_until(lambda: replayed(pair), what="replay")


def test_one_that_is_killed_anywhere_is_none(pair):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    before = sealed(pair)
    for turn in range(4):
        configure(pair, backup_source=("stream", "files")[turn % 2])
        running = subprocess.Popen(as_server_user(pair.archive.command("backup")), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   text=True)
        time.sleep(chance.random())  # when it is killed decides nothing but which step is hit
        running.kill()
        said = running.communicate()[0]
        assert not said or said.split(":")[0] in sealed(pair)
    for label in sealed(pair) - before | {backup(pair)}:
        assert pair.walmgr("verify", label).returncode == 0


def test_while_the_primary_is_away_it_waits_and_says_so(pair, wait_until):
    wait_until(lambda: pair.streams("b"), what="the standby streams")
    pair.sql("a", "insert into kept values (0)")
    wait_until(lambda: replayed(pair), what="replay")
    pair.kill9("a")
    before = sealed(pair)
    configure(pair, backup_wal_timeout=1)
    done = backup(pair, status=15, says="nobody knows whether its log is archived, and the backup has to wait until the segment")
    assert "the primary cannot be asked to end the segment (" in done.stderr and sealed(pair) == before, done
    configure(pair)
    running = subprocess.Popen(as_server_user(pair.archive.command("backup")), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    unfinished = lambda: [path for path in pair.archive.repository.glob("main/base/*/backup_manifest")
                          if not (path.parent / "backup.json").exists()]
    wait_until(lambda: len(unfinished()) == 2, what="all is stored but the log")
    pair.ctl("a", "start")
    out, said = running.communicate(timeout=60)
    assert running.returncode == 0 and out.split(":")[0] in sealed(pair), said


def test_a_standby_that_is_promoted_meanwhile_gives_no_backup(pair, wait_until):
    pair.clone("c")
    pair.ctl("c", "start")
    before = sealed(pair)
    for name, method in (("b", "stream"), ("c", "files")):
        # So slowly that it is in the middle of it when the standby is promoted. That the repository knows the timeline of the first one
        # is no reason to refuse the second: the primary says which is its own.
        configure(pair, slave_db=pair.conninfo(name), slave_data=pair.data(name), backup_source=method, backup_max_rate=4000)
        running = subprocess.Popen(as_server_user(pair.archive.command("backup", "--progress")), text=True, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        while "received" not in (line := running.stderr.readline()):
            assert line, "it ended too early"
        pair.ctl(name, "promote")
        said = running.communicate()[1]
        assert running.returncode == 10 and "was promoted while the backup was taken" in said, said
        assert sealed(pair) == before
        wait_until(lambda: list(pair.archive.repository.glob("main/wal/1/00000002.history.wal")), what="the new timeline's history")

    # Without a primary that could say which timeline is its own, the newest one counts.
    pair.clone("d")
    with open(pair.data("d") / "postgresql.auto.conf", "a") as settings:
        settings.write("recovery_target_timeline = current\n")
    pair.ctl("d", "start")
    pair.kill9("a")
    configure(pair, slave_db=pair.conninfo("d"), slave_data=pair.data("d"))
    backup(pair, status=10, says="is on timeline 1, and the repository has 3: it seems to follow a primary that was given up")


@pytest.mark.parametrize("version", [16, pytest.param(17, marks=pytest.mark.long), pytest.param(18, marks=pytest.mark.long)])
def test_other_versions_stream_a_full_and_an_incremental_one_of_the_standby(version, program, wait_until):
    name = f"tree-{version}"
    if not (tree(name) / "bin/postgres").exists():
        pytest.skip(f"build/{name} is missing: npm could not fetch it")
    with running_pair(program("walmgr"), "summarize_wal = on" if version >= 17 else "", name) as pair:
        pair.sql("a", "create table bulk as select g as n, repeat('x', 300) as filler from generate_series(1, 20000) g")
        configure(pair)
        labels = [backup(pair)]
        for change in ("update bulk set filler = 'changed' where n % 5000 = 1", "insert into bulk values (0, 'new')"):
            pair.sql("a", change)
            # Nothing else happens, so that the standby has no restart point behind the parent's end but by a checkpoint of the primary.
            labels.append(backup(pair, "--incremental", says=f"builds on {labels[-1]}, of the slave"))
        assert [record(pair, label)["taken_of"] for label in labels] == ["standby"] * 3
        assert {record(pair, label)["holds"] for label in labels} == {None, "blocks" if version >= 17 else "files"}
        archived(pair, wait_until)
        with restored(pair, wait_until, labels[-1], tree_name=name) as server:
            assert server.execute(ROWS.format("bulk")) == pair.sql("a", ROWS.format("bulk"))
