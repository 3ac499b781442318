"""Configurations as they were written for the original walmgr: what they say is done, or refused; what has no effect any more is said."""
import re
import subprocess

import pytest

from support.archive import Archive, archiving_server, wait_until_archived
from support.oracle import prove, verify_files
from support.pair import BIN
from support.server import Server, as_server_user, give_to_server_user, tree
from support.ssh import ssh_server

# The samples that the original's manual and its --ini gave, of both of its versions, in our words. NAMES are put in.
MASTER_2 = """[wal-master]
job_name             = live_master
logfile              = /var/log/postgresql/%(job_name)s.log
pidfile              = /var/run/postgresql/%(job_name)s.pid
use_skylog           = 0
master_db            = MASTER_DB
master_data          = MASTER_DATA
master_config        = %(master_data)s/postgresql.conf
# restarted by setup and stop
#master_restart_cmd  = /etc/init.d/postgresql restart
slave                = HOST:BASE
slave_config         = /etc/walmgr/slave.ini
completed_wals       = %(slave)s/logs.complete
partial_wals         = %(slave)s/logs.partial
full_backup          = %(slave)s/data.master
config_backup        = %(slave)s/config.backup
loop_delay           = 10.0
use_xlog_functions   = 0
compression          = 0
#command_interval    = 600
#periodic_command    = /usr/local/bin/often
"""

SLAVE_2 = """[wal-slave]
job_name             = live_slave
logfile              = /var/log/postgresql/%(job_name)s.log
use_skylog           = 0
slave_data           = SLAVE_DATA
slave_bin            = BIN
slave_stop_cmd       = sudo /etc/init.d/postgresql stop
slave_start_cmd      = sudo /etc/init.d/postgresql start
slave_config_dir     = /etc/postgresql/main
slave                = BASE
completed_wals       = %(slave)s/logs.complete
partial_wals         = %(slave)s/logs.partial
full_backup          = %(slave)s/data.master
config_backup        = %(slave)s/config.backup
keep_backups         = 4
archive_command      =
"""

MASTER_3 = """[walmgr]
job_name             = wal-master
logfile              = ~/log/%(job_name)s.log
pidfile              = ~/pid/%(job_name)s.pid
use_skylog           = 1
master_db            = MASTER_DB
master_data          = MASTER_DATA
master_config        = %(master_data)s/postgresql.conf
master_bin           = BIN
slave                = HOST
slave_config         = ~/conf/wal-slave.ini
walmgr_data          = BASE
completed_wals       = %(slave)s:%(walmgr_data)s/logs.complete
partial_wals         = %(slave)s:%(walmgr_data)s/logs.partial
full_backup          = %(slave)s:%(walmgr_data)s/data.master
config_backup        = %(slave)s:%(walmgr_data)s/config.backup
loop_delay           = 10.0
use_xlog_functions   = 1
compression          = 1
keep_symlinks        = 1
hot_standby          = 1
command_interval     = 600
periodic_command     = /usr/local/bin/often
"""

SLAVE_3 = """[walmgr]
job_name             = wal-slave
logfile              = ~/log/%(job_name)s.log
use_skylog           = 1
slave_data           = SLAVE_DATA
slave_bin            = BIN
slave_stop_cmd       = /etc/init.d/postgresql stop
slave_start_cmd      = /etc/init.d/postgresql start
slave_config_dir     = /etc/postgresql/main
walmgr_data          = BASE
completed_wals       = %(walmgr_data)s/logs.complete
partial_wals         = %(walmgr_data)s/logs.partial
full_backup          = %(walmgr_data)s/data.master
config_backup        = %(walmgr_data)s/config.backup
keep_backups         = 2
backup_datadir       = no
primary_conninfo     = MASTER_DB
"""

SAMPLES = {"2": (MASTER_2, SLAVE_2), "3": (MASTER_3, SLAVE_3)}


@pytest.fixture
def archive(scratch, program):
    return Archive(scratch, program("walmgr"))


class Configured:
    """Runs walmgr by a configuration that is given as text."""

    def __init__(self, archive):
        self.archive = archive
        self.ini = archive.folder / "old.ini"

    def write(self, text, **names):
        for name, value in names.items():
            text = re.sub(rf"\b{name}\b", lambda found: str(value), text)  # pylint: disable=cell-var-from-loop
        self.ini.write_text(text)
        self.ini.chmod(0o644)

    def run(self, *args, status=0, says="", cwd=None):
        done = subprocess.run(as_server_user([self.archive.program, self.ini, *args]), capture_output=True, text=True, timeout=120,
                              cwd=cwd or self.archive.folder)
        assert done.returncode == status and says in done.stdout + done.stderr, done
        return done


