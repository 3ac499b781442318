"""Standbys are made, led to a new primary and waited for; and what stands around them: a first configuration, what cron runs, what an
old walmgr has left, and the end of it all."""
import subprocess

import pytest

from support.killed import run_until
from support.pair import BIN, running_pair
from support.server import as_server_user, give_to_server_user
from support.told import Manual


@pytest.fixture(scope="module")
def pair(program):
    with running_pair(program("walmgr")) as made:
        made.sql("a", "create table kept (n int)")
        yield made


def start_command(pair, name):
    """The copy has the configuration of the server that it is a copy of, whose socket it must not take."""
    script = pair.folder / f"start_{name}"
    script.write_text(f"#!/bin/sh\nexec {BIN}/pg_ctl start -w -D {pair.data(name)} -l {pair.folders[name]}/log "
                      f"-o '-c unix_socket_directories={pair.folders[name]} -c cluster_name=node_{name}'\n")
    script.chmod(0o755)
    return script


def remove_data(pair, name):
    subprocess.run(["rm", "-rf", pair.data(name)], check=True)


def watched_programs(pair):
    """A folder of PostgreSQL's programs, of which pg_basebackup notes its arguments and what else it is given before it goes on."""
    folder = pair.folder / "watched bin"
    folder.mkdir()
    for one in BIN.iterdir():
        (folder / one.name).symlink_to(one)
    (folder / "pg_basebackup").unlink()
    (folder / "pg_basebackup").write_text(
        f"""#!/bin/sh
tr '\\0' '\\n' < /proc/$$/cmdline > {pair.folder}/shown
cat "$PGSERVICEFILE" > {pair.folder}/hidden
exec {BIN}/pg_basebackup "$@"
""")
    (folder / "pg_basebackup").chmod(0o755)
    for name in ("shown", "hidden"):
        (pair.folder / name).touch()
        give_to_server_user(pair.folder / name)
    return folder


def keys_with(pair, master, slave, **more):
    keys = {"state_dir": pair.keys["state_dir"], "standby_slot": "walmgr_standby", **more}
    for role, name in (("master", master), ("slave", slave)):
        keys |= {f"{role}_db": pair.conninfo(name), f"{role}_data": pair.data(name), f"{role}_bin": BIN,
                 f"{role}_start_cmd": start_command(pair, name)}
    return keys


def run(pair, *args, status=0, says="", ini=None):
    done = pair.walmgr(*args) if ini is None else subprocess.run(as_server_user([pair.archive.program, ini, *args]), capture_output=True,
                                                                 text=True, cwd=pair.folder, timeout=120)
    assert done.returncode == status and says in done.stdout + done.stderr, done
    return done


