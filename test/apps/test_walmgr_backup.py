"""walmgr takes base backups of a real server under load. What is sealed can be restored by zstd, tar and the archived log; what is
not whole is never a backup."""
import concurrent.futures
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from support.archive import Archive, rescued_backup, small_segments_server
from support.disk import small_disk
from support.oracle import prove
from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree
from support.told import Manual


def backups(archive):
    """The records of the sealed backups, oldest first."""
    seals = sorted(archive.repository.glob("main/base/*/backup.json"))
    return [json.loads(subprocess.run(["zstd", "-dcq", seal], check=True, capture_output=True).stdout) for seal in seals]


def verified_by_postgres(folder):
    subprocess.run(as_server_user([tree("tree") / "bin/pg_verifybackup", "--no-parse-wal", folder]), check=True, cwd="/")


class Source:
    """An archive, a server with 1 MiB segments and a tablespace, and who works on it."""

    def __init__(self, archive, server, space):
        self.archive, self.server, self.space = archive, server, space
        self.broken, self.slow = archive.folder / "broken", archive.folder / "slow"

    def end_segment(self):
        self.server.execute("insert into kept values (0)")
        self.server.execute("select pg_switch_wal()")

    def backup(self, *args):
        return self.archive.run("backup", *args)

    @contextlib.contextmanager
    def load(self):
        """pgbench, for as long as the block takes."""
        bench = subprocess.Popen([tree("tree") / "bin/pgbench", "-n", "-N", "-c", "2", "-T", "600", self.server.conninfo()],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            bench.terminate()
            bench.wait()


@pytest.fixture(scope="module")
def source(program):
    folder = scratch_folder()
    archive = Archive(folder, program("walmgr"))
    space = archive.make_folder("space")
    try:
        # Archiving fails while there is a file `broken`, and does not end while there is one `slow`, but for one file by each `let/one`.
        archive.make_folder("let")
        command = (f"while test -e {folder}/slow && ! rm {folder}/let/one 2> /dev/null; do sleep 0.05; done; test ! -e {folder}/broken && "
                   f"{archive.program} {archive.ini} xarchive %p %f")
        with small_segments_server(archive, archive_command=command) as server:
            subprocess.run([tree("tree") / "bin/pgbench", "-i", "-q", server.conninfo()], check=True, capture_output=True)
            server.execute(f"create tablespace fast location '{space}'")
            server.execute("create table kept tablespace fast as select g, repeat('x', 100) as filler from generate_series(1, 5000) g")
            yield Source(archive, server, space)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def usual_configuration(source):
    source.archive.configure(master_db=source.server.conninfo())


def test_a_backup_under_load_is_rescued_by_zstd_and_tar_and_recovers(source, wait_until, scratch):
    with source.load():
        done = source.backup("--annotation", "under load", "--progress")
    assert done.returncode == 0, done.stderr
    record = backups(source.archive)[-1]
    assert done.stdout.startswith(record["label"]) and "MB of about" in done.stderr
    assert record["kind"] == "full" and record["version"] == 15 and record["annotation"] == "under load"
    assert record["cluster"]["segment_size"] == 1 << 20 and record["time_zone"] == "UTC"
    (oid,), = source.server.execute("select oid from pg_tablespace where spcname = 'fast'")
    assert record["tablespaces"] == [{"oid": oid, "path": str(source.space)}]
    assert [part["object"] for part in record["parts"]] == [f"{oid}-0000.tar", "main-0000.tar"]
    assert not list(source.archive.repository.glob("main/leases/backup/*"))

    # The log is there; from here on the server may burn.
    data, place = scratch / "data", scratch / "space"
    rescued_backup(source.archive, record["label"], data, {oid: place})
    assert (data / "tablespace_map").read_text() == f"{oid} {source.space}\n"
    (data / "tablespace_map").write_text(f"{oid} {place}\n")
    (data / "pg_tblspc" / str(oid)).symlink_to(place)
    manifest = json.loads((data / "backup_manifest").read_text())
    assert {f"pg_tblspc/{oid}/{path.relative_to(place)}" for path in place.rglob("*") if path.is_file()} == {
        one["Path"] for one in manifest["Files"] if one["Path"].startswith("pg_tblspc/")}
    (data / "tablespace_map").write_text(f"{oid} {source.space}\n")
    verified_by_postgres(data)
    (data / "tablespace_map").write_text(f"{oid} {place}\n")
    (data / "recovery.signal").touch()
    give_to_server_user(data / "recovery.signal")
    copy = Server(tree("tree"), scratch, data=data, settings={
        "restore_command": f"{source.archive.program} {source.archive.ini} xrestore %f %p", "recovery_target": "immediate",
        "recovery_target_action": "promote"})
    with copy:
        # pgbench -N keeps no sums, but each of its rows is one transaction's.
        prove(copy, {"select count(*), sum(g) from kept": [(5000, 5000 * 5001 // 2)], "select count(*) from pgbench_accounts": [(100000,)],
                     "select (select sum(abalance) from pgbench_accounts) = sum(delta) from pgbench_history": [(True,)]}, wait_until)


def test_what_cannot_be_finished_is_not_begun(source, wait_until):
    server, archive = source.server, source.archive
    before = list(archive.repository.glob("main/base/*"))
    done = source.backup("--dry-run")
    assert done.returncode == 0 and done.stdout.startswith("would take a backup of")
    archive.configure(master_db=server.conninfo(user="nobody"))
    assert source.backup().returncode == 16
    archive.configure(master_db=server.conninfo(), cluster="another")
    done = source.backup()
    assert done.returncode == 3 and "does not know the cluster" in done.stderr

    # Archiving that fails is told at once, not after a timeout.
    archive.configure(master_db=server.conninfo())
    source.broken.touch()
    try:
        source.end_segment()
        wait_until(lambda: server.execute("select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver")
                   == [(True,)], what="a failure of archiving")
        done = source.backup()
        assert done.returncode == 16 and "archiving fails" in done.stderr, done.stderr
        assert re.search(r" [1-9]\d* files? waits?\b", done.stderr), done.stderr
    finally:
        source.broken.unlink()
    source.end_segment()  # wakes the archiver
    wait_until(lambda: server.execute("select last_archived_time > last_failed_time from pg_stat_archiver") == [(True,)],
               what="archiving works again")
    assert list(archive.repository.glob("main/base/*")) == before


def test_without_its_log_there_is_no_backup_and_one_is_taken_at_a_time(source, wait_until):
    archive = source.archive
    before = backups(archive)
    source.slow.touch()
    try:
        archive.configure(master_db=source.server.conninfo(), backup_wal_timeout=1)
        done = source.backup()
        assert done.returncode == 15 and "is not in the repository after 1 s" in done.stderr and "wait" in done.stderr, done.stderr
        assert backups(archive) == before and not list(archive.repository.glob("main/leases/backup/*"))

        archive.configure(master_db=source.server.conninfo())
        first = subprocess.Popen(as_server_user(archive.command("backup")), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: list(archive.repository.glob("main/leases/backup/*")), what="the lease")
            done = source.backup()
            assert done.returncode == 14 and f"process {first.pid}" in done.stderr, done.stderr
        finally:
            first.kill()
            first.wait()
    finally:
        source.slow.unlink()
    done = source.backup()
    assert done.returncode == 0 and f"took over what a backup, process {first.pid} of host" in done.stderr, done.stderr
    assert len(backups(archive)) == len(before) + 1
    assert len(list(archive.repository.glob("main/base/*"))) > len(backups(archive))  # those that were not finished


def test_a_backup_that_plainly_does_not_fit_is_not_begun(source):
    archive = source.archive
    if not backups(archive):
        assert source.backup().returncode == 0
    last = backups(archive)[-1]
    took = sum(part["stored_size"] for part in last["parts"])
    with small_disk(took * 2 + (64 << 20)) as small:
        subprocess.run(["cp", "-a", archive.repository / "main", small], check=True)
        ini = archive.folder / "small.ini"  # the server archives as before
        ini.write_text(archive.ini.read_text().replace(str(archive.repository), str(small)))

        def run(*words, free):
            (small / "filler").write_bytes(b"")
            disk = os.statvfs(small)
            (small / "filler").write_bytes(bytes(disk.f_bfree * disk.f_frsize - free))
            return subprocess.run(as_server_user([archive.program, ini, *words]), capture_output=True, text=True, timeout=120, cwd="/")

        names = set(small.glob("main/base/*"))
        for words in (["backup"], ["backup", "-n", "--json"]):
            done = run(*words, free=took // 8)
            assert done.returncode == 17 and f", as the last one, {last['label']}, took " in done.stderr, done
            assert "nothing was stored" in done.stderr and done.stderr.count("\n") == 1 and set(small.glob("main/base/*")) == names
        done = run("backup", "-n", "--json", free=took * 3 // 4)
        told = Manual().read(done, "backup", dry_run=True)
        assert told["status"] == 0 and "may fail for lack of it" in told["attentions"][0], told
        done = run("backup", "-n", "--json", free=took * 2 + (1 << 20))
        assert Manual().read(done, "backup", dry_run=True)["attentions"] == [], done
        for free, verdict, says in ((took * 2, "ok", "free for the log"), (took // 2, "note", f"the last full one, {last['label']}, took"),
                                    (0, "wrong", "0 MB free for the log, which is less than a segment")):
            assert re.search(f"^{verdict}: room: .*{says}", run("check", free=free).stdout, re.M), (free, run("check", free=free))


def test_while_files_wait_it_is_told_how_fast_they_become_fewer(source, wait_until):
    server, archive = source.server, source.archive

    def backlog():
        return json.loads(archive.run("status", "--json").stdout)["server"]["archiver"]

    def release(until):
        while not until.wait(0.2):
            (archive.folder / "let/one").touch()

    wait_until(lambda: backlog()["waiting"] == 0, what="that nothing waits")
    found = backlog()
    assert found["files_per_second"] is None and found["drain_seconds"] == 0
    server.execute("create role plain login")
    archive.configure(master_db=server.conninfo(user="plain"))
    found = backlog()
    assert found["waiting"] is None and found["drain_seconds"] is None and "pg_ls_archive_statusdir" not in server.log.read_text()
    archive.configure(master_db=server.conninfo())
    source.slow.touch()
    try:
        for _ in range(60):
            source.end_segment()
        found = backlog()
        assert found["waiting"] >= 59 and found["files_per_second"] is None and found["drain_seconds"] is None, found
        backup = subprocess.Popen(as_server_user(archive.command("backup", "--progress")), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  text=True)
        enough = threading.Event()
        working = threading.Thread(target=release, args=[enough])
        working.start()
        try:
            said = next(line for line in backup.stderr if "files a second" in line)
            assert re.search(r"waiting for \w{24}: .* \d+ files wait; at [\d.]+ files a second (\w{24}), the last one, is there in about [1-9]\d* s$",
                             said), said
            with concurrent.futures.ThreadPoolExecutor() as at_once:  # each looks on for a second
                told, shown, text = (done.stdout for done in at_once.map(lambda words: archive.run(*words),
                                                                         (["status", "--json"], ["status"], ["metrics"])))
            found = json.loads(told)["server"]["archiver"]
            assert found["waiting"] > 0 and found["files_per_second"] > 0, found
            assert found["drain_seconds"] == pytest.approx(found["waiting"] / found["files_per_second"], rel=0.2), found
            assert re.search(r"^backlog: \d+ files wait to be archived, [\d.]+ are in a second: none is left in [\d.]+ s$", shown, re.M), shown
            for name in ("waiting_files", "files_per_second", "drain_seconds"):
                assert re.search(rf'^walmgr_archiver_{name}{{cluster="main"}} [\d.]+$', text, re.M), text
        finally:
            enough.set()
            working.join()
            (archive.folder / "let/one").unlink(missing_ok=True)
    finally:
        source.slow.unlink()
    assert backup.wait(60) == 0, backup.stderr.read()
    backup.stderr.close()


@pytest.mark.parametrize("method", ["stream", "files"])
def test_a_backup_that_is_ended_in_its_middle_is_none(source, method):
    archive = source.archive
    if not backups(archive):
        assert source.backup().returncode == 0
    before = backups(archive)
    # So slowly that it is in the middle of it, whenever that is.
    archive.configure(master_db=source.server.conninfo(), backup_source=method, backup_max_rate=2000)
    for number, *args in ((signal.SIGKILL,), (signal.SIGKILL, "--incremental"), (signal.SIGTERM, "--incremental")):
        running = subprocess.Popen(as_server_user(archive.command("backup", "--progress", *args)), text=True, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        while "received" not in (line := running.stderr.readline()):
            assert line, "it ended too early"
        running.send_signal(number)
        said = running.communicate()[1]
        assert running.returncode == (1 if number == signal.SIGTERM else -number), said
        assert backups(archive) == before
    archive.configure(master_db=source.server.conninfo(), backup_source=method)
    done = source.backup("--incremental")
    assert done.returncode == 0 and f"builds on {before[-1]['label']}" in done.stdout, done.stderr
    assert len(backups(archive)) == len(before) + 1
    assert archive.run("verify", done.stdout.split(":")[0]).returncode == 0
    assert archive.run("expire").returncode == 0
    # What a killed process was writing goes once nobody has written to it for an hour.
    left = {path.parent.name for path in archive.repository.glob("main/base/*/[!.]*")}
    assert left == {one["label"] for one in backups(archive)}


def test_a_backup_that_is_killed_anywhere_is_none(source):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    before = {one["label"] for one in backups(source.archive)}
    for turn in range(8):
        source.archive.configure(master_db=source.server.conninfo(), backup_source=("stream", "files")[turn % 2])
        running = subprocess.Popen(as_server_user(source.archive.command("backup")), stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        time.sleep(chance.random() * 1.2)  # when it is killed decides nothing but which step is hit
        running.kill()
        said = running.communicate()[0]
        sealed = {one["label"] for one in backups(source.archive)}
        assert not said or said.split(":")[0] in sealed
    assert source.backup().returncode == 0
    for one in backups(source.archive)[len(before):]:
        folder = source.archive.repository / "main/base" / one["label"]
        assert {part["object"] for part in one["parts"]} | {"backup.json", "backup_manifest"} == {
            path.name for path in folder.iterdir() if not path.name.startswith(".") and path.suffix != ".list"}
