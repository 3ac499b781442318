"""A backup of a cluster with checksums and a tablespace: each way to restore and to start it, and what kills and full disks leave."""
import json
import os
import random
import re
import shutil
import subprocess
import time

import pytest

from support.archive import Archive, small_segments_server, wait_until_archived
from support.disk import small_disk
from support.oracle import pages_are_whole, prove, relations_are_whole, verify_files
from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree
from support.told import Manual

BIN = tree("tree") / "bin"


def as_user(*command, check=True):
    done = subprocess.run(as_server_user(command), capture_output=True, text=True, cwd="/")
    assert done.returncode == 0 or not check, done.stderr
    return done


class Kept:
    """An archive with a backup, of whose server only that is left."""

    def __init__(self, folder, program):
        self.folder = folder
        self.archive = Archive(folder, program)
        for name in ("space", "socket"):
            (folder / name).mkdir()
            give_to_server_user(folder / name)

    def tell(self, server, wait_until):
        sql = server.execute
        sql(f"create tablespace fast location '{self.folder / 'space'}'")
        subprocess.run([BIN / "pgbench", "-i", "-q", "-s", "2", server.conninfo()], check=True, capture_output=True)
        sql("create table kept tablespace fast as select g as n, repeat('x', 100) as filler from generate_series(1, 3000) g")
        # The source was told otherwise on its command line; these are for servers that are restored.
        sql(f"alter system set unix_socket_directories = '{self.folder / 'socket'}'")
        sql("alter system set listen_addresses = ''")
        sql("alter system set max_connections = 200")
        (self.oid,), = sql("select oid from pg_tablespace where spcname = 'fast'")
        done = self.archive.run("backup")
        assert done.returncode == 0, done.stderr
        self.label = done.stdout.split(":")[0]
        sql("insert into kept values (0, 'behind')")
        sql("select pg_create_restore_point('behind')")
        (last,), = sql("select pg_walfile_name(pg_switch_wal())")
        wait_until(lambda: (self.archive.repository / f"main/wal/1/00000001/00000000/{last}.wal").exists(), what="all is archived")

    def restore(self, folder, *args, status=0):
        done = self.archive.run("restore", "--tablespace", f"{self.oid}={folder / 'space'}", *args, folder / "data")
        assert done.returncode == status, done.stderr
        return done

    def prove(self, data):
        """Of a server that runs on that folder. Stops it."""
        relations_are_whole(f"host={self.folder / 'socket'} user=postgres dbname=postgres")
        stop(data)
        pages_are_whole(data)

    def sql(self, query):
        return as_user(BIN / "psql", "-XAtq", "-h", self.folder / "socket", "-U", "postgres", "-c", query, "postgres").stdout.strip()


def running_on(data):
    return (data / "postmaster.pid").exists()


def stop(data):
    if running_on(data):
        as_user(BIN / "pg_ctl", "stop", "-D", data, "-m", "fast", "-w")


@pytest.fixture(scope="module")
def kept(program, wait_until):
    folder = scratch_folder()
    told = Kept(folder, program("walmgr"))
    try:
        with small_segments_server(told.archive) as server:
            told.tell(server, wait_until)
        told.archive.configure(master_db="user=postgres dbname=postgres", slave_bin=BIN)
        yield told
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place():
    folder = scratch_folder()
    yield folder
    if (folder / "data").exists():
        stop(folder / "data")
    shutil.rmtree(folder, ignore_errors=True)


