"""walmgr archives the log of a real server, and a copy of that server recovers from it: to the last row, or not at all."""
import contextlib
import json
import random
import re
import subprocess
import time

import pytest

from support.archive import Archive, archiving_server, recovering_copy, wait_until_archived
from support.disk import small_disk
from support.oracle import prove
from support.server import ROOT, Server, ServerError, as_server_user, scratch_folder, tree

MANUAL = ROOT / "docs/man/walmgr.1.scd"


@pytest.fixture
def archive(scratch, program):
    return Archive(scratch, program("walmgr"))


@pytest.fixture
def archived(archive, wait_until, scratch):
    """A server's cold copy, and the archive of what it did afterwards: a row in each of six segments."""
    with archiving_server(archive) as server:
        server.execute("create table kept (n int)")
        server.stop()
        subprocess.run(as_server_user(["cp", "-a", server.data, archive.repository / "cold"]), check=True, cwd="/")
        (archive.repository / "cold").rename(scratch / "cold")
        server.start()
        for n in range(6):
            server.execute("insert into kept values (%s)", n)
            wait_until_archived(server, wait_until)
        server.kill9()
    return scratch / "cold"


def test_a_copy_recovers_to_the_last_archived_row(archive, archived, wait_until):
    with recovering_copy(archive, archived) as copy:
        copy.start()
        prove(copy, {"select n from kept order by n": [(n,) for n in range(6)]}, wait_until)
    done = archive.run("verify", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["gap"] is False and found["damaged"] == []
    assert sum(one["segments"] for one in found["ranges"]) == len(archive.objects()) >= 6


@pytest.mark.parametrize("fault, status", [("damaged", 12), ("cut short", 12), ("missing", 13), ("another's", 12)])
def test_recovery_ends_with_an_error_and_not_with_lost_rows(archive, archived, wait_until, fault, status):
    objects = archive.objects()
    victim = objects[len(objects) // 2]
    whole = victim.read_bytes()
    if fault == "damaged":
        middle = len(whole) // 2
        victim.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0x55]) + whole[middle + 1:])
    elif fault == "cut short":
        victim.write_bytes(whole[:-1000])
    elif fault == "missing":
        victim.unlink()
    else:
        victim.write_bytes(objects[0].read_bytes())
    with recovering_copy(archive, archived) as copy:
        with contextlib.suppress(ServerError):  # it may take connections before it comes to that segment, or not
            copy.start()
        wait_until(lambda: not copy.running, what="the end of the server")
        said = copy.log.read_text()
        assert f'could not restore file "{victim.stem}" from archive' in said and "walmgr: " in said
        assert not list((copy.data / "pg_wal").glob("*.history"))  # no promotion
        assert not list((copy.data / "pg_wal").glob("*.tmp"))
    done = archive.run("verify")
    several = archive.run("verify", "--jobs", "3")
    assert done.returncode == status and (several.returncode, several.stdout, several.stderr) == (status, done.stdout, done.stderr)
    assert victim.stem in done.stderr or fault == "missing" and "1 segments are missing" in done.stderr

    # A standby goes on by streaming, and neither ends nor promotes itself.
    with recovering_copy(archive, archived, signal="standby.signal") as standby:
        standby.start()
        assert standby.execute("select pg_is_in_recovery(), count(*) < 6 from kept") == [(True, True)]


@pytest.mark.parametrize("tree_name", ["tree-14", "tree-16", "tree-17", "tree-18"])
def test_segments_of_other_versions_are_known(archive, tree_name, wait_until):
    if not (tree(tree_name) / "bin/postgres").exists():
        pytest.skip(f"build/{tree_name} is missing")
    with archiving_server(archive, tree_name) as server:
        wait_until_archived(server, wait_until)
        done = archive.run("verify")
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("segment") >= 1


