"""What the transport costs above libpq alone, on one connection: the same work done by both, in turn."""

import argparse
import statistics

from peers import Table, figures, peers

WAYS = [
    ("rows of one answer", "rows", 200_000),
    ("rows one by one", "stream", 200_000),
    ("statement without work", "statement", 10_000),
    ("prepared INSERT, committed", "insert", 2_000),
    ("pipelined INSERT", "pipelined", 50_000),
    ("COPY", "copy", 200_000),
]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--share", type=float, default=1, help="of the default number of rows")
    settings = options.parse_args()

    with peers(names=("ours",)) as (peer,):
        db = peer.database(extension=None)
        db.sql("create table sink (n bigint, data text)")
        db.sql("create table wide as select n as ev_id, now() as ev_time, n as ev_txid, 0 as ev_retry, 'order' as ev_type, "
               "repeat('x', 200) as ev_data, null::text as ev_extra1, null::text as ev_extra2 from generate_series(1, 200000) n")
        db.sql("vacuum analyze wide")
        rates, costs = {}, {}
        for _ in range(settings.runs):
            for what, way, count in WAYS:
                for name, who in (("ours", "ours"), ("libpq", "bare")):
                    rate, cost = figures("transport", db.conninfo, who, way, max(1, int(count * settings.share)))
                    rates.setdefault((what, name), []).append(rate)
                    costs.setdefault((what, name), []).append(cost)
        text = f"200 bytes, medians of {settings.runs} runs, same server"
        show("transport on one connection", text, "per second", rates, more_is_better=True)
        show("processor time of the client", text, "ns each", costs, more_is_better=False)


def show(title, text, unit, taken, more_is_better):
    table = Table(title, text, unit, rates=more_is_better)
    for (what, name), values in taken.items():
        table.add(name, what, statistics.median(values))
    table.show()


if __name__ == "__main__":
    main()
