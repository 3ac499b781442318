"""What a ticker costs a server with many idle queues: one pass of pgq.ticker(), one pgq.get_queue_info()."""

import argparse

from peers import Table, median_time, peers


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--queues", type=int, default=1000)
    options.add_argument("--runs", type=int, default=30)
    settings = options.parse_args()

    with peers() as servers:
        table = Table("idle pass over many queues", f"{settings.queues} queues, {settings.runs} runs", "ms")
        for peer in servers:
            db = peer.database()
            for i in range(settings.queues):  # each in a transaction of its own: a queue takes a dozen locks
                db.value("select pgq.create_queue(%s)", f"queue_{i}")
            db.value("select pgq.ticker()")
            # Idle queues are ticked at growing distances; none of them comes due while we measure.
            db.sql("update pgq.tick set tick_time = tick_time - interval '1 hour' where tick_id = 1")
            db.sql("vacuum analyze")
            db.sql("update pgq.queue set queue_ticker_idle_period = '1 day'")
            table.add(peer, "ticker()", median_time(db, "select pgq.ticker()", settings.runs) * 1e3, goal=2)
            table.add(peer, "get_queue_info()",
                      median_time(db, "select count(*) from pgq.get_queue_info()", settings.runs) * 1e3, goal=15)
        table.show()


if __name__ == "__main__":
    main()
