"""What one event costs in a loop on the server, beside a plain INSERT into the event table that does the least a table can do."""

import argparse
import statistics

from peers import Table, peers
from stopwatch import Stopwatch

LOOP = """
do $$ begin
    for i in 1 .. {events} loop
        perform pgq.insert_event('q', 'type', '{payload}');
    end loop;
end $$
"""

# By name: the statement, how many events it writes, and whether Debian's extension has the function.
WAYS = {
    "plpgsql loop": (LOOP, True),
    "one statement": ("select count(pgq.insert_event('q', 'type', '{payload}')) from generate_series(1, {events})", True),
    "with four extras": ("select count(pgq.insert_event('q', 'type', '{payload}', 'e1', 'e2', 'e3', 'e4')) from generate_series(1, {events})", True),
    "insert_events, 1,000 at once": (
        "select sum(array_length(pgq.insert_events('q', types, data), 1)) from (select array_agg('type'::text) types,"
        " array_agg('{payload}'::text) data from generate_series(1, 1000) offset 0) x, generate_series(1, {events} / 1000)", False),
    "plain INSERT ... SELECT": (
        "insert into pgq.event_1_0 (ev_id, ev_time, ev_type, ev_data)"
        " select nextval('pgq.event_1_id_seq'), now(), 'type', '{payload}' from generate_series(1, {events})", True),
}
GOALS = {"plpgsql loop": 5.5, "one statement": 5.5}


def microseconds(watch, statement, events):
    """Wall clock and processor microseconds per event."""
    wall, cpu = watch.seconds(statement)
    watch.db.sql("truncate pgq.event_1_0")
    return wall / events * 1e6, cpu / events * 1e6


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--payload", type=int, default=200)
    options.add_argument("--runs", type=int, default=5)
    settings = options.parse_args()

    with peers({"max_wal_size": "2GB", "min_wal_size": "2GB"}) as servers:
        about = f"{settings.events} events of {settings.payload} bytes, median of {settings.runs} runs, fsync on"
        tables = [Table("insert_event", about, "us per event"), Table("insert_event", about, "us of server CPU per event")]
        watches = {peer: Stopwatch(peer.database()) for peer in servers}
        for watch in watches.values():
            watch.db.value("select pgq.create_queue('q')")
        for name, (statement, everywhere) in WAYS.items():
            text = statement.format(events=settings.events, payload="x" * settings.payload)
            took = {peer: [] for peer in servers if peer.ours or everywhere}
            for run in range(settings.runs + 1):  # in turn, so that both see the same machine; the first run only warms up
                for peer, figures in took.items():
                    figure = microseconds(watches[peer], text, settings.events)
                    if run > 0:
                        figures.append(figure)
            for peer, figures in took.items():
                for table, column in zip(tables, zip(*figures)):
                    table.add(peer, name, statistics.median(column), goal=GOALS.get(name))
        for table in tables:
            table.show()


if __name__ == "__main__":
    main()
