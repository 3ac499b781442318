"""TLS: the transport and whole programs over it, and one line that says what to do where it is refused."""
import os
import signal
import subprocess

import pytest

from support import tls
from support.cast import Cast
from support.database import Templates
from support.server import ROOT, scratch_folder, tree

ORDERS = 100

# Those of the transport's tests in which nothing stands between that would have to read what is encrypted. LISTEN and what a stop
# request ends are there in full.
TRANSPORT = ("listen", "copy/every*", "copy/data*", "copy/a_copy_that*", "execute/a_huge_text*", "stream/gives_row*",
             "pipelined/more_than*", "stop/a_statement*", "stop/a_stream", "stop/a_copy*", "stop/a_commit_that*")


@pytest.fixture(scope="module")
def tls_server():
    folder = scratch_folder()
    server = tls.TlsServer(tree("tree"), folder)
    server.templates = Templates(server)
    try:
        server.start()
        server.execute("create role ann login superuser password 's3cret'")
        yield server
    finally:
        server.remove()


@pytest.fixture
def tls_db(tls_server, make_db):
    return make_db(tls_server, "pgq")


@pytest.fixture
def pgqd(program, scratch, start):
    """pgqd(conninfo, database) -> the process and the path of its log."""
    def run(conninfo, database, *options, **environment):
        ini, log = scratch / "pgqd.ini", scratch / "pgqd.log"
        ini.write_text(f"[pgqd]\nbase_connstr = {conninfo}\ndatabase_list = {database}\nsyslog = 0\nlogfile = {log}\n"
                       "initial_database = postgres\nticker_period = 0.1\ncheck_period = 0.2\n")
        return start([program("pgqd"), "-q", *options, ini], env={**os.environ, **environment}), log

    return run


def test_the_transport(tls_server, make_db):
    """Statements, streams, COPY, pipelines, LISTEN, and what a stop request ends, as tested without TLS."""
    database = make_db(tls_server, "pgq")
    selected = [f"--run_test=server_pgq_libpq_{name}" for name in TRANSPORT]
    done = subprocess.run([ROOT / "build-sanitize/test/server_tests", *selected, "--report_level=short"], capture_output=True, text=True,
                          timeout=300, env={**os.environ, "PGQ_TEST_CONNINFO": tls_server.address(dbname=database.name)})
    assert done.returncode == 0, done.stdout + done.stderr


def test_producer_consumers_and_ticker(tls_server, tls_db, scratch, program, wait_until):
    with Cast(program, tls_server, tls_db.name, scratch, clients=tls_server.address(), ticker=tls_server.address()) as cast:
        cast.ensure_all()
        wait_until(lambda: cast.produced() >= ORDERS, what=f"{ORDERS} orders")
        insecure = "select count(*) from pg_stat_activity a join pg_stat_ssl using (pid) where client_port > 0 and not ssl"
        assert tls_db.value(insecure) == 0
        assert tls_db.value(insecure.replace("not ssl", "ssl")) > 3
        assert cast.stop("producer") == 0
        cast.drain(wait_until)
        assert (cast.missing(), cast.surplus(), cast.twice("exact"), cast.twice("least")) == ([], 0, 0, 0)
        assert cast.stop("ticker") == 0


