"""Repositories in an object store: s3rver, a real server, with a link in front of it that fails as it is told to."""
import shutil
import subprocess

import pytest

from support.archive import SEGMENT, SYSTEM_ID, Archive, segment_bytes, segment_name
from support.s3 import BUCKET, SECRET, s3_server, with_keys
from support.server import as_server_user, give_to_server_user, scratch_folder
from support.tls import certificate


@pytest.fixture(scope="module")
def s3():
    folder = scratch_folder("pgq-s3-")
    try:
        with s3_server(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class BucketArchive(Archive):
    """An archive in a part of the bucket that is its own."""

    def __init__(self, folder, program, s3):
        self.s3, self.secret = s3, SECRET
        self.prefix = f"{folder.name}/with some+more"
        super().__init__(folder, program)
        record = folder / "record"
        record.write_text(f"[cluster]\nsystem_id = {SYSTEM_ID}\nsegment_size = {SEGMENT}\n")
        s3.put(f"{folder.name}/with%20some%2Bmore/main/history/1.ini", record)
        self.name = segment_name(3)
        self.segment = folder / self.name
        self.segment.write_bytes(segment_bytes(3))
        self.back = self.repository / "back"  # what is restored; the server's user may write there

    def configure(self, **keys):
        super().configure(**{"walmgr_data": f"s3://{BUCKET}/{self.prefix}", "s3_endpoint": self.s3.endpoint, "s3_style": "path",
                             "store_timeout": 20, **keys})

    def run(self, *args, **keywords):
        return super().run(*args, env=with_keys(self.secret), **keywords)

    def store(self):
        return self.run("xarchive", self.segment, self.name)

    def fetch(self):
        return self.run("xrestore", self.name, self.back)


@pytest.fixture
def archive(scratch, program, s3):
    s3.heal()
    return BucketArchive(scratch, program("walmgr"), s3)


@pytest.mark.parametrize("first_wins", ["server", "looking"])
def test_a_bucket_keeps_the_laws(program, s3, scratch, first_wins):
    s3.heal()
    endpoint = s3.endpoint if first_wins == "server" else s3.direct
    done = subprocess.run(as_server_user([program("store_laws"), f"s3://{BUCKET}/{scratch.name}", f"s3_endpoint={endpoint}",
                                          f"s3_first_wins={first_wins}"]),
                          capture_output=True, text=True, timeout=120, cwd="/", env=with_keys())
    assert (done.returncode, done.stdout, done.stderr) == (0, "all laws hold\n", "")


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_what_is_archived_comes_back_by_us_and_by_curl(archive, s3, style):
    if style == "virtual":
        archive.configure(s3_style=style, s3_endpoint=s3.virtual)
    done = archive.store()
    assert done.returncode == 0, done.stderr
    assert archive.store().returncode == 0  # the same again is fine
    assert archive.fetch().returncode == 0 and archive.back.read_bytes() == segment_bytes(3)
    done = archive.run("xrestore", segment_name(4), archive.back)
    assert (done.returncode, done.stderr) == (1, "")
    assert archive.run("xrestore", segment_name(2), archive.back).returncode == 163  # a gap, as list shows
    assert archive.run("verify").returncode == 0
    key = f"{archive.folder.name}/with%20some%2Bmore/main/wal/1/00000001/00000000/{archive.name}.wal"
    assert all(path.startswith(f"/{BUCKET}") == (style == "path") for _, path in s3.asked)
    packed = s3.get(key)
    assert subprocess.run(["zstd", "-dcq"], input=packed, capture_output=True, check=True).stdout == segment_bytes(3)
    archive.segment.write_bytes(segment_bytes(3, seed=2))
    done = archive.store()
    assert done.returncode == 11 and s3.get(key) == packed, done.stderr


def test_a_list_of_more_than_one_answer_is_whole(archive, s3):
    folder = s3.folder / BUCKET / archive.prefix / "main"
    log = folder / "wal/1/00000001/00000000"
    subprocess.run(as_server_user(["mkdir", "-p", log]), check=True, cwd="/")
    for number in range(1001):
        for part in (folder / "history").glob("1.ini._S3rver_*"):
            (log / part.name.replace("1.ini", f"{segment_name(number)}.wal")).hardlink_to(part)
    done = archive.run("xrestore", segment_name(1000 - 1).replace("03E7", "0999"), archive.back)
    assert done.returncode == 1, done.stderr
    assert any("continuation-token=" in path for _, path in s3.asked)
    # Only the last one, of the second answer, is behind this.
    for part in log.glob(f"{segment_name(999)}.wal*"):
        part.unlink()
    done = archive.run("xrestore", segment_name(999), archive.back)
    assert done.returncode == 163 and segment_name(1000) in done.stderr, done.stderr


def test_what_is_no_whole_list_is_no_empty_folder(archive, s3):
    assert archive.store().returncode == 0
    missing = ("xrestore", segment_name(2), archive.back)
    assert archive.run(*missing).returncode == 163
    for listed in (lambda text: b"<html><body>The proxy asks you to log in</body></html>", lambda text: b"", lambda text: text[:-1],
                   lambda text: text[:200], lambda text: text.replace(b"IsTruncated>false", b"IsTruncated>")):
        s3.listed = listed
        done = archive.run(*missing)
        assert done.returncode == 166 and "no whole list of objects" in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert archive.run("verify").returncode == 16


def test_what_objects_hold_is_never_taken_for_an_answer(archive, s3):
    words = b"<Error><Code>RequestTimeout</Code></Error>"
    raw = bytearray(segment_bytes(3))
    raw[100_000:100_000 + len(words)] = words
    archive.segment.write_bytes(raw)
    assert archive.store().returncode == 0
    assert words in s3.get(f"{archive.folder.name}/with%20some%2Bmore/main/wal/1/00000001/00000000/{archive.name}.wal")
    archive.configure(store_timeout=1)
    done = archive.fetch()
    assert done.returncode == 0 and archive.back.read_bytes() == raw, done.stderr


def test_what_comes_while_it_is_asked_for_is_there(archive, s3):
    assert archive.store().returncode == 0
    s3.unseen = 1
    done = archive.fetch()
    assert (done.returncode, s3.unseen) == (0, 0) and archive.back.read_bytes() == segment_bytes(3), done.stderr
    s3.unseen = 1000  # a server that says one thing and another
    done = archive.fetch()
    assert done.returncode == 166 and "cannot open" in done.stderr, done.stderr


def test_a_busy_server_is_asked_again(archive, s3):
    s3.busy = 2
    assert archive.store().returncode == 0
    s3.busy = 2
    assert archive.fetch().returncode == 0 and archive.back.read_bytes() == segment_bytes(3)


def test_an_answer_that_nobody_heard_is_found_out(archive, s3):
    s3.swallow = 1
    done = archive.store()
    assert (done.returncode, done.stderr) == (0, "")
    assert [method for method, _ in s3.asked].count("PUT") == 2
    assert archive.fetch().returncode == 0 and archive.back.read_bytes() == segment_bytes(3)


def test_trouble_is_told_and_is_no_end_of_the_log(archive, s3):
    assert archive.store().returncode == 0
    archive.configure(store_timeout=1)
    for name, value, words in (("busy", 1000, "SlowDown"), ("hangs", True, "too slow"), ("cut", 100, "with 100 bytes")):
        s3.heal()
        setattr(s3, name, value)
        if name == "cut":
            words = "bytes remaining to read"
        done = archive.fetch()
        assert done.returncode == 166 and not archive.back.exists(), (name, done.stderr)
        assert done.stderr.count("\n") == 1 and words in done.stderr, done.stderr
    s3.heal()
    s3.full = True
    archive.segment.write_bytes(segment_bytes(3, seed=3))
    done = archive.store()
    assert done.returncode == 17 and "QuotaExceeded" in done.stderr, done.stderr
    s3.heal()
    for keys, status, words in (({"walmgr_data": "s3://another-bucket/x"}, 166, "NoSuchBucket"),
                                ({"s3_endpoint": "http://127.0.0.1:1"}, 166, "onnect"),
                                ({"s3_endpoint": "127.0.0.1"}, 153, "https://host"),
                                ({"s3_credentials_file": "/nowhere/keys"}, 153, "there is no file with keys"),
                                ({"s3_style": "some"}, 153, "neither virtual nor path")):
        archive.configure(store_timeout=1, **keys)
        done = archive.fetch()
        assert done.returncode == status and words in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_a_silent_server_has_its_time_from_every_command_and_then_it_ends(archive, s3):
    assert archive.store().returncode == 0
    s3.asked.clear()
    s3.hangs = True
    commands = [archive.command(*words) for words in (
        ("xarchive", archive.segment, archive.name), ("xrestore", archive.name, archive.back), ("verify",), ("info",), ("gap", "list"),
        ("restore",), ("expire",), ("xlock",), ("receive",))]
    archive.configure(store_timeout=1, slave_data=archive.repository / "data", partial_wals=archive.repository)
    running = [subprocess.Popen(as_server_user(command, die_with_parent=True), stderr=subprocess.PIPE, text=True, cwd="/", env=with_keys())
               for command in commands]
    for command, process in zip(commands, running):
        said = process.communicate(timeout=60)[1]
        assert process.returncode == (166 if "xrestore" in command else 16), (command, said)
        assert said.count("\n") == 1 and f"s3://{BUCKET}/{archive.prefix}: " in said and "too slow" in said, (command, said)
    assert len(s3.asked) == len(commands)

    # Where an object's end is not heard, another repository goes on beside it, and this one has nothing of it.
    s3.heal()
    s3.hangs = "PUT"
    other = archive.folder / "other"
    archive.know_cluster(other)
    fourth = archive.folder / segment_name(4)
    fourth.write_bytes(segment_bytes(4))
    archive.configure(store_timeout=1, wal_copies=1, walmgr_data=f"s3://{BUCKET}/{archive.prefix}, {other}")
    give_to_server_user(other / "main")
    done = archive.run("xarchive", fourth, fourth.name)
    assert done.returncode == 0 and f"repository s3://{BUCKET}" in done.stderr and "too slow" in done.stderr, done.stderr
    s3.hangs = True
    done = archive.run("xrestore", fourth.name, archive.back)
    assert done.returncode == 0 and archive.back.read_bytes() == segment_bytes(4), done.stderr
    assert "too slow" in done.stderr
    s3.heal()
    archive.configure()
    assert archive.run("xrestore", fourth.name, archive.back).returncode == 1


def test_secrets_stay_secret(archive, s3):
    archive.secret = "the-secret-that-is-wrong"
    done = archive.fetch()
    assert done.returncode == 166 and "SignatureDoesNotMatch" in done.stderr, done.stderr
    assert "the-secret" not in done.stderr + done.stdout
    keys = archive.repository / "keys"
    keys.write_text(f"[default]\naws_access_key_id = x\n[backup]\naws_access_key_id = {SECRET}\naws_secret_access_key = {SECRET}\n")
    keys.chmod(0o644)
    archive.configure(s3_credentials_file=keys, s3_profile="backup")
    done = archive.fetch()
    assert done.returncode == 153 and "others may read it" in done.stderr and SECRET not in done.stderr
    keys.chmod(0o600)
    give_to_server_user(keys)
    assert archive.fetch().returncode == 1
    archive.configure(s3_credentials_file=keys)
    done = archive.fetch()
    assert done.returncode == 153 and "in a section [default]" in done.stderr


def test_a_certificate_must_be_of_somebody_who_is_trusted(archive, scratch):
    crt = certificate(scratch, "s3", "localhost")
    (scratch / "tls").mkdir()
    with s3_server(scratch / "tls", "--key", crt.with_suffix(".key"), "--cert", crt) as tls:
        keys = {"s3_endpoint": f"https://localhost:{tls.port}", "store_timeout": 1}
        archive.configure(**keys)
        done = archive.fetch()
        assert done.returncode == 166 and "certificate" in done.stderr, done.stderr
        archive.configure(**keys, s3_ca_file=crt)
        done = archive.fetch()
        assert done.returncode == 153 and "repo init" in done.stderr, done.stderr
