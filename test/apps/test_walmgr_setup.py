"""walmgr turns a server's archiving on and off, and says what is wrong with it."""
import json
import re
import shutil
import subprocess

import pytest

from support.archive import Archive, wait_until_archived
from support.server import Server, as_server_user, scratch_folder, tree


@pytest.fixture(scope="module")
def archive(program):
    folder = scratch_folder()
    # The words of a command that a shell reads: a blank, a quote and a per cent sign are none of its business.
    (folder / "it's 5% full").mkdir()
    yield Archive(folder / "it's 5% full", program("walmgr"))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def primary(archive):
    folder = scratch_folder()
    server = Server(tree("tree"), folder)
    try:
        with server:
            archive.configure(master_db=server.conninfo())
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def verdicts(archive):
    done = archive.run("check", "--json")
    found = json.loads(done.stdout)
    assert found["fine"] is (done.returncode == 0), done
    return {one["name"]: (one["verdict"], one["says"]) for one in found["probes"]}


def test_archiving_is_set_up_watched_and_stopped(archive, primary, wait_until):
    setting = "select current_setting(%s)"
    done = archive.run("setup")
    assert done.returncode == 3 and "repo init" in done.stderr
    assert archive.run("repo", "init").returncode == 0

    # A dry run changes nothing.
    done = archive.run("setup", "-n")
    assert done.returncode == 0 and "would set archive_mode = 'on'" in done.stdout, done.stderr
    assert primary.execute("select count(*) from pg_file_settings where sourcefile like '%%auto.conf'") == [(0,)]

    done = archive.run("setup")
    assert done.returncode == 0, done.stderr
    assert "in force after a restart of the server: archive_mode" in done.stdout
    found = verdicts(archive)
    assert found["restart"] == ("wrong", "these settings wait for one: archive_mode")
    assert found["archive_mode"][0] == "wrong" and found["archive_command"] == ("ok", "archives here")
    primary.restart()
    assert archive.run("setup").stdout == "nothing to change\n"
    name = wait_until_archived(primary, wait_until)
    assert name in {path.stem for path in archive.objects()}

    found = verdicts(archive)
    wrong = {name for name, (verdict, _) in found.items() if verdict == "wrong"}
    assert wrong == {"backup"} and "no base backup" in found["backup"][1], found
    assert found["archiver"][1].startswith("last archived: 0000")
    assert {"repository", "gaps", "server", "identity", "wal_level", "full_page_writes", "slots", "synchronous", "clock",
            "backlog"} <= set(found)
    assert not list(archive.repository.glob("main/probe/*"))

    # Its troubles are noticed.
    primary.execute("select pg_create_physical_replication_slot('forgotten', true)")
    primary.execute("alter system set synchronous_standby_names = 'nobody'")
    primary.execute("select pg_reload_conf()")
    names = [path for path in archive.objects()]
    for _ in range(2):
        wait_until_archived_without_commit(primary, wait_until)
    names = archive.objects()
    names[-2].rename(archive.folder / "aside")
    wait_until(lambda: primary.execute(setting, "synchronous_standby_names") == [("nobody",)], what="the setting")
    found = verdicts(archive)
    assert found["slots"][0] == "note" and "forgotten: nobody uses it" in found["slots"][1]
    assert found["synchronous"] == ("wrong", "commits wait for nobody, and none of them streams")
    assert found["gaps"] == ("wrong", f"missing: {names[-2].stem}")
    (archive.folder / "aside").rename(names[-2])
    primary.execute("alter system reset synchronous_standby_names")
    primary.execute("select pg_drop_replication_slot('forgotten')")

    # A repository that fails is noticed, both here and by what the server says of its archiver.
    moved = archive.repository.rename(archive.folder / "moved")
    primary.execute("select pg_switch_wal()")
    primary.execute("select pg_logical_emit_message(false, 'x', 'y')")
    primary.execute("select pg_switch_wal()")
    wait_until(lambda: verdicts(archive)["archiver"][0] == "wrong", what="a failure of the archiver")
    found = verdicts(archive)
    assert found["repository"][0] == "wrong" and "cannot be entered" in found["repository"][1]
    assert found["identity"][0] == "wrong"
    moved.rename(archive.repository)
    primary.execute("select pg_logical_emit_message(false, 'x', 'y')")
    primary.execute("select pg_switch_wal()")  # an archiver that has failed three times sleeps for a minute, or until this
    wait_until(lambda: verdicts(archive)["archiver"][0] == "ok", what="archiving again", timeout=90)

    done = archive.run("stop", "--dry-run")
    assert done.returncode == 0 and "would set archive_command = ''" in done.stdout
    done = archive.run("stop")
    assert done.returncode == 0 and "keeps its log until it archives again" in done.stdout, done.stderr
    assert primary.execute(setting, "archive_command") == [("",)]
    primary.execute("select pg_logical_emit_message(false, 'x', 'y')")  # an empty segment is not switched
    (before,), = primary.execute("select pg_walfile_name(pg_switch_wal())")
    wait_until(lambda: int(re.search(r"again, (\d+) files", archive.run("stop").stdout)[1]) >= 1, what="a backlog")
    assert "does not archive here; run: walmgr CONFIG setup" in verdicts(archive)["archive_command"][1]

    # Nothing was lost by it.
    assert archive.run("setup").returncode == 0
    wait_until(lambda: before in {path.stem for path in archive.objects()}, what="the backlog is archived", timeout=90)
    assert archive.run("backup").returncode == 0
    second, third = archive.make_folder("second"), archive.folder / "third"
    archive.configure(master_db=primary.conninfo(), walmgr_data=f"{third}, {archive.repository}, {second}")
    assert archive.run("repo", "init").returncode == 16  # the third is not there
    done = archive.run("stop", "--discard-wal")
    assert done.returncode == 0 and "may never be archived" in done.stdout and f"repository {third}: " in done.stderr, done
    assert primary.execute(setting, "archive_command") == [("/bin/true",)]
    first = done.stdout.split("recorded: ")[1].split()[0]
    for repository in (archive.repository, second):
        assert [path.name for path in repository.glob("main/discarded/1/*")] == [first]
    archive.configure(master_db=primary.conninfo())
    assert verdicts(archive)["discarded"][0] == "note"

    # Until later log comes, which would show a gap, nothing else tells that the end is not the end.
    def told():
        listed = archive.run("gap", "list")
        planned = archive.run("restore", "-n", archive.folder / "copy")
        assert listed.returncode == planned.returncode == 0, (listed, planned)
        assert json.loads(archive.run("gap", "list", "--json").stdout)["discarded"] == (first if first in listed.stdout else None)
        return listed.stdout.count(f"{first} and what follows was thrown away by stop --discard-wal"), planned.stderr.count(first)

    assert told() == (1, 1)
    assert archive.run("setup", "--replace").returncode == 0
    wait_until_archived(primary, wait_until)
    assert told() == (0, 0)
    assert archive.run("stop", "--discard-wal").returncode == 0

    # What archives elsewhere is left alone.
    primary.execute("alter system set archive_command = 'cp %p /elsewhere/%f'")
    primary.execute("select pg_reload_conf()")
    wait_until(lambda: "elsewhere" in primary.execute(setting, "archive_command")[0][0], what="the setting")
    for command in ("setup", "stop"):
        done = archive.run(command)
        assert done.returncode == 1 and 'by "cp %p /elsewhere/%f"; give --replace' in done.stderr
    assert archive.run("setup", "--replace").returncode == 0
    assert verdicts(archive)["archive_command"] == ("ok", "archives here")


