"""walmgr encrypts what it stores: a server's log and backup come back with the key, by us or by openssl, and not without."""
import contextlib
import re
import shutil
import subprocess

import pytest

from support import s3
from support.archive import Archive, segment_bytes, segment_name, small_segments_server
from support.oracle import prove, verify_files
from support.server import ROOT, Server, as_server_user, give_to_server_user, scratch_folder, tree
from support.ssh import ssh_server


class EncryptedArchive(Archive):
    """An archive whose configuration names a key, unless it is told otherwise."""

    def __init__(self, folder, program):
        self.key = folder / "key"
        self.make_key(self.key)
        super().__init__(folder, program)

    def make_key(self, path, *how):
        made = subprocess.run(["openssl", "rand", *(how or ["-hex"]), "32"], check=True, capture_output=True, text=True).stdout
        path.write_text(made)
        path.chmod(0o600)
        give_to_server_user(path)
        return made.strip()

    def configure(self, **keys):
        keys = {"encryption_key_file": self.key, **keys}
        super().configure(**{name: value for name, value in keys.items() if value is not None})


class Elsewhere:
    """Places on other machines: the configuration that reaches each, and the folder in which it lies."""

    def __init__(self, archive, sshd, bucket):
        self.ways = {}
        for scheme in ("ssh", "sftp"):
            lies = archive.folder / f"by_{scheme}"
            lies.mkdir()
            self.ways[scheme] = ({"walmgr_data": sshd.location(lies, scheme), "ssh_command": sshd.command, "ssh_walmgr": archive.program}, lies)
        if bucket:
            self.ways["s3"] = ({"walmgr_data": f"s3://{s3.BUCKET}/x", "s3_endpoint": bucket.virtual}, bucket.folder / s3.BUCKET / "x")


@contextlib.contextmanager
def elsewhere(archive):
    with contextlib.ExitStack() as stack:
        for name in ("sshd", "bucket"):
            (archive.folder / name).mkdir()
        sshd = stack.enter_context(ssh_server(archive.folder / "sshd"))
        yield Elsewhere(archive, sshd, stack.enter_context(s3.s3_server(archive.folder / "bucket")) if s3.can_run() else None)


@pytest.fixture(scope="module")
def kept(program):
    """An archive with the log and a backup of a server that is gone, and places elsewhere that know its cluster."""
    folder = scratch_folder()
    archive = EncryptedArchive(folder, program("walmgr"))
    received = archive.make_folder("received")
    try:
        with elsewhere(archive) as archive.elsewhere, small_segments_server(archive) as server:
            for keys, _ in archive.elsewhere.ways.values():
                archive.configure(master_db=server.conninfo(), **keys)
                done = archive.run("repo", "init", env=s3.with_keys())
                assert done.returncode == 0, done.stderr
            archive.configure(master_db=server.conninfo(), partial_wals=received, slot="")
            server.execute("create table kept as select g as n from generate_series(1, 1000) g")
            for command in ("backup", "sync"):
                done = archive.run(command)
                assert done.returncode == 0, done.stderr
            server.execute("insert into kept values (0)")
            archive.last, = server.execute("select pg_walfile_name(pg_switch_wal())")[0]
            # What streaming receives and what archive_command brings is the same, and known to be, though it is encrypted twice.
            done = archive.run("sync")
            assert done.returncode == 0, done.stderr
            server.stop()
            archive.usual = {"master_db": "dbname=postgres user=postgres", "slave_bin": tree("tree") / "bin"}
            yield archive
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def usual_configuration(request):
    if "kept" in request.fixturenames:
        archive = request.getfixturevalue("kept")
        archive.configure(**archive.usual)


def lies_there_in_the_clear(path):
    stored = path.read_bytes()
    return stored[-96:-88] != b"WALMGRAE" or re.search(rb"system_id|PG_VERSION|\x28\xB5\x2F\xFD|WALMGR\x01", stored)


