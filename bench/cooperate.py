"""Cooperating consumers with a handler that takes its time: what many reach together, of what so many would reach by themselves."""

import argparse
import statistics

from peers import Table, figures, peers


def fill(db, batches, size):
    """A new queue with so many batches."""
    if db.value("select count(*) from pgq.queue"):
        db.sql("select pgq.drop_queue('orders', true)")
    db.value("select pgq.create_queue('orders')")
    db.value("select pgq_coop.register_subconsumer('orders', 'billing', 'member-1')")
    for _ in range(batches):
        db.sql("select count(pgq.insert_event('orders', 'n', i::text)) from generate_series(1, %s) i", size)
        db.sql("select pgq.force_tick('orders')")
        db.sql("select pgq.ticker('orders')")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--members", type=int, default=16)
    options.add_argument("--milliseconds", type=int, default=5, help="what the handler takes for one event")
    options.add_argument("--size", type=int, default=50, help="events in a batch")
    options.add_argument("--batches", type=int, default=60, help="for each member; with few, opening the sessions is what is measured")
    options.add_argument("--rounds", type=int, default=3)
    settings = options.parse_args()

    with peers(names=["ours"]) as servers:
        db = servers[0].database()
        db.sql("create extension pgq_coop")
        rates = {1: [], settings.members: []}
        for _ in range(settings.rounds):
            for members, reached in rates.items():
                events = members * settings.batches * settings.size
                fill(db, members * settings.batches, settings.size)
                handled, seconds = figures("cooperate", db.conninfo, members, settings.milliseconds, events)
                assert handled >= events, (handled, events)
                reached.append(events / seconds)
        one, many = (statistics.median(reached) for reached in rates.values())
        about = f"handler {settings.milliseconds} ms, batches of {settings.size}, medians of {settings.rounds} rounds"
        table = Table("cooperating consumers", about, "events/s", rates=True)
        table.add("ours", "1 member", one)
        table.add("ours", f"{settings.members} members", many)
        table.add("ours", "percent of linear", 100 * many / (settings.members * one), goal=">= 90")
        table.show()


if __name__ == "__main__":
    main()
