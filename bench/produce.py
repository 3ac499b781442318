"""Events per second that one connection puts into a queue, in each way that producers have, beside plain rows by libpq alone."""

import argparse
import statistics

from peers import Table, figures, peers

# What, how ours does it, how libpq alone does about the same with a plain table, events per run, goal.
WAYS = [
    ("one per transaction", "each", "bare-each", 2_000, None),
    ("one per transaction, prepared", "prepared", "bare-each", 2_000, ">= 95 %"),
    ("pipelined", "pipelined", "bare-pipelined", 50_000, ">= 60 k"),
    ("insert_events", "bulk", None, 100_000, None),
    ("COPY", "copy", "bare-copy", 200_000, ">= 250 k"),
]

PLAIN = """create table plain (ev_id bigserial primary key, ev_time timestamptz not null default now(),
                               ev_txid bigint not null default txid_current(), ev_owner int, ev_retry int, ev_type text,
                               ev_data text, ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)"""


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--bytes", type=int, default=200, help="payload")
    options.add_argument("--share", type=float, default=1, help="of the default number of events")
    settings = options.parse_args()

    with peers() as servers:
        databases = {peer: peer.database() for peer in servers}
        for peer, db in databases.items():
            db.value("select pgq.create_queue('orders')")
            db.sql(PLAIN)
        taken = {}
        for _ in range(settings.runs):
            for what, ours, bare, count, _ in WAYS:
                for peer, db in databases.items():
                    if peer.ours or ours != "bulk":  # PgQ 3.5 has no such function
                        taken.setdefault((what, peer.name), []).append(run(db, ours, count, settings))
                    if peer.ours and bare:
                        taken.setdefault((what, "libpq"), []).append(run(db, bare, count, settings))

    about = f"{settings.bytes} bytes, medians of {settings.runs} runs"
    tables = [Table("produce on one connection", about, "events/s", rates=True),
              Table("the client's processor time", about, "us per event"),
              Table("the server's processor time", about, "us per event")]
    for at, table in enumerate(tables):
        for what, *_, goal in WAYS:
            for name in ("ours", "libpq", "debian"):
                if (what, name) in taken:
                    figure = statistics.median(row[at] for row in taken[what, name])
                    table.add(name, what, figure, goal=goal if table.rates else None)
        table.show()


def run(db, how, count, settings):
    return figures("produce", db.conninfo, how, max(1, int(count * settings.share)), settings.bytes)


if __name__ == "__main__":
    main()
