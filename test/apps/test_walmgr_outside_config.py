"""Servers whose configuration lies outside of their data folder, as Debian has it: they are started again by what they were started with,
and not stopped before that is known; and their backups have the configuration, which comes back byte for byte, in nobody's place."""
import json
import os
import re
import signal
import stat
import subprocess

import pytest

from support.archive import stored_object
from support.debian_way import BIN, debian_way
from support.server import as_server_user, give_to_server_user
from support.told import Manual

# What the server reads below a/etc.
FILES = {"postgresql.conf", "pg_hba.conf", "pg_ident.conf", "more.conf", "roles", "conf.d/memory.conf"}


@pytest.fixture(scope="module")
def debian(program):
    with debian_way(program("walmgr"), "copy") as made:
        made.walmgr("repo", "init")
        yield made


def words_of_last_start(debian, name):
    return (debian.data(name) / "postmaster.opts").read_text()


def test_such_a_server_is_stopped_only_where_it_can_be_started_again(debian):
    options = debian.data("a") / "postmaster.opts"
    options.rename(options.with_suffix(".kept"))
    debian.walmgr("setup", "--restart", status=3, says="set master_config, or master_start_cmd")
    assert debian.sql("a", "select pg_reload_conf()") == [(True,)]
    debian.configure(master_config=debian.etc("a") / "nowhere.conf")
    debian.walmgr("setup", "--restart", status=16, says="nowhere.conf, by which the master is started")
    # What the server has left in its data folder says it.
    debian.configure()
    options.with_suffix(".kept").rename(options)
    assert f'"-D" "{debian.etc("a")}"' in words_of_last_start(debian, "a")
    debian.walmgr("setup", "--restart", says="restarted the server")
    assert f'"config_file={debian.etc("a")}/postgresql.conf"' in words_of_last_start(debian, "a")
    assert debian.sql("a", "select current_setting('work_mem'), current_setting('archive_mode')") == [("5MB", "on")]


def backup(debian, *args):
    """The label of a new one, and what was said of what it lacks."""
    done = debian.walmgr("backup", *args)
    return done.stdout.split(":")[0], done.stderr


def record_of(debian, label):
    packed = debian.archive.repository / "main/base" / label / "backup.json"
    return json.loads(subprocess.run(["zstd", "-dcq", packed], check=True, capture_output=True).stdout)


def same_files(debian, below):
    """Whether below a folder lies what the server has, with the same modes, and nothing else."""
    there = {path for path in (below / str(debian.folder)[1:]).rglob("*") if path.is_file()}
    own = {below / str(debian.etc("a") / name)[1:]: debian.etc("a") / name for name in FILES}
    return there == set(own) and all(
        path.read_bytes() == of.read_bytes() and stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(of.stat().st_mode)
        for path, of in own.items())


def test_what_a_role_may_not_read_is_told_with_what_lets_it(debian):
    debian.sql("a", "create role keeper login replication")
    debian.configure(master_db=debian.conninfo("a", "keeper"))
    # Nobody tells it where the files are; then it knows, and may not read them; then it may.
    for step, missing in enumerate((["postgresql.conf"], ["pg_hba.conf", "pg_ident.conf", "postgresql.conf"], [])):
        found = debian.archive.run("check")
        label, said = backup(debian)
        kept = json.loads(debian.walmgr("info", "--json").stdout)["backups"][-1]["configuration"]
        lacking = sorted(one["path"].removeprefix(f"{debian.etc('a')}/") for one in kept["missing"])
        assert (step == 1 or lacking == missing) and set(missing) <= set(lacking), kept
        assert kept["files"] == (0 if missing else len(FILES)) and record_of(debian, label)["configuration"]["missing"] == kept["missing"]
        assert ("MISSING" if missing else " kept") in debian.walmgr("info").stdout.splitlines()[-1]
        says = ("note: configuration: backups have what is in the data folder", "note: configuration: no backup would have: ",
                "ok: configuration: 6 files outside of the data folder")[step]
        assert says in found.stdout, found
        if not missing:
            assert said == ""
            continue
        assert said.startswith("walmgr: configuration files that are not in the backup: ") and said.count("\n") == 1, said
        grants = re.search(r"as a superuser in database postgres: (grant .*); (grant .*)$", said).groups()
        debian.sql("a", "grant pg_read_all_settings to keeper" if step == 0 else "; ".join(grants))
    debian.configure()


