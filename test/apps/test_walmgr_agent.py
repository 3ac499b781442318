"""walmgr's agent archives and fetches ahead. What xarchive and xrestore say is the same with it as without."""
import json
import shutil
import signal
import socket
import subprocess

import pytest

from support.agent import AgentArchive, ServiceManager, handing_over
from support.archive import segment_bytes, segment_name
from support.server import ROOT, give_to_server_user


@pytest.fixture
def archive(scratch, program, start):
    archive = AgentArchive(scratch, program("walmgr"), start)
    archive.know_cluster(archive.repository)
    return archive


def counts(archive):
    return json.loads(archive.run("status", "--json").stdout)["agent"]


def test_it_archives_ahead_and_is_as_honest_as_without(archive, wait_until):
    agent = archive.agent(wait_until)
    for number in range(1, 9):
        archive.put(number)
    assert archive.ask(1).returncode == 0
    names = [segment_name(number) for number in range(1, 9)]
    wait_until(lambda: archive.stored() == names, what="segments that nobody has asked for")
    wait_until(lambda: counts(archive)["archive_waiting"] == 7, what="the agent to be done")
    done = archive.ask(2)
    assert (done.returncode, done.stderr) == (0, "")
    assert counts(archive)["archive_ahead"] == 1

    # The repository is emptied; a file is written anew.
    for path in archive.objects()[2:4]:
        path.unlink()
    assert archive.ask(3).returncode == 0
    assert segment_name(3) in archive.stored()
    archive.put(5, seed=2)
    done = archive.ask(5)
    assert done.returncode == 11 and "put aside" in done.stderr
    assert archive.ask(4).returncode == 0

    # Another configuration than the agent has read.
    second = archive.folder / "second"
    shutil.copytree(archive.repository, second)
    shutil.chown(second, archive.repository.owner())
    for path in second.rglob("*"):
        shutil.chown(path, archive.repository.owner())
    archive.configure(walmgr_data=f"{archive.repository}, {second}")
    shutil.rmtree(second / "main/wal")
    done = archive.ask(6)
    assert done.returncode == 0 and "another configuration" in done.stderr
    assert sorted(path.stem for path in second.glob("main/wal/1/*/*/*.wal")) == [segment_name(6)]
    agent.send_signal(signal.SIGHUP)
    wait_until(lambda: "was read again" in archive.said.read_text(), what="the new configuration")
    assert archive.ask(7).stderr == ""
    assert segment_name(7) in [path.stem for path in second.rglob("*.wal")]

    # Killed, and gone: the plain way, with a word about it.
    agent.kill()
    agent.wait()
    done = archive.ask(8)
    assert done.returncode == 0 and "does not answer" in done.stderr and "archived without it" in done.stderr
    done = archive.run("status", "--json")
    assert json.loads(done.stdout)["agent"] is None and "does not answer" in done.stderr


def test_it_starts_where_a_crash_has_left_a_socket_and_stops_in_order(archive, wait_until):
    agent = archive.agent(wait_until)
    agent.kill()
    agent.wait()
    assert archive.socket.exists()
    agent = archive.agent(wait_until)
    archive.put(1)
    assert wait_until(lambda: "does not answer" not in archive.ask(1).stderr, what="the agent")
    done = archive.run("agent")
    assert done.returncode in (3, 14) and "process" in done.stderr
    archive.configure(agent_pidfile="")
    done = archive.run("agent")
    assert done.returncode == 14 and "another agent listens" in done.stderr
    archive.configure()
    assert archive.run("agent", "-k").returncode == 0
    assert agent.wait(10) == 0
    assert not archive.socket.exists() and not (archive.folder / "agent.pid").exists()
    assert archive.run("agent", "-s").returncode == 1

    archive.configure(agent_log=archive.folder / "background.log")
    done = archive.run("agent", "-d")
    assert done.returncode == 0, done.stderr
    assert archive.fetch(1).returncode == 0
    assert archive.run("agent", "-k").returncode == 0
    wait_until(lambda: "has stopped" in (archive.folder / "background.log").read_text(), what="the end")
    assert archive.run("agent", "-d", "-k").returncode == 2
    archive.configure(agent_socket="here")
    assert archive.run("agent").returncode == 3


