"""walmgr restores a real server's backup to each kind of target; the rows of acknowledged commits tell where it came to."""
import contextlib
import subprocess
import time

import pytest

from support.archive import Archive, archiving_server, wait_until_archived
from support.oracle import prove, verify_files
from support.server import Server, as_server_user, scratch_folder, tree
from support.told import Manual

KEPT = "select n from kept order by n"


class Story:
    """A backup, and rows that were committed behind it, each with where and when."""

    def __init__(self, archive):
        self.archive = archive

    def tell(self, server, wait_until):
        server.execute("create table kept (n int)")
        server.execute("insert into kept values (0)")
        done = self.archive.run("backup")
        assert done.returncode == 0, done.stderr
        self.label = done.stdout.split(":")[0]
        # A backup's end is recorded in whole seconds.
        (since,), = server.execute("select clock_timestamp() + '1 second'")
        wait_until(lambda: server.execute("select clock_timestamp() > %s", since) == [(True,)], what="the next second")
        server.execute("insert into kept values (1)")
        (self.time,), = server.execute("select clock_timestamp()::text")
        (before,), = server.execute("select pg_current_wal_insert_lsn()")
        (self.xid,), = server.execute("insert into kept values (2) returning pg_current_xact_id()::text")
        server.execute("create extension pg_walinspect")
        (self.commit,), = server.execute("select start_lsn::text from pg_get_wal_records_info(%s, pg_current_wal_flush_lsn()) "
                                         "where resource_manager = 'Transaction' and xid::text = %s", before, self.xid)
        server.execute("select pg_create_restore_point('here')")
        server.execute("insert into kept values (3)")
        wait_until_archived(server, wait_until)


@pytest.fixture(scope="module")
def story(program, wait_until):
    folder = scratch_folder()
    archive = Archive(folder, program("walmgr"))
    told = Story(archive)
    with archiving_server(archive) as server:
        told.tell(server, wait_until)
    archive.configure(master_db="user=postgres dbname=postgres", slave_bin=tree("tree") / "bin")
    yield told
    subprocess.run(["rm", "-rf", folder], check=True)


@contextlib.contextmanager
def restored(story, *args):
    folder = scratch_folder()
    try:
        done = story.archive.run("restore", *args, folder / "data")
        assert done.returncode == 0, done.stderr
        verify_files(story.archive, story.label, folder / "data")
        with Server(tree("tree"), folder) as server:
            yield server
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)


@pytest.mark.parametrize("target, rows", [
    ("latest", [0, 1, 2, 3]), ("time", [0, 1]), ("name", [0, 1, 2]), ("lsn", [0, 1, 2]), ("lsn exclusive", [0, 1]), ("xid", [0, 1, 2]),
    ("xid exclusive", [0, 1]), ("immediate", [0])])
def test_each_target_is_come_to(story, wait_until, target, rows):
    args = {"latest": [], "time": ["--target-time", story.time], "name": ["--target-name", "here"],
            "lsn": ["--target-lsn", story.commit], "lsn exclusive": ["--target-lsn", story.commit, "--target-exclusive"],
            "xid": ["--target-xid", story.xid], "xid exclusive": ["--target-xid", story.xid, "--target-exclusive"],
            "immediate": ["--target-immediate"]}[target]
    with restored(story, *args) as server:
        prove(server, {KEPT: [(n,) for n in rows], "show archive_mode": [("off",)]}, wait_until)


def test_a_timeline_is_gone_along_that_is_not_the_newest(story, program, wait_until):
    place = scratch_folder()
    forked = Archive(place, program("walmgr"))
    try:
        subprocess.run(["cp", "-a", f"{story.archive.repository}/.", forked.repository], check=True)
        forked.configure(master_db="user=postgres dbname=postgres", slave_bin=tree("tree") / "bin")
        rows = {"2": [0, 1, 2, 20], "1": [0, 1, 2, 3]}
        for timeline, wanted in ("fork", None), *rows.items():
            way = ["--target-name", "here"] if timeline == "fork" else ["--target-timeline", timeline]
            folder = forked.make_folder(f"to {timeline}")
            done = forked.run("restore", *way, folder / "data")
            assert done.returncode == 0, done
            settings = {"archive_mode": "on", "archive_command": f"{forked.program} {forked.ini} xarchive %p %f"} if timeline == "fork" else {}
            with Server(tree("tree"), folder, settings=settings) as server:
                if timeline == "fork":
                    wait_until(lambda: server.execute("select pg_is_in_recovery()") == [(False,)], timeout=60, what="the end of recovery")
                    server.execute("insert into kept values (20)")
                    wait_until_archived(server, wait_until)
                else:
                    prove(server, {KEPT: [(n,) for n in wanted]}, wait_until)
            subprocess.run(["rm", "-rf", folder], check=True)
    finally:
        subprocess.run(["rm", "-rf", place], check=True)


