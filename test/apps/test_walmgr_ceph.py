"""Repositories in an object store that judges by itself: Ceph's gateway checks each signature, and that nobody replaces an object."""
import json
import os
import subprocess

import pytest

from support.archive import SEGMENT, SYSTEM_ID, Archive, segment_bytes, segment_name
from support.ceph import BUCKET, KEY, SECRET, gateway
from support.oracle import prove, verify_files
from support.server import Server, as_server_user, tree

pytestmark = pytest.mark.long


def with_keys(secret=SECRET):
    return {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": secret}


@pytest.fixture(scope="module")
def ceph():
    with gateway() as made:
        yield made


class CephArchive(Archive):
    def __init__(self, folder, program, ceph):
        self.ceph, self.secret = ceph, SECRET
        super().__init__(folder, program)

    def configure(self, **keys):
        super().configure(**{"walmgr_data": f"s3://{BUCKET}/{self.folder.name}/a b+c", "s3_endpoint": self.ceph.endpoint, "s3_style": "path", **keys})

    def run(self, *args, **keywords):
        return super().run(*args, env=with_keys(self.secret), **keywords)


@pytest.fixture
def archive(scratch, program, ceph):
    return CephArchive(scratch, program("walmgr"), ceph)


@pytest.mark.parametrize("first_wins", ["server", "looking"])
def test_the_laws_of_stores_hold(program, ceph, scratch, first_wins):
    done = subprocess.run(as_server_user([program("store_laws"), f"s3://{BUCKET}/{scratch.name}", f"s3_endpoint={ceph.endpoint}",
                                          "s3_style=path", f"s3_first_wins={first_wins}"]),
                          capture_output=True, text=True, timeout=300, cwd="/", env=with_keys())
    assert (done.returncode, done.stdout, done.stderr) == (0, "all laws hold\n", "")


def test_a_wrong_key_is_refused_there(archive):
    archive.secret = "another"
    done = archive.run("repo", "ls")
    assert done.returncode == 16 and "SignatureDoesNotMatch" in done.stderr and "another" not in done.stderr, done


def test_of_many_who_bring_one_name_one_wins(archive):
    """Each brings other bytes under the same names at the same moment: one is told that his are stored, and they are."""
    record = archive.folder / "record"
    record.write_text(f"[cluster]\nsystem_id = {SYSTEM_ID}\nsegment_size = {SEGMENT}\n")
    archive.ceph.put(f"{archive.folder.name}/a%20b%2Bc/main/history/1.ini", record)
    for number in range(1, 9):
        name = segment_name(number)
        bring = []
        for seed in range(1, 7):
            path = archive.folder / f"{name}.{seed}"
            path.write_bytes(segment_bytes(number, seed=seed))
            bring.append(subprocess.Popen(as_server_user(archive.command("xarchive", path, name)), env=with_keys(), stderr=subprocess.PIPE,
                                          cwd=archive.repository, text=True))
        ended = [(process.communicate(timeout=60)[1], process.returncode) for process in bring]
        assert sorted(status for _, status in ended) == [0, 11, 11, 11, 11, 11], ended
        winner = [status for _, status in ended].index(0) + 1
        back = archive.repository / name
        assert archive.run("xrestore", name, back).returncode == 0
        assert back.read_bytes() == segment_bytes(number, seed=winner)


def test_a_server_archives_there_and_comes_back(archive, wait_until):
    """The whole way: the bucket is proved, a server archives and is backed up under load, and what is restored has every row."""
    folder = archive.make_folder("primary")
    keys = f"AWS_ACCESS_KEY_ID={KEY} AWS_SECRET_ACCESS_KEY={SECRET}"
    settings = {"fsync": "on", "archive_mode": "on", "archive_command": f"env {keys} {archive.program} {archive.ini} xarchive %p %f"}
    with Server(tree("tree"), folder, settings=settings, checksums=True) as server:
        archive.configure(master_db=server.conninfo())
        done = archive.run("repo", "init")
        assert done.returncode == 0, done
        server.execute("create table kept as select n, repeat(md5(n::text), 20) as text from generate_series(1, 20000) n")
        done = archive.run("backup")
        assert done.returncode == 0, done
        server.execute("insert into kept select n, 'late' from generate_series(20001, 20100) n")
        (last,), = server.execute("select pg_walfile_name(pg_switch_wal())")
        wait_until(lambda: f"{last}.wal" in archive.run("repo", "ls").stdout, what="the last segment")
        expected = server.execute("select count(*), md5(string_agg(n || text, ',' order by n)) from kept")
    done = archive.run("verify", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["damaged"] == [], done
    back = archive.make_folder("back")
    label = json.loads(archive.run("info", "--json").stdout)["backups"][0]["label"]
    done = archive.run("restore", label, back / "data")
    assert done.returncode == 0, done
    environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    verify_files(archive, label, back / "data")
    with Server(tree("tree"), back, environment=environment) as server:
        prove(server, {"select count(*), md5(string_agg(n || text, ',' order by n)) from kept": expected}, wait_until)
