"""What a consumer's program says when something is wrong around it: one line that tells what to do, and status 1."""
import json
import subprocess

import pytest


def said(program, conninfo, name="first_consumer"):
    done = subprocess.run([program(name), conninfo], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_an_unknown_queue(program, db):
    assert "there is no queue \"orders\"; create it with: select pgq.create_queue('orders')" in said(program, db.conninfo)


def test_a_missing_extension(program, empty_db):
    assert "this database has no PgQ; run: create extension pgq" in said(program, empty_db.conninfo)


def test_a_version_that_is_too_old(program, empty_db):
    empty_db.sql("create schema pgq")
    assert "is too old, it needs 3.5 or newer; run: alter extension pgq update" in said(program, empty_db.conninfo)


def test_a_producer_says_it_too(program, db, empty_db):
    says = said(program, db.conninfo, "typed_producer")
    assert "queue \"orders\" does not exist; create it by: select pgq.create_queue('orders')" in says
    assert "this database has no PgQ; install it by: create extension pgq" in said(program, empty_db.conninfo, "typed_producer")
    assert "Connection refused" in said(program, "host=127.0.0.1 port=1 dbname=shop password=s3cret", "typed_producer")


@pytest.mark.parametrize("conninfo, why", [
    ("host=127.0.0.1 port=1 dbname=shop", "Connection refused"),
    ("dbname=shop prot=5432", "invalid connection option"),
])
def test_an_unreachable_server(program, conninfo, why):
    assert why in said(program, conninfo)


def test_a_password_is_not_repeated(program):
    assert "s3cret" not in said(program, "host=127.0.0.1 port=1 password=s3cret")
    assert "s3cret" not in said(program, "postgresql://ann:s3cret@127.0.0.1:1/shop")
    assert "s3cret" not in said(program, "host=127.0.0.1 port=1 password='s3cret")


def test_a_payload_that_does_not_fit_is_set_aside_and_the_others_go_on(program, db, start, wait_until):
    db.sql("select pgq.create_queue('orders')")
    consumer = start([program("first_consumer"), db.conninfo], stdout=subprocess.PIPE, text=True)
    wait_until(lambda: db.sql("select 1 from pgq.get_consumer_info('orders', 'billing')"), what="the subscription")
    for data in ("id=1&customer=ann&cents=much", "id=2&cents=7", "id=3&customer=eve&cents=250"):
        db.sql("select pgq.insert_event('orders', 'order.placed', %s)", data)
    db.sql("select pgq.force_tick('orders')")
    db.sql("select pgq.ticker('orders')")
    consumer_has_come = "select last_tick = (select last_tick_id from pgq.get_queue_info('orders')) from pgq.get_consumer_info('orders', 'billing')"
    wait_until(lambda: db.value(consumer_has_come), what="the end of the batch")
    letters = db.sql("select ev_data, ev_extra4 from pgq.event_template where ev_extra4 is not null order by ev_id")
    assert [data for data, _ in letters] == ["id=1&customer=ann&cents=much", "id=2&cents=7"]
    reasons = [json.loads(story)["reason"] for _, story in letters]
    assert "cents" in reasons[0] and "much" in reasons[0]
    assert "customer" in reasons[1]
    assert not any("\n" in reason for reason in reasons)
    consumer.terminate()
    assert consumer.communicate(timeout=30)[0] == "eve owes 250 cents\n"
    assert consumer.returncode == 0
