"""pgqd on servers: finds databases, ticks, maintains, survives the server, hands over, takes signals and old configurations."""
import re
import shutil
import signal
import subprocess

import pytest

from support.database import Templates
from support.server import Server, as_server_user, give_to_server_user, scratch_folder, tree

FAST = {"syslog": 0, "check_period": 0.2, "retry_period": 0.2, "maint_period": 0.2, "ticker_period": 0.1, "stats_period": 0.2}


class Daemon:
    """A pgqd with a configuration of its own."""

    def __init__(self, command, folder, name, start, **settings):
        self.command = command
        self.ini = folder / f"{name}.ini"
        self.log = folder / f"{name}.log"
        self.pidfile = folder / f"{name}.pid"
        self._start = start
        self.settings = {"logfile": self.log, **FAST, **settings}
        self.write()

    def write(self, **changes):
        self.settings = {**self.settings, **changes}
        self.ini.write_text("[pgqd]\n" + "".join(f"{key} = {value}\n" for key, value in self.settings.items()))

    def start(self, *options):
        self.process = self._start([self.command, *options, self.ini])
        return self

    def run(self, *options):
        return subprocess.run([self.command, *options, self.ini], capture_output=True, text=True, timeout=60)

    def said(self, text):
        return self.log.exists() and text in self.log.read_text()

    def end(self, number=signal.SIGTERM):
        """Sends a signal and gives the exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def pgqd(program, scratch, start):
    scratch.chmod(0o777)

    def make(server, name="pgqd", command=None, **settings):
        base = f"host={server.host} port={server.port} user=postgres"
        return Daemon(command or program("pgqd"), scratch, name, start, **{"base_connstr": base, **settings})

    return make


@pytest.fixture
def lone_server():
    """A server of one test. What is written survives its crash, though not the machine's: so nothing waits for the disk."""
    folder = scratch_folder()
    server = Server(tree("tree"), folder)
    server.templates = Templates(server)
    try:
        yield server.start()
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def new_queue(database, name="q"):
    database.sql("select pgq.create_queue(%s), pgq.register_consumer(%s, 'c')", name, name)


def put(database, data, queue="q"):
    database.sql("select pgq.insert_event(%s, 'type', %s)", queue, data)


def take(database, queue="q"):
    """The data of the events of the next batches, until there is none."""
    found = []
    while batch := database.value("select pgq.next_batch(%s, 'c')", queue):
        found += [row[0] for row in database.sql("select ev_data from pgq.get_batch_events(%s)", batch)]
        database.sql("select pgq.finish_batch(%s)", batch)
    return found


def test_one_for_several_databases_and_through_a_crash_of_the_server(lone_server, make_db, pgqd, wait_until):
    first, second, later = make_db(lone_server, "pgq"), make_db(lone_server, "pgq"), make_db(lone_server)
    for database in (first, second):
        new_queue(database)
    daemon = pgqd(lone_server, database_list=f"{first.name}, {second.name}, {later.name}").start()

    for database in (first, second):
        put(database, "one")
        wait_until(lambda: take(database) == ["one"], what=f"an event of {database.name}")
    later.sql("create extension pgq")
    new_queue(later)
    put(later, "one")
    wait_until(lambda: take(later) == ["one"], what="an event of a database that got its extension later")

    for database in (first, second, later):
        database.close()
    lone_server.kill9()
    lone_server.start()
    for database in (first, second, later):
        put(database, "two")
        wait_until(lambda: take(database) == ["two"], what=f"an event of {database.name} after the crash")
    assert daemon.end() == 0
    assert re.search(r"LOG \{ticks: \d+, maint: \d+, retry: \d+\}", daemon.log.read_text())


def test_finds_databases_that_come_and_go(lone_server, pgqd, wait_until):
    daemon = pgqd(lone_server).start("-v")
    lone_server.execute("create database here")
    lone_server.execute("create extension pgq", dbname="here")
    wait_until(lambda: daemon.said("[here]: pgq version ok: 4.0"), what="the new database")
    wait_until(lambda: daemon.said("[postgres]: no pgq"), what="the database without pgq")
    lone_server.execute("drop database here with (force)")
    wait_until(lambda: daemon.said("[here]: database is gone"), what="the dropped database")
    assert daemon.end(signal.SIGINT) == 0


def test_rotates_retries_and_ticks_idle_queues(server, db, pgqd, wait_until):
    new_queue(db)
    db.sql("select pgq.set_queue_config('q', 'rotation_period', '0'), pgq.set_queue_config('q', 'ticker_idle_period', '1 second')")
    daemon = pgqd(server, database_list=db.name).start()
    put(db, "again")
    batch = wait_until(lambda: db.value("select pgq.next_batch('q', 'c')"), what="a batch")
    db.sql("select pgq.event_retry(%s, ev_id, 0) from pgq.get_batch_events(%s)", batch, batch)
    db.sql("select pgq.finish_batch(%s)", batch)
    wait_until(lambda: take(db) == ["again"], what="the event's second delivery")
    table = db.value("select queue_cur_table from pgq.queue")
    wait_until(lambda: take(db) == [] and db.value("select queue_cur_table from pgq.queue") != table, what="a rotation")
    assert daemon.end() == 0