def test_it_is_started_by_who_asks_and_ends_when_nobody_does(archive, wait_until):
    archive.configure(agent_idle=1, agent_pidfile="", agent_spool="")
    with ServiceManager(archive) as manager:
        for number in range(1, 7):
            archive.put(number)
        done = archive.ask(1)
        assert (done.returncode, done.stderr) == (0, "") and len(manager.started) == 1
        assert archive.ask(2).stderr == "" and counts(archive)["archive_asked"] == 2
        done = archive.run("agent")  # by hand, where there is one already
        assert done.returncode == 14 and "somebody listens" in done.stderr and archive.socket.exists(), done
        first = manager.started[0]
        assert wait_until(lambda: first.poll() is not None, what="an agent that ends") and first.returncode == 0
        assert "nobody has asked for 1 seconds" in archive.said.read_text() and archive.socket.exists()
        assert archive.ask(3).stderr == "" and len(manager.started) == 2
        # Who asks while it starts again, for it was killed, waits or does it himself; nothing is lost.
        manager.started[1].kill()
        assert archive.ask(4).returncode == 0
        assert segment_name(4) in archive.stored()
        assert wait_until(lambda: archive.ask(5).stderr == "", what="a third agent")
    archive.configure(agent_socket=archive.folder / "other.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as elsewhere:
        elsewhere.bind(str(archive.socket) + ".other")
        done = subprocess.run(handing_over(elsewhere.fileno(), archive.command("agent")), pass_fds=[elsewhere.fileno()],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == 3 and "ListenSequentialPacket=" in done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_units_are_what_systemd_takes(archive, tmp_path):
    """As far as can be said without a systemd that runs; with one: test/fault/test_walmgr_units.py."""
    source = ROOT / "apps/walmgr/systemd"
    for name in ("agent", "receive"):
        unit = (source / f"walmgr-{name}@.service.in").read_text().replace("@BINDIR@/walmgr", str(archive.program))
        (tmp_path / f"walmgr-{name}@.service").write_text(unit.replace("User=postgres", "User=daemon"))
    shutil.copy(source / "walmgr-agent@.socket", tmp_path)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / "walmgr-agent@main.service",
                           tmp_path / "walmgr-receive@main.service", tmp_path / "walmgr-agent@main.socket"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "walmgr" not in done.stderr, done.stderr
    wrong = tmp_path / "wrong/walmgr-agent@.socket"
    wrong.parent.mkdir()
    wrong.write_text((source / wrong.name).read_text().replace("ListenSequentialPacket", "ListenPackets"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", wrong.with_name("walmgr-agent@main.socket")], capture_output=True, timeout=60)
    assert done.returncode != 0


def test_a_spool_that_others_can_change_is_not_used(archive):
    archive.configure(agent_idle=1)
    kept, made = archive.put(1), archive.spool / "walmgr-spool-main"
    theirs = archive.spool / "theirs"
    theirs.mkdir(mode=0o777)
    theirs.chmod(0o777)
    for place in (archive.log, theirs):
        made.symlink_to(place)
        done = archive.run("agent")
        assert done.returncode == 3 and f"{made} is no folder that belongs to us" in done.stderr and kept.exists(), done
        made.unlink()
    theirs.rename(made)  # somebody else's
    assert archive.run("agent").returncode == 3
    give_to_server_user(made)  # ours, but everybody may write there
    assert archive.run("agent").returncode == 3
    made.chmod(0o700)
    assert archive.run("agent").returncode == 0


def test_what_is_fetched_ahead_is_whole_or_not_handed_out(archive, wait_until):
    archive.configure(agent_socket="")
    for number in range(1, 10):
        assert archive.push(number).returncode == 0
    archive.configure()
    plain = archive.run("xrestore", segment_name(1), archive.repository / "fetched")
    assert plain.returncode == 0  # without an agent
    victim = archive.objects()[5]
    whole = victim.read_bytes()
    victim.write_bytes(whole[:5000] + bytes([whole[5000] ^ 0x55]) + whole[5001:])
    archive.agent(wait_until)
    for number in range(1, 6):
        assert archive.fetch(number).returncode == 0
        assert (archive.repository / "fetched").read_bytes() == segment_bytes(number)
    assert counts(archive)["fetch_ahead"] >= 1
    (archive.repository / "fetched").unlink()
    done = archive.fetch(6)
    assert done.returncode == 162 and "damaged" in done.stderr
    assert not (archive.repository / "fetched").exists()
    victim.unlink()
    done = archive.fetch(6)
    assert done.returncode == 163 and "gap" in done.stderr
    assert archive.fetch(7).returncode == 0
    assert archive.fetch(10).returncode == 1
    assert len(list(archive.spool.glob("*/*"))) <= 4
