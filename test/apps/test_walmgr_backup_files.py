"""walmgr takes base backups by reading a server's own folder: what was committed is there, what is damaged is named, and another
server's folder is never taken for this one's."""
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time

import pytest

from support.archive import Archive, manifest_files, rescued_backup, small_segments_server, wait_until_archived
from support.oracle import prove, verify_files
from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree


class Source:
    """An archive that takes backups by files, and a server with checksums and a tablespace."""

    def __init__(self, archive, server, space):
        self.archive, self.server, self.space = archive, server, space

    def configure(self, **keys):
        self.archive.configure(**{"master_db": self.server.conninfo(), "backup_source": "files", "backup_workers": 3, **keys})

    def backup(self, *args):
        return self.archive.run("backup", *args)

    def stored(self, label):
        """The objects of a backup's parts, and when each was written."""
        return {path.name: path.stat().st_mtime_ns for path in self.archive.repository.glob(f"main/base/{label}/*.tar")}

    def record(self, label):
        packed = self.archive.repository / "main/base" / label / "backup.json"
        return json.loads(subprocess.run(["zstd", "-dcq", packed], check=True, capture_output=True).stdout)

    def unfinished(self):
        """The newest folder of backups that has no record."""
        labels = {path.name for path in self.archive.repository.glob("main/base/*") if not (path / "backup.json").exists()}
        return max(labels, default=None)

    def sealed(self):
        return {path.parent.name for path in self.archive.repository.glob("main/base/*/backup.json")}


@pytest.fixture(scope="module")
def source(program):
    folder = scratch_folder()
    archive = Archive(folder, program("walmgr"))
    space = archive.make_folder("space")
    try:
        with small_segments_server(archive, autovacuum="off") as server:
            server.execute(f"create tablespace fast location '{space}'")
            server.execute("create table old as select g, repeat('x', 300) as filler from generate_series(1, 20000) g")
            server.execute("create unlogged table forgotten as select g from generate_series(1, 5000) g")
            server.execute("create table acknowledged (writer int, n int, filler text, primary key (writer, n)) tablespace fast")
            server.execute("checkpoint")
            yield Source(archive, server, space)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unpacked_by_hand(source, label, folder):
    """Unpacks a backup into `folder`/rescued as the manual says; gives the number of the tablespace."""
    (oid,), = source.server.execute("select oid from pg_tablespace where spcname = 'fast'")
    rescued_backup(source.archive, label, folder / "rescued", {oid: folder / "rescued-space"})
    (folder / "rescued/pg_tblspc" / str(oid)).symlink_to(folder / "rescued-space")
    return oid


def verify_by_postgresql(folder):
    """Has PostgreSQL's own program compare what was unpacked with its manifest, which names every file."""
    verify = [tree("tree") / "bin/pg_verifybackup", "--no-parse-wal", folder / "rescued"]
    subprocess.run(as_server_user(verify), check=True, capture_output=True, cwd="/")


def row_of(writer, n):
    return writer, n, f"{writer}.{n} " * (n % 40)


class Writer(threading.Thread):
    """Commits rows, and makes, cuts and drops other tables between them. What it knows to be committed is in `known`."""

    def __init__(self, server, number):
        super().__init__()
        self.server, self.number, self.known, self.sent, self.end = server, number, 0, 0, threading.Event()

    def run(self):
        with contextlib.closing(self.server.connect()) as connection, connection.cursor() as cursor:
            while not self.end.is_set():
                self.sent += 1
                cursor.execute("insert into acknowledged values (%s, %s, %s)", row_of(self.number, self.sent))
                self.known = self.sent
                if self.sent % 20 == 0:
                    cursor.execute(f"create table brief_{self.number} as select repeat('y', 500) from generate_series(1, 40)")
                    cursor.execute(f"truncate brief_{self.number}")
                    cursor.execute(f"drop table brief_{self.number}")


