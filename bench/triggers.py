"""What a row trigger adds to a bulk insert and a bulk update, per row."""

import argparse
import statistics

from peers import Table, peers
from stopwatch import Stopwatch

TRIGGERS = ("logutriga", "jsontriga", "sqltriga")
TABLES = """
create table source as
    select i as id, 'name ' || i as name, repeat('x', {payload}) as note, now() + i * interval '1 second' as at, i * 1.5::numeric as price,
           i % 2 = 0 as flag, i::bigint * 1000 as number
    from generate_series(1, {rows}) i;
create table target (id integer primary key, name text, note text, at timestamptz, price numeric, flag boolean, number bigint);
"""
STATEMENTS = {"insert": "insert into target select * from source", "update": "update target set number = number + 1"}


def run_once(watch, trigger):
    """(wall clock, processor) seconds of the bulk insert and of the bulk update."""
    watch.db.sql("truncate target; truncate pgq.event_1_0; drop trigger if exists capture on target")
    if trigger:
        watch.db.sql(f"create trigger capture after insert or update on target for each row execute function pgq.{trigger}('q')")
    return {name: watch.seconds(statement) for name, statement in STATEMENTS.items()}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=50_000)
    options.add_argument("--payload", type=int, default=120)
    options.add_argument("--runs", type=int, default=5)
    settings = options.parse_args()

    with peers({"max_wal_size": "2GB", "min_wal_size": "2GB"}) as servers:
        about = (f"{settings.rows} rows of 7 columns and about {settings.payload + 80} bytes, median of {settings.runs} runs,"
                 " fsync on")
        watches = {peer: Stopwatch(peer.database()) for peer in servers}
        for watch in watches.values():
            watch.db.value("select pgq.create_queue('q')")
            watch.db.sql(TABLES.format(rows=settings.rows, payload=settings.payload) + "analyze source")
        took = {}
        for run in range(settings.runs + 1):  # in turn, so that all see the same machine; the first run only warms up
            for trigger in (None, *TRIGGERS):
                for peer, watch in watches.items():
                    for name, figure in run_once(watch, trigger).items():
                        if run > 0:
                            took.setdefault((peer, trigger, name), []).append(figure)
        for clock, unit in enumerate(("us per row", "us of server CPU per row")):
            table = Table("cost that a trigger adds", about, unit)

            def median(peer, trigger, name):
                return statistics.median(figure[clock] for figure in took[peer, trigger, name]) / settings.rows * 1e6

            for name in STATEMENTS:
                for trigger in TRIGGERS:
                    for peer in servers:
                        table.add(peer, f"{trigger}, {name}", median(peer, trigger, name) - median(peer, None, name),
                                  goal=8 if name == "insert" else None)
            for name in STATEMENTS:
                for peer in servers:
                    table.add(peer, f"(no trigger, {name})", median(peer, None, name))
            table.show()


if __name__ == "__main__":
    main()