@pytest.mark.parametrize("source", ["stream", "files"])
def test_the_files_come_back_byte_for_byte(debian, source):
    debian.configure(backup_source=source)
    label, said = backup(debian)
    assert said == "" and debian.walmgr("verify", label)
    # By zstd and tar alone, as the manual says, and by walmgr, for which the files are none of the data folder's.
    by_hand, below = debian.folder / f"by hand {source}", debian.folder / f"below {source}"
    by_hand.mkdir()
    give_to_server_user(by_hand)
    packed = debian.archive.repository / "main/base" / label / "config.tar"
    subprocess.run(as_server_user(["sh", "-c", 'zstd -dcq "$1" | tar x -C "$2"', "rescue", packed, by_hand]), check=True, cwd="/")
    assert same_files(debian, by_hand)
    data = debian.folder / f"data {source}"
    debian.walmgr("restore", label, data, "--config", below, "-n", says=f"would be written as {below}{debian.etc('a')}/postgresql.conf")
    assert not below.exists() and not data.exists()
    done = debian.walmgr("restore", label, data, "--config", below, says="6 files written, 0 were there already")
    assert same_files(debian, below) and not (data / "postgresql.conf").exists(), done
    assert f"-D '{data}' -o " in done.stdout and f"configuration: {below}{debian.etc('a')}/pg_hba.conf" in done.stdout, done
    if source == "files":
        debian.walmgr("restore-test", label, says="restores: recovered to")


def test_a_restored_server_is_started_by_the_files_and_other_files_stay(debian):
    # What would end recovery early if it were in force; a running server does not mind.
    debian.write(debian.etc("a") / "more.conf", "recovery_target_name = 'never'\n", 0o604)
    debian.configure()
    label, _ = backup(debian)
    copy, below = debian.folder / "copy", debian.folder / "of the copy"
    debian.walmgr("restore", label, copy, "--start", status=2, says="--config DIR writes it below a folder, and --start starts it")
    debian.walmgr("restore", label, copy, "--config", copy / "x", status=2, says="lies in the data folder")
    debian.walmgr("restore", label, copy, "--config", "/", "-n", says=f"{debian.etc('a')}/roles would be written as {debian.etc('a')}/roles")
    other = below / str(debian.etc("a"))[1:] / "roles"
    subprocess.run(as_server_user(["mkdir", "-p", other.parent]), check=True)
    debian.write(other, "of somebody\n")
    debian.walmgr("restore", label, copy, "--config", below, status=11, says="roles is there already")
    assert other.read_text() == "of somebody\n" and list(other.parent.iterdir()) == [other] and not copy.exists()
    other.unlink()
    debian.run(BIN / "pg_ctl", "stop", "-w", "-D", debian.data("a"))
    (debian.folder / "a/main.pid").write_text("of the real one")
    debian.walmgr("restore", label, copy, "--config", below, "--start", says="recovered to")
    shown = "select " + ", ".join(f"current_setting('{name}')" for name in ("data_directory", "hba_file", "ident_file", "work_mem"))
    etc = f"{below}{debian.etc('a')}"
    assert debian.sql("a", shown) == [(str(copy), f"{etc}/pg_hba.conf", f"{etc}/pg_ident.conf", "5MB")]
    assert (debian.folder / "a/main.pid").read_text() == "of the real one"
    debian.run(BIN / "pg_ctl", "stop", "-w", "-D", copy)
    # With a configuration that is there for this folder, or a command that knows it, none is needed from the backup.
    subprocess.run(["rm", "-r", copy], check=True)
    by = debian.folder / "start the copy"
    debian.write(by, f"#!/bin/sh\nexec {BIN}/pg_ctl start -w -D {copy} -l {debian.folder}/a/log -o '-c config_file={debian.etc('a')}/postgresql.conf "
                     f"-c data_directory={copy} -c recovery_target_name='\n", 0o755)
    for way in ({"slave_config_dir": debian.etc("a")}, {"slave_start_cmd": f"'{by}'"}):
        debian.configure(slave_data=copy, **way)
        debian.walmgr("restore", label, "--delta", "--start", says="recovered to")
        assert debian.sql("a", shown) == [(str(copy), f"{debian.etc('a')}/pg_hba.conf", f"{debian.etc('a')}/pg_ident.conf", "5MB")]
        debian.run(BIN / "pg_ctl", "stop", "-w", "-D", copy)
    debian.configure()
    debian.write(debian.etc("a") / "more.conf", "# nothing\n", 0o604)
    debian.start("a")


