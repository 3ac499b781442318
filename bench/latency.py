"""From an insertion to the handler, by default settings: our pgqd and extension, and Debian's. The consumer is ours on both."""

import argparse

from peers import Table, figures, peers, ticking


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=8, help="for each rate")
    options.add_argument("--producers", type=int, default=4, help="connections that insert")
    options.add_argument("--idle", type=int, default=3, help="seconds without an event before one comes")
    options.add_argument("--idle-events", type=int, default=5, help="how often that happens")
    settings = options.parse_args()

    with peers() as servers:
        about = f"{settings.seconds} s each, {settings.producers} producers, 200 bytes"
        table = Table("from insertion to handler", about, "ms")
        for peer in servers:
            db = peer.database()
            db.value("select pgq.create_queue('orders')")
            db.value("select pgq.register_consumer('orders', 'billing')")
            with ticking(db, peer):
                for rate, goals in ((100, (3, 10)), (1000, (5, 20))):
                    _, reached, median, late = figures("latency", db.conninfo, settings.producers, rate, settings.seconds)
                    table.add(peer, f"{rate} events/s, p50", median, goal=goals[0])
                    table.add(peer, f"{rate} events/s, p99", late, goal=goals[1])
                    table.add(peer, f"{rate} events/s, rate reached", reached)
                _, _, median, late = figures("latency", db.conninfo, 0, settings.idle_events, settings.idle)
                table.add(peer, f"first after {settings.idle} s idle, p50", median)
                table.add(peer, f"first after {settings.idle} s idle, p99", late, goal=15)
        table.show()


if __name__ == "__main__":
    main()
