"""Most memory that a consumer's process ever has while it takes one large batch, by fetch policy, beside its peers."""

import argparse

from consume import fill, orders, python_figures
from peers import Table, figures, peers

# Ways whose memory must not depend on the batch, and those that are as large as the batch by their nature.
WAYS = [
    ("default (spooled)", "default", "<= 64"),
    ("by_cursor", "cursor", "<= 64"),
    ("row_by_row", "rows", "<= 64"),
    ("whole_batch", "whole", None),
    ("libpq alone, whole batch", "bare-whole", None),
]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--bytes", type=int, default=200, help="payload")
    options.add_argument("--bounded", action="store_true", help="leave out what has the whole batch in memory")
    settings = options.parse_args()
    ways = [way for way in WAYS if way[2] or not settings.bounded]

    with peers(names=["ours"]) as servers:
        db = orders(servers[0], [*(how for _, how, _ in ways), "python"])
        fill(db, settings.events, settings.bytes)
        table = Table("memory of a consumer", f"one batch of {settings.events} events of {settings.bytes} bytes", "MB")
        python = python_figures(db, "python")[3]
        for what, how, goal in ways:
            events, seconds, _, memory, _ = figures("consume", db.conninfo, how, how)
            assert events == settings.events, (how, events)
            table.add("ours", what, memory * 1024 / 1e6, goal=goal)
            table.add("python3-pgq", what, python * 1024 / 1e6)
            print(f"  {what}: {events / seconds:,.0f} events/s")
        table.show()


if __name__ == "__main__":
    main()
