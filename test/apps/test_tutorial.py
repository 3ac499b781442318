"""Each program of the tutorial does what its first lines promise."""
import signal
import subprocess

import pytest

from support.server import ROOT

ORDER = "id={}&customer={}&cents={}"


def waits_for_sigterm(process):
    """Whether the signal is blocked, as it is while a thread of its own waits for it."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        [blocked] = [line.split()[1] for line in status if line.startswith("SigBlk:")]
    return int(blocked, 16) >> (signal.SIGTERM - 1) & 1


class Stage:
    """A database with a queue and with the programs that play in it; `until` ticks where there is something to tick."""

    def __init__(self, database, program, start, wait_until):
        self.db, self.program, self.start, self.wait_until = database, program, start, wait_until
        self.queue("orders")

    def queue(self, name):
        self.db.sql("select pgq.create_queue(%s)", name)

    def run(self, name, *args):
        """A program that ends by itself; gives the lines that it printed."""
        done = subprocess.run([self.program(name), self.db.conninfo, *args], capture_output=True, text=True, timeout=120)
        assert (done.stderr, done.returncode) == ("", 0)
        return done.stdout.splitlines()

    def running(self, name, *args, queue="orders"):
        """A program that runs until it is stopped, once its consumer is subscribed; the dead-letter queue comes last."""
        process = self.start([self.program(name), self.db.conninfo, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.wait_until(lambda: process.poll() is not None
                        or self.db.sql("select 1 from pgq.get_consumer_info(%s, 'keeper')", f"{queue}.dead"),
                        what=f"the subscription of {name}")
        return process

    def order(self, number, customer, cents):
        self.insert("order.placed", ORDER.format(number, customer, cents))

    def insert(self, kind, data):
        return self.db.value("select pgq.insert_event('orders', %s, %s)", kind, data)

    def tick(self):
        """What a pgqd would do."""
        self.db.sql("select pgq.maint_retry_events()")
        self.db.sql("select pgq.tick_pending(array(select queue_name from pgq.queue))")

    def until(self, condition, what):
        def holds():
            self.tick()
            return condition()

        self.wait_until(holds, timeout=60, what=what)

    def drained(self, queue, consumer):
        """Whether the consumer has finished all that came into its queue, and nothing waits to be tried again."""
        return self.db.value("select pending_events = 0 and current_batch is null and not exists (select from pgq.retry_queue)"
                             " from pgq.get_consumer_info(%s, %s)", queue, consumer)

    def stopped(self, process):
        """Ends a program by SIGTERM, which it must have come to wait for; gives the lines that it printed."""
        self.wait_until(lambda: process.poll() is not None or waits_for_sigterm(process), timeout=60, what="a program that can be stopped")
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=60)
        assert (complained, process.returncode) == ("", 0)
        return said.splitlines()

    def after(self, process, queue="orders", consumer="billing"):
        """Its lines when it has had everything."""
        self.until(lambda: process.poll() is not None or self.drained(queue, consumer), "all events handled")
        return self.stopped(process)


@pytest.fixture
def stage(db, program, start, wait_until):
    return Stage(db, program, start, wait_until)


def test_every_program_has_fewer_than_forty_lines():
    programs = sorted((ROOT / "docs/tutorial").glob("*.cpp"))
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in programs}
    assert lengths and {name: length for name, length in lengths.items() if length >= 40} == {}


def test_first_consumer(stage):
    billing = stage.running("first_consumer")
    stage.order(1, "ann", 250)
    stage.order(2, "bob", 0)
    assert stage.after(billing) == ["ann owes 250 cents"]


def test_typed_producer(stage):
    [one, many] = stage.run("typed_producer")
    assert one.startswith("one order is event ") and many == "999 more by COPY"
    rows = stage.db.sql("select ev_type, ev_data from pgq.event_template order by ev_id")
    assert len(rows) == 1000
    assert rows[:2] == [("order.placed", ORDER.format(1, "ann", 250)), ("order.placed", ORDER.format(2, "bob+%26+sons", 100))]


def test_outbox(stage):
    assert stage.run("outbox") == ["order of ann placed", "order of bob refused", "order of eve placed"]
    assert stage.db.sql("select id, customer from orders order by id") == [(1, "ann"), (2, "eve")]
    assert stage.db.sql("select ev_data from pgq.event_template order by ev_id") == [("id=1&customer=ann",), ("id=2&customer=eve",)]


def test_cooperating_workers(make_db, server, program, start, wait_until):
    stage = Stage(make_db(server, "pgq", "pgq_coop"), program, start, wait_until)
    stage.db.sql("create table billed (id bigint primary key, worker text)")
    workers = [stage.running("cooperating_workers", name) for name in ("worker-1", "worker-2")]
    for number in range(1, 41):
        stage.order(number, "ann", 1)
        stage.tick()
    stage.until(lambda: any(worker.poll() is not None for worker in workers) or stage.db.value("select count(*) from billed") == 40,
                "all orders billed")
    said = [line for worker in workers for line in stage.stopped(worker)]
    counts = dict(stage.db.sql("select worker, count(*) from billed group by 1"))
    assert said == [f"{name} has billed {counts.get(name, 0)} orders" for name in ("worker-1", "worker-2")]
    assert sum(counts.values()) == 40


def test_retry_and_dead_letters(stage):
    billing = stage.running("retry_and_dead_letters")
    stage.order(1, "nobody", 1)
    stage.order(2, "ann", 1)
    stage.until(lambda: billing.poll() is not None or stage.db.value("select count(*) from pgq.get_waiting_events('orders.dead', "
                                                                     "'keeper', null, 10)") == 1, "one order set aside")
    assert stage.after(billing) == ["order 2 billed"]
    assert stage.run("retry_and_dead_letters", "letters") == [f"{ORDER.format(1, 'nobody', 1)}: no such customer, 2 attempts",
                                                              "1 sent back"]
    assert stage.run("retry_and_dead_letters", "letters") == ["0 sent back"]


def test_table_changes(stage):
    stage.queue("customers")
    stage.db.sql("create table customer (id int primary key, name text, email text)")
    stage.db.sql("create trigger follow after insert or update or delete on customer "
                 "for each row execute function pgq.jsontriga('customers', 'backup')")
    mailing = stage.running("table_changes", queue="customers")
    for statement in ("insert into customer values (1, 'ann', 'ann@here')", "update customer set email = 'ann@there'",
                      "update customer set name = 'Ann'", "update customer set email = null", "delete from customer"):
        stage.db.sql(statement)
    assert stage.after(mailing, "customers", "mailing") == ["hello ann", "ann moved to ann@there", "Ann moved to an unknown place",
                                                            "goodbye Ann"]


def test_replay(stage):
    assert stage.run("replay")[0].startswith("subscribed")
    stage.order(1, "ann", 250)
    stage.tick()
    assert stage.run("replay") == ["new: 250 cents", "all that is kept: 250 cents"]
    stage.order(2, "bob", 50)
    stage.tick()
    assert stage.run("replay") == ["new: 50 cents", "all that is kept: 300 cents"]


def test_own_policy(stage):
    billing = stage.running("own_policy")
    for number, cents in ((1, 10), (2, 2000), (3, 1_000_000)):
        stage.order(number, "ann", cents)
    assert stage.after(billing) == ["order 1 billed at attempt 1", "order 2 billed at attempt 2"]
    assert stage.db.sql("select ev_data, ev_extra4::jsonb ->> 'reason' from pgq.get_waiting_events('orders.dead', 'keeper', null, 10)") \
        == [(ORDER.format(3, "ann", 1_000_000), "too much for a machine to decide")]


def test_exactly_once(stage, make_db):
    warehouse = make_db(stage.db.server, "pgq", "pgq_ext")
    warehouse.sql("create table fact (id bigint primary key, cents int)")
    mover = stage.running("exactly_once", warehouse.conninfo)
    stage.order(1, "ann", 250)
    stage.order(2, "bob", 50)
    assert stage.after(mover, consumer="mover") == ["2 facts"]
    assert warehouse.sql("select id, cents from fact order by id") == [(1, 250), (2, 50)]
    assert warehouse.value("select pgq_ext.get_last_tick('orders/mover')") == stage.db.value(
        "select last_tick from pgq.get_consumer_info('orders', 'mover')")


def test_delayed_events(stage):
    [line] = stage.run("delayed_events", "1")
    assert line.startswith("order placed; reminder ")
    events = "select ev_type, ev_data from pgq.event_template order by ev_id"
    assert stage.db.sql(events)[0] == ("order.placed", "id=1&customer=ann")
    stage.until(lambda: len(stage.db.sql(events)) == 2, "the reminder in the queue")
    assert stage.db.sql(events)[1] == ("payment.due", "order=1")
    [due] = stage.db.sql("select max(ev_time) - min(ev_time) >= interval '1 second' from pgq.event_template")
    assert due == (True,)


def test_unit_test(program):
    done = subprocess.run([program("unit_test")], capture_output=True, text=True, timeout=120)
    assert (done.stderr, done.stdout, done.returncode) == ("", "billing does what it should\n", 0)


def test_order_per_key(stage):
    billing = stage.running("order_per_key")
    customers = ("ann", "bob", "eve", "joe", "sue")
    for number in range(200):
        stage.db.sql("select pgq.insert_event('orders', 'order.placed', %s, %s, null, null, null)", f"id={number}", customers[number % 5])
    lines = [line.split() for line in stage.after(billing)]
    for at, customer in enumerate(customers):
        assert [int(number) for name, number in lines if name == customer] == list(range(at, 200, 5))
    assert len(lines) == 200
