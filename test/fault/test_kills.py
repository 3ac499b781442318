"""Producer, consumers, ticker and server are killed with SIGKILL at random points, fifty rounds. With same_transaction nothing is lost
and nothing comes twice; with at_least_once nothing is lost."""

import os
import random
import signal
import subprocess
import time

import pytest

ROUNDS = 50
SERVER_SHARE = 0.1  # of the rounds: a server needs a second to come back, a program nothing


class Cast:
    """The programs of the play; each is started again when it has died."""

    def __init__(self, commands, folder):
        self.commands = commands
        self.folder = folder
        self.processes = {}

    def ensure(self, name):
        process = self.processes.get(name)
        if process is None or process.poll() is not None:
            log = open(self.folder / f"{name}.log", "ab")  # noqa: SIM115
            with log:
                self.processes[name] = subprocess.Popen(self.commands[name], stdout=log, stderr=log)

    def ensure_all(self):
        for name in self.commands:
            self.ensure(name)

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self, name):
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def end(self):
        for process in self.processes.values():
            process.kill()
            process.wait()

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text()[-2000:]}" for path in sorted(self.folder.glob("*.log")))


@pytest.fixture
def cast(own_server, scratch, program):
    own_server.execute("create database play")
    for statement in (
            "create extension pgq",
            "create table produced (id bigserial primary key)",
            "create table consumed (consumer text, id bigint)",
            "select pgq.create_queue('orders')",
            "select pgq.set_queue_config('orders', 'rotation_period', '2 seconds')",
            "select pgq.register_consumer('orders', 'exact')",
            "select pgq.register_consumer('orders', 'least')"):
        own_server.execute(statement, dbname="play")
    conninfo = own_server.conninfo("play")
    ini = scratch / "pgqd.ini"
    ini.write_text("[pgqd]\n"
                   f"base_connstr = {own_server.conninfo('play').replace(' dbname=play', '')}\n"
                   "initial_database = postgres\ndatabase_list = play\nsyslog = 0\n"
                   "ticker_period = 0.1\nmaint_period = 1\nretry_period = 1\n")
    commands = {
        "producer": [program("kill_producer"), conninfo, "orders"],
        "exact": [program("kill_consumer"), "same_transaction", conninfo, "orders", "exact"],
        "least": [program("kill_consumer"), "at_least_once", conninfo, "orders", "least"],
        "ticker": [program("pgqd"), str(ini)],
    }
    play = Cast(commands, scratch)
    yield play
    play.end()


@pytest.mark.xdist_group("kills")
def test_nothing_is_lost_when_anybody_is_killed_at_any_time(cast, own_server, wait_until):
    seed = int(os.environ.get("PGQ_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"PGQ_SEED={seed}")
    chance = random.Random(seed)
    rounds = int(os.environ.get("PGQ_ROUNDS", ROUNDS))

    cast.ensure_all()
    for _ in range(rounds):
        time.sleep(chance.uniform(0.02, 0.25))  # the random point, not a wait for anything
        if chance.random() < SERVER_SHARE:
            own_server.kill9()
            own_server.start()
        else:
            cast.kill(chance.choice(list(cast.commands)))
        cast.ensure_all()

    cast.stop("producer")

    def count(consumer, what="distinct id"):
        return own_server.execute(f"select count({what}) from consumed where consumer = %s", consumer, dbname="play")[0][0]

    produced = own_server.execute("select count(*) from produced", dbname="play")[0][0]

    def drained():
        for name in ("exact", "least", "ticker"):
            cast.ensure(name)
        return count("exact") >= produced and count("least") >= produced

    try:
        wait_until(drained, timeout=120)
    except AssertionError:
        print(cast.logs())
        raise
    cast.stop("exact")
    cast.stop("least")
    missing = own_server.execute(
        "select c, count(*) from (select c, id from produced, unnest(array['exact', 'least']) c"
        " except select consumer, id from consumed) m group by 1", dbname="play")
    assert missing == []
    assert count("exact", "*") == produced, "with same_transaction an event came twice"
    assert own_server.execute("select count(*) from consumed c left join produced p using (id) where p.id is null",
                              dbname="play")[0][0] == 0
    print(f"{produced} events, {count('least', '*') - produced} of them twice with at_least_once")