@pytest.mark.parametrize("way, tool", [("zstd", "zstd"), ("lz4", "lz4"), ("none", "lz4")])
def test_archived_files_are_rescued_without_this_program(archive, wait_until, way, tool):
    with archiving_server(archive) as server:
        archive.configure(wal_compression=way)
        name = wait_until_archived(server, wait_until)
    packed = archive.objects()[-1]
    assert packed.stem == name
    rescued = subprocess.run([tool, "-dcq"], stdin=packed.open("rb"), capture_output=True)
    assert rescued.returncode == 0 and len(rescued.stdout) == 16 << 20
    assert archive.run("xrestore", name, archive.repository / "fetched").returncode == 0
    assert (archive.repository / "fetched").read_bytes() == rescued.stdout


def test_archiving_that_is_killed_anywhere_leaves_all_or_nothing(archive, wait_until):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with archiving_server(archive) as server:
        name = wait_until_archived(server, wait_until)
    whole = archive.objects()[-1]
    assert archive.run("xrestore", name, archive.repository / "segment").returncode == 0
    for _ in range(25):
        whole.unlink(missing_ok=True)
        running = subprocess.Popen(as_server_user(archive.command("xarchive", archive.repository / "segment", name)))
        time.sleep(chance.random() * 0.15)  # when it is killed decides nothing but which step is hit
        running.kill()
        if running.wait() == 0:
            assert whole.exists()
        assert archive.run("verify").returncode == 0  # what is there is whole
        assert archive.run("xarchive", archive.repository / "segment", name).returncode == 0
    assert archive.run("verify").returncode == 0


def test_a_full_disk_is_said_and_leaves_nothing_behind(archive, wait_until):
    with small_disk(4 << 20) as small:
        with archiving_server(archive) as server:
            name = wait_until_archived(server, wait_until)
            assert archive.run("xrestore", name, archive.repository / "segment").returncode == 0
            archive.configure(walmgr_data=small, wal_compression="none", master_db=server.conninfo())
            assert archive.run("repo", "init").returncode == 0
        done = archive.run("xarchive", archive.repository / "segment", name)
        assert done.returncode == 17 and "No space left on device" in done.stderr and done.stderr.count("\n") == 1
        assert [path for path in small.rglob("*") if path.is_file()] == [small / "main/history/1.ini"]


def test_another_cluster_is_refused(archive, wait_until):
    with archiving_server(archive) as server:
        name = wait_until_archived(server, wait_until)
        assert archive.run("xrestore", name, archive.repository / "segment").returncode == 0
    with archiving_server_of_its_own() as other:
        archive.configure(master_db=other.conninfo())
        done = archive.run("repo", "init")
        assert done.returncode == 10 and "keeps another cluster under the name main" in done.stderr
        archive.configure(master_db=other.conninfo(), cluster="other")
        assert archive.run("repo", "init").returncode == 0
    done = archive.run("xarchive", archive.repository / "segment", name)
    assert done.returncode == 10 and "system id" in done.stderr