def test_events_do_not_wait_for_the_lag_settings(server, db, pgqd, wait_until):
    new_queue(db)
    db.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '1 hour'), pgq.set_queue_config('q', 'ticker_idle_period', '1 hour')")
    daemon = pgqd(server, database_list=db.name, ticker_period=3600).start()
    wait_until(lambda: daemon.said("ticking at once"), what="the ticker")
    for data in ("one", "two", "three"):
        put(db, data)
        wait_until(lambda: take(db) == [data], what=f"event {data}")
    assert daemon.end() == 0


def test_a_role_without_special_rights_suffices(server, db, pgqd, wait_until):
    new_queue(db)
    db.sql("drop role if exists pgqd_worker")
    db.sql("create role pgqd_worker login in role pgq_admin")
    db.sql("select pgq.set_queue_config('q', 'rotation_period', '0')")
    daemon = pgqd(server, database_list=db.name, base_connstr=f"host={server.host} port={server.port} user=pgqd_worker").start()
    put(db, "one")
    wait_until(lambda: take(db) == ["one"], what="the event")
    wait_until(lambda: take(db) == [] and db.value("select queue_cur_table from pgq.queue") != 0, what="a rotation")
    assert daemon.end() == 0
    assert "ERROR" not in daemon.log.read_text()
    db.sql("drop owned by pgqd_worker; drop role pgqd_worker")


def test_a_second_one_stands_by_and_takes_over(server, db, pgqd, wait_until):
    new_queue(db)
    one = pgqd(server, "one", database_list=db.name).start()
    wait_until(lambda: one.said("pgq version ok"), what="the first pgqd")
    two = pgqd(server, "two", database_list=db.name).start()
    wait_until(lambda: two.said("another ticker is active, standing by"), what="the second pgqd")
    assert not two.said("pgq version ok")
    one.end(signal.SIGKILL)
    wait_until(lambda: two.said("pgq version ok"), what="the second pgqd's turn")
    put(db, "one")
    wait_until(lambda: take(db) == ["one"], what="the event")
    assert two.end() == 0


def test_what_fails_keeps_nothing_else_waiting(server, db, pgqd, wait_until):
    for queue in ("broken", "sound"):
        new_queue(db, queue)
    # As after a restore into a cluster whose transactions have lower numbers.
    db.sql("update pgq.tick set tick_snapshot = '900000000000:900000000000:' where tick_queue = "
           "(select queue_id from pgq.queue where queue_name = 'broken')")
    daemon = pgqd(server, database_list=f"no_such_database, {db.name}").start()
    put(db, "one", "sound")
    wait_until(lambda: take(db, "sound") == ["one"], what="the event of the sound queue")
    wait_until(lambda: daemon.said("[no_such_database]"), what="the line about the missing database")
    wait_until(lambda: re.search("broken.*Invalid PgQ state", daemon.log.read_text()), what="the line about the broken queue")
    assert daemon.end() == 0


def test_reads_its_configuration_again(server, make_db, pgqd, wait_until):
    first, second = make_db(server, "pgq"), make_db(server, "pgq")
    daemon = pgqd(server, database_list=first.name).start()
    wait_until(lambda: daemon.said(f"[{first.name}]: pgq version ok"), what="the first database")

    daemon.log.rename(daemon.log.with_suffix(".old"))
    daemon.write(database_list=second.name)
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.said(f"[{second.name}]: pgq version ok"), what="the second database, in a new log")

    daemon.write(databaselist="x")
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.said('unknown key "databaselist"'), what="the refusal")
    assert daemon.said("the old one stays")
    assert daemon.end() == 0


def test_runs_in_the_background_once_per_pidfile(server, db, pgqd, wait_until):
    daemon = pgqd(server, database_list=db.name)
    assert daemon.run("-d").returncode == 2  # no pidfile is set
    daemon.write(pidfile=daemon.pidfile)
    assert (daemon.run("-s").returncode, daemon.run("-r").returncode) == (1, 1)
    begun = daemon.run("-d")
    assert begun.returncode == 0, begun.stderr
    number = int(daemon.pidfile.read_text())
    try:
        second = daemon.run("-d")
        assert second.returncode == 1
        assert f"belongs to a running process ({number})" in second.stderr
        assert second.stderr.count("\n") == 1
        assert daemon.run("-r").stdout == f"SIGHUP sent to process {number}\n"
        wait_until(lambda: daemon.said("configuration read again"), what="the reload")
    finally:
        stopped = daemon.run("-s")
    assert stopped.stdout == f"SIGINT sent to process {number}\n"
    wait_until(lambda: not daemon.pidfile.exists(), what="the end")
    assert daemon.said("pgqd has stopped")


