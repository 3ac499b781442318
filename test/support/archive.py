"""A server that archives by walmgr, and copies of it that recover from the archive."""
import contextlib
import hashlib
import json
import pathlib
import random
import shutil
import struct
import subprocess

from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree


SYSTEM_ID = 7_000_000_001
SEGMENT = 1 << 20  # bytes of those that are made here, the shortest that a server can have


def segment_name(number, timeline=1):
    """The name of a made segment."""
    per_log = (1 << 32) // SEGMENT
    return f"{timeline:08X}{number // per_log:08X}{number % per_log:08X}"


def segment_bytes(number, timeline=1, seed=1, magic=0xD110, page_size=8192):
    """A segment as a server, of version 15 where nothing else is said, would begin it; what follows packs half."""
    start = struct.pack("<HHIQIxxxxQII", magic, 2, timeline, number * SEGMENT, 0, SYSTEM_ID, SEGMENT, page_size)
    return start + random.Random(seed * 1000 + number).randbytes(SEGMENT // 4) + bytes(SEGMENT * 3 // 4 - len(start))


def stored_object(raw):
    """A small object as it lies in a repository, of no cluster and no place in the log."""
    frame = b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(raw) | 0x8000_0000) + raw + bytes(4)
    label = struct.pack("<6sHQ32sQQII", b"WALMGR", 1, len(raw), hashlib.sha256(raw).digest(), 0, 0, 0, 0).ljust(88, b"\0")
    label += hashlib.sha256(label).digest()[:8]
    return frame + struct.pack("<II", 0x184D2A57, len(label)) + label


class Archive:
    """walmgr with a repository of its own, both where the server's user can get at them."""

    def __init__(self, folder, program):
        self.folder = pathlib.Path(folder)
        self.repository = self.folder / "repository"
        self.make_folder("repository")
        self.program = self.folder / "walmgr"
        shutil.copy(program, self.program)
        self.ini = self.folder / "walmgr.ini"
        self.configure()

    def make_folder(self, name):
        """A new folder of the server's user in this one."""
        made = self.folder / name
        made.mkdir()
        give_to_server_user(made)
        return made

    def configure(self, **keys):
        """Writes the configuration anew, in one step, for a server may be archiving by it."""
        keys = {"walmgr_data": self.repository, **keys}
        fresh = self.ini.with_suffix(".new")
        fresh.write_text("[walmgr]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))
        fresh.chmod(0o644)
        fresh.rename(self.ini)

    def command(self, *args):
        return [self.program, self.ini, *args]

    def run(self, *args, **keywords):
        """Runs walmgr as the server's user, in the repository's folder unless `cwd` says otherwise."""
        keywords.setdefault("cwd", self.folder)
        return subprocess.run(as_server_user(self.command(*args)), capture_output=True, text=True, timeout=120, **keywords)

    def know_cluster(self, repository, more="version = 15\npage_size = 8192\n"):
        """Lets a repository know the cluster that made segments are of, without a server."""
        record = repository / "main/history"
        record.mkdir(parents=True)
        (record / "1.ini").write_text(f"[cluster]\nsystem_id = {SYSTEM_ID}\nsegment_size = {SEGMENT}\n{more}")
        for folder in (record, record.parent):
            give_to_server_user(folder)

    def push(self, number, seed=1, timeline=1):
        """Archives a made segment."""
        return self.push_bytes(segment_name(number, timeline), segment_bytes(number, timeline, seed))

    def push_bytes(self, name, data):
        """Archives a made file."""
        path = self.folder / name
        path.write_bytes(data)
        path.chmod(0o644)
        return self.run("xarchive", path, name)

    def objects(self):
        """The archived segments, oldest first."""
        return sorted(self.repository.glob("main/wal/1/*/*/*.wal"))


@contextlib.contextmanager
def archiving_server(archive, tree_name="tree", configure=None):
    """A server with checksums whose log goes to the archive, which knows it. `configure(master_db=...)` writes another configuration than usual."""
    folder = scratch_folder(quick=True)
    settings = {"archive_mode": "on", "wal_level": "replica",
                "archive_command": f"{archive.program} {archive.ini} xarchive %p %f"}
    server = Server(tree(tree_name), folder, settings=settings, checksums=True)
    try:
        with server:
            (configure or archive.configure)(master_db=server.conninfo())
            done = archive.run("repo", "init")
            assert done.returncode == 0, done.stderr
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def small_segments_server(archive, tree_name="tree", megabytes=1, **settings):
    """As archiving_server(), but of an initdb of its own, with segments of 1 MiB or so many, and with checksums."""
    folder = scratch_folder(quick=megabytes < 100)
    initdb = [tree(tree_name) / "bin/initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", f"--wal-segsize={megabytes}",
              "-k", "--no-sync"]
    subprocess.run(as_server_user(initdb), check=True, capture_output=True, cwd="/")
    settings = {"archive_mode": "on", "wal_level": "replica", "max_wal_size": f"{max(64, 4 * megabytes)}MB",
                "min_wal_size": f"{max(80, 2 * megabytes)}MB",
                "archive_command": f"{archive.program} {archive.ini} xarchive %p %f", **settings}
    server = Server(tree(tree_name), folder, settings=settings)
    try:
        with server:
            archive.configure(master_db=server.conninfo())
            done = archive.run("repo", "init")
            assert done.returncode == 0, done.stderr
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rescued_backup(archive, label, folder, tablespaces=()):
    """Unpacks a backup by zstd and tar alone, as the manual says, into `folder`; each tablespace where `tablespaces` says."""
    backup = archive.repository / "main/base" / label
    script = "set -e; for part in \"$1\"-*.tar; do zstd -dcq \"$part\" | tar x -C \"$2\"; done"
    for name, place in {"main": folder, **dict(tablespaces)}.items():
        pathlib.Path(place).mkdir(mode=0o700)
        give_to_server_user(place)
        subprocess.run(as_server_user(["sh", "-c", script, "rescue", backup / str(name), place]), check=True, cwd="/")
    subprocess.run(as_server_user(["sh", "-c", 'zstd -dcq "$1" > "$2"', "rescue", backup / "backup_manifest",
                                   pathlib.Path(folder) / "backup_manifest"]), check=True, cwd="/")


def manifest_files(archive, label):
    """What the manifest of a backup says of each file, by path."""
    packed = archive.repository / "main/base" / label / "backup_manifest"
    text = subprocess.run(["zstd", "-dcq", packed], check=True, capture_output=True).stdout
    return {one["Path"]: one for one in json.loads(text)["Files"]}


@contextlib.contextmanager
def recovering_copy(archive, data, signal="recovery.signal", **settings):
    """A server on a copy of `data`, not started yet, that will recover from the archive."""
    folder = scratch_folder()
    subprocess.run(as_server_user(["cp", "-a", data, folder / "data"]), check=True, cwd="/")
    (folder / "data" / signal).touch()
    give_to_server_user(folder / "data" / signal)
    server = Server(tree("tree"), folder, settings={"restore_command": f"{archive.program} {archive.ini} xrestore %f %p",
                                                    "archive_mode": "off", **settings})
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_archived(server, wait_until):
    """Ends the segment that is being written, and returns when all up to it are archived."""
    server.execute("create table if not exists something (n int)")
    server.execute("insert into something values (1)")
    (name,), = server.execute("select pg_walfile_name(pg_switch_wal())")

    def archived():
        (last,), = server.execute("select last_archived_wal from pg_stat_archiver")
        return last is not None and last[8:24] >= name[8:24]

    wait_until(archived, what=f"{name} is archived")
    return name
