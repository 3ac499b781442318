"""Debian's python3-pgq, unchanged: its cooperating consumer on our extension, one of which dies at work."""
import signal
import subprocess
import sys
import textwrap

CONSUMER = textwrap.dedent('''
    import os
    import signal
    import sys

    from pgq.coopconsumer import CoopConsumer

    class Tally(CoopConsumer):
        def process_event(self, db, event):
            if event.ev_data == self.cf.get("dies_of", ""):
                os.kill(os.getpid(), signal.SIGKILL)
            db.cursor().execute("insert into seen (member, data) values (%s, %s)", [self.subconsumer_name, event.ev_data])
            event.tag_done()

    if __name__ == "__main__":
        Tally("tally", "db", sys.argv[1:]).start()
''')


def test_a_survivor_does_the_work_of_the_dead(server, make_db, group_in, scratch, start, wait_until):
    group = group_in(make_db(server, "pgq", "pgq_coop"))
    group.db.sql("create table seen (member text, data text primary key)")
    (scratch / "tally.py").write_text(CONSUMER)

    def run(member, *settings):
        config = scratch / f"{member}.ini"
        config.write_text("\n".join([
            "[tally]", f"job_name = tally_{member}", f"db = {group.db.conninfo}", "queue_name = orders", "consumer_name = pack",
            f"subconsumer_name = {member}", "subconsumer_timeout = 10 minutes", "loop_delay = 0.05",
            f"pidfile = {scratch}/{member}.pid", *settings]) + "\n")
        with open(scratch / f"{member}.out", "w") as out:
            return start([sys.executable, scratch / "tally.py", config], stdout=out, stderr=subprocess.STDOUT)

    group.join("first", "second")
    group.tick("1", "2", "3")
    assert run("first", "dies_of = 3").wait(60) == -signal.SIGKILL
    group.kill("first")
    # The server may still be undoing what the dead one had done; its row is free only after that.
    survivor = run("second")
    wait_until(lambda: group.db.value("select count(*) from seen") == 3, what="the survivor has done the batch")
    group.tick("4")
    wait_until(lambda: group.db.value("select count(*) from seen") == 4, what="the survivor goes on")
    assert group.db.sql("select distinct member from seen") == [("second",)]
    assert group.db.value("select taken_by from pgq_coop.taken_over") == "pack.second"
    survivor.send_signal(signal.SIGINT)
    survivor.wait(60)
    assert group.members() == {"pack.second": None}
