"""Incremental backups of a real server: the chain, its restore, and that nobody removes what is needed."""
import json
import random
import shutil
import subprocess
import time

import pytest

from support.archive import Archive, manifest_files, rescued_backup, small_segments_server
from support.oracle import postgres_program, prove, verify_files
from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree

DIGEST = "select count(*), coalesce(sum(n), 0), md5(coalesce(string_agg(n || filler, ',' order by n), '')) from {}"
TABLES = "select relname from pg_class where relname like 't\\_%' order by 1"


class Chain:
    """A server of that version, a full backup, and incremental ones on it, with what the tables held at each. Backups are taken by
    the one method or the other, as `methods` says: each must be able to build on what the other one left."""

    def __init__(self, folder, program, version, methods):
        self.methods = methods
        self.archive = Archive(folder, program)
        self.tree = f"tree-{version}" if version != 15 else "tree"
        self.space, self.brief = folder / "space", folder / "brief"
        for place in (self.space, self.brief):
            place.mkdir()
            give_to_server_user(place)
        self.labels, self.contents = [], []

    def backup(self, server, *args):
        self.archive.configure(master_db=server.conninfo(), backup_source=self.methods[len(self.labels)])
        done = self.archive.run("backup", *args)
        assert done.returncode == 0, done.stderr
        self.labels.append(done.stdout.split(":")[0])
        tables = [name for name, in server.execute(TABLES)]
        self.contents.append({name: server.execute(DIGEST.format(name)) for name in tables})

    def rows(self, which):
        """What a server that was restored from a backup has to answer, by query."""
        contents = self.contents[which]
        return {TABLES: [(name,) for name in sorted(contents)], **{DIGEST.format(name): rows for name, rows in contents.items()}}

    def tell(self, server):
        """What changes files in each way that there is."""
        sql = server.execute
        fill = "select g as n, md5(g::text) || repeat('x', 300) as filler from generate_series(1, {}) g"
        sql(f"create tablespace fast location '{self.space}'")
        (self.oid,), = sql("select oid from pg_tablespace where spcname = 'fast'")
        sql("create table t_kept as " + fill.format(20000))
        sql("create table t_shrinks as " + fill.format(5000))
        sql("create table t_dropped tablespace fast as " + fill.format(500))
        sql("create table t_truncated as " + fill.format(5000))
        sql(f"create tablespace brief location '{self.brief}'")
        sql("create database gone tablespace brief")
        self.backup(server)
        sql("update t_kept set filler = 'changed' where n % 1000 = 7")
        sql("delete from t_shrinks where n > 1000")
        sql("vacuum (truncate) t_shrinks")
        sql("truncate t_truncated")
        sql("insert into t_truncated values (1, 'new')")
        sql("create table t_moved tablespace fast as " + fill.format(700))
        sql("drop database gone")
        sql("drop tablespace brief")
        self.backup(server, "--incremental")
        sql("insert into t_shrinks " + fill.format(3000))
        sql("drop table t_dropped")
        sql("create table t_new as " + fill.format(1000))
        sql("update t_moved set filler = 'changed' where n < 3")
        sql("create database added")
        self.backup(server, "--incremental")


def told(program, version, methods):
    folder = scratch_folder()
    chain = Chain(folder, program("walmgr"), version, methods)
    if not (tree(chain.tree) / "bin/postgres").exists():
        pytest.skip(f"build/{chain.tree} is missing: npm could not fetch it")
    try:
        summaries = {"summarize_wal": "on"} if version >= 17 else {}
        with small_segments_server(chain.archive, chain.tree, autovacuum="off", **summaries) as server:
            chain.tell(server)
            yield chain, server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def chain(program):
    yield from told(program, 18, ("files", "stream", "stream"))


def restored(chain, which, wait_until, *args, into=None):
    """Restores a backup of the chain to its end, and compares every row."""
    folder = into or scratch_folder()
    try:
        done = chain.archive.run("restore", chain.labels[which], folder / "data", "--target-immediate", "--tablespace",
                                 f"{chain.oid}={folder / 'space'}", *args)
        assert done.returncode == 0, done.stderr
        assert [path.name for path in (folder / "data/pg_tblspc").iterdir()] == [str(chain.oid)]
        assert not list((folder / "data").rglob("INCREMENTAL.*")) and not list((folder / "data").rglob("*.walmgr.*"))
        if all("INCREMENTAL." not in name for name in manifest_files(chain.archive, chain.labels[which])):
            verify_files(chain.archive, chain.labels[which], folder / "data")
        with Server(tree(chain.tree), folder) as server:
            prove(server, chain.rows(which), wait_until)
    finally:
        if into is None:
            shutil.rmtree(folder, ignore_errors=True)