def test_a_backup_is_tried_out(story):
    sql = story.archive.folder / "check.sql"
    sql.write_text("do $$ begin assert (select count(*) from kept) = 1; end $$")
    done = story.archive.run("restore-test", "--json", "--sql", sql)
    told = Manual().read(done, "restore-test")
    assert (told["passed"], told["pg_amcheck"], told["sql"], told["status"]) == (True, "fine", "fine", 0)
    assert told["changes"] == [{"action": "test", "object": told["backup"]}]
    sql.write_text("select 1 / (count(*) - 1) from kept")
    done = story.archive.run("restore-test", "--json", "--sql", sql)
    told = Manual().read(done, "restore-test")
    assert not told["passed"] and told["status"] != 0 and "division by zero" in told["problem"] and told["problem"] in done.stderr
    assert len(list((story.archive.repository / "main/tests").iterdir())) == 2


def test_a_restore_that_is_killed_anywhere_is_completed_by_the_next(story, wait_until):
    folder = scratch_folder()
    try:
        for i in range(6):
            running = subprocess.Popen(as_server_user(story.archive.command("restore", folder / "data")),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
            time.sleep(0.02 * (i + 1))  # when it is killed decides nothing but which step is hit
            running.kill()
            running.wait()
            if (folder / "data/global/pg_control").exists():  # where a server could start, all is there
                verify_files(story.archive, story.label, folder / "data")
                break
        else:
            done = story.archive.run("restore", folder / "data")
            assert done.returncode == 0, done.stderr
        with Server(tree("tree"), folder) as server:
            done = story.archive.run("restore", "--delta", folder / "data")
            assert done.returncode == 18 and "stop it first" in done.stderr
            prove(server, {KEPT: [(0,), (1,), (2,), (3,)]}, wait_until)
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)


@pytest.mark.parametrize("args, status, words", [
    (["--target-time", "2026-01-31 12:00:00"], 2, "write it with an offset from UTC"),
    (["--target-time", "2001-01-01 00:00:00Z"], 1, "no backup was complete before"),
    (["--target-name", "x", "--target-xid", "5"], 2, "one target only"),
    (["--target-timeline", "7"], 13, "the history of timeline 7 is not in the repository"),
    (["--tablespace", "16384=/x"], 2, "has no tablespace with OID 16384"),
    (["--target-lsn", "F/0"], 13, "needs segments that are not in the repository"),
    (["20200101T000000Z-F"], 1, "there is no backup 20200101T000000Z-F"),
])
def test_what_cannot_be_done_is_refused_before_a_byte_is_written(story, args, status, words):
    done = story.archive.run("restore", *args, story.archive.folder / "never")
    assert (done.returncode, done.stderr.count("\n")) == (status, 1)
    assert words in done.stderr
    assert not (story.archive.folder / "never").exists()


def test_a_dry_run_of_restore_touches_nothing(story):
    folder = story.archive.folder / "occupied"
    folder.mkdir()
    for name, text in {"PG_VERSION": "15\n", "kept": "by its owner"}.items():
        (folder / name).write_text(text)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    for more in ([], ["--delta"]):
        done = story.archive.run("restore", "-n", *more, folder)
        assert done.returncode != 0 and done.stderr.count("\n") == 1, done
        assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    done = story.archive.run("restore", "-n", story.archive.folder / "never")
    assert done.returncode == 0 and "would restore backup" in done.stdout, done
    assert not (story.archive.folder / "never").exists()
