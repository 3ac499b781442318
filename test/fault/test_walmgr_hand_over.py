"""Commits that waited for a receiver are nowhere else when the primary is lost: a standby is promoted with all of them, or not at all.
The receiver works elsewhere: the folder that it receives into is not one that the standby, or boot, can look into."""
import contextlib
import json
import shutil
import signal
import subprocess

import pytest

from support.pair import running_pair
from support.server import as_server_user
from support.told import Manual

ROWS = list(range(1, 21))


class Elsewhere:
    """A pair whose standby was down while a receiver was all that commits waited for."""

    def __init__(self, pair, more="", name="elsewhere", second=None):
        self.pair = pair
        self.ini = pair.folder / f"{name}.ini"
        self.folder = folder = pair.archive.make_folder(name)
        repositories = ", ".join(str(one) for one in (pair.archive.repository, second) if one)
        self.ini.write_text(f"[walmgr]\nwalmgr_data = {repositories}\nmaster_db = {pair.conninfo('a')}\n"
                            f"partial_wals = {folder}\nflush = synchronous\nwal_compression = lz4\n{more}")
        self.ini.chmod(0o644)
        self.said = pair.folder / f"{name}.log"

    def receive(self):
        with open(self.said, "ab") as said:
            command = as_server_user([self.pair.archive.program, self.ini, "receive"], die_with_parent=True)
            return subprocess.Popen(command, stdout=said, stderr=said, cwd="/")

    def signs(self):
        return {path.name.partition(".")[2] for path in self.pair.archive.repository.glob("main/receivers/*/*")}


@pytest.fixture
def elsewhere(program, wait_until):
    settings = "wal_log_hints = on\nsynchronous_standby_names = 'ANY 1 (walmgr, other)'\nsynchronous_commit = local\nlog_min_messages = fatal"
    with running_pair(program("walmgr"), settings) as pair:
        pair.sql("a", "create table kept (n int)")
        wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
        pair.ctl("b", "stop")
        made = Elsewhere(pair)
        made.receiver = made.receive()
        try:
            wait_until(lambda: pair.sql("a", "select sync_state from pg_stat_replication") == [("quorum",)], what="a receiver", timeout=60)
            keep(pair, ROWS)
            yield made
        finally:
            with contextlib.suppress(ProcessLookupError):
                made.receiver.kill()
                made.receiver.wait()


def lose_primary(pair):
    pair.kill9("a")
    pair.ctl("b", "start")


def keep(pair, rows):
    for n in rows:
        pair.sql("a", f"set synchronous_commit = on; insert into kept values ({n})")


def test_of_two_receivers_the_one_that_is_behind_hands_over_first(elsewhere, wait_until):
    """Both have the same segment, and only the second of them all of it."""
    pair = elsewhere.pair
    behind = Elsewhere(pair, "application_name = other\nslot = other\n", "behind")
    process = behind.receive()
    more = list(range(21, 31))
    try:
        wait_until(lambda: pair.sql("a", "select sync_state from pg_stat_replication") == [("quorum",)] * 2, what="both receivers", timeout=60)
        keep(pair, more[:1])
        wait_until(lambda: pair.sql("a", "select flush_lsn = pg_current_wal_flush_lsn() from pg_stat_replication") == [(True,)] * 2,
                   what="all of it in both")
        process.kill()
        process.wait()
        keep(pair, more[1:])
        elsewhere.receiver.send_signal(signal.SIGSTOP)
        lose_primary(pair)
        process = behind.receive()
        boot = subprocess.Popen(as_server_user(pair.archive.command("boot", "--timeout", "60"), die_with_parent=True), cwd="/")
        wait_until(lambda: "handed over up to" in behind.said.read_text(), what="the hand-over of less", timeout=60)
        assert boot.poll() is None
        elsewhere.receiver.send_signal(signal.SIGCONT)
        assert boot.wait(60) == 0
        assert pair.rows("b") == ROWS + more
        assert elsewhere.receiver.poll() is None
        assert "handed over up to" in elsewhere.said.read_text()
    finally:
        process.kill()
        process.wait()


