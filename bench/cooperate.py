"""Cooperating consumers with a handler that takes its time: what many reach together, of what so many would reach by themselves; beside
python3-pgq's, on the same server."""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

from peers import Table, figures, peers


# Goes through what there is, and prints when it began, when it ended, and how many events it had.
PYTHON = '''
import sys
import time
import pgq

each = float(sys.argv.pop()) / 1000

class Member(pgq.CoopConsumer):
    def process_event(self, db, event):
        time.sleep(each)
        event.tag_done()
        self.seen += 1

    def work(self):
        self.seen, began = 0, time.time()
        while super().work():
            pass
        print(began, time.time(), self.seen)
        return 0

Member("member", "db", sys.argv[1:]).start()
'''


def python_figures(db, members, milliseconds):
    """Events and seconds, from the first that begins to the last that ends: starting interpreters does not count."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "member.py"
        script.write_text(PYTHON)
        running = []
        for number in range(1, members + 1):
            config = pathlib.Path(folder) / f"{number}.ini"
            config.write_text(f"[member]\njob_name = billing\nconsumer_name = billing\nsubconsumer_name = member-{number}\n"
                              f"db = {db.conninfo}\nqueue_name = orders\nloop_delay = -1\n"
                              f"logfile = {folder}/log{number}\npidfile = {folder}/pid{number}\n")
            running.append(subprocess.Popen([sys.executable, script, "-q", config, str(milliseconds)], stdout=subprocess.PIPE, text=True))
        said = [[float(word) for word in one.communicate()[0].split()] for one in running]
    assert all(one.returncode == 0 for one in running)
    return sum(row[2] for row in said), max(row[1] for row in said) - min(row[0] for row in said)


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
        rates = {(peer, members): [] for members in (1, settings.members) for peer in ("ours", "python3-pgq")}
        for _ in range(settings.rounds):
            for (peer, members), reached in rates.items():
                events = members * settings.batches * settings.size
                fill(db, members * settings.batches, settings.size)
                if peer == "ours":
                    handled, seconds = figures("cooperate", db.conninfo, members, settings.milliseconds, events)
                else:
                    handled, seconds = python_figures(db, members, settings.milliseconds)
                assert handled >= events, (handled, events)
                reached.append(events / seconds)
        median = {key: statistics.median(reached) for key, reached in rates.items()}
        about = f"handler {settings.milliseconds} ms, batches of {settings.size}, medians of {settings.rounds} rounds"
        table = Table("cooperating consumers", about, "events/s", rates=True)
        for peer in ("ours", "python3-pgq"):
            one, many = median[peer, 1], median[peer, settings.members]
            table.add(peer, "1 member", one)
            table.add(peer, f"{settings.members} members", many)
            table.add(peer, "percent of linear", 100 * many / (settings.members * one), goal=">= 90")
        table.show()


if __name__ == "__main__":
    main()
