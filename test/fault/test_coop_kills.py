"""Processes share the work of one consumer. One that is killed while it has a batch loses it to another one; one that takes its time
does not. With same_transaction nothing is lost and nothing comes twice."""

import itertools
import signal

MEMBERS = ("one", "two", "three", "four")
DEAD_AFTER = 3000  # milliseconds; a batch takes a tenth of it
ORDERS_PER_BATCH = 20


def test_a_killed_members_batch_is_taken_over(server, make_db, program, start, wait_until, scratch):
    db = make_db(server, "pgq", "pgq_coop")
    db.sql("create table consumed (consumer text, id bigint)")
    db.sql("select pgq.create_queue('orders')")
    for member in MEMBERS:
        db.sql("select pgq_coop.register_subconsumer('orders', 'billing', %s)", member)
    numbers = itertools.count()

    def feed(batches):
        for _ in range(batches):
            first = next(numbers) * ORDERS_PER_BATCH + 1
            db.sql("select count(pgq.insert_event('orders', 'order', 'id=' || i)) from generate_series(%s::int, %s::int) i",
                   first, first + ORDERS_PER_BATCH - 1)
            db.sql("select pgq.force_tick('orders')")
            db.sql("select pgq.ticker('orders')")

    def consumed(what="distinct id"):
        return db.value(f"select count({what}) from consumed")

    def open_batch(member):
        return db.value("select s.sub_batch from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer "
                        "where c.co_name = %s", f"billing.{member}")

    running = {}

    def ensure(*members):
        """A member that was slow enough to be taken for dead has been fenced; it comes back, as under a service manager."""
        for member in members:
            if member not in running or running[member].poll() == 3:
                with open(scratch / f"{member}.log", "ab") as log:
                    running[member] = start([program("kill_member"), db.conninfo, "orders", "billing", member, DEAD_AFTER],
                                            stdout=log, stderr=log)

    def caught_with_a_batch():
        feed(2)
        ensure(*MEMBERS)
        victim.send_signal(signal.SIGSTOP)
        if open_batch("one") is not None:
            return True
        victim.send_signal(signal.SIGCONT)
        return False

    ensure(*MEMBERS)
    feed(20)
    wait_until(lambda: len(db.sql("select distinct consumer from consumed")) == len(MEMBERS) or feed(4),
               timeout=60, what="work for each member")
    victim = running["one"]
    wait_until(caught_with_a_batch, timeout=60, what="a batch of the victim")
    lost = open_batch("one")
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    others = MEMBERS[1:]
    feed(20)

    def all_done():
        ensure(*others)
        assert all(running[member].poll() in (None, 3) for member in others)
        return consumed() == next_number - 1

    next_number = next(numbers) * ORDERS_PER_BATCH + 1
    wait_until(all_done, timeout=90, what="all orders at the other three")
    assert open_batch("one") != lost
    assert consumed("*") == consumed(), "nothing comes twice"


def test_who_works_for_longer_than_the_dead_are_waited_for_keeps_its_batch(server, make_db, program, start, wait_until, scratch):
    db = make_db(server, "pgq", "pgq_coop")
    db.sql("create table consumed (consumer text, id bigint)")
    db.sql("select pgq.create_queue('orders')")
    for member in MEMBERS[:2]:
        db.sql("select pgq_coop.register_subconsumer('orders', 'billing', %s)", member)
    orders = 600  # at least 2 ms each: a batch takes three times as long as the dead are waited for
    for batch in range(4):
        db.sql("select count(pgq.insert_event('orders', 'order', 'id=' || i)) from generate_series(%s::int, %s::int) i",
               batch * orders + 1, (batch + 1) * orders)
        db.sql("select pgq.force_tick('orders')")
        db.sql("select pgq.ticker('orders')")
    running = []
    for member in MEMBERS[:2]:
        with open(scratch / f"{member}.log", "ab") as log:
            running.append(start([program("kill_member"), db.conninfo, "orders", "billing", member, 400], stdout=log, stderr=log))
    wait_until(lambda: db.value("select count(*) from consumed") == 4 * orders or any(one.poll() is not None for one in running),
               timeout=60, what="all orders")
    assert [one.poll() for one in running] == [None, None], (scratch / "one.log").read_text() + (scratch / "two.log").read_text()
    assert db.value("select count(distinct id) from consumed") == 4 * orders
    assert db.value("select count(*) from pgq_coop.taken_over") == 0
