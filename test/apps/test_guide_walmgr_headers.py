"""The program of docs/guide/walmgr_headers.md keeps a real server's log and backup, as the page says."""
import os
import re
import shutil
import subprocess

import pytest

from support.archive import Archive, small_segments_server, wait_until_archived
from support.guide import check_compiles, pieces_of
from support.server import ROOT, Server, as_server_user, scratch_folder, tree

PAGE = "docs/guide/walmgr_headers.md"


@pytest.fixture(scope="module")
def keeper():
    """The program, where the server's user finds it."""
    folder = scratch_folder()
    check_compiles("".join(pieces_of(PAGE)), folder, "-o", folder / "keeper", "-lpq", "-lzstd", "-llz4", "-lcrypto", "-pthread")
    os.chmod(folder / "keeper", 0o755)
    yield folder / "keeper"
    shutil.rmtree(folder)


def test_the_program_of_the_page_archives_backs_up_verifies_and_restores(keeper, scratch, program, wait_until):
    archive = Archive(scratch, program("walmgr"))
    old, new = archive.repository, archive.make_folder("new")

    def keep(*words, status=0, cwd=scratch):
        done = subprocess.run(as_server_user([keeper, new, old, *words]), capture_output=True, text=True, cwd=cwd, timeout=120)
        assert done.returncode == status, done
        return done.stdout + done.stderr

    archiver = scratch / "archiver"

    def archive_by(command):
        fresh = archiver.with_suffix(".new")
        fresh.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        fresh.chmod(0o755)
        fresh.rename(archiver)

    archive_by(f"{archive.program} {archive.ini} xarchive")
    with small_segments_server(archive, archive_command=f"{archiver} %p %f") as server:
        before = wait_until_archived(server, wait_until)
        archive_by(f"{keeper} {new} {old} archive")
        server.execute("create table kept as select generate_series(1, 1000) n")
        segment = wait_until_archived(server, wait_until)
        label = keep("backup", server.conninfo()).split()[-1]
        assert label in os.listdir(new / "main/base") and not list(old.rglob("*-F"))
        assert list(new.rglob("leases/backup/*")) == []
        server.execute("insert into kept values (1001)")
        wait_until_archived(server, wait_until)

    object_of, = new.rglob(f"{segment}.wal")
    frame = subprocess.run(["zstd", "-lv", object_of], capture_output=True, text=True).stdout
    assert "XXH64" in frame and subprocess.run(["zstd", "-tq", object_of]).returncode == 0
    assert list(old.rglob(f"{before}.wal")) and not list(old.rglob(f"{segment}.wal"))
    assert keep("verify") == ""

    # What was stored in the old place is not stored again, and bytes that are other than there are refused.
    assert keep("fetch", before, scratch / "new/fetched") == ""
    assert keep("archive", scratch / "new/fetched", before) == "" and not list(new.rglob(f"{before}.wal"))
    damaged = (scratch / "new/fetched").read_bytes()[:-1] + b"x"
    (scratch / "new/fetched").write_bytes(damaged)
    assert "with other bytes" in keep("archive", scratch / "new/fetched", before, status=11)

    data = archive.make_folder("copy")
    restored = keep("restore", data / "data", f"{keeper} {new} {old} fetch %f %p")
    assert re.fullmatch(rf"{label}: \d\d+ files\n", restored), restored
    with Server(tree("tree"), data, data=data / "data") as copy:
        wait_until(lambda: copy.execute("select not pg_is_in_recovery()") == [(True,)], what="recovery ends")
        assert copy.execute("select count(*) from kept") == [(1001,)]

    # To a recovering server nothing but "there is none" may look like that; but a standby asks again.
    assert keep("fetch", f"{0xFF:08X}{0:08X}{9:08X}", scratch / "new/none", status=1) == ""
    (new / "main/base" / label / "main-0000.tar").write_bytes(b"damaged")
    assert "main-0000.tar" in keep("verify", status=12)
    old.rename(scratch / "away")
    assert "cannot be entered" in keep("fetch", segment, scratch / "new/fetched", status=126)
    (scratch / "standby.signal").touch()
    assert "cannot be entered" in keep("fetch", segment, scratch / "new/fetched", status=1)
    assert "cannot be entered" in keep("archive", scratch / "new/fetched", segment, status=16)


def test_the_page_names_each_policy_of_the_headers():
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    for header, names in {"durability": ("synced", "unsynced"), "retry": ("backoff", "no_retry"), "lock": ("no_lock",),
                          "executor": ("inline_executor", "thread_executor")}.items():
        text = (ROOT / f"include/walmgr/{header}.hpp").read_text(encoding="utf-8")
        declared = set(re.findall(r"^struct (\w+) \{", text, re.MULTILINE))
        assert declared == set(names), header
        assert [name for name in names if f"`{name}`" not in page] == [], header