def test_after_a_change_of_roles_it_does_not_receive_from_the_standby_instead(program, wait_until):
    """Both servers are named, and the first of them is the standby now. A second receiver is told to receive from that, whose stream does
    not end with the primary."""
    with running_pair(program("walmgr"), "wal_log_hints = on") as pair:
        pair.sql("a", "create table kept (n int)")
        wait_until(lambda: pair.streams("b"), what="a standby that streams", timeout=60)
        done = pair.walmgr("switchover")
        assert done.returncode == 0, done
        # One has another repository beside, which has not heard of the new timeline.
        second = pair.archive.make_folder("second")
        pair.run("cp", "-r", "--parents", "main/history", second, cwd=pair.archive.repository)
        receivers = [Elsewhere(pair, f"slave_db = {pair.conninfo('b')}\n", second=second), Elsewhere(pair, name="behind_the_standby")]
        processes = [one.receive() for one in receivers]
        try:
            pair.sql("b", "insert into kept values (1)")
            wait_until(lambda: pair.rows("a") == [1], what="the row on the standby")
            (at,), = pair.sql("b", "select pg_current_wal_flush_lsn()")
            for of in "ba":
                wait_until(lambda: pair.sql(of, f"select count(*) from pg_stat_replication where application_name = 'walmgr' and flush_lsn >= '{at}'")
                           == [(1,)], what="a receiver that has it", timeout=60)
            pair.kill9("b")
            done = pair.walmgr("boot", "--timeout", "60")
            assert done.returncode == 0 and "on timeline 3" in done.stdout, done
            for receiver in receivers:
                assert "handed over up to" in receiver.said.read_text(), (done.stdout, receiver.said.read_text())
            assert pair.rows("a") == [1]
            assert list(second.glob("main/wal/1/00000002.history.wal"))
        finally:
            for process in processes:
                process.kill()
                process.wait()


def test_a_receiver_that_died_is_waited_for_and_hands_over_when_it_comes_back(elsewhere, wait_until):
    pair = elsewhere.pair
    # A second repository, which is away when the receiver is told of it, and comes back.
    second = pair.archive.make_folder("second")
    away = second.with_name("away")
    pair.run("cp", "-r", "--parents", "main/history", second, cwd=pair.archive.repository)
    second.rename(away)
    text = elsewhere.ini.read_text()
    elsewhere.ini.write_text(text.replace(str(pair.archive.repository), f"{pair.archive.repository}, {second}") + "wal_copies = 1\n")
    (session,), = pair.sql("a", "select pid from pg_stat_replication")
    elsewhere.receiver.send_signal(signal.SIGHUP)
    wait_until(lambda: "second was not told yet what is received" in elsewhere.said.read_text(), what="a complaint", timeout=60)
    wait_until(lambda: pair.sql("a", f"select sync_state from pg_stat_replication where pid <> {session}") == [("quorum",)],
               what="the receiver again", timeout=60)
    away.rename(second)
    wait_until(lambda: [path.suffix for path in second.glob("main/receivers/*/*")] == [""], what="the sign", timeout=60)
    elsewhere.receiver.kill()
    elsewhere.receiver.wait()
    lose_primary(pair)

    # It is known where the first repository is lost, too.
    pair.archive.configure(**pair.keys, walmgr_data=second)
    done = pair.walmgr("boot", "--timeout", "1")
    assert done.returncode == 15 and "has not told how far it has received" in done.stderr and f"in {second}" in done.stderr, done
    for more, actions in ((["-n"], ["withdraw"]), ([], ["withdraw"]), ([], [])):
        told = Manual().read(pair.walmgr("boot", "--undo", *more, "--json"), "boot", dry_run="-n" in more)
        assert [change["action"] for change in told["changes"]] == actions and told["status"] == 0, told
    pair.archive.configure(**pair.keys)
    elsewhere.ini.write_text(text)

    done = pair.walmgr("boot", "--timeout", "3")
    assert done.returncode == 15 and "has not told how far it has received" in done.stderr and "--without-receivers" in done.stderr, done
    assert pair.sql("b", "select pg_is_in_recovery()") == [(True,)]

    # The decision can be taken back, as long as nothing was promoted; and the old primary be received from again.
    done = pair.walmgr("boot", "--undo", "-n")
    assert done.returncode == 0 and "would take back that timeline 1 was given up" in done.stdout, done
    assert list(pair.archive.repository.glob("main/intents/*"))
    done = pair.walmgr("boot", "--undo")
    assert done.returncode == 0 and "timeline 1 is not given up any more" in done.stdout, done
    assert not list(pair.archive.repository.glob("main/intents/*")) and not list(pair.keys["state_dir"].glob("*.journal"))
    assert pair.walmgr("boot", "--undo").stdout == "nothing to undo\n"

    elsewhere.receiver = elsewhere.receive()
    done = pair.walmgr("boot", "--timeout", "60")
    assert done.returncode == 0, done
    assert pair.rows("b") == ROWS
    done = pair.walmgr("boot", "--undo")
    assert done.returncode == 0 and done.stdout == "nothing to undo\n"


