"""Segments of other lengths than servers have where nobody says otherwise, on all ways that log takes."""
import json
import shutil
import signal

import pytest

from support.archive import Archive, small_segments_server
from support.oracle import prove, verify_files
from support.server import Server, as_server_user, scratch_folder, tree

BIN = tree("tree") / "bin"


def end_segment(server):
    """Its name."""
    server.execute("insert into kept select count(*) from kept")
    (name,), = server.execute("select pg_walfile_name(pg_switch_wal())")
    return name


@pytest.mark.parametrize("megabytes", [64, pytest.param(1024, marks=pytest.mark.long)])
def test_segments_are_archived_received_backed_up_and_restored(program, wait_until, start, megabytes):
    archive = Archive(scratch_folder(), program("walmgr"))
    place = scratch_folder()
    partial, fetched, broken = archive.make_folder("partial"), archive.make_folder("fetched") / "segment", archive.folder / "broken"
    command = f"test ! -e {broken} && {archive.program} {archive.ini} xarchive %p %f"
    wait = 60 if megabytes < 100 else 600
    try:
        with small_segments_server(archive, megabytes=megabytes, archive_command=command) as server:
            server.execute("create table kept (n int)")

            def is_archived(name):
                return bool(list(archive.repository.glob(f"main/wal/1/*/*/{name}.wal")))

            # Brought by the server, and handed out.
            first = end_segment(server)
            wait_until(lambda: is_archived(first), what="a segment that the server brings", timeout=wait)
            done = archive.run("xrestore", first, fetched)
            assert done.returncode == 0 and fetched.stat().st_size == megabytes << 20, done
            assert int(first[16:], 16) < (4096 // megabytes) and f"segment_size = {megabytes << 20}\n" in next(
                archive.repository.glob("main/history/1.ini")).read_text()

            # Received: up to its present end, and then a whole one that nobody else brings.
            archive.configure(master_db=server.conninfo(), partial_wals=partial)
            server.execute("insert into kept values (-1)")
            done = archive.run("sync")
            assert done.returncode == 0, done
            unfinished, = partial.glob("*.partial")
            assert unfinished.stat().st_size == megabytes << 20
            broken.touch()
            receiver = start(as_server_user(archive.command("syncdaemon"), die_with_parent=True), cwd="/")
            second = end_segment(server)
            wait_until(lambda: is_archived(second), what="a segment that is received", timeout=wait)
            receiver.send_signal(signal.SIGTERM)
            assert receiver.wait(10) == 0

            # Brought by the server as well, after all: the same bytes.
            broken.unlink()
            third = end_segment(server)
            wait_until(lambda: server.execute("select last_archived_wal from pg_stat_archiver") == [(third,)], what="the server's archiver",
                       timeout=wait)
            done = archive.run("backup")
            assert done.returncode == 0, done
            label = done.stdout.split(":")[0]
            last = end_segment(server)
            wait_until(lambda: is_archived(last), what="the log behind the backup", timeout=wait)
            rows = server.execute("select n from kept order by n")
        archive.configure(master_db="user=postgres dbname=postgres", slave_bin=BIN)
        done = archive.run("verify", "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["gap"] is False, done
        done = archive.run("restore", place / "data")
        assert done.returncode == 0, done
        verify_files(archive, label, place / "data")
        with Server(tree("tree"), place, settings={"max_wal_size": f"{4 * megabytes}MB", "min_wal_size": f"{2 * megabytes}MB"}) as copy:
            assert len(rows) == 5
            prove(copy, {"select n from kept order by n": rows,
                         "show wal_segment_size": [("1GB" if megabytes == 1024 else f"{megabytes}MB",)]}, wait_until, timeout=wait)
    finally:
        for one in (archive.folder, place):
            shutil.rmtree(one, ignore_errors=True)