def test_started_and_looked_through(kept, place):
    done = kept.restore(place, "--waldir", place / "log", "--start")
    data = place / "data"
    assert "recovered to 0/" in done.stdout and "on timeline 2" in done.stdout
    assert (data / "pg_wal").readlink() == place / "log" and (data / f"pg_tblspc/{kept.oid}").readlink() == place / "space"
    assert kept.sql("select count(*), sum(n) from kept") == f"3001|{3000 * 3001 // 2}"
    assert kept.sql("select pg_relation_filepath('kept')").startswith(f"pg_tblspc/{kept.oid}/")
    kept.prove(data)
    # The same folder again, in which something is wrong.
    victim = next(path for path in (place / "space").rglob("*") if path.is_file() and path.stat().st_size > 100_000)
    victim.write_bytes(victim.read_bytes()[:8192] + bytes(8192) + victim.read_bytes()[16384:])
    done = kept.restore(place, "--waldir", place / "log", "--delta", "--start")
    assert " were right already" in done.stdout and kept.sql("select count(*) from kept") == "3001"
    kept.prove(data)


def test_a_standby_goes_on_for_ever(kept, place):
    done = kept.restore(place, "--standby", "--start", "--json")
    told = Manual().read(done, "restore")
    assert "replayed to " + told["reached"]["position"] in done.stderr and not told["reached"]["promoted"]
    assert told["written_files"] > 0 and [change["action"] for change in told["changes"]] == ["restore", "start"]
    assert (place / "data/standby.signal").exists() and not (place / "data/recovery.signal").exists()
    assert kept.sql("select pg_is_in_recovery(), current_setting('recovery_target_timeline')") == "t|latest"
    as_user(BIN / "pg_ctl", "promote", "-D", place / "data", "-w")
    assert kept.sql("select count(*) from kept") == "3001"
    kept.prove(place / "data")


def test_at_its_target_a_server_waits_or_ends(kept, place, wait_until):
    data = place / "data"
    done = kept.restore(place, "--target-name", "behind", "--target-action", "pause", "--start")
    assert "replayed to 0/" in done.stdout
    assert kept.sql("select pg_is_in_recovery(), pg_get_wal_replay_pause_state(), count(*) from kept") == "t|paused|3001"
    kept.sql("select pg_wal_replay_resume()")
    wait_until(lambda: kept.sql("select pg_is_in_recovery()") == "f", what="the server is no standby any more")
    kept.prove(data)
    done = kept.restore(place, "--delta", "--target-name", "behind", "--target-action", "shutdown", "--start")
    assert "the server has ended at its target" in done.stdout and not running_on(data)
    assert "shut down in recovery" in as_user(BIN / "pg_controldata", data).stdout
    done = kept.restore(place, "--target-action", "pause", status=2)
    assert "--target-action needs a target" in done.stderr


def test_a_target_that_is_not_come_to(kept, place):
    done = kept.restore(place, "--target-name", "nowhere", "--start", status=13)
    assert "recovery ended before configured recovery target was reached" in done.stderr and done.stderr.count("\n") == 1


def test_a_server_that_lets_nobody_look_is_not_waited_for(kept, place):
    kept.archive.configure(master_db="user=a_stranger dbname=postgres")
    try:
        done = kept.restore(place, "--start", "--wait", "60", status=16)
    finally:
        kept.archive.configure(master_db="user=postgres dbname=postgres")
    assert 'role "a_stranger" does not exist' in done.stderr and done.stderr.count("\n") == 1
    assert "goes on, and lets nobody in" in done.stderr and kept.sql("select count(*) from kept") == "3001"
    kept.prove(place / "data")