def test_a_receiver_that_was_stopped_says_what_it_has_and_hands_over_again_behind_an_undo(elsewhere, wait_until):
    pair = elsewhere.pair
    elsewhere.receiver.send_signal(signal.SIGTERM)
    assert elsewhere.receiver.wait(10) == 0
    assert elsewhere.signs() == {"", "at"}

    # As long as it cannot take back that it receives nothing, nothing is acknowledged.
    signs, = pair.archive.repository.glob("main/receivers/*")
    signs.chmod(0o555)
    elsewhere.receiver = elsewhere.receive()
    wait_until(lambda: "connecting again" in elsewhere.said.read_text(), what="a complaint")
    assert pair.sql("a", "select count(*) from pg_stat_replication where state = 'streaming'") == [(0,)]
    signs.chmod(0o755)
    wait_until(lambda: pair.sql("a", "select sync_state from pg_stat_replication") == [("quorum",)], what="the receiver again", timeout=60)
    assert elsewhere.signs() == {""}
    elsewhere.receiver.send_signal(signal.SIGTERM)
    assert elsewhere.receiver.wait(10) == 0
    assert elsewhere.signs() == {"", "at"}
    lose_primary(pair)
    done = pair.walmgr("boot", "--timeout", "3")
    assert done.returncode == 15 and "that is not in the repository: start receive there" in done.stderr, done

    # A primary that was given up is not received from: what it would acknowledge nobody would ever see.
    pair.ctl("b", "stop")
    pair.ctl("a", "start")
    elsewhere.receiver = elsewhere.receive()
    wait_until(lambda: "timeline 1 was given up, so that its server is not received from" in elsewhere.said.read_text(),
               what="a refusal", timeout=60)
    assert pair.sql("a", "select count(*) from pg_stat_replication") == [(0,)]
    wait_until(lambda: "handed over up to" in elsewhere.said.read_text(), what="the hand-over", timeout=60)
    assert pair.walmgr("boot", "--undo").returncode == 0
    wait_until(lambda: pair.sql("a", "select sync_state from pg_stat_replication") == [("quorum",)], what="the receiver again", timeout=60)
    keep(pair, [21])
    assert elsewhere.signs() == {""}
    lose_primary(pair)
    done = pair.walmgr("boot", "--timeout", "60")
    assert done.returncode == 0, done
    assert pair.rows("b") == [*ROWS, 21]


def test_a_standby_that_cannot_get_at_it_is_not_promoted_unless_somebody_gives_it_up(elsewhere):
    pair = elsewhere.pair
    settings = pair.data("b") / "postgresql.conf"
    settings.write_text(settings.read_text() + "restore_command = 'false'\n")
    lose_primary(pair)
    done = pair.walmgr("boot", "--timeout", "5")
    assert done.returncode == 15 and "the standby has replayed up to" in done.stderr and "whether its restore_command" in done.stderr, done
    assert pair.sql("b", "select pg_is_in_recovery()") == [(True,)]
    done = pair.walmgr("boot", "--timeout", "60", "--without-receivers")
    assert done.returncode == 0, done
    assert pair.rows("b") == ROWS[:len(pair.rows("b"))]


def test_without_a_standby_one_is_restored_and_nothing_acknowledged_is_lost(elsewhere, wait_until):
    """The receiver knows one server only, in whose place the restored one is: it must not take that for the primary that it waits for."""
    pair = elsewhere.pair
    done = pair.walmgr("backup")
    assert done.returncode == 0, done
    more = list(range(21, 26))
    keep(pair, more)
    pair.kill9("a")
    for name in "ab":
        shutil.rmtree(pair.data(name))
    pair.archive.configure(**{key: value for key, value in pair.keys.items() if not key.startswith("slave")})

    wanted = "may have log of timeline 1 that is not archived"
    done = pair.walmgr("restore", "-n", pair.folder / "copy")
    assert done.returncode == 0 and done.stderr.count(wanted) == 1 and "restore --standby --start, then boot" in done.stderr, done
    done = pair.walmgr("restore", "-n", "--json", pair.folder / "copy")
    assert [wanted in line for line in json.loads(done.stdout)["attentions"]] == [True], done
    for no_less in (["--standby"], ["--target-immediate"]):
        done = pair.walmgr("restore", "-n", *no_less, pair.folder / "copy")
        assert done.returncode == 0 and wanted not in done.stderr, done

    done = pair.walmgr("restore", "--standby", "--start", pair.data("a"))
    assert done.returncode == 0, done
    wait_until(lambda: "the server is a standby, at" in elsewhere.said.read_text(), what="a receiver that has seen it", timeout=60)
    done = pair.walmgr("boot", "--timeout", "60")
    assert done.returncode == 0, done
    assert pair.rows("a") == ROWS + more
    assert elsewhere.receiver.poll() is None
    assert "handed over up to" in elsewhere.said.read_text()