@pytest.fixture
def configured(archive):
    return Configured(archive)


def keys_of(text):
    return re.findall(r"^(\w+) +=", text, re.MULTILINE)


@pytest.mark.parametrize("version", ["2", "3"])
def test_the_samples_of_the_original_archive_back_up_and_restore(version, archive, configured, scratch, wait_until):
    master, slave = SAMPLES[version]
    base = scratch / "walshipping"
    for name in ("logs.complete", "logs.partial", "data.master", "config.backup"):
        (base / name).mkdir(parents=True)
    give_to_server_user(base)
    (scratch / "ssh").mkdir(mode=0o755)
    with ssh_server(scratch / "ssh") as sshd:
        sshd.client.write_text(sshd.client.read_text() + f"Port {sshd.port}\n")
        more = f"ssh_command = {sshd.command}\nssh_walmgr = {archive.program}\nslot =\n"

        def configure(master_db):
            configured.write(master + more, HOST=f"{sshd.user}@127.0.0.1", BASE=base, MASTER_DB=master_db, BIN=BIN,
                             MASTER_DATA="/data/of/the/master")
            archive.ini.write_bytes(configured.ini.read_bytes())

        with archiving_server(archive, configure=configure) as server:
            # One line says what has no effect, of each key why, and nothing else is in the way; what a server runs is silent.
            done = configured.run("info")
            said, = done.stderr.splitlines()
            assert f"the repository is ssh://{sshd.user}@127.0.0.1{base}, where walmgr has to be installed" in said
            active = {"master_db", "master_data", "master_config", "master_bin", "walmgr_data", "command_interval"}
            for key in set(keys_of(master)) - active:
                assert re.search(rf"[ ,;]{key}(, \w+)* \(", said), (key, said)
            name = wait_until_archived(server, wait_until)
            assert list(base.glob(f"main/wal/1/*/*/{name}.wal"))
            done = configured.run("xrestore", name, scratch / "nowhere/segment", status=166)
            assert "original" not in done.stderr
            # What the configuration says is what is done.
            configured.run("backup", "--dry-run", says="would")
            assert not list(base.glob("main/base/*"))
            done = configured.run("check", status=1)
            assert "ok: server" in done.stdout and "wrong: backup" in done.stdout, done
            configured.run("receive", status=3, says="partial_wals")
            configured.run("backup")

            # The other machine's: the same repository, by its folder; sshd's sessions are those of another user here.
            for path in base.rglob("*"):
                give_to_server_user(path)
            configured.write(slave, BASE=base, SLAVE_DATA=scratch / "restored", BIN=BIN, MASTER_DB=server.conninfo())
            done = configured.run("info")
            assert done.stdout.count("-F") == 1 and len(done.stderr.splitlines()) == 1, done
            configured.run("expire", "-n", says="among the newest " + re.search(r"keep_backups += (\d)", slave)[1])
            configured.run("restore", "-n", says=str(scratch / "restored"))
            server.execute("create table kept as select g as n from generate_series(1, 1000) g")
            wait_until_archived(server, wait_until)
            for path in base.rglob("*"):
                give_to_server_user(path)
            configured.run("restore")
            label, = (path.name for path in base.glob("main/base/*"))
            verify_files(archive, label, scratch / "restored")
            with Server(tree("tree"), scratch, data=scratch / "restored") as copy:
                prove(copy, {"select count(*), sum(n) from kept": [(1000, 500500)]}, wait_until)


# All keys that the original's programs and samples knew.
OLD_KEYS = """job_name logfile pidfile use_skylog loop_delay exception_sleep exception_grace exception_reset master_db master_data
master_config master_bin master_restart_cmd slave walmgr_data slave_config completed_wals partial_wals full_backup config_backup
use_xlog_functions compression keep_symlinks hot_standby command_interval periodic_command slave_data slave_bin slave_config_dir
slave_start_cmd slave_stop_cmd slave_pg_xlog keep_backups archive_command backup_datadir primary_conninfo""".split()

# Those that are read today.
READ = {"master_db", "master_data", "master_config", "master_bin", "master_restart_cmd", "walmgr_data", "partial_wals", "command_interval",
        "periodic_command", "slave_data", "slave_config_dir", "slave_bin", "slave_start_cmd", "slave_stop_cmd", "keep_backups",
        "primary_conninfo"}

# Those whose loss nobody would notice in time.
REFUSED = {"slave": "/elsewhere", "completed_wals": "/elsewhere/logs.complete", "full_backup": "/tmp/x/other",
           "slave_pg_xlog": "/tmp/y", "archive_command": "cp -a $BACKUPDIR /tape"}