def test_a_backup_comes_back_and_nothing_lies_there_in_the_clear(kept, wait_until, scratch):
    done = kept.run("verify")
    assert done.returncode == 0, done.stderr
    assert not [path for path in kept.repository.rglob("*") if path.is_file() and lies_there_in_the_clear(path)]
    done = kept.run("restore", scratch / "data")
    assert done.returncode == 0, done.stderr
    label, = (path.name for path in kept.repository.glob("main/base/*"))
    verify_files(kept, label, scratch / "data")
    with Server(tree("tree"), scratch) as server:
        prove(server, {"select count(*), sum(n) from kept": [(1001, 500500)]}, wait_until)


@pytest.mark.parametrize("scheme", ["ssh", pytest.param("sftp", marks=pytest.mark.long), "s3"])
def test_another_machine_never_sees_what_it_keeps(kept, scheme):
    if scheme not in kept.elsewhere.ways:
        pytest.skip("build/s3rver is missing: npm could not fetch it")
    keys, lies = kept.elsewhere.ways[scheme]

    def run(*words, **more):
        kept.configure(**{**kept.usual, **keys, **more})
        return kept.run(*words, env=s3.with_keys())

    segment, back = kept.folder / kept.last, kept.folder / "back"
    if not segment.exists():  # out of the other repository
        assert kept.run("xrestore", kept.last, segment).returncode == 0
    done = run("xarchive", segment, kept.last)
    assert done.returncode == 0, done.stderr
    assert run("xarchive", segment, kept.last).returncode == 0  # known to be the same, though it is encrypted anew
    done = run("xrestore", kept.last, back)
    assert done.returncode == 0 and back.read_bytes() == segment.read_bytes(), done.stderr
    found = [path for path in lies.rglob("*") if path.is_file() and not path.name.endswith(("_metadata.json", "_S3rver_object.md5"))]
    assert len(found) == 2 and not [path for path in found if lies_there_in_the_clear(path)], found

    kept.make_key(kept.folder / "other_key")
    other = {"encryption_key_file": kept.folder / "other_key"}
    for command, more, status, words in ((("xrestore", kept.last, kept.folder / "never"), other, 153, "has not"),
                                         (("xarchive", segment, kept.last), other, 3, "has not"),
                                         (("xarchive", segment, kept.last), {"encryption_key_file": None}, 3, "the repository is encrypted")):
        done = run(*command, **more)
        assert done.returncode == status and words in done.stderr, done.stderr
    assert not (kept.folder / "never").exists()
    # A bit that the other machine changed.
    stored = next(path for path in found if kept.last in path.name)
    whole = stored.read_bytes()
    stored.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    done = run("xrestore", kept.last, kept.folder / "never")
    assert done.returncode == 162 and not (kept.folder / "never").exists(), done.stderr
    done = run("gap", "refill", "--damaged", kept.last, walmgr_data=f"{keys['walmgr_data']}, {kept.repository}")
    assert done.returncode == 0 and f"{kept.last}.wal: replaced in {keys['walmgr_data']}" in done.stdout, done
    aside = next(path for path in lies.rglob("*") if f"{kept.last}.damaged." in str(path) and path.is_file() and path.stat().st_size == len(whole))
    assert aside.read_bytes() == bytes([whole[0] ^ 1]) + whole[1:]
    assert run("xarchive", segment, kept.last).returncode == 0


