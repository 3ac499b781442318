"""What pgqd says: help, version, sample, manual, and one line with a status for each mistake."""
import re
import subprocess

import pytest

from support.server import ROOT, free_port

MANUAL = ROOT / "docs/man/pgqd.1.scd"


@pytest.fixture
def pgqd(program):
    def run(*args):
        return subprocess.run([program("pgqd"), *map(str, args)], capture_output=True, text=True, timeout=60)

    return run


@pytest.fixture
def with_ini(pgqd, scratch):
    def run(text, *options):
        ini = scratch / "pgqd.ini"
        ini.write_text(text)
        return pgqd(*options, ini)

    return run


def test_version_is_that_of_the_project(pgqd):
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
    for option in ("-V", "--version"):
        done = pgqd(option)
        assert (done.returncode, done.stdout) == (0, f"pgqd {version}\n")


def test_the_manual_names_every_option_and_key_with_its_default(pgqd):
    manual = MANUAL.read_text()
    for option in re.findall(r"^\s+(?:-\w,)?(--\w+)", pgqd("--help").stdout, re.M):
        assert f"*{option}*" in manual, option
    keys = re.findall(r"^#(\w+) =(?: (.*))?$", pgqd("--ini").stdout, re.M)
    assert len(keys) > 15
    described = dict(re.findall(r"^\*(\w+)\*\n\t((?:.*\n\t?)*?)\n", manual, re.M))
    for key, default in keys:
        assert key in described, key
        assert not default or f"Default: {default}." in " ".join(described[key].split()), key


def test_a_sample_is_a_configuration(pgqd, with_ini):
    sample = pgqd("--ini").stdout
    port = free_port()
    done = with_ini(re.sub(r"^#(?=\w+ =)", "", sample, flags=re.M).replace(
        "base_connstr =", f"base_connstr = host=127.0.0.1 port={port}"), "--check")
    assert done.returncode == 1  # understood, but nobody answers
    assert "Connection refused" in done.stderr


def test_the_originals_sample_is_a_configuration(with_ini):
    sample = subprocess.run(["/usr/bin/pgqd", "--ini"], capture_output=True, text=True).stdout
    keys = re.sub(r"^#(?=\w+ =)", "", sample, flags=re.M)
    assert "database_list" in keys
    done = with_ini(keys.replace("base_connstr =", f"base_connstr = host=127.0.0.1 port={free_port()}"), "--check")
    assert (done.returncode, "Connection refused" in done.stderr) == (1, True)


@pytest.mark.parametrize("text, line, says", [
    ("[pgqd]\n# a comment\ntickerperiod = 1\n", 3, 'unknown key "tickerperiod"'),
    ("[pgqd]\nticker_period = soon\n", 2, "ticker_period must be a number of seconds"),
    ("[pgqd]\nticker_period = 0\n", 2, "ticker_period must be a number of seconds from 0.01"),
    ("[pgqd]\nsyslog = maybe\n", 2, "syslog must be 0 or 1"),
    ("[pgqd]\nsyslog_facility = tape\n", 2, "syslog_facility is no facility"),
    ("[pgqd]\nbase_connstr = host=a dbname=b\n", 2, "base_connstr must not name a dbname"),
    ("[pgqd]\nbase_connstr = hots=a\n", 2, "base_connstr is wrong: the connection string cannot be read"),
    ("[pgqd]\nlogfile = a\nlogfile = b\n", 3, '"logfile" was set in line 2 already'),
    ("nonsense\n", 1, "neither a [section] nor key = value"),
])
def test_a_wrong_configuration_is_one_line_with_its_place(with_ini, scratch, text, line, says):
    done = with_ini(text)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"pgqd: {scratch}/pgqd.ini:{line}: ")
    assert says in done.stderr


@pytest.mark.parametrize("text, says", [
    ("[londiste]\n", "unknown section [londiste]"),
    ("", "section [pgqd] is missing"),
])
def test_a_wrong_section_is_one_line(with_ini, text, says):
    done = with_ini(text)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert says in done.stderr


