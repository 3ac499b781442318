"""Repositories that are elsewhere: each keeps the laws of a store, and a server's log comes back from it."""
import contextlib
import os
import shutil
import subprocess

import pytest

from support.archive import Archive, archiving_server, recovering_copy, segment_bytes, segment_name, wait_until_archived
from support.disk import small_disk
from support.killed_at_change import killed_at, made_by
from support.server import as_server_user, give_to_server_user, scratch_folder
from support.ssh import ssh_server
from support.untyped import untyped_folders


@pytest.fixture(scope="module")
def sshd():
    folder = scratch_folder("pgq-ssh-")
    try:
        with ssh_server(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def laws(program, location, *settings):
    return subprocess.run(as_server_user([program("store_laws"), location, *settings]), capture_output=True, text=True, timeout=120,
                          cwd="/")


@pytest.fixture
def archive(scratch, program):
    return Archive(scratch, program("walmgr"))


@pytest.fixture
def there(scratch):
    """A folder of the other side, whose name has to be quoted."""
    folder = scratch / "there's a \"folder\""
    folder.mkdir()
    return folder


def by_sftp(archive, sshd, folder, **keys):
    archive.configure(walmgr_data=sshd.location(folder, "sftp"), **{"ssh_command": sshd.command, **keys})


def by_ssh(archive, sshd, folder, **keys):
    archive.configure(walmgr_data=sshd.location(folder), **{"ssh_command": sshd.command, "ssh_walmgr": archive.program, **keys})


def by_folder(archive, sshd, folder, **keys):
    archive.configure(walmgr_data=folder, **keys)


def leftovers(folder):
    return [path for path in folder.rglob("*") if path.name.startswith(".") or path.is_file()]


def recovers_from(archive, scratch, wait_until, configure, first=lambda server: None):
    """A server archives three segments, and a copy of it gets them back."""
    with archiving_server(archive, configure=configure) as server:
        first(server)
        server.execute("create table kept (n int)")
        server.stop()
        subprocess.run(as_server_user(["cp", "-a", server.data, scratch / "cold"]), check=True, cwd="/")
        server.start()
        for n in range(3):
            server.execute("insert into kept values (%s)", n)
            wait_until_archived(server, wait_until)
        server.kill9()
    with recovering_copy(archive, scratch / "cold") as copy:
        copy.start()
        wait_until(lambda: copy.execute("select pg_is_in_recovery()") == [(False,)], what="the end of recovery")
        assert copy.execute("select n from kept order by n") == [(0,), (1,), (2,)]
    done = archive.run("verify")
    assert done.returncode == 0, done.stderr


def init_makes_a_key(archive, sshd, server):
    """The machine is not known to who runs the tests, so ssh is told of it on the way."""
    mine = archive.folder / "first words"
    (mine / "there").mkdir(parents=True)
    give_to_server_user(mine)
    (mine / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -oUserKnownHostsFile={sshd.folder}/known_hosts "$@"\n')
    (mine / "ssh").chmod(0o755)
    path = {**os.environ, "PATH": f"{mine}:{os.environ['PATH']}"}
    key, known = mine / "key", mine / "there" / "main/history/1.ini"

    def run(ini, *words, status, says):
        done = subprocess.run(as_server_user([archive.program, mine / ini, *words]), capture_output=True, text=True, cwd=mine, env=path,
                              timeout=60)
        assert done.returncode == status and says in done.stdout + done.stderr, done

    init = ("init", sshd.location(mine / "there", "sftp"), "--master-db", server.conninfo(), "--ssh-keygen", "key")
    run("1.ini", *init, "-n", status=0, says=f"would make the key {key}")
    assert not key.exists()
    run("1.ini", *init, status=0, says="repo init, when 127.0.0.1 has the key")
    secret = key.read_text()
    assert "OPENSSH PRIVATE KEY" in secret and key.stat().st_mode & 0o777 == 0o600
    run("1.ini", "repo", "init", status=16, says="Permission denied")
    sshd.keys.write_text(sshd.keys.read_text() + (mine / "key.pub").read_text())
    try:
        run("1.ini", "repo", "init", status=0, says="recorded: cluster")
        assert known.exists()
        run("2.ini", *init, status=0, says="next: walmgr")
    finally:
        sshd.allow()
    assert key.read_text() == secret


@pytest.mark.parametrize("scheme", ["ssh", "sftp"])
def test_a_machine_keeps_the_laws(program, sshd, archive, there, scheme):
    done = laws(program, sshd.location(there, scheme), f"ssh_command={sshd.command}", f"ssh_walmgr={archive.program}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "all laws hold\n", "")
    assert not [path for path in leftovers(there) if path.name.startswith(".")]


@pytest.mark.parametrize("reached", [by_ssh, pytest.param(by_sftp, marks=pytest.mark.long)])
def test_a_server_archives_there_and_a_copy_recovers(archive, sshd, there, scratch, wait_until, reached):
    recovers_from(archive, scratch, wait_until, lambda **keys: reached(archive, sshd, there, **keys),
                  lambda server: init_makes_a_key(archive, sshd, server))
    assert len(list(there.glob("main/wal/1/*/*/*.wal"))) >= 3


@pytest.mark.parametrize("what", ["untyped", "linked", "linked by sftp"])
def test_a_folder_is_one_whatever_a_list_says_of_it(archive, request, scratch, what):
    archive.know_cluster(archive.repository)
    for number in (1, 3):
        assert archive.push(number).returncode == 0
    environment = untyped_folders(scratch) if what == "untyped" else None
    timeline, elsewhere = archive.repository / "main/wal/1/00000001", scratch / "another disk"
    if what != "untyped":
        timeline.rename(elsewhere)
        timeline.symlink_to(elsewhere)
    if what == "linked by sftp":
        by_sftp(archive, request.getfixturevalue("sshd"), archive.repository)

    def says(*command):
        done = archive.run(*command, env=environment)
        return done.returncode, done.stdout + done.stderr

    missing = ("xrestore", segment_name(2), archive.repository / "back")
    assert says(*missing)[0] == 163
    status, said = says("verify")
    assert status == 13 and said.count(": 1 segment\n") == 2, said
    if what != "untyped":  # that disk is away
        elsewhere.rename(scratch / "away")
        assert says(*missing)[0] == 166
        assert says("verify")[0] == 16


def known(archive, folder):
    """Lets the repository in a folder know a cluster without a server, and makes a file that can be archived."""
    record = folder / "main/history/1.ini"
    record.parent.mkdir(parents=True)
    record.write_text("[cluster]\nsystem_id = 7000000001\nsegment_size = 16777216\n")
    history = archive.folder / "00000002.history"
    history.write_text("1\t0/3000000\tno recovery target specified\n")
    return history


def test_a_link_that_is_cut_is_an_error_and_leaves_nothing(archive, sshd, there):
    history = known(archive, there)
    # The other side hears a part of what is said, in the end of the object; then the link is gone.
    for heard in (100, 260):
        by_ssh(archive, sshd, there, ssh_walmgr=f"dd bs=1 count={heard} 2>/dev/null | {archive.program}")
        done = archive.run("xarchive", history, history.name)
        assert done.returncode == 16 and "cut" in done.stderr, done.stderr
        assert leftovers(there) == [there / "main/history/1.ini"]

    by_ssh(archive, sshd, there)
    assert archive.run("xarchive", history, history.name).returncode == 0
    assert archive.run("xarchive", history, history.name).returncode == 0
    back = archive.folder / "back"
    # What it asks for arrives in part, which must not look like the end of the log.
    by_ssh(archive, sshd, there, ssh_command=f"{archive.folder}/cut-ssh", store_timeout=3)
    cut = archive.folder / "cut-ssh"
    cut.write_text(f"#!/bin/sh\n{sshd.command} \"$@\" | dd bs=1 count=60 2>/dev/null\n")
    cut.chmod(0o755)
    done = archive.run("xrestore", history.name, back)
    assert done.returncode == 166 and not back.exists(), done.stderr


def test_a_link_of_sftp_that_is_cut_anywhere_is_an_error_and_nothing_is_sealed(archive, sshd, there):
    history = known(archive, there)
    cut = archive.folder / "cut-ssh"
    by_sftp(archive, sshd, there, ssh_command=cut, store_timeout=30)
    whole, heard = False, 9  # bytes that the server hears before the link is gone: from its greeting on to behind the last request
    while not whole:
        # ssh does not wait for what it writes to, which dd shares where there is nothing between.
        cut.write_text(f"#!/bin/sh\ndd bs=1 count={heard} 2>/dev/null | {sshd.command} \"$@\" | cat\n")
        cut.chmod(0o755)
        done = archive.run("xarchive", history, history.name)
        whole = done.returncode == 0
        assert whole or done.returncode == 16 and "cut" in done.stderr and done.stderr.count("\n") == 1, done.stderr
        # Once it has its name it is whole, even if nobody heard of it.
        for path in there.rglob("*.history.wal"):
            if not path.name.startswith("."):
                assert subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout == history.read_bytes()
        heard += 380  # three or four requests
    back = archive.folder / "repository/back"
    # What it asks for arrives in part, which must not look like the end of the log.
    by_sftp(archive, sshd, there, ssh_command=cut, store_timeout=3)
    cut.write_text(f"#!/bin/sh\n{sshd.command} \"$@\" | dd bs=1 count=700 2>/dev/null\n")
    done = archive.run("xrestore", history.name, back)
    assert done.returncode == 166 and not back.exists(), done.stderr
    by_sftp(archive, sshd, there)
    assert archive.run("xrestore", history.name, back).returncode == 0 and back.read_bytes() == history.read_bytes()


@pytest.mark.parametrize("keys, status, words", [
    ({"ssh_command": "{sshd.command} -oUserKnownHostsFile=/dev/null -oStrictHostKeyChecking=no"}, 16, "Host key verification failed"),
    ({"ssh_command": "/nowhere/ssh"}, 3, "there is no program /nowhere/ssh"),
    ({"ssh_command": "{hangs}", "store_timeout": "1"}, 16, "no answer for 1 s"),
    ({"ssh_command": "echo Welcome to this machine"}, 16, "its shell must print nothing"),
    ({"walmgr_data": "{elsewhere}"}, 16, "there is no such folder"),
])
def test_a_machine_that_cannot_be_asked_by_sftp_is_no_end_of_the_log(archive, sshd, there, keys, status, words):
    history = known(archive, there)
    hangs = archive.folder / "hangs"
    hangs.write_text("#!/bin/sh\nexec sleep 600\n")
    hangs.chmod(0o755)
    elsewhere = sshd.location(there / "not mounted", "sftp")
    archive.configure(**{"walmgr_data": sshd.location(there, "sftp"), "ssh_command": sshd.command,
                         **{key: value.format(sshd=sshd, hangs=hangs, elsewhere=elsewhere) for key, value in keys.items()}})
    done = archive.run("xrestore", history.name, archive.folder / "back")
    assert done.returncode == 150 + status and words in done.stderr and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("keys, status, words", [
    ({"ssh_command": "{sshd.command} -oUserKnownHostsFile=/dev/null -oStrictHostKeyChecking=no"}, 16, "Host key verification failed"),
    ({"ssh_command": "ssh -F none -oUserKnownHostsFile={sshd.folder}/known_hosts -i {sshd.folder}/other_key -oIdentityAgent=none"}, 16, "ermission denied"),
    ({"ssh_walmgr": "/nowhere/walmgr"}, 16, "/nowhere/walmgr"),
    ({"ssh_walmgr": "echo Welcome;"}, 16, "its shell must print nothing"),
    ({"ssh_command": "/nowhere/ssh"}, 3, "there is no program /nowhere/ssh"),
    ({"ssh_command": "{hangs}", "store_timeout": "1"}, 16, "no answer for 1 s"),
])
def test_a_machine_that_cannot_be_asked_is_no_end_of_the_log(archive, sshd, there, keys, status, words):
    history = known(archive, there)
    hangs = archive.folder / "hangs"
    hangs.write_text("#!/bin/sh\nexec sleep 600\n")
    hangs.chmod(0o755)
    by_ssh(archive, sshd, there, **{key: value.format(sshd=sshd, hangs=hangs) for key, value in keys.items()})
    done = archive.run("xrestore", history.name, archive.folder / "back")
    assert done.returncode == 150 + status and words in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_a_machine_that_keeps_silent_has_its_time_and_then_it_is_away(archive, sshd, there):
    history = known(archive, there)
    running = []
    with sshd.silent():
        for reached in (by_ssh, by_sftp):
            reached(archive, sshd, there, store_timeout=1)
            ini = archive.ini.rename(archive.folder / f"{reached.__name__}.ini")
            for words in (("xarchive", history, history.name), ("xrestore", history.name, archive.folder / "back"), ("verify",)):
                running.append((words, subprocess.Popen(as_server_user([archive.program, ini, *words], die_with_parent=True), text=True,
                                                        stderr=subprocess.PIPE, cwd="/")))
        for words, process in running:
            said = process.communicate(timeout=60)[1]
            assert process.returncode == (166 if words[0] == "xrestore" else 16), (words, said)
            assert said.count("\n") == 1 and "127.0.0.1" in said, said
            # Of ours or of ssh, which says it in one line or two.
            assert "no answer for 1 s" in said or "banner exchange" in said or "timed out" in said, said
    assert leftovers(there) == [there / "main/history/1.ini"]
    by_ssh(archive, sshd, there)
    assert archive.run("xarchive", history, history.name).returncode == 0


@pytest.mark.parametrize("reached", [by_folder, by_ssh, by_sftp])
def test_what_a_killed_archiver_has_left_goes_with_the_next_expire(archive, sshd, reached):
    """And nothing of whoever may be at work: a process that is there, another machine, or an earlier walmgr, which wrote no words for that."""
    archive.know_cluster(archive.repository)
    changes = []
    for number in (3, 4, 5):
        path = archive.folder / segment_name(number)
        path.write_bytes(segment_bytes(number))
        path.chmod(0o644)
        command = archive.command("xarchive", path, path.name)
        if number < 5:
            changes = made_by(command, archive.folder)
    at = next(number for number, change in enumerate(changes, 1) if change.startswith("renameat2"))
    assert killed_at(command, at, archive.folder)[0].startswith("renameat2")
    segments = archive.objects()[0].parent
    left, = segments.glob(".*.tmp")

    machine, boot, _, chance, _ = left.name.split(".")[-5:]
    names = {"lives": (machine, boot, os.getpid()), "elsewhere": ("0123456789abcdef", "fedcba9876543210", 1 << 22),
             "container": ("0", "fedcba9876543210", 1 << 22), "before": (machine, "fedcba9876543210", os.getpid())}
    files = {what: segments / ".".join(["", what, *map(str, words), chance, "tmp"]) for what, words in names.items()}
    files["old"] = segments / f".{segment_name(6)}.wal.{1 << 22}.{chance}.tmp"
    for file in files.values():
        file.write_bytes(b"x")
        give_to_server_user(file)
    kept = {"lives", "elsewhere", "container", "old"} | ({"before"} if machine == "0" else set())
    reached(archive, sshd, archive.repository)
    assert archive.run("xpurgewals", "-n").returncode == 0 and left.exists()
    done = archive.run("xpurgewals")
    assert done.returncode == 0 and not left.exists() and set(segments.glob(".*.tmp")) == {files[what] for what in kept}, done
    assert archive.push(5).returncode == 0 and archive.run("verify").returncode == 0


def test_a_key_can_be_confined_to_one_folder(archive, sshd, there, scratch):
    history = known(archive, there)
    sshd.allow(f'restrict,command="{archive.program} serve --folder {scratch}/other"')
    try:
        by_ssh(archive, sshd, there)
        done = archive.run("xarchive", history, history.name)
        assert done.returncode == 3 and f"serves {scratch}/other there" in done.stderr, done.stderr
        there.rename(scratch / "other")
        by_ssh(archive, sshd, scratch / "other")
        assert archive.run("xarchive", history, history.name).returncode == 0
    finally:
        sshd.allow()


@pytest.mark.parametrize("reached", [by_ssh, by_sftp])
def test_a_full_disk_there_is_told_here(archive, sshd, reached):
    with small_disk("64k") as there:
        history = known(archive, there)
        reached(archive, sshd, there)
        with open(there / "filler", "ab", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"x" * 4096)
        done = archive.run("xarchive", history, history.name)
        assert done.returncode == 17 and "No space left" in done.stderr, done.stderr
