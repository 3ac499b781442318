"""The demo: pgbench's own load runs against tables whose changes go through a queue into a typed C++ consumer, which keeps the balances
of each branch in tables of its own, exactly once. Halfway the consumer is killed. At the end every balance is compared.

    ./dev demo [--seconds N] [--clients N] [--rate N] [--scale N]

Exit status 0 when all is equal, 1 when a row differs or something failed.
"""

import argparse
import contextlib
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test"))

from support.server import Server, as_server_user, scratch_folder, tree  # noqa: E402

QUEUE, CONSUMER = "bank", "balances"
DRAIN_SECONDS = 120

TRIGGERS = {  # table: when, what, how
    "pgbench_accounts": ("update", f"pgq.jsontriga('{QUEUE}', 'backup')"),
    "pgbench_branches": ("update", f"pgq.jsontriga('{QUEUE}', 'backup')"),
    "pgbench_tellers": ("update", f"pgq.logutriga('{QUEUE}', 'backup')"),
    "pgbench_history": ("insert", f"pgq.logutriga('{QUEUE}')"),
}
EVENTS_PER_TRANSACTION = len(TRIGGERS)  # pgbench's TPC-B changes one row of each

DIFFERENCES = """
    with bank as (
        select 'public.pgbench_accounts' as source, bid, sum(abalance) as amount from pgbench_accounts group by bid
        union all select 'public.pgbench_branches', bid, bbalance from pgbench_branches
        union all select 'public.pgbench_tellers', bid, sum(tbalance) from pgbench_tellers group by bid
        union all select 'public.pgbench_history', bid, sum(delta) from pgbench_history group by bid)
    select source, bid, coalesce(b.amount, 0), coalesce(k.amount, 0) from bank b full join balance k using (source, bid)
    where coalesce(b.amount, 0) <> coalesce(k.amount, 0) order by 1, 2
"""

FIGURES = """
    select count(*),
           count(*) / extract(epoch from max(handled) - min(sent)),
           1000 * percentile_cont(0.5) within group (order by extract(epoch from handled - sent)),
           1000 * percentile_cont(0.99) within group (order by extract(epoch from handled - sent))
    from delivery
"""


class Failure(Exception):
    """Ends the demo with one line and status 1."""


def program(name):
    found = [path for path in (ROOT / "build").glob(f"**/{name}") if path.is_file()]
    if not found:
        raise Failure(f"program {name} is not built; run ./dev build")
    return found[0]