@pytest.mark.parametrize("args, says", [
    ([], "a configuration file is needed"),
    (["--nonsense"], "--nonsense"),
    (["-s", "-r", "x.ini"], "excludes"),
    (["no/such/file.ini"], "No such file"),
    (["a.ini", "b.ini"], "b.ini"),
])
def test_wrong_use_is_one_line_and_status_2(pgqd, args, says):
    done = pgqd(*args)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


def test_a_log_that_cannot_be_written_is_one_line_and_status_1(with_ini):
    done = with_ini("[pgqd]\nlogfile = /no/such/folder/pgqd.log\n")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot write the log file" in done.stderr


def test_an_unreachable_server_is_told_once_and_tried_again(with_ini, program, scratch, start, wait_until):
    settings = f"[pgqd]\nbase_connstr = host=127.0.0.1 port={free_port()}\nsyslog = 0\nlogfile = {scratch}/pgqd.log\n"
    checked = with_ini(settings, "--check")
    assert (checked.returncode, checked.stderr.count("\n")) == (1, 1)
    assert "Connection refused" in checked.stderr
    running = start([program("pgqd"), "-q", scratch / "pgqd.ini"])
    log = scratch / "pgqd.log"
    wait_until(lambda: log.exists() and "cannot look for databases" in log.read_text(), what="the line")
    assert running.poll() is None
    running.terminate()
    assert running.wait(30) == 0
    assert log.read_text().count("cannot look for databases") == 1


def test_check_says_what_would_be_done(server, db, empty_db, with_ini):
    settings = (f"[pgqd]\nbase_connstr = host={server.host} port={server.port} user=postgres\n"
                f"database_list = {db.name}, {empty_db.name}\n")
    done = with_ini(settings, "--check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{db.name}: pgq 4.0, ticked at once\n{empty_db.name}: no pgq; to have it: create extension pgq\n"
    alone = with_ini(settings.replace(f"{db.name}, ", ""), "--check")
    assert (alone.returncode, alone.stdout.splitlines()[-1]) == (1, "no database has pgq")


def test_what_a_server_says_while_one_connects_is_not_on_the_console(server, with_ini):
    server.execute("create database aged template template0 locale_provider icu icu_locale 'en'")
    try:
        server.execute("update pg_database set datcollversion = '0' where datname = 'aged'")
        greeted = subprocess.run([server.tree_psql(), "-X", "-c", "", server.conninfo("aged")], capture_output=True, text=True)
        assert "collation version mismatch" in greeted.stderr
        done = with_ini(f"[pgqd]\nbase_connstr = host={server.host} port={server.port} user=postgres\ndatabase_list = aged\n", "--check")
        assert (done.stdout.splitlines()[-1], done.stderr) == ("no database has pgq", "")
    finally:
        server.execute("drop database aged with (force)")


def test_a_version_that_is_too_old_is_one_line_that_says_what_to_do(server, empty_db, with_ini, program, scratch, start, wait_until):
    empty_db.sql("create schema pgq")
    empty_db.sql("create function pgq.version() returns text language sql as $$ select '2.1.8' $$")
    settings = (f"[pgqd]\nbase_connstr = host={server.host} port={server.port} user=postgres\ndatabase_list = {empty_db.name}\n"
                f"syslog = 0\nlogfile = {scratch}/pgqd.log\ncheck_period = 0.1\n")
    checked = with_ini(settings, "--check")
    advice = "to have a newer one: alter extension pgq update"
    assert (checked.returncode, checked.stdout) == (
        1, f"{empty_db.name}: pgq 2.1.8 is too old, 3 is needed; {advice}\nno database has pgq\n")
    running = start([program("pgqd"), "-q", scratch / "pgqd.ini"])
    log = scratch / "pgqd.log"
    wait_until(lambda: log.exists() and "bad pgq version: needs 3 or newer" in log.read_text(), what="the line")
    assert advice in log.read_text()
    running.terminate()
    assert running.wait(30) == 0