def test_a_restore_without_room_is_refused_and_one_that_just_fits_is_not(kept, place):
    with small_disk(16 << 20) as small:
        def restore(*args, status=0):
            done = kept.archive.run("restore", "--tablespace", f"{kept.oid}={small / 'space'}", *args, small / "data")
            assert done.returncode == status and done.stderr.count("\n") == (1 if status else 0), done
            return done

        def resize(options):
            subprocess.run(["mount", "-o", f"remount,{options}", small], check=True)

        for more in (["-n", "--json"], []):
            done = restore(*more, status=17)
            needed, room = re.search(rf"takes (\d+) MB in {small}/space and {small}/data, and there is room for (\d+) MB; nothing was",
                                     done.stderr).groups()
            assert int(needed) > int(room) == 16 and not list(small.glob("*/*")), done
        # Of what a disk may lack besides, one knows later.
        resize("size=200m,nr_inodes=300")
        assert "No space left on device" in restore(status=17).stderr
        assert not (small / "data/global/pg_control").exists()
        # It goes on where it ended as soon as there is room.
        resize("nr_inodes=100000")
        restore()
        verify_files(kept.archive, kept.label, small / "data")
        # Of what is there already nothing is needed again, and what is as large as the disk fits.
        used = os.statvfs(small)
        used = (used.f_blocks - used.f_bfree) * used.f_frsize
        assert int(needed) - 1 <= used >> 20 <= int(needed) + 1
        resize(f"size={used + (64 << 10)}")
        assert re.search(r"[1-9]\d{2,} were right already", restore("--delta").stdout)
        for name in ("data", "space"):
            shutil.rmtree(small / name)
        restore()
        shutil.rmtree(small / "space")
        (small / "data/base/large").write_bytes(bytes(100 << 10))  # goes, and its room comes back
        give_to_server_user(small / "data/base/large")
        restore("--delta")
        verify_files(kept.archive, kept.label, small / "data")
        for name in ("data", "space"):
            shutil.rmtree(small / name)
        (small / "filler").write_bytes(bytes(2 << 20))
        restore(status=17)


def test_a_full_disk_in_a_backup(kept, place):
    with small_disk(2 << 20) as small, Server(tree("tree"), place, settings={"archive_mode": "on", "archive_command": "true"}) as server:
        kept.archive.configure(walmgr_data=small, master_db=server.conninfo(), wal_compression="none")
        try:
            assert kept.archive.run("repo", "init").returncode == 0
            done = kept.archive.run("backup")
            assert done.returncode == 17 and "No space left on device" in done.stderr and done.stderr.count("\n") == 2
            assert re.search(rf"{small} has room for 1 MB, and the server has \d+ MB; the backup may fail for lack", done.stderr), done
            assert not list(small.glob("main/base/*/backup.json")) and not list(small.glob("main/leases/backup/*"))
            assert kept.archive.run("expire").returncode == 0
            assert not list(small.glob("main/base/*/*"))
        finally:
            kept.archive.configure(master_db="user=postgres dbname=postgres", slave_bin=BIN)


def test_pins_and_leases(kept):
    run = kept.archive.run
    assert kept.label in run("info").stdout and run("listbackups").stdout == run("info").stdout
    assert run("pin", "nonsense").returncode == 2 and run("pin", "20010101T000000Z-F").returncode == 1
    assert run("pin", kept.label).stdout == f"{kept.label}: pinned\n"
    one, = json.loads(run("info", "--json").stdout)["backups"]
    assert one["pinned"] is True
    assert run("unpin", kept.label).returncode == 0 and run("unpin", kept.label).returncode == 1

    holder = subprocess.Popen(["sleep", "60"])
    try:
        assert run("xlock", holder.pid).returncode == 0
        done = run("expire")
        assert done.returncode == 14 and "xlock" in done.stderr and str(holder.pid) in done.stderr
        assert run("expire", "-n").returncode == 0
        assert run("xlock", holder.pid).returncode == 14
        assert run("xrelease").returncode == 0 and run("xrelease").returncode == 1
        assert run("expire").returncode == 0
        assert run("xlock", holder.pid).returncode == 0
    finally:
        holder.kill()
        holder.wait()
    # Its process is gone, and so is what it held.
    done = run("expire")
    assert done.returncode == 0 and "took over" in done.stderr


