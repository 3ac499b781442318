"""Debian's python3-pgq, unchanged, on our extension: its consumers, its bulk producer, its retries."""

import signal
import subprocess
import sys
import textwrap

import pytest

CONSUMER = textwrap.dedent('''
    import sys
    import pgq

    class Tally(pgq.Consumer):
        def process_event(self, db, event):
            if event.ev_type == "again" and event.ev_retry is None:
                event.tag_retry(0)
                return
            db.cursor().execute("insert into seen (id, retries, type, data) values (%s, %s, %s, %s)",
                                [event.ev_id, event.ev_retry, event.ev_type, event.ev_data])
            event.tag_done()

    if __name__ == "__main__":
        Tally("tally", "db", sys.argv[1:]).start()
''')


class Consumer:
    """A python-pgq consumer process; the context starts and stops it."""

    def __init__(self, folder, conninfo, settings=""):
        self.program = folder / "tally.py"
        self.program.write_text(CONSUMER)
        self.config = folder / "tally.ini"
        self.config.write_text(textwrap.dedent(f"""
            [tally]
            job_name = tally
            db = {conninfo}
            queue_name = orders
            loop_delay = 0.05
            logfile = {folder}/tally.log
            pidfile = {folder}/tally.pid
        """) + settings)
        self.log = folder / "tally.out"

    def command(self, *options):
        return [sys.executable, str(self.program), *options, str(self.config)]

    def __enter__(self):
        subprocess.run(self.command("--register"), check=True, timeout=60, capture_output=True)
        self.process = subprocess.Popen(self.command(), stdout=self.log.open("w"), stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        finally:
            self.process.kill()


def drain(db, wait_until, expected):
    """Ticks until the consumer has stored `expected` rows."""

    def stored():
        db.value("select pgq.force_tick('orders')")
        db.value("select pgq.ticker('orders')")
        db.value("select pgq.maint_retry_events()")
        return db.value("select count(*) from seen") >= expected

    wait_until(stored)


@pytest.fixture
def orders(db):
    db.sql("create table seen (id bigint primary key, retries int, type text, data text)")
    db.value("select pgq.create_queue('orders')")
    return db


@pytest.mark.parametrize("settings", ["", "pgq_lazy_fetch = 3\n"], ids=["whole batch", "lazy fetch"])
def test_a_python_consumer_sees_every_event_once(orders, scratch, wait_until, settings):
    with Consumer(scratch, orders.conninfo, settings):
        orders.sql("select pgq.insert_event('orders', 'plain', i::text) from generate_series(1, 20) i")
        orders.sql("select pgq.insert_events('orders', array['bulk', 'bulk'], array['21', '22'])")
        drain(orders, wait_until, 22)
    rows = orders.sql("select data from seen order by id")
    assert [row[0] for row in rows] == [str(i) for i in range(1, 23)]


def test_a_python_consumer_gets_its_retries_back(orders, scratch, wait_until):
    with Consumer(scratch, orders.conninfo):
        orders.sql("select pgq.insert_event('orders', 'again', 'later')")
        orders.sql("select pgq.insert_event('orders', 'plain', 'now')")
        drain(orders, wait_until, 2)
    assert orders.sql("select type, retries, data from seen order by type") == [
        ("again", 1, "later"), ("plain", None, "now")]


def test_the_python_bulk_producer_fills_our_queue(orders):
    script = textwrap.dedent("""
        import sys
        import psycopg2
        import pgq
        db = psycopg2.connect(sys.argv[1])
        curs = db.cursor()
        pgq.bulk_insert_events(curs, [["now", "a", "1"], ["now", "b", None]], ["time", "type", "data"], "orders")
        print(pgq.insert_event(curs, "orders", "c", "3"))
        db.commit()
    """)
    done = subprocess.run([sys.executable, "-c", script, orders.conninfo], timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 3
    assert orders.sql("select ev_id, ev_type, ev_data from pgq.event_template order by ev_id") == [
        (1, "a", "1"), (2, "b", None), (3, "c", "3")]
