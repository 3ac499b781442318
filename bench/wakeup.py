"""What ticks on demand cost producers: commits per second of pgbench with and without them, in turn, and what NOTIFY by the
producers themselves would cost."""

import argparse
import pathlib
import re
import statistics
import subprocess
import tempfile

from peers import Table, peers, ticking

INSERT = "select pgq.insert_event('orders', 'order.placed', repeat('x', 200));\n"
NOTIFY = f"begin;\n{INSERT}notify orders;\ncommit;\n"


def commits(db, script, settings):
    """Commits per second by pgbench."""
    command = [db.server.tree / "bin/pgbench", "-n", "-M", "prepared", "-c", settings.clients, "-j", 2, "-T", settings.seconds,
               "-f", script, db.conninfo]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    return float(re.search(r"tps = ([0-9.]+)", done.stdout)[1])


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--clients", type=int, default=16)
    options.add_argument("--seconds", type=int, default=4, help="for each measurement")
    options.add_argument("--rounds", type=int, default=4)
    settings = options.parse_args()

    taken = {"on": [], "off": [], "notify": []}
    with peers(names=["ours"]) as servers, tempfile.TemporaryDirectory() as folder:
        insert, notify = pathlib.Path(folder) / "insert.sql", pathlib.Path(folder) / "notify.sql"
        insert.write_text(INSERT)
        notify.write_text(NOTIFY)
        db = servers[0].database()
        db.value("select pgq.create_queue('orders')")
        commits(db, insert, settings)  # not counted
        for round_ in range(settings.rounds):
            order = ["on", "off", "notify"] if round_ % 2 == 0 else ["notify", "off", "on"]
            for how in order:
                with ticking(db, servers[0], **({} if how == "on" else {"wakeup_period": 0})):
                    taken[how].append(commits(db, notify if how == "notify" else insert, settings))

    table = Table("what the wake-up costs producers",
                  f"{settings.clients} clients, {settings.rounds} rounds of {settings.seconds} s, medians", "commits/s", rates=True)
    table.add("ours", "one event per transaction", statistics.median(taken["on"]))
    table.add("no wake-up", "one event per transaction", statistics.median(taken["off"]))
    table.add("with NOTIFY", "one event per transaction", statistics.median(taken["notify"]))
    table.show()
    for what, how in (("ours", "on"), ("NOTIFY inside the transaction", "notify")):
        lost = [100 * (1 - given / free) for given, free in zip(taken[how], taken["off"])]
        print(f"  {what} costs {statistics.median(lost):.1f} % of the commits"
              f" (rounds: {', '.join(f'{one:.1f}' for one in lost)}){'; goal <= 2 %' if how == 'on' else ''}")


if __name__ == "__main__":
    main()
