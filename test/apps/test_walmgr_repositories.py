"""walmgr with two repositories: what one of them cannot do, the other does, and everybody hears of it."""
import json

import pytest

from support.archive import Archive, segment_bytes, segment_name
from support.disk import small_disk
from support.server import give_to_server_user


@pytest.fixture
def archive(scratch, program):
    return Archive(scratch, program("walmgr"))


@pytest.fixture
def two(archive):
    """The archive's repository and a second one, both knowing the cluster; a segment lies ready."""
    second = archive.folder / "second"
    second.mkdir()
    give_to_server_user(second)
    archive.configure(walmgr_data=f"{archive.repository}, {second}")
    for repository in (archive.repository, second):
        archive.know_cluster(repository)
    return archive, second


def stored(repository):
    return sorted(path.stem for path in repository.glob("main/wal/1/*/*/*.wal"))


def test_both_have_it_and_a_damaged_copy_is_passed_over(two):
    archive, second = two
    for number in (3, 4):
        assert archive.push(number).returncode == 0
    assert stored(archive.repository) == stored(second) == [segment_name(3), segment_name(4)]

    victim = archive.objects()[0]
    victim.write_bytes(victim.read_bytes()[:-50])
    done = archive.run("xrestore", segment_name(3), archive.repository / "fetched")
    assert done.returncode == 0
    assert done.stderr == (f"walmgr: repository {archive.repository}: main/wal/1/00000001/00000000/{segment_name(3)}.wal in the store "
                           "is cut short or damaged: it has no label at its end; where another repository or the server has it whole, it is "
                           f"replaced by: walmgr CONFIG gap refill --damaged {segment_name(3)}\n")
    assert (archive.repository / "fetched").read_bytes() == segment_bytes(3)
    done = archive.run("verify", "--json")
    assert done.returncode == 12
    assert [len(json.loads(line)["damaged"]) for line in done.stdout.splitlines()] == [1, 0]

    # With both damaged recovery ends with an error, and never without one.
    victim = second / victim.relative_to(archive.repository)
    victim.write_bytes(victim.read_bytes()[:-50])
    assert archive.run("xrestore", segment_name(3), archive.repository / "fetched2").returncode == 162
    assert not (archive.repository / "fetched2").exists()


def test_a_full_disk_under_one_of_two(two):
    archive, _ = two
    with small_disk(256 << 10) as small:
        archive.know_cluster(small)
        for copies, status in (("all", 17), (2, 17), (1, 0)):
            archive.configure(walmgr_data=f"{small},{archive.repository}", wal_copies=copies, wal_compression="none")
            done = archive.push(3)
            assert done.returncode == status
            assert done.stderr.startswith(f"walmgr: repository {small}: ") and "No space left on device" in done.stderr
            assert done.stderr.count("\n") == 1
            assert stored(small) == [] and stored(archive.repository) == [segment_name(3)]
            assert not list(small.rglob("*.tmp"))


def test_a_repository_that_is_gone(two):
    archive, second = two
    assert archive.push(3).returncode == 0
    (second / "main").rename(second / "elsewhere")
    for copies, status in (("all", 3), (1, 0)):
        archive.configure(walmgr_data=f"{second},{archive.repository}", wal_copies=copies)
        done = archive.push(4)
        assert done.returncode == status and "repo init" in done.stderr and done.stderr.count("\n") == 1
    assert archive.run("xrestore", segment_name(4), archive.repository / "fetched").returncode == 0
    # What the other has not may be in the one that is gone.
    assert archive.run("xrestore", segment_name(5), archive.repository / "fetched").returncode == 153


def test_each_mistake_is_named(archive):
    for keys, words in (({"walmgr_data": "/x, y"}, "must begin with a slash"),
                        ({"walmgr_data": "/x, /x"}, "walmgr_data names /x twice"),
                        ({"walmgr_data": "/x, /y", "wal_copies": 3}, "wal_copies"),
                        ({"wal_copies": "some"}, "wal_copies")):
        archive.configure(**keys)
        done = archive.run("verify")
        assert done.returncode == 3 and words in done.stderr and done.stderr.count("\n") == 1