def test_takes_over_a_pidfile_that_a_crash_left_behind(server, db, pgqd, wait_until):
    daemon = pgqd(server, database_list=db.name)
    daemon.write(pidfile=daemon.pidfile)
    daemon.start()
    wait_until(daemon.pidfile.exists, what="the pidfile")
    daemon.end(signal.SIGKILL)
    assert daemon.pidfile.exists()
    daemon.start()
    wait_until(lambda: daemon.pidfile.read_text().strip() == str(daemon.process.pid), what="the new number")
    assert daemon.end() == 0
    assert not daemon.pidfile.exists()


def test_ours_on_the_original_extension(debian_server, debian_db, pgqd, wait_until):
    for queue in ("broken", "q"):
        new_queue(debian_db, queue)
    debian_db.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '0'), pgq.set_queue_config('q', 'rotation_period', '0')")
    daemon = pgqd(debian_server, database_list=debian_db.name).start()
    wait_until(lambda: daemon.said("pgq version ok: 3.5"), what="the ticker")
    put(debian_db, "one")
    wait_until(lambda: take(debian_db) == ["one"], what="the event")
    wait_until(lambda: take(debian_db) == [] and debian_db.value("select queue_cur_table from pgq.queue where queue_name = 'q'") != 0,
               what="a rotation")
    # There, a queue that fails stops a pass over all; ours goes on one by one.
    debian_db.sql("update pgq.tick set tick_snapshot = '900000000000:900000000000:' where tick_queue = "
                  "(select queue_id from pgq.queue where queue_name = 'broken')")
    put(debian_db, "two")
    wait_until(lambda: take(debian_db) == ["two"], what="the event beside a broken queue")
    wait_until(lambda: daemon.said("queue broken: Invalid PgQ state"), what="the line about the broken queue")
    assert daemon.end() == 0


def test_other_versions_of_the_server(any_version, any_version_db, pgqd, wait_until):
    new_queue(any_version_db)
    any_version_db.sql("select pgq.set_queue_config('q', 'rotation_period', '0')")
    daemon = pgqd(any_version, database_list=any_version_db.name).start()
    put(any_version_db, "one")
    wait_until(lambda: take(any_version_db) == ["one"], what="the event")
    wait_until(lambda: take(any_version_db) == [] and any_version_db.value("select queue_cur_table from pgq.queue") != 0, what="a rotation")
    assert daemon.end() == 0
    assert "ERROR" not in daemon.log.read_text()


def test_the_original_on_our_extension(server, db, pgqd, wait_until):
    new_queue(db)
    db.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '0'), pgq.set_queue_config('q', 'rotation_period', '0')")
    daemon = pgqd(server, command="/usr/bin/pgqd", database_list=db.name)
    for key in ("connection_lifetime", "syslog_facility"):
        daemon.settings.pop(key, None)
    daemon.write(stats_period=1, check_period=1, retry_period=1, maint_period=1)
    if daemon.run("-V").returncode != 0:
        pytest.fail("Debian's pgqd does not start")
    scratch = daemon.ini.parent
    give_to_server_user(scratch)
    daemon.process = daemon._start(as_server_user([daemon.command, "-q", daemon.ini]), cwd=scratch)
    put(db, "one")
    wait_until(lambda: take(db) == ["one"], what="the event")
    wait_until(lambda: take(db) == [] and db.value("select queue_cur_table from pgq.queue") != 0, what="a rotation")
    # What it has never heard of hangs on passes that it makes.
    db.sql("select pgq.insert_event_after('q', now(), 'type', 'later')")
    wait_until(lambda: take(db) == ["later"], what="the delayed event")
    db.sql("select pgq.insert_event_once('q', 'key', '1 millisecond', 'type', 'once')")
    wait_until(lambda: db.value("select count(*) from pgq.event_key") == 0, what="the key to be forgotten")
    daemon.end(signal.SIGINT)


def test_nothing_is_done_on_a_standby_until_its_promotion(lone_server, make_db, scratch, pgqd, wait_until):
    database = make_db(lone_server, "pgq")
    new_queue(database)
    copy = subprocess.run(as_server_user([lone_server.tree / "bin/pg_basebackup", "-h", lone_server.host, "-p", lone_server.port, "-U",
                                          "postgres", "-D", scratch / "data", "-R", "-c", "fast", "-X", "stream", "--no-sync"]),
                          capture_output=True, text=True, cwd="/")
    assert copy.returncode == 0, copy.stderr
    with Server(tree("tree"), scratch) as standby:
        daemon = pgqd(standby, database_list=database.name).start()
        wait_until(lambda: daemon.said("server is a standby"), what="the standby to be seen")
        assert "standby" in daemon.run("--check").stdout
        standby.execute("select pg_promote()")
        wait_until(lambda: daemon.said("pgq version ok"), what="the ticker after the promotion")
        standby.execute("select pgq.insert_event('q', 't', 'one')", dbname=database.name)
        wait_until(lambda: standby.execute("select pgq.next_batch('q', 'c')", dbname=database.name)[0][0], what="a batch")
        assert daemon.end() == 0
        assert "ERROR" not in daemon.log.read_text()