def killed_restore(chain, folder, seconds):
    """A restore of the last backup that is killed; True when it had ended before."""
    command = chain.archive.command("restore", chain.labels[2], folder / "data", "--target-immediate", "--tablespace",
                                    f"{chain.oid}={folder / 'space'}")
    running = subprocess.Popen(as_server_user(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    time.sleep(seconds)  # when it is killed decides nothing but which step is hit
    running.kill()
    if running.wait() == 0:
        return True
    assert not (folder / "data/global/pg_control").exists()
    return False


def check_chain(chain, wait_until):
    archive = chain.archive
    found = json.loads(archive.run("info", "--json").stdout)["backups"]
    assert [(one["kind"], one["parent"]) for one in found] == [
        ("full", None), ("incremental", chain.labels[0]), ("incremental", chain.labels[1])]
    assert found[2]["raw_size"] < found[0]["raw_size"] / 2
    assert f"incremental  {chain.labels[1]}" in archive.run("info").stdout
    restored(chain, 2, wait_until)


def test_each_backup_of_a_chain_is_restored_to_the_row(chain, wait_until):
    check_chain(chain[0], wait_until)


def test_a_chain_of_changed_blocks_is_rescued_by_zstd_tar_and_pg_combinebackup(chain, wait_until, scratch):
    """As the manual says: each backup in a folder of its own, and PostgreSQL's program makes one of them."""
    chain, _ = chain
    combine = postgres_program("pg_combinebackup", 18)
    if combine is None:
        pytest.skip("build/clients-18 is missing: npm could not fetch it")
    archive = chain.archive
    unpacked = [scratch / f"unpacked {number}" for number in range(3)]
    for label, folder in zip(chain.labels, unpacked):
        numbers = {path.name.split("-")[0] for path in (archive.repository / "main/base" / label).glob("[0-9]*.tar")}
        places = {number: scratch / f"{folder.name} {number}" for number in numbers}
        rescued_backup(archive, label, folder, places)
        for number, place in places.items():
            (folder / "pg_tblspc" / number).symlink_to(place)
    assert all(list(folder.rglob("INCREMENTAL.*")) for folder in unpacked[1:])
    moved = f"{scratch / f'unpacked 2 {chain.oid}'}={scratch / 'space'}"
    subprocess.run(as_server_user([combine, *unpacked, "-o", scratch / "data", "-T", moved]), check=True, cwd="/")
    subprocess.run(as_server_user([postgres_program("pg_verifybackup", 18), "-n", scratch / "data"]), check=True, cwd="/")
    assert (scratch / "data/tablespace_map").read_text() == f"{chain.oid} {chain.space}\n"
    (scratch / "data/tablespace_map").write_text(f"{chain.oid} {scratch / 'space'}\n")
    (scratch / "data/recovery.signal").touch()
    give_to_server_user(scratch / "data/recovery.signal")
    settings = {"restore_command": f"{archive.program} {archive.ini} xrestore %f %p", "recovery_target": "immediate",
                "recovery_target_action": "promote"}
    with Server(tree(chain.tree), scratch, settings=settings) as server:
        prove(server, chain.rows(2), wait_until)


def test_over_an_older_state_and_after_a_kill(chain, wait_until):
    chain, _ = chain
    folder = scratch_folder()
    try:
        if not any(killed_restore(chain, folder, 0.1 + 0.25 * i) for i in range(3)):
            restored(chain, 2, wait_until, into=folder)
        restored(chain, 1, wait_until, "--delta", into=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_what_cannot_be_built_on_is_refused_and_what_is_needed_is_kept(chain):
    chain, server = chain
    archive = chain.archive
    for args, status, words in ((["--parent", chain.labels[0]], 2, "--parent needs --incremental"),
                                (["--incremental", "--parent", "20200101T000000Z-F"], 1, "there is no backup 20200101T000000Z-F")):
        done = archive.run("backup", *args)
        assert done.returncode == status and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
    done = archive.run("backup", "-n", "--incremental", "--parent", chain.labels[0])
    assert done.returncode == 0 and f"would build on {chain.labels[0]}" in done.stdout
    for method, parent in (("files", 0), ("stream", 2)):  # those of changed blocks do not say what whole files were
        archive.configure(master_db=server.conninfo(), backup_source=method)
        assert f"would build on {chain.labels[parent]}" in archive.run("backup", "-n", "--incremental").stdout

    # A pin on the last keeps all before it, though the rules keep one full backup only.
    assert archive.run("backup").returncode == 0
    archive.configure(master_db=server.conninfo(), keep_backups=1)
    done = archive.run("expire", "-n")
    assert all(label in done.stdout for label in chain.labels)
    assert archive.run("pin", chain.labels[2]).returncode == 0
    done = archive.run("expire")
    assert done.returncode == 0, done.stderr
    kept = [one["label"] for one in json.loads(archive.run("info", "--json").stdout)["backups"]]
    assert kept[:3] == chain.labels
    assert archive.run("verify", chain.labels[2]).returncode == 0

    # Without its middle the chain is none, and nobody builds on what is left of it.
    middle = archive.repository / "main/base" / chain.labels[1]
    away = middle.rename(middle.parent / "away")
    try:
        done = archive.run("verify", chain.labels[2])
        assert done.returncode == 12 and "that or what it builds on is not there" in done.stderr
        done = archive.run("restore", chain.labels[2], archive.folder / "never")
        assert done.returncode == 12 and not (archive.folder / "never").exists()
        done = archive.run("backup", "--incremental", "--parent", chain.labels[2])
        assert done.returncode == 12 and "take a full one" in done.stderr
    finally:
        away.rename(middle)
    assert archive.run("unpin", chain.labels[2]).returncode == 0
    assert archive.run("expire").returncode == 0
    assert [one["label"] for one in json.loads(archive.run("info", "--json").stdout)["backups"]] == kept[3:]
    server.execute("alter system set summarize_wal = off")
    server.execute("select pg_reload_conf()")


@pytest.fixture(scope="module")
def chain_of_files(program):
    yield from told(program, 15, ("files", "stream", "files"))


def test_before_version_17_files_that_are_as_they_were_are_stored_once(chain_of_files, wait_until, scratch):
    chain, _ = chain_of_files
    archive = chain.archive
    check_chain(chain, wait_until)
    restored(chain, 1, wait_until)
    for label in chain.labels:
        done = archive.run("verify", label)
        assert done.returncode == 0, done.stderr
    # By hand, as the manual says: one over the other, and without what the last manifest does not name.
    data = scratch / "data"
    for label in chain.labels:
        unpack = 'set -e; cd "$1"; for p in *.tar; do d=$2; case $p in main-*) ;; *) d=$2/pg_tblspc/${p%%-*};; esac; ' \
                 'mkdir -p "$d"; zstd -dcq "$p" | tar x -C "$d"; done; zstd -dcq backup_manifest > "$2/backup_manifest"'
        subprocess.run(as_server_user(["sh", "-c", unpack, "rescue", archive.repository / "main/base" / label, data]), check=True, cwd="/")
    named = {data / one["Path"] for one in json.loads((data / "backup_manifest").read_text())["Files"]}
    for path in [path for path in data.rglob("*") if path.is_file() and path not in named and path.name != "backup_manifest"]:
        path.unlink()
    subprocess.run(as_server_user([tree("tree") / "bin/pg_verifybackup", "-n", data]), check=True, cwd="/")

    # A part of the parent that is damaged later is found in whatever builds on it.
    part = next(iter(sorted((archive.repository / "main/base" / chain.labels[0]).glob("main-*.tar"))))
    whole = part.read_bytes()
    try:
        part.write_bytes(whole[:-200] + bytes([whole[-200] ^ 1]) + whole[-199:])
        folder = scratch_folder()
        done = archive.run("restore", chain.labels[2], folder / "data", "--target-immediate", "--tablespace", f"{chain.oid}={folder / 'space'}")
        assert done.returncode == 12 and not (folder / "data/global/pg_control").exists()
        shutil.rmtree(folder)
    finally:
        part.write_bytes(whole)


@pytest.mark.long
def test_a_chain_of_version_17(program, wait_until):
    for chain, server in told(program, 17, ("stream", "files", "stream", "files", "files", "stream", "files")):
        check_chain(chain, wait_until)
        restored(chain, 1, wait_until)
        chain.archive.configure(master_db="user=postgres dbname=postgres", slave_bin=tree(chain.tree) / "bin")
        done = chain.archive.run("restore-test", chain.labels[2])
        assert done.returncode == 0, done.stderr
        for args in (["--incremental"], ["--incremental", "--parent", chain.labels[2]], [], []):
            chain.backup(server, *args)
        parents = {one["label"]: one["parent"] for one in json.loads(chain.archive.run("info", "--json").stdout)["backups"]}
        assert [parents[label] for label in chain.labels[3:]] == [chain.labels[1], chain.labels[2], None, None]
        for which in (3, 4):
            restored(chain, which, wait_until)
        sent, read = (manifest_files(chain.archive, label) for label in chain.labels[5:])
        assert sorted(read) == sorted(sent)


@pytest.mark.long
def test_restores_of_a_chain_killed_at_random_points(chain, wait_until):
    chain, _ = chain
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(20):
        folder = scratch_folder()
        try:
            if not any(killed_restore(chain, folder, chance.random() * 1.5) for _ in range(3)):
                restored(chain, 2, wait_until, into=folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
