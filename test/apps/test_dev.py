"""The `dev` script: its command line, and the private server that it starts for users."""
import os
import shutil
import subprocess

import psycopg2
import pytest

from support.server import ROOT, as_server_user, free_port


def dev(*args):
    return subprocess.run([ROOT / "dev", *map(str, args)], capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("args, says", [
    (["nonsense"], "no command is named nonsense"),
    (["test", "nonsense"], "no tests are named nonsense"),
    (["run"], "run needs the name of a program"),
    (["run", "nonsense"], "no program is named nonsense"),
    (["run", "apps/.*"], "no program is named apps/.*"),
    (["server", "nonsense"], "server needs start or stop"),
    (["format", "nonsense"], "format takes only --check"),
])
def test_wrong_use_is_one_line_and_status_2(args, says):
    done = dev(*args)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


def test_help_names_every_command():
    done = dev("--help")
    assert done.returncode == 0
    for command in ("demo", "test", "server start", "server stop", "run", "bench", "build", "trees", "packages", "format", "lint"):
        assert f"\n  {command}" in done.stdout


def test_missing_packages_without_root_print_the_command_and_status_3(scratch):
    """A dpkg-query that knows no package stands for a bare machine."""
    shutil.copy(ROOT / "dev", scratch / "dev")
    (scratch / "dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    (scratch / "sudo").write_text("#!/bin/sh\nexit 1\n")
    for name in ("dev", "dpkg-query", "sudo"):
        (scratch / name).chmod(0o755)
    done = subprocess.run(as_server_user([scratch / "dev", "packages"]), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={"PATH": f"{scratch}:{os.environ['PATH']}"}, cwd="/")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "apt-get install --no-install-recommends g++ meson" in done.stderr


def test_a_server_starts_and_stops(scratch):
    data = scratch / "data"
    started = dev("server", "start", "--data", data, "--port", free_port())
    assert started.returncode == 0, started.stderr
    try:
        conninfo = started.stdout.strip()
        assert started.stdout == conninfo + "\n"
        with psycopg2.connect(conninfo) as connection, connection.cursor() as cursor:
            cursor.execute("create extension pgq; select pgq.version()")
            assert cursor.fetchone() == ("4.0",)
        connection.close()

        again = dev("server", "start", "--data", data, "--port", free_port())
        assert (again.returncode, again.stdout) == (1, "")
        assert "a server runs on" in again.stderr.splitlines()[-1]
    finally:
        stopped = dev("server", "stop", "--data", data)
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (0, "", "")

    stopped = dev("server", "stop", "--data", data)
    assert (stopped.returncode, stopped.stderr) == (1, f"dev server: no server runs on {data}\n")
    assert psycopg2_refuses(conninfo)


def psycopg2_refuses(conninfo):
    try:
        psycopg2.connect(conninfo).close()
        return False
    except psycopg2.OperationalError:
        return True