@pytest.mark.parametrize("section", ["walmgr", "wal-master", "wal-slave"])
def test_every_key_of_the_original_is_read_said_to_have_no_effect_or_refused(configured, section):
    values = {"command_interval": "60", "keep_backups": "3", "master_db": "dbname=x", "primary_conninfo": "host=x",
              "loop_delay": "10.0", "logfile": "/tmp/%(job_name)s.log", **REFUSED}
    for key in OLD_KEYS:
        lines = {"walmgr_data": "/tmp/x", key: values.get(key, "/tmp/x")}
        configured.write(f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()))
        done = configured.run("pin", "no_label", status=3 if key in REFUSED else 2)
        if key in REFUSED:
            assert f"{configured.ini}:3: {key} is not read any more: " in done.stderr, done
        elif key not in READ:
            assert f"or another: {key} (" in done.stderr and done.stderr.count("\n") == 2, done
        elif section == "walmgr":
            assert done.stderr.count("\n") == 1, done
    configured.write(f"[{section}]\nwalmgr_data = /tmp/x\njob_name = x\nunheard_of = 1\n")
    configured.run("pin", "no_label", status=3, says='unknown key "unheard_of"')


def test_the_archive_is_where_the_original_had_it_or_nothing_is_done(configured):
    section = "[walmgr]\n"
    found = {
        "slave = h:/b\n": "ssh://h/b",
        "slave = u@h:/b//\ncompleted_wals = %(slave)s/logs.complete\n": "ssh://u@h/b",
        "slave = /b\ncompleted_wals = %(slave)s/logs.complete\n": "/b",
        "slave = h\nwalmgr_data = /b\ncompleted_wals = %(walmgr_data)s/logs.complete\n": "ssh://h/b",
        "slave = h\nwalmgr_data = ~/b\ncompleted_wals = %(slave)s:%(walmgr_data)s/logs.complete\n": "ssh://h/root/b",
        "slave = h\nwalmgr_data = sftp://h/b\n": "walmgr_data",
        "walmgr_data = s3://bucket\ncompleted_wals = %(walmgr_data)s/logs.complete\n": "walmgr_data",
        "slave = h:/b\nwalmgr_data = ssh://h/b\n": "ssh://h/b",
        "completed_wals = h:/b/logs.complete\nfull_backup = h:/b/data.master\n": "ssh://h/b",
        "completed_wals = /b/logs.complete\n": "/b",
    }
    for text, where in found.items():
        configured.write(section + text)
        done = subprocess.run(["env", "HOME=/root", configured.archive.program, configured.ini, "pin", "no_label"], capture_output=True,
                              text=True, cwd="/", timeout=60)
        assert done.returncode == 2 and re.search(rf"\(the repository is {where}[,)]", done.stderr), (text, done)
    for text, says in {
        "slave = h\n": "slave names a host only",
        "slave = h:b\n": "is wrong",
        "slave = h:/b\nwalmgr_data = /b\n": "another place",
        "slave = h:/b\nwalmgr_data = ssh://other/b\n": "another place",
        "slave = h:/b\ncompleted_wals = other:/b/logs.complete\n": "completed_wals is not read any more",
        "walmgr_data = /b\ncompleted_wals = h:/b/logs.complete\n": "completed_wals is not read any more",
        "walmgr_data = /b\nfull_backup = /b/backups\n": "full_backup is not read any more",
        "walmgr_data = s3://bucket\ncompleted_wals = /b/logs.complete\n": "completed_wals is not read any more",
        "completed_wals = /b/wals\n": "completed_wals is not read any more",
        "job_name = x\n": "walmgr_data is missing",
        "walmgr_data = %(job_name)s\njob_name = %(none)s\n": 'refers to the key "none"',
    }.items():
        configured.write(section + text)
        configured.run("pin", "no_label", status=3, says=says)
    configured.write("[wal-master]\nwalmgr_data = /b\n[wal-slave]\n")
    configured.run("pin", "no_label", status=3, says="in one section [walmgr]")
    # A % is a % where nothing is the original's.
    configured.write(section + "walmgr_data = /b%(x)s\n")
    done = configured.run("info", status=16)
    assert "/b%(x)s" in done.stderr, done


def test_nothing_is_received_into_a_folder_of_the_original(archive, configured):
    """What lies there has the names of whole segments, and zeros at the end: it would be archived as it is."""
    base = archive.make_folder("base")
    (base / "logs.partial").mkdir()
    configured.write(f"[walmgr]\nwalmgr_data = {base}\npartial_wals = {base}/logs.partial\n")
    configured.run("pin", "no_label", status=2)
    (base / "logs.complete").mkdir()
    configured.run("pin", "no_label", status=3, says="is the original's")
