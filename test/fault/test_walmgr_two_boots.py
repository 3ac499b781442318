"""Two machines give a lost primary up at the same moment, each for a standby of its own: one standby is promoted, and no other."""
import subprocess

import pytest

from support.killed import run_until
from support.pair import Writer, running_pair
from support.server import as_server_user, give_to_server_user

# A commit is acknowledged when both standbys have it.
SETTINGS = "wal_log_hints = on\nsynchronous_standby_names = '2 (*)'\nsynchronous_commit = local"


class Machine:
    """Has its own configuration and state, and a standby as its slave; the repository and the primary are those of all."""

    def __init__(self, pair, name, standby):
        self.pair, self.standby = pair, standby
        self.ini = pair.folder / f"walmgr/{name}.ini"
        state = pair.folder / f"walmgr/state_{name}"
        state.mkdir()
        give_to_server_user(state)
        keys = {**pair.keys, "walmgr_data": pair.archive.repository, "state_dir": state, "slave_db": pair.conninfo(standby),
                "slave_data": pair.data(standby)}
        self.ini.write_text("[walmgr]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))
        self.ini.chmod(0o644)

    def command(self, *args):
        return as_server_user([self.pair.archive.program, self.ini, *args])

    def begin(self, *args):
        return subprocess.Popen(self.command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")

    def run(self, *args):
        return subprocess.run(self.command(*args), capture_output=True, text=True, timeout=120, cwd="/")


@pytest.fixture
def pair(program):
    with running_pair(program("walmgr"), SETTINGS) as made:
        yield made


def test_one_standby_is_promoted_and_has_all(pair, wait_until):
    pair.clone("c")
    pair.ctl("c", "start")
    wait_until(lambda: pair.streams("b") and pair.streams("c"), what="two standbys that stream", timeout=60)
    machines = [Machine(pair, standby, standby) for standby in "bc"]
    pair.sql("a", "create table kept (n int primary key)")
    pair.sql("a", "alter system set synchronous_commit = on")
    pair.sql("a", "select pg_reload_conf()")
    wait_until(lambda: pair.sql("a", "show synchronous_commit") == [("on",)], what="commits that wait")
    writer = Writer(pair)
    wait_until(lambda: len(writer.acknowledged) > 20, what="some rows")
    pair.kill9("a")
    writer.over.set()

    begun = [one.begin("boot", "--timeout", "60") for one in machines]
    said = [process.communicate() for process in begun]
    statuses = [process.returncode for process in begun]
    assert sorted(statuses) == [0, 14], (statuses, said)
    winner, loser = (machines[statuses.index(status)] for status in (0, 14))
    assert "promotes another standby" in said[machines.index(loser)][1], said
    assert pair.primaries() == [winner.standby]
    assert set(writer.acknowledged) <= set(pair.rows(winner.standby))
    # Nor does it later, unless somebody says so; and who takes back what he has begun takes nothing from the other.
    assert loser.run("boot", "--timeout", "60").returncode == 14
    done = loser.run("boot", "--undo")
    assert done.returncode == 0 and "stays given up" in done.stdout, done
    assert list(pair.archive.repository.glob("main/intents/*")) and pair.primaries() == [winner.standby]
    writer.end()
    pair.sql(winner.standby, "set synchronous_commit = local; insert into kept values (-1)")


def test_a_machine_that_is_lost_with_its_promotion_is_taken_over_from(pair):
    first, second = (Machine(pair, name, "b") for name in ("first", "second"))
    pair.kill9("a")
    said = pair.folder / "said"
    event, _ = run_until(first.command("boot"), lambda event: event == ("before", "begin promote"), said)
    assert event, said.read_text()
    for _ in range(2):
        done = second.run("boot")
        assert done.returncode == 14 and done.stderr.count("\n") == 1, done
    assert "somebody else promotes" in second.run("boot").stderr and pair.primaries() == []
    done = second.run("boot", "--take-over", "--undo")
    assert done.returncode == 2, done
    done = second.run("boot", "--take-over")
    assert done.returncode == 0 and pair.primaries() == ["b"], done
    # It was not lost after all, and finds that all is done.
    done = first.run("boot")
    assert done.returncode == 0 and pair.primaries() == ["b"], done