def test_what_was_committed_is_there_and_only_the_own_folder_is_read(source, wait_until):
    server, archive = source.server, source.archive
    source.configure()
    writers = [Writer(server, number) for number in (1, 2)]
    for one in writers:
        one.start()
    try:
        wait_until(lambda: all(one.known > 20 for one in writers), what="rows")
        done = source.backup("--progress")
        known = [one.known for one in writers]
    finally:
        for one in writers:
            one.end.set()
            one.join()
    assert done.returncode == 0, done.stderr
    label = done.stdout.split(":")[0]
    assert archive.run("verify", label).returncode == 0
    wait_until_archived(server, wait_until)

    folder = scratch_folder()
    try:
        oid = unpacked_by_hand(source, label, folder)
        assert (folder / "rescued/tablespace_map").read_text() == f"{oid} {source.space}\n"
        verify_by_postgresql(folder)

        done = archive.run("restore", label, folder / "data", "--tablespace", f"{oid}={folder / 'space'}", "--jobs", "2")
        assert done.returncode == 0, done.stderr
        verify_files(archive, label, folder / "data")
        copy = Server(tree("tree"), folder)
        with copy:
            wait_until(lambda: copy.execute("select pg_is_in_recovery()") == [(False,)], what="the end of recovery")
            for one, least in zip(writers, known):
                rows = copy.execute("select * from acknowledged where writer = %s order by n", one.number)
                assert least <= one.known == len(rows)
                assert rows == [row_of(one.number, n) for n in range(1, len(rows) + 1)]

            # The copy has the same system id, and a server works in its folder: it is not the one that is asked.
            source.configure(master_data=copy.data)
            before = source.sealed()
            for args in ([], ["--dry-run"], ["--incremental"]):
                done = source.backup(*args)
                assert done.returncode == 3 and "what the server writes does not come to" in done.stderr, done.stderr
                assert "backup_source = stream" in done.stderr and done.stderr.count("\n") == 1
            prove(copy, {"select count(*), sum(g) from old": [(20000, 20000 * 20001 // 2)], "select count(*) from forgotten": [(0,)]}, wait_until)
        done = source.backup()
        assert done.returncode == 3 and "no server's process of this machine works in" in done.stderr, done.stderr
        source.configure(master_data=folder / "nowhere")
        done = source.backup()
        assert done.returncode == 3 and "cannot be found here" in done.stderr, done.stderr
        assert source.sealed() == before
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_damaged_page_is_found_and_named(source):
    server = source.server
    source.configure()
    (path,), = server.execute("select pg_relation_filepath('old')")
    file = server.data / path
    before = source.sealed()
    with open(file, "r+b") as relation:
        relation.seek(3 * 8192 + 5000)
        byte = relation.read(1)
        relation.seek(-1, 1)
        relation.write(bytes([byte[0] ^ 4]))
        relation.flush()
        done = source.backup()
        assert done.returncode == 12 and f"page 3 of {file} is damaged" in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1 and source.sealed() == before
        relation.seek(-1, 1)
        relation.write(byte)
    # Nothing of the server's state is left behind by the one that failed.
    done = source.backup()
    assert done.returncode == 0, done.stderr


def test_it_holds_what_the_server_would_have_sent(source):
    server = source.server
    strange = ("current_logfiles.tmp", "postgresql.auto.conf.tmp", "backup_manifest", "backup_label.old", "base/5/pg_internal.init.7",
               "base/5/t9_90001", "base/5/90001_foo", "base/5/t_1", "base/90002", "pg_replslot/x", "pg_subtrans/x", "pg_stat_tmp/x",
               "pg_stat/x", "pg_wal/x", "pg_tblspc/x", "global/90003", "of_ours", "base/5/90005_init", "base/5/90005_vm.1")
    for name in strange:
        (server.data / name).write_text("")
    (server.data / "base/pgsql_tmp").mkdir(exist_ok=True)
    (server.data / "base/pgsql_tmp/pgsql_tmp1.0").write_text("x")
    give_to_server_user(server.data / "base/pgsql_tmp")
    with contextlib.closing(server.connect()) as session, session.cursor() as cursor:
        cursor.execute("create temporary table mine as select g from generate_series(1, 1000) g")
        server.execute("checkpoint")
        taken = []
        for method in ("stream", "files"):
            source.configure(backup_source=method)
            done = source.backup()
            assert done.returncode == 0, done.stderr
            taken.append(manifest_files(source.archive, done.stdout.split(":")[0]))
    sent, read = taken
    assert sorted(read) == sorted(sent)
    # What no backup changes has the same bytes.
    tables = [path for path in sent if path.split("/")[0] in ("base", "pg_tblspc")]
    assert len(tables) > 200
    differ = [path for path in tables if (read[path]["Size"], read[path]["Checksum"]) != (sent[path]["Size"], sent[path]["Checksum"])]
    assert differ == []
    for name in (*strange, "base/pgsql_tmp/pgsql_tmp1.0"):  # with some of them a restored server would not start
        (server.data / name).unlink(missing_ok=True)


def test_what_did_not_change_is_stored_once_and_what_may_not_be_read_is_named(source):
    server = source.server
    source.configure()
    full = source.backup()
    assert full.returncode == 0, full.stderr
    server.execute("update old set filler = 'new' where g = 7")
    server.execute("checkpoint")
    changed = source.backup("--incremental")
    assert changed.returncode == 0 and f"builds on {full.stdout.split(':')[0]}" in changed.stdout, changed.stderr
    found = json.loads(source.archive.run("info", "--json").stdout)["backups"]
    assert found[-1]["raw_size"] < found[-2]["raw_size"] / 2
    assert source.archive.run("verify", changed.stdout.split(":")[0]).returncode == 0

    secret = server.data / "not_for_us"
    secret.write_text("x")
    secret.chmod(0)
    before = source.sealed()
    try:
        done = source.backup()
        assert done.returncode == 16 and str(secret) in done.stderr and done.stderr.count("\n") == 1, done.stderr
        assert source.sealed() == before
    finally:
        secret.unlink()


def restored_by_hand(source, label, folder):
    """A resumed backup as the manual says: without what its manifest does not name."""
    unpacked_by_hand(source, label, folder)
    named = manifest_files(source.archive, label)
    for path in (folder / "rescued").rglob("*"):
        inner = str(path.relative_to(folder / "rescued"))
        if path.is_file() and inner != "backup_manifest" and inner not in named:
            path.unlink()
    verify_by_postgresql(folder)


def test_an_attempt_that_failed_is_gone_on_with(source, wait_until):
    server, archive = source.server, source.archive
    source.configure()
    assert source.sealed() or source.backup().returncode == 0
    source.configure(backup_wal_timeout=1)
    for name in ("changes", "goes", "shrinks", "stays"):
        server.execute(f"create table {name} as select g, repeat('{name}', 200) as filler from generate_series(1, 9000) g")
    server.execute("create database brief")
    server.execute("checkpoint")
    (archiver,), = server.execute("select pid from pg_stat_activity where backend_type = 'archiver'")
    os.kill(archiver, signal.SIGSTOP)
    try:
        done = source.backup()
    finally:
        os.kill(archiver, signal.SIGCONT)
    assert done.returncode == 15 and "--resume goes on with what is stored" in done.stderr, done.stderr
    label, before = source.unfinished(), source.sealed()
    first = source.stored(label)
    assert len(first) >= 4

    server.execute("update changes set filler = 'new' where g = 7")
    server.execute("drop table goes")
    server.execute("delete from shrinks where g > 10")
    server.execute("drop database brief")
    with contextlib.closing(server.connect()) as session, session.cursor() as cursor:
        cursor.execute("vacuum shrinks")
    server.execute("create table comes as select g from generate_series(1, 100) g")
    server.execute("create table comes_too tablespace fast as select g from generate_series(1, 100) g")
    source.configure(backup_source="stream")
    done = source.backup("--resume")
    assert done.returncode == 2 and "--resume needs backup_source = files" in done.stderr, done.stderr
    source.configure()
    done = source.backup("--resume", "--dry-run")
    assert done.returncode == 0 and f"would go on with {label}, of which {len(first)} parts" in done.stdout, done.stderr
    assert source.stored(label) == first and source.sealed() == before
    done = source.backup("--resume", "--incremental", "--dry-run")
    assert "no unfinished backup has anything to go on with" in done.stderr and "would go on" not in done.stdout

    done = source.backup("--resume")
    assert done.returncode == 0 and done.stdout.startswith(label) and f"going on with {label}" in done.stderr, done.stderr
    record = source.record(label)
    now = source.stored(label)
    kept = {name for name in now if first.get(name) == now[name]}
    assert kept and all(now[name] == first[name] for name in kept)
    size = {part["object"]: part["raw_size"] for part in record["parts"]}
    assert size.keys() == now.keys()
    assert sum(size[name] for name in kept) > 2 * sum(size[name] for name in now.keys() - kept)
    superseded = {name for part in record["parts"] for name in part.get("superseded", [])}
    (path,), = server.execute("select pg_relation_filepath('changes')")
    assert path in superseded
    (path,), = server.execute("select pg_relation_filepath('stays')")
    assert path not in superseded
    folder = archive.repository / "main/base" / label
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == now.keys() | {"backup.json", "backup_manifest"}
    done = archive.run("verify", "--jobs", "3", label)
    assert done.returncode == 0, done.stdout + done.stderr
    wait_until_archived(server, wait_until)

    place = scratch_folder()
    try:
        restored_by_hand(source, label, place)
        (oid,), = server.execute("select oid from pg_tablespace where spcname = 'fast'")
        done = archive.run("restore", label, place / "data", "--tablespace", f"{oid}={place / 'space'}")
        assert done.returncode == 0, done.stderr
        named = manifest_files(archive, label)
        there = {str(path.relative_to(place / "data")) for path in (place / "data/base").rglob("*") if path.is_file()}
        assert there == {name for name in named if name.startswith("base/")}
        verify_files(archive, label, place / "data")
        queries = [f"select count(*), md5(string_agg(t::text, '' order by t::text)) from {table} t"
                   for table in ("changes", "shrinks", "stays", "comes", "comes_too", "acknowledged")]
        queries += ["select to_regclass('goes')", "select count(*) from pg_database where datname = 'brief'"]
        with Server(tree("tree"), place) as copy:
            prove(copy, {query: server.execute(query) for query in queries}, wait_until)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    # There is nothing more to go on with, and what is built on it finds all.
    done = source.backup("--resume", "--dry-run")
    assert "no unfinished backup" in done.stderr
    done = source.backup("--incremental")
    assert done.returncode == 0 and f"builds on {label}" in done.stdout, done.stderr
    assert archive.run("verify", done.stdout.split(":")[0]).returncode == 0


@pytest.mark.parametrize("kind", [[], ["--incremental"]])
def test_attempts_that_are_killed_again_and_again_come_to_an_end(source, wait_until, kind):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    server, archive = source.server, source.archive
    source.configure()
    assert source.backup().returncode == 0
    for turn in range(4):
        server.execute(f"create table turn_{turn}{len(kind)} tablespace {('pg_default', 'fast')[turn % 2]} as"
                       " select g, repeat('t', 900) as filler from generate_series(1, 4000) g")
        if turn % 2:
            server.execute(f"update turn_{turn - 1}{len(kind)} set g = -g")
        running = subprocess.Popen(as_server_user(archive.command("backup", "--resume", *kind)), stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        time.sleep(chance.random() * 0.6)  # when it is killed decides nothing but which step is hit
        running.kill()
        said = running.communicate()[0]
        assert not said or said.split(":")[0] in source.sealed()
    done = source.backup("--resume", *kind)
    assert done.returncode == 0, done.stderr
    label = done.stdout.split(":")[0]
    assert archive.run("verify", label).returncode == 0
    wait_until_archived(server, wait_until)
    folder = scratch_folder()
    try:
        if not kind:
            restored_by_hand(source, label, folder)
        (oid,), = server.execute("select oid from pg_tablespace where spcname = 'fast'")
        done = archive.run("restore", label, folder / "data", "--tablespace", f"{oid}={folder / 'space'}")
        assert done.returncode == 0, done.stderr
        verify_files(archive, label, folder / "data")
        queries = [f"select count(*), sum(g), min(filler) from turn_{turn}{len(kind)}" for turn in range(4)]
        with Server(tree("tree"), folder) as copy:
            prove(copy, {query: server.execute(query) for query in queries}, wait_until)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
