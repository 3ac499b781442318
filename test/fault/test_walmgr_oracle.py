"""What is asked of each restored server (support/oracle.py) says no where something is wrong: each kind of damage is made here."""
import contextlib
import shutil

import pytest

from support.archive import Archive, archiving_server, wait_until_archived
from support.oracle import pages_are_whole, prove, relations_are_whole, verify_files
from support.server import Server, scratch_folder, tree

ROWS = "select count(*), sum(n) from kept"


@contextlib.contextmanager
def flipped(path, at):
    """One bit of a file is another, for as long as the block takes."""
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1:])
    yield
    path.write_bytes(whole)


@pytest.fixture
def restored(program, wait_until):
    """A server that was restored and not started yet, its archive, the backup, and where a table and its index lie."""
    archive, folder = Archive(scratch_folder(), program("walmgr")), scratch_folder()
    try:
        with archiving_server(archive) as server:
            server.execute("create table kept as select g as n, repeat('x', 100) as filler from generate_series(1, 1000) g")
            server.execute("create index of_kept on kept (n)")
            paths = server.execute("select pg_relation_filepath('kept'), pg_relation_filepath('of_kept')")[0]
            done = archive.run("backup")
            assert done.returncode == 0, done
            server.execute("insert into kept values (1001, 'behind')")
            wait_until_archived(server, wait_until)
        archive.configure(master_db="user=postgres dbname=postgres", slave_bin=tree("tree") / "bin")
        label = done.stdout.split(":")[0]
        done = archive.run("restore", folder / "data")
        assert done.returncode == 0, done
        yield archive, label, Server(tree("tree"), folder), *(folder / "data" / path for path in paths)
    finally:
        for one in (archive.folder, folder):
            shutil.rmtree(one, ignore_errors=True)


def refuses(words):
    return pytest.raises(AssertionError, match=words)


def test_it_says_no_to_each_kind_of_damage(restored, wait_until):
    archive, label, server, table, index = restored
    rows = {ROWS: [(1001, 1001 * 1002 // 2)]}
    verify_files(archive, label, server.data)
    for path in (table, index):
        with flipped(path, 8192 + 5000), refuses(f"checksum mismatch for file.*{path.name}"):
            verify_files(archive, label, server.data)
    (server.data / "base/nobodys").touch()
    with refuses('"base/nobodys" is present on disk but not in the manifest'):
        verify_files(archive, label, server.data)
    (server.data / "base/nobodys").unlink()

    with server:
        prove(server, rows, wait_until)
        assert not server.running
        with flipped(table, 8192 + 5000), refuses("checksum verification failed in file"):
            pages_are_whole(server.data)
        old = index.read_bytes()

        server.start()
        server.execute("delete from kept where n = 7")
        with refuses("select count.*1000, 501494"):
            prove(server, rows, wait_until)
        server.execute("insert into kept values (7, 'again')")
        server.stop()
        index.write_bytes(old)  # whole pages, which know nothing of the row that came after them
        server.start()
        with refuses('lacks matching index tuple within index "of_kept"'):
            relations_are_whole(server.conninfo())
        server.stop()
        pages_are_whole(server.data)
    without = Server(tree("tree"), server.folder / "without")
    without.init()
    with refuses("checksums are not enabled"):
        pages_are_whole(without.data)