def test_standbys_are_made_waited_for_and_led_to_the_new_primary(pair, wait_until):
    # From the primary, killed while the copy is being made, with a tablespace: on one machine it needs another place.
    pair.ctl("b", "stop")
    pair.archive.configure(**{**keys_with(pair, "a", "b"), "slave_bin": watched_programs(pair),
                              "master_db": pair.conninfo("a") + " sslpassword='nobody; sees = this'"})
    run(pair, "createslave", status=18, says="is not empty")
    remove_data(pair, "b")
    place, copied, restored = (pair.folder / name for name in ("space = a", "space b", "space a again"))
    for folder in (place, copied):
        folder.mkdir()
        give_to_server_user(folder)
    pair.sql("a", f"create tablespace space location '{place}'")
    pair.sql("a", "create table spacious (n) tablespace space as select generate_series(1, 1000)")
    old = str(place).replace("=", "\\=")
    run(pair, "createslave", status=18, says=f"name an empty folder: --tablespace-mapping {place}=DIR")
    for mapping, words in ((f"{copied}=/x", "has no tablespace in"), (f"{place}={copied}", "is written OLD=NEW"), (f"{old}=x", "begin with a slash")):
        run(pair, "createslave", "--tablespace-mapping", mapping, status=2, says=words)
    mapped = ("--tablespace-mapping", f"{old}={copied}")
    (copied / "of somebody").touch()
    run(pair, "createslave", *mapped, status=18, says="space b is not empty")
    (copied / "of somebody").unlink()
    run(pair, "createslave", *mapped, "-n", says="would make the slave in")
    assert not pair.data("b").exists() and not list(copied.iterdir())
    event, _ = run_until(as_server_user(pair.archive.command("createslave", *mapped)),
                         lambda event: event == ("running", "note from primary: 1"), pair.folder / "said")
    assert event, (pair.folder / "said").read_text()
    wait_until(lambda: pair.walmgr("createslave", *mapped).returncode != 14, what="the copy of the killed run is over", timeout=60)
    wait_until(lambda: pair.streams("b"), what="the standby streams")
    # What libpq takes for a secret is in no list of processes.
    shown = (pair.folder / "shown").read_text()
    assert "--dbname=" in shown and "nobody" not in shown, shown
    assert (pair.folder / "hidden").read_text() == "[walmgr]\nsslpassword=nobody; sees = this\n"
    location = "select pg_tablespace_location(oid) from pg_tablespace where spcname = 'space'"
    assert pair.sql("b", location) == [(str(copied),)] and pair.sql("a", location) == [(str(place),)]
    assert pair.sql("b", "select count(*) from spacious") == [(1000,)]
    assert pair.sql("a", "select slot_name, active from pg_replication_slots") == [("walmgr_standby", True)]

    # Commits wait for standbys that are there, and for no others.
    run(pair, "synch-standby", "nobody", status=1, says="connected are: node_b")
    run(pair, "synch-standby", "ANY 2 (node_b, nobody)", status=1, says="1 could confirm")
    run(pair, "synch-standby", "FIRST 2 (node_b", status=2, says="is no list of standbys")
    run(pair, "synch-standby", "node_b", "-n", says="would set")
    assert pair.sql("a", "show synchronous_standby_names") == [("",)]
    run(pair, "synch-standby", "FIRST 1 (Node_B, nobody)")
    assert pair.sql("a", "show synchronous_standby_names") == [("FIRST 1 (Node_B, nobody)",)]
    pair.sql("a", "insert into kept values (1)")
    run(pair, "synch-standby", "")

    # From a backup, too; then the tablespace goes, as the third server is copied without it.
    pair.ctl("b", "stop")
    remove_data(pair, "b")
    assert pair.walmgr("backup").returncode == 0
    run(pair, "createslave", "--from-repository", "--tablespace-mapping", f"{old}={restored}", says="the slave follows the master")
    assert pair.sql("b", location) == [(str(restored),)]
    assert pair.sql("b", "select count(*) from spacious") == [(1000,)]
    pair.sql("a", "drop table spacious")
    pair.sql("a", "drop tablespace space")

    # The primary is lost; a third server goes over to the new one, and the others' slot is not lost with it.
    pair.clone("c")
    pair.ctl("c", "start")
    wait_until(lambda: pair.streams("c"), what="the third streams")
    wait_until(lambda: pair.rows("b") == [1] and pair.rows("c") == [1], what="the row on all")
    run(pair, "follow", "-n", "--standby", pair.conninfo("c"), says="would let the standby follow the master on timeline 1")
    pair.kill9("a")
    run(pair, "boot")
    run(pair, "follow", "--standby", pair.conninfo("c"), "--slot", "third", says="the standby follows the slave on timeline 2")
    pair.sql("b", "insert into kept values (2)")
    wait_until(lambda: pair.rows("c") == [1, 2], what="the row on the third", timeout=60)
    assert pair.sql("b", "select slot_name from pg_replication_slots where active") == [("third",)]
    run(pair, "follow", "--standby", pair.conninfo("b"), status=1, says="is a primary")

    # The lost one is made anew, from the repository, by what cron runs.
    pair.archive.configure(**keys_with(pair, "b", "a", command_interval=1000))
    run(pair, "periodic", "-n", says="would run backup, expire and check")
    done = pair.walmgr("periodic")
    assert "is in the repository" in done.stdout and "ok: server" in done.stdout, done
    remove_data(pair, "a")
    told = Manual().read(run(pair, "createslave", "--from-repository", "--json", says="the slave follows the master"), "createslave")
    assert [(change["action"], change["object"]) for change in told["changes"]] == [("copy", "slave"), ("start", "slave")]
    assert (told["primary"], told["from"], told["timeline"]) == ("master", "repository", 2)
    wait_until(lambda: pair.rows("a") == [1, 2], what="the rows on the one that was lost", timeout=60)
    assert pair.primaries() == ["b"]
    pair.prove("b", "a")
    for name in "ba":
        pair.run(start_command(pair, name))
    wait_until(lambda: pair.streams("a"), what="the standby streams", timeout=60)

    # By roles changed, the slot goes to where the primary is.
    run(pair, "switchover")
    assert pair.primaries() == ["a"]
    wait_until(lambda: pair.sql("a", "select slot_name from pg_replication_slots where active") == [("walmgr_standby",)], what="its slot")
    assert pair.sql("b", "select slot_name from pg_replication_slots") == [("third",)]


