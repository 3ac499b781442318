"""A play of the programs in test/fault/cast and pgqd: orders are produced into a queue and consumed by two consumers, one of each
completion policy. `Cast.missing()` and `Cast.surplus()` compare what was produced with what was consumed."""

import contextlib
import signal
import subprocess

TABLES = (
    "create table produced (id bigserial primary key)",
    "create table consumed (consumer text, id bigint)",
    "select pgq.create_queue('orders')",
    "select pgq.register_consumer('orders', 'exact')",
    "select pgq.register_consumer('orders', 'least')",
)

MISSING = """
    select consumer, count(*) from (select consumer, id from produced, unnest(array['exact', 'least']) consumer
                                    except select consumer, id from consumed) m group by 1
"""
SURPLUS = """
    select count(*) from consumed c left join produced p using (id) where p.id is null
"""


class Cast:
    """The programs; each is started again by `ensure_all` when it has died."""

    def __init__(self, program, server, dbname, folder, clients=None, ticker=None):
        """`program` is the fixture of that name; the database has PgQ already. `clients` and `ticker` are connection strings without
        a database, where these go another way than straight to the server."""
        self.server, self.dbname, self.folder = server, dbname, folder
        for statement in TABLES:
            self.execute(statement)
        straight = f"host={server.host} port={server.port} user=postgres"
        conninfo = f"{clients or straight} dbname={dbname}"
        ini = folder / "pgqd.ini"
        ini.write_text("[pgqd]\n"
                       f"base_connstr = {ticker or straight}\n"
                       f"initial_database = postgres\ndatabase_list = {dbname}\nsyslog = 0\n"
                       "ticker_period = 0.1\nmaint_period = 1\nretry_period = 1\n")
        self.commands = {
            "producer": [program("kill_producer"), conninfo, "orders"],
            "exact": [program("kill_consumer"), "same_transaction", conninfo, "orders", "exact"],
            "least": [program("kill_consumer"), "at_least_once", conninfo, "orders", "least"],
            "ticker": [program("pgqd"), str(ini)],
        }
        self.processes = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.kill()
            process.wait()

    def execute(self, query, *args):
        return self.server.execute(query, *args, dbname=self.dbname)

    def ensure(self, *names):
        """Starts those that do not run."""
        for name in names:
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                with open(self.folder / f"{name}.log", "ab") as log:
                    self.processes[name] = subprocess.Popen(self.commands[name], stdout=log, stderr=log)

    def ensure_all(self):
        self.ensure(*self.commands)

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self, name):
        """Ends a program by SIGTERM, and gives its exit status."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    def said(self, name):
        """What a program has written."""
        return (self.folder / f"{name}.log").read_text()

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text()[-2000:]}" for path in sorted(self.folder.glob("*.log")))

    def produced(self):
        return self.execute("select count(*) from produced")[0][0]

    def consumed(self, consumer, what="distinct id"):
        return self.execute(f"select count({what}) from consumed where consumer = %s", consumer)[0][0]

    def drain(self, wait_until):
        """Waits until both consumers have had everything; the producer has been stopped."""
        produced = self.produced()

        def drained():
            self.ensure("exact", "least", "ticker")
            return self.consumed("exact") >= produced and self.consumed("least") >= produced

        try:
            wait_until(drained, timeout=120)
        except BaseException:
            print(self.logs())
            raise
        self.stop("exact")
        self.stop("least")

    def missing(self):
        """By consumer, how many orders it never had."""
        return self.execute(MISSING)

    def surplus(self):
        """Orders that were consumed and never produced."""
        return self.execute(SURPLUS)[0][0]

    def twice(self, consumer):
        """How many orders came again."""
        return self.consumed(consumer, "*") - self.consumed(consumer)
