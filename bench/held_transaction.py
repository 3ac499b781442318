"""next_batch and finish_batch while a transaction of somebody else stays open: does the cost grow, do dead rows?"""

import argparse
import statistics
import time

from peers import Table, peers

DEAD = "select pg_stat_force_next_flush(), coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables where schemaname = 'pgq'"


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--batches", type=int, default=3000)
    options.add_argument("--window", type=int, default=200, help="batches at each end that are compared")
    settings = options.parse_args()

    with peers() as servers:
        table = Table("batches under a held transaction",
                      f"{settings.batches} batches, medians of the first and last {settings.window}", "us")
        for peer in servers:
            db = peer.database()
            db.value("select pgq.create_queue('orders')")
            db.value("select pgq.register_consumer('orders', 'billing')")
            db.value("select pgq.ticker('orders')")
            db.sql("vacuum analyze")
            holder = db.connect()
            holder.autocommit = False
            with holder.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read")
                cursor.execute("select txid_current()")
            took = []
            for _ in range(settings.batches):
                db.value("select pgq.insert_event('orders', 'type', 'data')")
                db.value("select pgq.force_tick('orders')")
                db.value("select pgq.ticker('orders')")
                start = time.perf_counter()
                batch = db.value("select pgq.next_batch('orders', 'billing')")
                db.value("select pgq.finish_batch(%s)", batch)
                took.append((time.perf_counter() - start) * 1e6)
            first = statistics.median(took[:settings.window])
            last = statistics.median(took[-settings.window:])
            table.add(peer, "first", first)
            table.add(peer, "last", last)
            table.add(peer, "last / first", last / first, goal=1.2)
            table.add(peer, "dead rows", float(db.sql(DEAD)[0][1]))
            holder.rollback()
        table.show()


if __name__ == "__main__":
    main()