def test_periodic_runs_its_command_when_it_is_time(pair):
    script = pair.folder / "often"
    script.write_text("#!/bin/sh\necho ran; exit $(cat " + str(pair.folder / "often_status") + ")\n")
    script.chmod(0o755)
    pair.archive.configure(**keys_with(pair, "a", "b"), cluster="often", periodic_command=script, command_interval=1000)
    (pair.folder / "often_status").write_text("3")
    run(pair, "periodic", status=16, says="ended with status 3")
    (pair.folder / "often_status").write_text("0")
    run(pair, "periodic", says="ran")
    run(pair, "periodic", says="nothing to do for another")


def test_a_first_configuration_an_old_archive_an_upgrade_and_the_end(pair, wait_until):
    primary, = pair.primaries()
    pair.archive.configure(**keys_with(pair, *("ab" if primary == "a" else "ba")))
    ini, repository = pair.folder / "walmgr" / "first.ini", pair.folder / "walmgr" / "first"
    give_to_server_user(pair.folder / "walmgr")
    words = ("init", repository, "--master-db", pair.conninfo(primary))
    run(pair, *words, "-n", ini=ini, says="would write")
    assert not ini.exists() and not repository.exists()
    run(pair, *words, ini=ini, says="recorded: cluster")
    assert "master_bin = /" in ini.read_text() and f"walmgr_data = {repository}" in ini.read_text()
    run(pair, *words, ini=ini, status=1, says="is there already")

    # Whole segments of an old walmgr come over, others are named and stay out.
    base = pair.folder / "old"
    (base / "logs.complete").mkdir(parents=True)
    (base / "logs.partial").mkdir()
    (base / "data.master").mkdir()
    (base / "data.master" / "backup_label").write_text("START WAL LOCATION\n")
    for n in range(3):
        pair.sql(primary, f"insert into kept values ({n + 100})")
        pair.sql(primary, "select pg_switch_wal()")
    stored = wait_until(lambda: (found := sorted(pair.archive.repository.glob("main/wal/1/*/*/*.wal")))[2:] and found[:3], timeout=60,
                        what="archived segments")
    for path in stored:
        with open(base / "logs.complete" / path.stem, "wb") as raw:
            subprocess.run(["zstd", "-dcq", path], stdout=raw, check=True)
    short = base / "logs.complete" / stored[2].stem
    short.write_bytes(short.read_bytes()[:100_000])
    (base / "logs.partial" / "0000000100000000000000F0").write_bytes(bytes(16 << 20))
    (base / "logs.complete" / "STOP").touch()
    run(pair, "import", base, "-n", ini=ini, status=12, says="would take 2 files of log, refused 1")
    assert not list(repository.glob("main/wal/**/*.wal"))
    done = run(pair, "import", base, ini=ini, status=12, says="took 2 files of log, had 0 already, refused 1")
    assert "logs.partial/0000000100000000000000F0" in done.stdout and f"{base}/data.master" in done.stdout
    assert short.name in done.stderr
    run(pair, "import", base, ini=ini, status=12, says="took 0 files of log, had 2 already, refused 1")
    run(pair, "import", base / "data.master", ini=ini, status=1, says="there is no logs.complete")
    run(pair, "verify", ini=ini)

    # A cluster that pg_upgrade has made another one of.
    known = repository / "main/history/1.ini"
    run(pair, "upgrade", "--yes", ini=ini, says="known already")
    text = known.read_text()
    known.write_text(text.replace("system_id = ", "system_id = 1"))
    run(pair, "upgrade", ini=ini, status=1, says="give --yes")
    run(pair, "upgrade", "-n", "--yes", ini=ini, says="history 2")
    assert not known.with_name("2.ini").exists()
    run(pair, "upgrade", "--yes", ini=ini, says="take a backup now")
    assert known.with_name("2.ini").read_text() == text

    run(pair, "cleanup", ini=ini, status=1, says="nothing was removed")
    run(pair, "cleanup", "-n", "--yes", ini=ini, says="would remove")
    assert known.exists()
    run(pair, "cleanup", "--yes", ini=ini, says="objects of \"main\"")
    assert not [path for path in repository.rglob("*") if path.is_file()]
    assert ini.exists()
    run(pair, "cleanup", "--yes", status=1, says="archives here")
