"""What the manual of pgqd says of single settings, signals and the service manager."""
import os
import signal
import socket

import pytest

from support.server import free_port
from test_pgqd import new_queue, pgqd, put, take  # noqa: F401 (pgqd is a fixture)


def test_the_service_manager_is_told_what_happens(server, db, pgqd, scratch, start, wait_until):  # noqa: F811
    heard = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(scratch / "notify"))
        manager.setblocking(False)

        def says(text):
            try:
                heard.append(manager.recv(4096).decode())
            except BlockingIOError:
                pass
            return text in heard

        daemon = pgqd(server, database_list=db.name)
        process = start([daemon.command, "-q", daemon.ini], env={**os.environ, "NOTIFY_SOCKET": str(scratch / "notify")})
        wait_until(lambda: says("READY=1"), what="READY")
        wait_until(lambda: says("STATUS=1 databases watched"), what="STATUS")
        heard.clear()
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: says("RELOADING=1"), what="RELOADING")
        wait_until(lambda: says("READY=1"), what="READY after RELOADING")
        process.terminate()
        wait_until(lambda: says("STOPPING=1"), what="STOPPING")
        assert process.wait(30) == 0


def test_a_tick_that_takes_too_long_is_cancelled_and_tried_again(server, db, pgqd, wait_until):  # noqa: F811
    new_queue(db)
    holder = db.connect(autocommit=False)
    holder.cursor().execute("lock table pgq.tick")
    daemon = pgqd(server, database_list=db.name, query_timeout=0.3).start()
    wait_until(lambda: daemon.said("took longer than 300 ms"), what="the cancelled tick")
    holder.rollback()
    put(db, "one")
    wait_until(lambda: take(db) == ["one"], what="the event")
    assert daemon.end() == 0


def test_ticks_on_demand_can_be_turned_off(server, db, pgqd, wait_until):  # noqa: F811
    new_queue(db)
    db.sql("select pgq.set_queue_config('q', 'ticker_max_lag', '0')")
    daemon = pgqd(server, database_list=db.name, wakeup_period=0)
    assert daemon.run("--check").stdout == f"{db.name}: pgq 4.0, ticked by passes only\n"
    daemon.start()
    put(db, "one")
    wait_until(lambda: take(db) == ["one"], what="the event")
    assert daemon.end() == 0
    assert daemon.said("pgq version ok: 4.0") and not daemon.said("ticking at once")


def test_the_tickers_session_is_opened_anew(server, db, pgqd, wait_until):  # noqa: F811
    new_queue(db)
    seen = set()
    daemon = pgqd(server, database_list=db.name, connection_lifetime=1, retry_period=3600, maint_period=3600).start()

    def sessions():
        seen.update(db.sql("select pid from pg_locks where locktype = 'advisory' and granted"
                           " and database = (select oid from pg_database where datname = current_database())"))
        return len(seen)

    wait_until(lambda: sessions() >= 2, what="another session of the ticker")
    put(db, "one")
    wait_until(lambda: take(db) == ["one"], what="the event")
    assert daemon.end() == 0


def test_other_databases_are_asked_of_the_initial_one(server, db, pgqd, wait_until):  # noqa: F811
    daemon = pgqd(server, initial_database="no_such_database").start()
    wait_until(lambda: daemon.said('cannot look for databases: could not connect') and daemon.said('"no_such_database" does not exist'),
               what="the line about the initial database")
    daemon.write(initial_database=db.name)
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.said(f"[{db.name}]: pgq version ok"), what="the database that was found")
    assert daemon.end() == 0


def test_k_stops_it_by_sigterm(server, db, pgqd, wait_until):  # noqa: F811
    daemon = pgqd(server, database_list=db.name)
    daemon.write(pidfile=daemon.pidfile)
    daemon.start()
    wait_until(lambda: daemon.pidfile.exists() and daemon.said("pgq version ok"), what="the daemon")
    assert daemon.run("-k").stdout == f"SIGTERM sent to process {daemon.process.pid}\n"
    assert daemon.process.wait(30) == 0
    assert daemon.said("stopping on SIGTERM")


@pytest.mark.parametrize("variables", [["PGHOST", "PGPORT", "PGUSER"], ["PGSERVICE", "PGSERVICEFILE"]], ids=["host", "service"])
def test_the_environment_says_what_base_connstr_leaves_open(server, db, pgqd, scratch, start, wait_until, variables):  # noqa: F811
    services = scratch / "services.conf"
    services.write_text(f"[here]\nhost={server.host}\nport={server.port}\nuser=postgres\n")
    known = {"PGHOST": server.host, "PGPORT": str(server.port), "PGUSER": "postgres", "PGSERVICE": "here", "PGSERVICEFILE": str(services)}
    daemon = pgqd(server, base_connstr="", database_list=db.name)
    daemon.process = start([daemon.command, "-q", daemon.ini], env={**os.environ, **{name: known[name] for name in variables}})
    wait_until(lambda: daemon.said("pgq version ok"), what="the database")
    assert daemon.end() == 0


def test_a_uri_and_several_hosts(server, db, pgqd, wait_until):  # noqa: F811
    daemon = pgqd(server, database_list=db.name,
                  base_connstr=f"postgresql://postgres@127.0.0.1:{free_port()},127.0.0.1:{server.port}?target_session_attrs=read-write")
    daemon.start()
    wait_until(lambda: daemon.said("pgq version ok"), what="the database")
    assert daemon.end() == 0