def check_that_backups_and_log_go_apart(archive):
    """On a copy of a repository that has two backups, of which one is kept."""
    copy = Archive(scratch_folder(), archive.program)
    try:
        subprocess.run(["cp", "-a", f"{archive.repository}/.", copy.repository], check=True)
        copy.configure(keep_backups=1)
        old, new = (path.name for path in sorted(copy.repository.glob("main/base/*")))
        log = copy.objects()

        def is_as_it_was(backups):
            return sorted(path.name for path in copy.repository.glob("main/base/*")) == backups and copy.objects() == log

        for command in ("xrotate", "xpurgewals"):
            done = copy.run(command, "--dry-run")
            assert done.returncode == 0 and "would remove" in done.stdout and is_as_it_was([old, new]), done
        # Alone, the log goes by what is there, and the oldest backup needs what follows it.
        assert copy.run("xpurgewals").returncode == 0
        log = copy.objects()
        assert copy.run("verify").returncode == 0 and is_as_it_was([old, new])
        done = copy.run("xrotate")
        assert done.returncode == 0 and f"removing {old}" in done.stdout and "of log" not in done.stdout and is_as_it_was([new]), done
        assert copy.run("xpurgewals").returncode == 0 and set(copy.objects()) < set(log)
        one, = json.loads(copy.run("info", "--json").stdout)["backups"]
        assert copy.objects()[0].stem == one["first_segment"] and copy.run("verify").returncode == 0
    finally:
        shutil.rmtree(copy.folder, ignore_errors=True)


@pytest.mark.parametrize("rounds", [3, pytest.param(40, marks=pytest.mark.long)])
def test_an_expire_that_is_killed_anywhere_leaves_whole_backups(program, rounds, wait_until):
    folder = scratch_folder()
    archive = Archive(folder, program("walmgr"))
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    try:
        with small_segments_server(archive) as server:
            server.execute("create table something (n int)")
            for _ in range(2):
                assert archive.run("backup").returncode == 0
                for _ in range(5):
                    server.execute("insert into something values (1)")
                    server.execute("select pg_switch_wal()")
            archive.configure(master_db=server.conninfo(), keep_backups=1)
            wait_until_archived(server, wait_until)  # a copy is made, and nothing may come or go meanwhile
            check_that_backups_and_log_go_apart(archive)
            for i in range(rounds):
                if i % 8 == 7:
                    assert archive.run("backup").returncode == 0
                running = subprocess.Popen(as_server_user(archive.command("expire")), stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL, cwd="/")
                time.sleep(0.005 + chance.random() * 0.06)  # when it is killed decides nothing but which step is hit
                running.kill()
                running.wait()
                done = archive.run("verify")
                assert done.returncode == 0, done.stderr
            assert archive.run("expire").returncode == 0
            found = json.loads(archive.run("info", "--json").stdout)
            assert len(found["backups"]) == 1 and found["backups"][0]["log"] == "there" and found["unfinished"] == []
            assert found["ranges"][0]["first"] == found["backups"][0]["first_segment"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.long
@pytest.mark.parametrize("version", [16, 17, 18])
def test_backup_and_restore_of_other_versions(program, wait_until, version):
    if not (tree(f"tree-{version}") / "bin/postgres").exists():
        pytest.skip(f"build/tree-{version} is missing: npm could not fetch it")
    folder = scratch_folder()
    archive = Archive(folder, program("walmgr"))
    place = scratch_folder()
    try:
        with small_segments_server(archive, f"tree-{version}") as server:
            server.execute("create table kept as select g as n from generate_series(1, 10000) g")
            done = archive.run("backup")
            assert done.returncode == 0, done
            label = done.stdout.split(":")[0]
            server.execute("insert into kept values (0)")
            (last,), = server.execute("select pg_walfile_name(pg_switch_wal())")
            wait_until(lambda: (archive.repository / f"main/wal/1/00000001/00000000/{last}.wal").exists(), what="all is archived")
        archive.configure(master_db="user=postgres dbname=postgres", slave_bin=tree(f"tree-{version}") / "bin")
        assert archive.run("verify").returncode == 0
        done = archive.run("restore", place / "data")
        assert done.returncode == 0, done.stderr
        verify_files(archive, label, place / "data")
        with Server(tree(f"tree-{version}"), place) as copy:
            prove(copy, {"select count(*), sum(n) from kept": [(10001, 10000 * 10001 // 2)]}, wait_until)
    finally:
        for one in (folder, place):
            shutil.rmtree(one, ignore_errors=True)
