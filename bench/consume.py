"""What a consumer costs per event: one batch through a handler that does nothing, beside libpq alone and python3-pgq."""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

from peers import Table, figures, peers

# What, how ours does it, how libpq alone does it, goal for what ours costs more.
WAYS = [
    ("events, default", "raw-default", "bare-copy", "<= 40"),
    ("events, by cursor", "raw-cursor", "bare-cursor", "<= 40"),
    ("events, whole batch", "raw-whole", "bare-whole", "<= 40"),
    ("typed, default", "default", "bare-copy", None),
    ("typed, same transaction", "together", "bare-copy", None),
    ("typed, by cursor", "cursor", "bare-cursor", None),
    ("typed, whole batch", "whole", "bare-whole", None),
]

PYTHON = '''
import resource
import sys
import time
import pgq

class Nothing(pgq.Consumer):
    def process_event(self, db, event):
        self.seen += 1
        event.tag_done()

    def work(self):
        for left in reversed(range(passes)):
            self.seen = 0
            cpu, start = time.process_time(), time.perf_counter()
            answer = super().work()
            took = time.perf_counter() - start, time.process_time() - cpu
            if left:
                db = self.get_database("db")
                db.cursor().execute("select pgq.seek_start('orders', %s)", [self.consumer_name])
                db.commit()
        print(self.seen, *took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return answer

passes = int(sys.argv.pop())
Nothing("nothing", "db", sys.argv[1:]).start()
'''


def python_figures(db, consumer, passes=1):
    """The same figures, but for the server's, from a consumer of python3-pgq."""
    with tempfile.TemporaryDirectory() as folder:
        script, config = pathlib.Path(folder) / "nothing.py", pathlib.Path(folder) / "nothing.ini"
        script.write_text(PYTHON)
        config.write_text(f"[nothing]\njob_name = {consumer}\ndb = {db.conninfo}\nqueue_name = orders\nloop_delay = -1\n"
                          f"logfile = {folder}/log\npidfile = {folder}/pid\n")
        done = subprocess.run([sys.executable, script, "-q", config, str(passes)], stdout=subprocess.PIPE, text=True, check=True)
        return [float(word) for word in done.stdout.split()]


def fill(db, events, payload_bytes):
    """One batch of that many orders, for whoever was registered before."""
    payload = "id=100000&customer=&cents=250".replace("customer=", "customer=" + "x" * max(1, payload_bytes - 29))
    db.sql("set synchronous_commit = off")
    for first in range(0, events, 10_000):
        db.sql("select cardinality(pgq.insert_events('orders', array_fill('order.placed'::text, array[n]),"
               " array_fill(%s::text, array[n]))) from (select %s::int) as size(n)", payload, min(10_000, events - first))
    db.value("select pgq.force_tick('orders')")
    db.value("select pgq.ticker('orders')")
    db.sql("vacuum analyze")  # so that no reader pays for what its predecessors need not


def orders(peer, consumers):
    """A database with the queue and its consumers."""
    db = peer.database()
    db.value("select pgq.create_queue('orders')")
    for name in consumers:
        db.value("select pgq.register_consumer('orders', %s)", name)
    return db


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=500_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--bytes", type=int, default=200, help="payload")
    options.add_argument("--passes", type=int, default=2,
                         help="how often each session takes the batch; the last time counts")
    settings = options.parse_args()
    hows = list(dict.fromkeys(how for _, ours, bare, _ in WAYS for how in (bare, ours)))

    with peers(names=["ours"]) as servers:
        names = ["first"] + [f"{how}-{run}" for run in range(settings.runs) for how in [*hows, "python"]]
        db = orders(servers[0], names)
        fill(db, settings.events, settings.bytes)
        figures("consume", db.conninfo, "first", "bare-whole")  # brings the table into memory; not counted
        taken = {}
        for run in range(settings.runs):
            for how in hows:
                taken.setdefault(how, []).append(figures("consume", db.conninfo, f"{how}-{run}", how, settings.passes))
            taken.setdefault("python", []).append(python_figures(db, f"python-{run}", settings.passes))
        for how, rows in taken.items():
            assert all(row[0] == settings.events for row in rows), (how, rows)

    about = (f"one batch of {settings.events} events of {settings.bytes} bytes, pass {settings.passes} of a session,"
             f" medians of {settings.runs} runs")
    median = {how: [statistics.median(column) for column in zip(*rows)] for how, rows in taken.items()}
    rate = Table("consume", about, "events/s", rates=True)
    wall = Table("cost per event", about, "ns")
    cpu = Table("the client's processor time per event", about, "ns")
    server = Table("the server's processor time per event", about, "ns")
    for what, ours, bare, _ in WAYS:
        rate.add("ours", what, settings.events / median[ours][1], goal=">= 500 k")
        for table, at in ((wall, 1), (cpu, 2), (server, 4)):
            table.add("ours", what, median[ours][at] / settings.events * 1e9)
            table.add("libpq", what, median[bare][at] / settings.events * 1e9)
        rate.add("libpq", what, settings.events / median[bare][1])
        rate.add("python3-pgq", what, settings.events / median["python"][1])
        cpu.add("python3-pgq", what, median["python"][2] / settings.events * 1e9)
    above = Table("what ours costs above libpq alone, per event", about, "ns")
    for what, ours, bare, goal in WAYS:
        for name, at in (("clock", 1), ("processor", 2)):
            above.add("ours", f"{what}, {name}", (median[ours][at] - median[bare][at]) / settings.events * 1e9, goal=goal)
    for table in (rate, wall, cpu, server, above):
        table.show()


if __name__ == "__main__":
    main()
