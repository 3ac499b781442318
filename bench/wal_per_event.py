"""Write-ahead log per event over its life: insertion, ticks, a batch, finishing, rotation of the table it lay in."""

import argparse

from peers import Table, peers

LSN = "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"


def insert_each(db, count, payload):
    db.sql("select count(pgq.insert_event('orders', 'type', %s)) from generate_series(1, %s)", payload, count)


def insert_bulk(db, count, payload):
    for _ in range(count // 10_000):
        db.sql("select array_length(pgq.insert_events('orders', array_fill('type'::text, array[10000]),"
               " array_fill(%s::text, array[10000])), 1)", payload)


def insert_copy(db, count, payload):
    db.copy(db.value("select pgq.current_event_table('orders')"), ["ev_time", "ev_type", "ev_data"],
            (f"now\ttype\t{payload}\n" for _ in range(count)))


def life(db, insert, count, payload):
    """Bytes of log that `count` events cost from insertion to the truncation of their table."""
    db.sql("checkpoint")
    start = db.value(LSN)
    insert(db, count, payload)
    db.value("select pgq.force_tick('orders')")
    db.value("select pgq.ticker('orders')")
    while True:
        batch = db.value("select pgq.next_batch('orders', 'billing')")
        if batch is None:
            break
        db.sql("select count(*) from pgq.get_batch_events(%s)", batch)
        db.value("select pgq.finish_batch(%s)", batch)
    for _ in range(3):
        db.value("select pgq.maint_rotate_tables_step1('orders')")
        db.value("select pgq.maint_rotate_tables_step2()")
    return (db.value(LSN) - start) / count


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--bytes", type=int, default=200, help="payload")
    settings = options.parse_args()
    payload = "x" * settings.bytes

    with peers() as servers:
        table = Table("write-ahead log per event", f"{settings.events} events of {settings.bytes} bytes", "bytes")
        for peer in servers:
            db = peer.database()
            db.value("select pgq.create_queue('orders')")
            db.value("select pgq.set_queue_config('orders', 'rotation_period', '0 seconds')")
            db.value("select pgq.register_consumer('orders', 'billing')")
            table.add(peer, "insert_event, one transaction", float(life(db, insert_each, settings.events, payload)), goal=320)
            if peer.ours:
                table.add(peer, "insert_events", float(life(db, insert_bulk, settings.events, payload)), goal=320)
            table.add(peer, "COPY", float(life(db, insert_copy, settings.events, payload)), goal=320)
        table.show()


if __name__ == "__main__":
    main()
