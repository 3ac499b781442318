"""The wall clock jumps a year forth and two back under a waiting consumer: it waits by the steady clock and does not notice."""

import signal

import pytest

YEAR = 365 * 86400


@pytest.mark.parametrize("wait", ["poll", "notify"])
def test_a_waiting_consumer_does_not_notice(db, program, start, wait_until, scratch, wait):
    db.sql("select pgq.create_queue('orders')")
    db.sql("select pgq.register_consumer('orders', 'billing')")
    said = scratch / "said"
    with open(said, "wb") as out:
        consumer = start([program("clock_jump"), wait, db.conninfo, "orders", "billing"], stdout=out, stderr=out)
    expected = []
    for data in ("first", f"jump {YEAR}", "after a year", f"jump {-2 * YEAR}", "before it"):
        db.sql("select pgq.insert_event('orders', 'n', %s)", data)
        db.sql("select pgq.force_tick('orders')")
        db.sql("select pgq.ticker('orders')")
        expected += ["jumped", data] if data.startswith("jump") else [data]
        wait_until(lambda: said.read_text().splitlines() == expected, what=f"{data!r} at the consumer")
    consumer.send_signal(signal.SIGTERM)
    assert consumer.wait(30) == 0