def archiving_server_of_its_own():
    """A cluster of another initdb than the one that all tests copy."""
    folder = scratch_folder()
    data = folder / "data"
    subprocess.run(as_server_user([tree("tree") / "bin/initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]),
                   check=True, capture_output=True, cwd="/")
    return Server(tree("tree"), folder)


@pytest.mark.parametrize("args, status, words", [
    (["xarchive", "/nowhere", "nonsense"], 2, "is no name of a write-ahead log file"),
    (["xarchive", "/nowhere", "000000010000000000000001"], 1, "there is no file /nowhere"),
    (["xarchive", "/nowhere"], 2, "name is required"),
    (["xrestore", "000000010000000000000001", "/nowhere/x"], 1, None),
    (["xrestore", "nonsense", "x"], 152, "is no name of a write-ahead log file"),
    (["xrestore", "000000010000000000000001"], 152, "path is required"),
    (["nothing"], 2, None),
    ([], 2, "subcommand is required"),
])
def test_each_mistake_has_a_line_and_a_status(archive, args, status, words):
    record = archive.repository / "main/history"
    record.mkdir(parents=True)
    (record / "1.ini").write_text("[cluster]\nsystem_id = 1\nsegment_size = 16777216\n")
    done = archive.run(*args)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert (words or "") in done.stderr and done.stderr.count("\n") == (1 if status > 1 or words else 0)


@pytest.mark.parametrize("text, words", [
    ("[walmgr]\n", "walmgr_data is missing"),
    ("[walmgr]\nwalmgr_data = relative\n", ":2: walmgr_data is wrong: the location \"relative\" must begin with a slash"),
    ("[walmgr]\nwalmgr_data = /x\nnonsense = 1\n", ':3: unknown key "nonsense"'),
    ("[walmgr]\nwalmgr_data = /x\nwal_compression = gzip\n", ":3: wal_compression is neither none, lz4 nor zstd"),
    ("[walmgr]\nwalmgr_data = /x\nwal_compression_level = 77\n", ":3: wal_compression_level"),
    ("[walmgr]\nwalmgr_data = /x\ncluster = ../y\n", ":3: cluster cannot be the name of a folder"),
    ("[other]\n", "unknown section [other]"),
])
def test_each_mistake_in_the_configuration_is_named_with_its_line(archive, text, words):
    archive.ini.write_text(text)
    for command, status in ((["verify"], 3), (["xrestore", "00000001.history", "x"], 153)):
        done = archive.run(*command)
        assert (done.returncode, done.stderr.count("\n")) == (status, 1)
        assert words in done.stderr


def test_a_repository_that_is_not_there_is_not_an_empty_one(archive):
    archive.configure(walmgr_data="/nowhere/at/all")
    for command, status in ((["verify"], 16), (["xrestore", "00000001.history", "x"], 166)):
        done = archive.run(*command)
        assert done.returncode == status and "/nowhere/at/all cannot be entered" in done.stderr
    archive.configure()
    done = archive.run("verify")
    assert done.returncode == 3 and "repo init" in done.stderr
    archive.configure(master_db="host=/nowhere password=secret")
    done = archive.run("repo", "init")
    assert done.returncode == 16 and "secret" not in done.stderr and done.stderr.count("\n") == 1


def test_the_manual_names_every_command_option_key_and_status(archive):
    manual = MANUAL.read_text()
    shown = archive.run("--help").stdout
    commands = re.findall(r"^  ([\w-]+) ", shown[shown.index("Subcommands:"):shown.index("Exit status:")], re.M)
    assert {"xarchive", "xrestore", "verify", "repo"} <= set(commands)
    for command in commands:
        assert f"*{command}*" in manual, command
        done = archive.run(command, "--help")
        assert done.returncode == 0, command
        for option in re.findall(r"^\s+(?:-\w,)?(--[\w-]+)", done.stdout, re.M):
            assert f"*{option}*" in manual, f"{command} {option}"
    for option in re.findall(r"^\s+(?:-\w,)?(--[\w-]+)", shown, re.M):
        assert f"*{option}*" in manual, option
    for key, default in re.findall(r"^#(\w+) =(?: (.*))?$", archive.run("--ini").stdout, re.M):
        described = re.search(rf"^\*{key}\*\n((?:\t.*\n)+)", manual, re.M)
        assert described, key
        assert not default or f"Default: {default}." in " ".join(described[1].split()), key
    for status in re.findall(r"(\d+) [a-z]", shown[shown.index("Exit status:"):shown.index("xrestore adds")]):
        assert re.search(rf"^\*{status}\*", manual, re.M), status


def test_a_sample_is_a_configuration(archive):
    sample = archive.run("--ini").stdout
    archive.ini.write_text(re.sub(r"^#(?=\w+ =)", "", sample, flags=re.M).replace(
        "walmgr_data =", f"walmgr_data = {archive.repository}"))
    done = archive.run("verify")
    assert done.returncode == 3 and "does not know the cluster" in done.stderr