def test_a_resumed_backup_has_the_files_of_its_end_encrypted_like_the_rest(debian):
    debian.make("vault")
    debian.write(debian.folder / "key", os.urandom(32).hex(), 0o600)
    keys = {"walmgr_data": debian.folder / "vault", "encryption_key_file": debian.folder / "key", "backup_source": "files"}
    debian.configure(**keys, backup_wal_timeout=1)
    debian.walmgr("repo", "init")
    (archiver,), = debian.sql("a", "select pid from pg_stat_activity where backend_type = 'archiver'")
    os.kill(archiver, signal.SIGSTOP)
    try:
        debian.walmgr("backup", status=15, says="--resume goes on with what is stored")
    finally:
        os.kill(archiver, signal.SIGCONT)
    folder, = (debian.folder / "vault/main/base").iterdir()
    first = (folder / "config.tar").read_bytes()
    debian.write(debian.etc("a") / "more.conf", "# changed between the attempts\n", 0o604)
    debian.configure(**keys)
    label, said = backup(debian, "--resume")
    assert label == folder.name and f"going on with {label}" in said and (folder / "config.tar").read_bytes() != first
    assert b"changed between" not in subprocess.run(["zstd", "-dcqf", folder / "config.tar"], capture_output=True).stdout
    debian.walmgr("verify", label)

    data, below = debian.folder / "resumed", debian.folder / "below resumed"
    words = ["restore", label, data, "--config", below, "--json"]
    planned, done = (Manual().read(debian.walmgr(*words, *also), "restore", bool(also)) for also in (["-n"], []))
    assert same_files(debian, below)
    assert str(below) in [one["object"] for one in done["changes"]] and planned["changes"] == done["changes"], done
    debian.configure(**{**keys, "encryption_key_file": ""})
    debian.walmgr("restore", label, debian.folder / "none", "--config", debian.folder / "nowhere", status=3, says="encryption_key_file")
    debian.configure()
    debian.write(debian.etc("a") / "more.conf", "# nothing\n", 0o604)


def test_a_damaged_byte_is_found_and_older_backups_are_as_good_as_they_were(debian):
    label, _ = backup(debian)
    folder = debian.archive.repository / "main/base" / label
    packed = folder / "config.tar"
    whole = packed.read_bytes()
    packed.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    debian.walmgr("verify", label, status=12, says=f"{label}/config.tar")
    debian.walmgr("restore", label, debian.folder / "older", "--config", debian.folder / "any", status=12, says="config.tar")
    assert not (debian.folder / "older").exists() and not (debian.folder / "any").exists()
    debian.walmgr("restore", label, debian.folder / "rows count", says="the backup has 6 configuration files")
    debian.walmgr("restore-test", label, status=12, says="config.tar")
    # A record as it was before there was such a thing.
    record = record_of(debian, label)
    del record["configuration"]
    packed.unlink()
    (folder / "backup.json").write_bytes(stored_object(json.dumps(record).encode()))
    debian.walmgr("verify", label)
    debian.walmgr("restore", label, debian.folder / "older", "--config", debian.folder / "any", status=2, says="has no configuration files")
    debian.walmgr("restore", label, debian.folder / "older", "--start", status=2, says="and the backup does not have it; or let")
    debian.walmgr("restore", label, debian.folder / "older", says="with its configuration, which is not in that folder")


def make_standby(debian):
    debian.give_config("b")
    debian.configure(slave_config_dir=debian.etc("b"))
    debian.walmgr("createslave", says="the slave follows the master")


def test_a_standby_of_such_a_server_has_a_configuration_before_it_is_made(debian):
    debian.walmgr("createslave", status=3, says=f"as {debian.etc('a')}/postgresql.conf, so that a copy has none: set slave_config_dir")
    assert not debian.data("b").exists()
    make_standby(debian)
    assert debian.sql("b", "select current_setting('config_file')") == [(f"{debian.etc('b')}/postgresql.conf",)]


@pytest.mark.long
def test_such_servers_change_their_roles_and_a_lost_one_is_rewound(debian):
    if not debian.data("b").exists():
        debian.walmgr("setup", "--restart")
        make_standby(debian)
    debian.configure()
    debian.walmgr("switchover", says="the slave is the primary, the master follows")
    debian.walmgr("switchover", says="the master is the primary, the slave follows")
    debian.sql("a", "create table kept as select 1 as n")
    debian.run(BIN / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", debian.data("a"))
    debian.walmgr("boot", says="the slave is the primary")
    debian.start("a")  # and it writes what the other does not have
    debian.sql("a", "create table lost as select 1 as n")
    debian.run(BIN / "pg_ctl", "stop", "-w", "-D", debian.data("a"))
    debian.walmgr("rejoin", says="the master follows the slave, rewound")
    # pg_rewind has removed what said where its configuration was.
    assert f'"config_file={debian.etc("a")}/postgresql.conf"' in words_of_last_start(debian, "a")
    assert debian.sql("a", "select to_regclass('kept') is not null, to_regclass('lost')") == [(True, None)]