def test_producer_by_copy(tls_server, tls_db, program):
    tls_db.sql("select pgq.create_queue('orders')")
    done = subprocess.run([program("typed_producer"), tls_server.address(dbname=tls_db.name)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert tls_db.value("select count(*) from pgq.event_template") == 1000


def waits_for_lock(database, application):
    """How many of the sessions whose statement matches wait for a lock."""
    return database.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like %s", application)


def test_a_consumer_stops_while_its_statement_waits(tls_server, tls_db, scratch, program, wait_until):
    with Cast(program, tls_server, tls_db.name, scratch, clients=tls_server.address(), ticker=tls_server.address()) as cast:
        holder = tls_db.connect(autocommit=False)
        holder.cursor().execute("lock table consumed")
        cast.ensure("exact", "producer", "ticker")
        wait_until(lambda: waits_for_lock(tls_db, "insert into consumed%"), what="a statement that waits")
        assert cast.stop("exact") == 0
        wait_until(lambda: waits_for_lock(tls_db, "insert into consumed%") == 0, what="the cancelled statement's end")
        holder.rollback()


def test_pgqd_stops_while_its_statement_waits(tls_server, tls_db, pgqd, wait_until):
    tls_db.sql("select pgq.create_queue('q')")
    holder = tls_db.connect(autocommit=False)
    holder.cursor().execute("lock table pgq.tick")
    daemon, _ = pgqd(tls_server.address(), tls_db.name)
    wait_until(lambda: waits_for_lock(tls_db, "%ticker%"), what="a tick that waits")
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(30) == 0
    wait_until(lambda: waits_for_lock(tls_db, "%ticker%") == 0, what="the cancelled tick's end")
    holder.rollback()


def refused(program, conninfo, **environment):
    """The one line of a typed consumer that cannot connect."""
    done = subprocess.run([program("first_consumer"), conninfo], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environment})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert "s3cret" not in done.stderr
    return done.stderr


@pytest.fixture
def stranger(scratch):
    return tls.certificate(scratch, "stranger")


def refusals(tls_server, stranger):
    """What is wrong with a connection string, and what is to be done."""
    ann = {"user": "ann", "password": "s3cret"}
    return [
        (tls_server.address(**ann, host="other.test"), "connect by a name that is in the server's certificate"),
        (tls_server.address(**ann, sslrootcert=stranger), "set sslrootcert to the certificate of the server's authority"),
        (tls_server.address(**ann, sslrootcert="/no/such.crt"), 'root certificate file "/no/such.crt" does not exist'),
        (tls_server.address(**ann, sslmode="disable"), "set sslmode=require"),
        (tls_server.address(user="ann"), "set PGPASSWORD or write a password file"),
        (tls_server.address(user="ann", password="s3cret!"), 'password authentication failed for user "ann"'),
    ]


def test_what_is_refused_says_what_to_do(tls_server, stranger, program):
    for conninfo, says in refusals(tls_server, stranger):
        assert says in refused(program, f"{conninfo} dbname=postgres")


def test_pgqd_says_it_too_without_the_password(tls_server, stranger, pgqd, scratch, program, wait_until):
    for conninfo, says in refusals(tls_server, stranger)[:2]:
        daemon, log = pgqd(conninfo, "postgres")
        wait_until(lambda: log.exists() and says in log.read_text(), what=f"the line: {says}")
        daemon.terminate()
        assert daemon.wait(30) == 0
        checked = subprocess.run([program("pgqd"), "--check", scratch / "pgqd.ini"], capture_output=True, text=True, timeout=60)
        assert (checked.returncode, says in checked.stdout + checked.stderr) == (1, True)
        assert "s3cret" not in log.read_text() + checked.stdout + checked.stderr
        log.unlink()


def test_a_server_without_tls(server, program):
    conninfo = f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres sslmode=require password=s3cret"
    assert "turn ssl on at the server, or set another sslmode" in refused(program, conninfo)


def test_a_service_with_several_hosts_and_a_password_file(tls_server, tls_db, server, scratch, pgqd, program, wait_until):
    """The first host of the list refuses, the second answers and is a primary; the password is in a file."""
    tls_db.sql("select pgq.create_queue('orders')")
    passwords = scratch / "passwords"
    passwords.write_text(f"{tls.NAME}:{tls_server.port}:*:ann:s3cret\n")
    passwords.chmod(0o600)
    services = scratch / "services.conf"
    services.write_text(f"[shop]\nhost={tls.NAME},{tls.NAME}\nhostaddr=127.0.0.1,127.0.0.1\nport={server.port},{tls_server.port}\n"
                        f"user=ann\npassfile={passwords}\nsslmode=verify-full\nsslrootcert={tls_server.root}\n"
                        f"target_session_attrs=primary\ndbname={tls_db.name}\n")
    environment = {"PGSERVICEFILE": str(services)}
    produced = subprocess.run([program("typed_producer"), "service=shop"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **environment})
    assert (produced.returncode, produced.stderr) == (0, "")
    daemon, log = pgqd("service=shop", tls_db.name, **environment)
    tls_db.sql("select pgq.insert_event('orders', 'order.placed', 'id=1&customer=ann&cents=2')")
    wait_until(lambda: tls_db.value("select last_tick_id from pgq.get_queue_info('orders')") > 1, what="a tick")
    daemon.terminate()
    assert daemon.wait(30) == 0
    assert "ERROR" not in log.read_text()
    services.write_text(services.read_text().replace("primary", "standby"))
    line = refused(program, "service=shop", **environment)
    assert line.count(tls.NAME) == 2 and "not in hot standby mode" in line and "does not support SSL" in line
    passwords.unlink()
    assert "write a password file" in refused(program, "service=shop", **environment)