class Demo:
    def __init__(self, settings, server, folder):
        self.settings, self.server, self.folder = settings, server, folder
        self.conninfo = server.conninfo("bank")
        self.started = []

    def spawn(self, name, *command):
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.started.append(process)
        return process

    def start_consumer(self):
        """Returns once it is subscribed: it sees every event from then on."""
        consumer = self.spawn("balances", program("balances"), self.conninfo, QUEUE, CONSUMER)
        end = time.monotonic() + 30
        while not self.value(f"select count(*) from pgq.get_consumer_info('{QUEUE}', '{CONSUMER}')"):
            self.check(consumer)
            if time.monotonic() > end:
                raise Failure("the consumer did not subscribe within 30 s")
            time.sleep(0.05)
        return consumer

    def check(self, consumer):
        if consumer.poll() is not None:
            raise Failure(f"the consumer ended by itself: {self.last_line('balances')}")

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.terminate()
        for process in self.started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()

    def execute(self, query):
        return self.server.execute(query, dbname="bank")

    def value(self, query):
        return self.execute(query)[0][0]

    def prepare(self):
        self.server.execute("create database bank")
        self.pgbench("-i", "-s", self.settings.scale)
        self.execute("create extension pgq")
        self.execute(f"select pgq.create_queue('{QUEUE}')")
        for table, (when, function) in TRIGGERS.items():
            self.execute(f"create trigger capture after {when} on {table} for each row execute function {function}")
        ini = self.folder / "pgqd.ini"
        ini.write_text(f"[pgqd]\nbase_connstr = host={self.server.host} port={self.server.port} user=postgres\n"
                       "initial_database = postgres\ndatabase_list = bank\nsyslog = 0\n")
        self.spawn("pgqd", program("pgqd"), ini)

    def pgbench(self, *options):
        done = subprocess.run(as_server_user([self.server.tree / "bin/pgbench", "-n", *map(str, options), self.conninfo]),
                              capture_output=True, text=True, cwd="/")
        if done.returncode != 0:
            raise Failure("pgbench failed: " + done.stderr.strip().splitlines()[-1])

    def load(self):
        """pgbench for the given time, with the consumer killed in the middle."""
        consumer = self.start_consumer()
        half = self.settings.seconds / 2
        load = self.spawn("pgbench", *as_server_user([self.server.tree / "bin/pgbench", "-n", "-c", self.settings.clients,
                                                      "-T", self.settings.seconds, "-R", self.settings.rate, self.conninfo]))
        begin = time.monotonic()
        killed = False
        while load.poll() is None:
            time.sleep(min(1, half / 2))
            self.progress(time.monotonic() - begin)
            if not killed and time.monotonic() - begin > half:
                consumer.kill()
                consumer.wait()
                print("  the consumer is killed with SIGKILL, and started again", flush=True)
                consumer = self.start_consumer()
                killed = True
            else:
                self.check(consumer)
        if load.returncode != 0:
            raise Failure(f"pgbench failed: {self.last_line('pgbench')}")
        return consumer

    def progress(self, seconds):
        handled = self.value("select count(*) from delivery")
        pending = self.value(f"select pending_events from pgq.get_consumer_info('{QUEUE}', '{CONSUMER}')")
        print(f"  {seconds:4.0f} s: {handled:8,} events handled, about {pending or 0:,} pending", flush=True)

    def last_line(self, name):
        lines = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def drain(self, consumer):
        """Waits until every change that pgbench made is handled."""
        expected = EVENTS_PER_TRANSACTION * self.value("select count(*) from pgbench_history")
        end = time.monotonic() + DRAIN_SECONDS
        while self.value("select count(*) from delivery") < expected:
            self.check(consumer)
            if time.monotonic() > end:
                raise Failure(f"not all of {expected:,} events were handled within {DRAIN_SECONDS} s")
            time.sleep(0.1)
        consumer.send_signal(signal.SIGTERM)
        if consumer.wait(30) != 0:
            raise Failure(f"the consumer did not end well: {self.last_line('balances')}")
        return expected

    def compare(self, expected):
        different = self.execute(DIFFERENCES)
        for source, bid, bank, kept in different:
            print(f"  branch {bid}: {source} has {bank}, the consumer {kept}")
        if different:
            raise Failure(f"{len(different)} balances differ")
        events, rate, p50, p99 = self.execute(FIGURES)[0]
        if events != expected:
            raise Failure(f"{events:,} events were handled where {expected:,} were made")
        balances = self.value("select count(*) from balance")
        print(f"  {balances} balances of {self.settings.scale} branches, each equal to pgbench's")
        print(f"  {events:,} events, none lost, none twice; {float(rate):,.0f} events/s; "
              f"latency p50 {float(p50):,.1f} ms, p99 {float(p99):,.1f} ms (the kill included)")

    def play(self):
        print(f"pgbench: scale {self.settings.scale}, {self.settings.clients} clients, {self.settings.rate} transactions/s, "
              f"{self.settings.seconds} s", flush=True)
        self.prepare()
        consumer = self.load()
        self.compare(self.drain(consumer))


def main():
    options = argparse.ArgumentParser(prog="dev demo", description=__doc__.split("\n\n", maxsplit=1)[0])
    options.add_argument("--seconds", type=int, default=12, help="how long pgbench runs")
    options.add_argument("--clients", type=int, default=4, help="sessions of pgbench")
    options.add_argument("--rate", type=int, default=600, help="transactions per second of all sessions, four events each")
    options.add_argument("--scale", type=int, default=10, help="branches")
    settings = options.parse_args()
    if min(settings.seconds, settings.clients, settings.rate, settings.scale) < 1:
        options.error("seconds, clients, rate and scale are at least 1")

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    folder = scratch_folder("pgq-demo-")
    try:
        with Server(tree("tree"), folder) as server:
            demo = Demo(settings, server, folder)
            try:
                demo.play()
            finally:
                demo.end()
        print("demo passed")
        return 0
    except Failure as failure:
        print(f"demo failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo interrupted", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
