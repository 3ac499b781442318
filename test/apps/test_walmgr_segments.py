"""Segments that are damaged, short, long, of zeros, missing or of another place: never archived, never handed out, never counted as well."""
import json
import shutil

import pytest

from support.archive import SEGMENT, Archive, segment_bytes, segment_name


@pytest.fixture
def archive(scratch, program):
    made = Archive(scratch, program("walmgr"))
    made.know_cluster(made.repository)
    return made


def offered(archive, data, number=7):
    path = archive.folder / "offered"
    path.write_bytes(data)
    path.chmod(0o644)
    return archive.run("xarchive", path, segment_name(number))


@pytest.mark.parametrize("data, status, words", [
    (segment_bytes(7)[:SEGMENT // 3], 12, "has 349525 bytes"),
    (segment_bytes(7) + bytes(8192), 12, f"has {SEGMENT + 8192} bytes"),
    (b"", 12, "has 0 bytes"),
    (bytes(SEGMENT), 10, "header"),
    (segment_bytes(8), 10, "begins at"),
    (segment_bytes(7, timeline=2), 10, "timeline 2"),
    (segment_bytes(7, magic=0xBEEF), 10, "magic number is 0xBEEF, which no PostgreSQL writes"),
    (segment_bytes(7, magic=0xD111), 10, "magic number is 0xD111, which no PostgreSQL writes"),
    (segment_bytes(7, magic=0xD113), 10, "of PostgreSQL 16, and the cluster of 15"),
    (segment_bytes(7, magic=0xD199), 10, "of a later PostgreSQL than this walmgr knows"),
    (segment_bytes(7, page_size=16384), 10, "pages of 16384 bytes, and the cluster of 8192"),
    (segment_bytes(7, page_size=0), 10, "pages of 0 bytes")],
    ids=["short", "long", "empty", "zeros", "swapped", "of another timeline", "no magic", "a magic between two versions'",
         "of another version", "of a later version", "of other pages", "of no pages"])
def test_what_is_no_such_segment_is_not_archived(archive, data, status, words):
    done = offered(archive, data)
    assert done.returncode == status and words in done.stderr and done.stderr.count("\n") == 1, done
    assert archive.objects() == [] and not list(archive.repository.rglob("*.tmp"))
    assert archive.push(7).returncode == 0


def test_a_record_of_old_tells_no_version_and_is_read_as_before(scratch, program):
    archive = Archive(scratch, program("walmgr"))
    archive.know_cluster(archive.repository, more="")
    for number, (given, status) in enumerate([({"magic": 0xD118}, 0), ({"magic": 0xD106, "page_size": 32768}, 0), ({}, 0),
                                              ({"magic": 0xBEEF}, 10), ({"magic": 0xD199}, 10), ({"page_size": 8000}, 10)]):
        assert offered(archive, segment_bytes(number, **given), number).returncode == status, given
    assert archive.run("verify").returncode == 0


@pytest.mark.parametrize("way", ["none", "lz4", "zstd"])
def test_what_is_damaged_in_the_repository_is_not_handed_out(archive, way):
    archive.configure(wal_compression=way)
    for number in (6, 7, 8):
        assert archive.push(number).returncode == 0
    victim, fetched = archive.objects()[1], archive.repository / "fetched"
    whole = victim.read_bytes()
    middle = len(whole) // 2
    faults = {"a bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:], "short": whole[:-1], "long": whole + b"x",
                       "empty": b"", "zeros": bytes(len(whole)), "swapped": archive.objects()[0].read_bytes(), "missing": None}
    # Each way of packing notices what has changed; the rest is the same for all.
    for what in faults if way == "none" else ["a bit", "short"]:
        if (data := faults[what]) is None:
            victim.unlink()
        else:
            victim.write_bytes(data)
        done = archive.run("xrestore", segment_name(7), fetched)
        status = {"swapped": 10, "missing": 13}.get(what, 12)
        # A status that ends recovery with an error, and nothing that looks like a file.
        assert done.returncode == 150 + status and segment_name(7) in done.stderr, (what, done)
        assert not fetched.exists() and not list(archive.repository.glob("fetched*")), what
        done = archive.run("verify", "--json")
        assert done.returncode != 0, (what, done)
        found = json.loads(done.stdout)
        assert found["gap"] if what == "missing" else segment_name(7) in found["damaged"][0]["object"], (what, found)
        # The server still has the right bytes, and must not be told that they are safe.
        if what != "missing":
            assert archive.push(7).returncode != 0, what
    if way == "none":
        assert archive.push(7).returncode == 0
        assert archive.run("verify").returncode == 0


def test_a_repository_that_was_emptied_is_asked_and_not_remembered(archive):
    assert archive.push(7).returncode == 0
    shutil.rmtree(archive.repository / "main/wal")
    assert archive.run("xrestore", segment_name(7), archive.repository / "fetched").returncode == 1
    assert not (archive.repository / "fetched").exists()
    assert archive.push(7).returncode == 0
    assert [path.stem for path in archive.objects()] == [segment_name(7)]
