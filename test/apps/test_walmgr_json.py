"""What walmgr tells programs when it fails."""
import json
import subprocess

import pytest

from support.archive import Archive
from support.server import as_server_user
from support.told import COMMON, Manual

LABEL = "20260101T000000Z-F"
SECRET = "password=geheim"


@pytest.fixture
def walmgr(program, scratch):
    """Runs it with a configuration that reaches nobody, in front of a repository that is none."""
    (scratch / "repository").mkdir()
    ini = scratch / "walmgr.ini"
    ini.write_text(f"[walmgr]\nwalmgr_data = {scratch}/repository\nmaster_db = host={scratch}/none {SECRET}\nslave_data = {scratch}/new\n")

    def run(*words, file=ini, stdout=subprocess.PIPE):
        command = [program("walmgr"), *([file] if file else []), *words]
        return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, cwd=scratch)

    return run


def test_each_command_that_fails_says_why(walmgr):
    more = {"repo get": ["name", "file"], "gap accept": ["x", "--why", "y"], "import": ["/none"], "init": ["/none/repository"],
            "pin": [LABEL], "unpin": [LABEL], "synch-standby": ["a"]}
    manual = Manual()
    for command in sorted(set(manual.facts) - {"periodic"}):
        for dry_run in (False, True):
            words = [*command.split(), *more.get(command, []), "--json", *(["-n"] if dry_run else [])]
            done = walmgr(*words, **({"file": "first.ini"} if command == "init" else {}))
            told = manual.read(done, command, dry_run)
            assert done.returncode != 0 and told["problem"] in done.stderr and told["changes"] == [], done
            assert "geheim" not in done.stdout + done.stderr


def test_what_periodic_has_run_is_told_though_it_failed(walmgr):
    told = Manual().read(walmgr("periodic", "--json"), "periodic")
    assert [(one["command"], one["status"]) for one in told["runs"]] == [("backup", 3), ("check", 1)] and told["status"] == 3
    assert told["runs"][0]["result"]["problem"] and not told["runs"][1]["result"]["fine"]
    assert [one["object"] for one in told["changes"]] == ["backup", "check"]


@pytest.mark.parametrize("words, status, command", [
    (["backup", "--nonsense", "--json"], 2, "backup"),
    (["repo", "--json"], 2, "repo"),
    (["--json"], 2, None),
    (["receive", "--json"], 2, "receive"),
    (["restore", "--target-immediate", "--target-xid", "5", "--json"], 2, "restore"),
    (["pin", "a label", "--json"], 2, "pin"),
])
def test_a_wrong_command_line_is_told_too(walmgr, words, status, command):
    done = walmgr(*words)
    told = json.loads(done.stdout)
    assert (told["command"], told["status"], done.returncode) == (command, status, status) and told["problem"] in done.stderr, done


def test_without_a_configuration(walmgr):
    for file in (None, "none.ini"):
        done = walmgr("expire", "--json", file=file)
        assert done.returncode in (2, 3) and list(json.loads(done.stdout)) == COMMON, done


def test_commands_that_look_say_what_they_could_not_find_out(walmgr):
    for words in (["info"], ["verify"], ["repo", "ls", "../x"], ["gap", "list"]):
        done = walmgr(*words, "--json")
        told = json.loads(done.stdout.splitlines()[-1])
        assert (told["command"], told["status"]) == (" ".join(words[:2 if len(words) > 1 else 1]), done.returncode) and done.returncode, done
        assert list(told) == ["command", "status", "problem"] and told["problem"] in done.stderr


def test_an_object_that_cannot_be_written_is_no_success(program, scratch):
    archive = Archive(scratch, program("walmgr"))
    archive.know_cluster(archive.repository)
    with open("/dev/full", "w") as full:
        for words, status in ((["xlock", "-n"], 0), (["xlock", "-n", "--json"], 16)):
            command = as_server_user(archive.command(*words))
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, cwd=scratch)
            assert done.returncode == status and ("could not be written" in done.stderr) == (status == 16), done