def test_openssl_rescues_it_without_this_program(kept, scratch):
    manual = (ROOT / "docs/man/walmgr.1.scd").read_text()
    script = scratch / "open"
    script.write_text(manual[manual.index("#!/bin/sh\n# open KEY_FILE"):].split("\n```", 1)[0] + "\n")

    def opened(name, key=kept.key):
        return subprocess.run(as_server_user(["sh", script, key, name]), capture_output=True, cwd=kept.repository)

    segment, = kept.repository.glob(f"main/wal/1/*/*/{kept.last}.wal")
    manifest, = kept.repository.glob("main/base/*/backup_manifest")
    name = str(segment.relative_to(kept.repository))
    done = opened(name)
    assert (done.returncode, done.stderr) == (0, b"")
    raw = subprocess.run(["zstd", "-dcq"], input=done.stdout, capture_output=True, check=True).stdout
    assert kept.run("xrestore", kept.last, kept.folder / "fetched").returncode == 0
    assert raw == (kept.folder / "fetched").read_bytes()
    done = opened(str(manifest.relative_to(kept.repository)))
    assert b"PostgreSQL-Backup-Manifest-Version" in subprocess.run(["zstd", "-dcq"], input=done.stdout, capture_output=True, check=True).stdout

    # The script refuses as we do: another name, a changed bit, another key.
    other = segment.with_name("000000010000000000000099.wal")
    shutil.copy(segment, other)
    assert opened(str(other.relative_to(kept.repository))).stdout == b""
    damaged = bytearray(segment.read_bytes())
    damaged[100] ^= 1
    other.unlink()
    segment_bytes_before = segment.read_bytes()
    segment.write_bytes(damaged)
    assert opened(name).stdout == b"" and opened(name).returncode == 1
    segment.write_bytes(segment_bytes_before)
    kept.make_key(kept.folder / "other_key")
    assert opened(name, kept.folder / "other_key").stdout == b""


@pytest.fixture
def archive(scratch, program):
    archive = EncryptedArchive(scratch, program("walmgr"))
    archive.configure(encryption_key_file=None)
    archive.know_cluster(archive.repository)
    return archive


def test_what_was_changed_is_never_handed_out(kept, scratch):
    names = sorted(path.stem for path in kept.objects())
    first, second = kept.objects()[:2]
    whole = first.read_bytes()
    places = {"cut short": whole[:-10], "not encrypted": b"", "not what was stored under this name": second.read_bytes(),
              "its bytes from 0 on": bytes([whole[0] ^ 1]) + whole[1:], "its length": whole[100:]}
    try:
        for words, stored in places.items():
            first.write_bytes(stored)
            done = kept.run("xrestore", names[0], kept.folder / "never")
            assert done.returncode == 162 and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
            assert not (kept.folder / "never").exists()
            done = kept.run("verify")
            assert done.returncode == 12 and names[0] in done.stderr
    finally:
        first.write_bytes(whole)


def test_a_key_that_does_not_fit_is_a_matter_of_the_configuration(kept):
    secret = kept.key.read_text().strip()
    other = kept.make_key(kept.folder / "another", "-base64")
    for keys, words in (({"encryption_key_file": kept.folder / "another"}, r"encrypted by the key with the id [0-9a-f]{16}, and \S+/another has not"),
                        ({"encryption_key_file": None}, "the repository is encrypted; name its key by encryption_key_file"),
                        ({"encryption_key_file": "key"}, "must begin with a slash"),
                        ({"encryption_key_file": "/nowhere/key"}, "there is no file with keys")):
        kept.configure(**keys)
        done = kept.run("xrestore", kept.last, kept.folder / "never")
        assert done.returncode == 153 and re.search(words, done.stderr) and done.stderr.count("\n") == 1, done.stderr
        assert secret not in done.stderr and other not in done.stderr
    # The new key first and the old one behind it: what is old is read, what is new is not for the old key.
    (kept.folder / "another").write_text(f"{other}\n{secret}\n")
    kept.configure(encryption_key_file=kept.folder / "another")
    assert kept.run("xrestore", kept.last, kept.folder / "fetched").returncode == 0
    kept.key.chmod(0o644)
    kept.configure()
    done = kept.run("xrestore", kept.last, kept.folder / "never")
    kept.key.chmod(0o600)
    assert done.returncode == 153 and "others may read it; run: chmod go= " in done.stderr, done.stderr


def test_what_is_encrypted_and_what_is_not_do_not_lie_together(archive):
    archive.configure()
    done = archive.push(3)
    assert done.returncode == 12 and "is not encrypted" in done.stderr and not archive.objects(), done.stderr
    archive.configure(encryption_key_file=None)
    assert archive.push(3).returncode == 0
    assert archive.run("xrestore", segment_name(3), archive.folder / "repository/back").returncode == 0
    assert (archive.folder / "repository/back").read_bytes() == segment_bytes(3)