def wait_until_archived_without_commit(server, wait_until):
    """As wait_until_archived(), where no commit would return."""
    server.execute("select pg_logical_emit_message(false, 'x', 'y')")
    (name,), = server.execute("select pg_walfile_name(pg_switch_wal())")
    wait_until(lambda: server.execute("select last_archived_wal >= %s from pg_stat_archiver", name) == [(True,)],
               what=f"{name} is archived", timeout=90)


def test_a_setting_on_the_command_line_is_not_believed_to_be_changed(archive, primary):
    folder = scratch_folder()
    server = Server(tree("tree"), folder, settings={"archive_command": "/bin/false"})
    try:
        with server:
            archive.configure(master_db=server.conninfo())
            done = archive.run("setup", "--replace")
            assert done.returncode == 3 and "archive_command is set on the server's command line" in done.stderr
    finally:
        archive.configure(master_db=primary.conninfo())
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("line, words", [
    ("master_restart_cmd = service postgresql restart && echo", "has a & for a shell, and none reads it"),
    ("slave_data = here", ":3: slave_data must begin with a slash"),
    ("slave_db = nonsense", ":3: slave_db is wrong"),
])
def test_keys_of_the_original_are_read_or_refused_with_a_sentence(archive, line, words):
    before = archive.ini.read_text()
    try:
        archive.ini.write_text(f"[walmgr]\nwalmgr_data = {archive.repository}\n{line}\n")
        done = archive.run("check")
        assert done.returncode == 3 and words in done.stderr and done.stderr.count("\n") == 1
    finally:
        archive.ini.write_text(before)
