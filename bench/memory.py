"""Most memory that a consumer's process ever has while it takes one large batch, by fetch policy, beside its peers."""

import argparse

from consume import fill, orders, python_figures
from peers import Table, figures, peers

# Policies whose memory must not depend on the batch, and one that is as large as the batch by choice.
WAYS = [
    ("default (at_least_once, spooled)", "default", "<= 64"),
    ("same_transaction, by_cursor", "cursor", "<= 64"),
    ("same_transaction, row_by_row", "rows", "<= 64"),
    ("whole_batch", "whole", None),
]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--bytes", type=int, default=200, help="payload")
    settings = options.parse_args()

    with peers(names=["ours"]) as servers:
        db = orders(servers[0], [*(how for _, how, _ in WAYS), "bare", "python"])
        fill(db, settings.events, settings.bytes)
        table = Table("memory of a consumer", f"one batch of {settings.events} events of {settings.bytes} bytes", "MB")
        bare = figures("consume", db.conninfo, "bare", "bare-whole")[3]
        python = python_figures(db, "python")[3]
        for what, how, goal in WAYS:
            events, _, _, memory, _ = figures("consume", db.conninfo, how, how)
            assert events == settings.events, (how, events)
            table.add("ours", what, memory * 1024 / 1e6, goal=goal)
            table.add("libpq", what, bare * 1024 / 1e6)
            table.add("python3-pgq", what, python * 1024 / 1e6)
        table.show()


if __name__ == "__main__":
    main()
