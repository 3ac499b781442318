"""What becomes of log that cannot be archived while the server's disk fills: the key on_pressure."""
import json
import pathlib
import shutil
import subprocess
import time

import pytest

from support.agent import AgentArchive
from support.archive import Archive, segment_bytes, segment_name, small_segments_server
from support.disk import small_disk
from support.server import as_server_user, give_to_server_user, tree

MIB = 1 << 20


class Pressed(AgentArchive):
    """An archive of made segments whose log lies on a disk of 12 MiB, of which 4 shall stay free."""

    def __init__(self, folder, program, start, disk):
        self.state = pathlib.Path(folder) / "state"
        self.state.mkdir()
        give_to_server_user(self.state)
        super().__init__(folder, program, start)
        shutil.rmtree(self.log)
        self.log.symlink_to(disk)
        (self.log / "archive_status").mkdir()
        self.know_cluster(self.repository)

    def configure(self, **keys):
        # The path of the data folder is where status and metrics look for pg_wal.
        super().configure(**{"state_dir": self.state, "master_data": self.folder, "master_db": "host=/nowhere", "agent_spool": "",
                             "agent_socket": "", "on_pressure": "drop", "pressure_free_bytes": 4 * MIB, "pressure_patience": 1, **keys})

    def notes(self):
        return sorted(path.stem for path in self.state.glob("main.dropped/*.dropped"))

    def take_away(self):
        return self.repository.rename(self.folder / "away")

    def bring_back(self):
        (self.folder / "away").rename(self.repository)

    def gone(self, number):
        """The server removes what it was told not to keep, as by a checkpoint."""
        (self.log / segment_name(number)).unlink()

    def ask_file(self, name):
        return self.run("xarchive", self.log / name, name)


@pytest.fixture
def pressed(scratch, program, start):
    with small_disk(12 * MIB) as disk:
        yield Pressed(scratch, program("walmgr"), start, disk)


def test_log_is_dropped_noted_recorded_and_stored_after_all_where_it_is_still_there(pressed):
    for number in range(1, 8):
        pressed.put(number)
    assert pressed.ask(1).returncode == 0
    pressed.gone(1)
    pressed.take_away()
    done = pressed.ask(2)  # there is room
    assert done.returncode == 16 and "DROPPED" not in done.stderr and pressed.notes() == []

    # As much is dropped as gives the room back once the server has removed it, and no more.
    for number in range(8, 11):
        pressed.put(number)
    done = pressed.ask(2)
    assert done.returncode == 0 and f"DROPPED {segment_name(2)}" in done.stderr and "ALARM: 9 files wait" in done.stderr, done.stderr
    assert pressed.ask(3).returncode == 16
    pressed.put(11)
    assert pressed.ask(3).returncode == 0
    assert pressed.notes() == [segment_name(2), segment_name(3)]
    done = pressed.run("gap", "list")
    assert done.returncode == 16 and done.stdout.count("the repository does not know of it yet: dropped at 2") == 2, done
    done = pressed.run("status", "--json")
    found = json.loads(done.stdout)["log_folder"]
    assert [one["name"] for one in found["dropped"]] == pressed.notes() and found["pressure"]["holds"] is False
    assert "walmgr_dropped_files{cluster=\"main\"} 2" in pressed.run("metrics").stdout

    # A history is small: nothing of it is lost, and it holds up no segment behind it.
    pressed.put(12)
    history = b"1\t0/500000\tno reason\n"
    (pressed.log / "00000002.history").write_bytes(history)
    done = pressed.ask_file("00000002.history")
    assert done.returncode == 0 and "was put aside" in done.stderr
    (pressed.log / "00000002.history").unlink()

    # What the server has removed is a gap; what it has not is stored.
    for number in (2, 11, 12):
        pressed.gone(number)
    pressed.bring_back()
    done = pressed.ask(4)
    assert done.returncode == 0, done.stderr
    assert f"{segment_name(2)} was dropped and is gone: recorded as missing" in done.stderr
    assert f"{segment_name(3)}, which was dropped or put aside, is archived after all" in done.stderr
    assert pressed.notes() == [] and pressed.stored() == [segment_name(number) for number in (1, 3, 4)]
    fetched = pressed.repository / "fetched"
    assert pressed.run("xrestore", "00000002.history", fetched).returncode == 0 and fetched.read_bytes() == history
    assert pressed.run("xrestore", segment_name(3), fetched).returncode == 0 and fetched.read_bytes() == segment_bytes(3)
    assert pressed.run("xrestore", segment_name(2), fetched).returncode == 163
    done = pressed.run("gap", "list", "--json")
    gap, = json.loads(done.stdout)["gaps"]
    assert done.returncode == 13 and gap["first"] == gap["last"] == segment_name(2) and gap["why"].startswith("dropped at 2"), done

    # At the end of the log nothing behind it says that something is missing: the record does.
    pressed.take_away()
    for number in (5, 6, 7, 8, 9, 10, 11, 12):
        pressed.put(number)
    for number in (5, 6, 7):
        pressed.ask(number)
    dropped = pressed.notes()
    assert dropped and dropped[0] == segment_name(5)
    for name in dropped:
        (pressed.log / name).unlink()
    pressed.bring_back()
    assert pressed.run("xrestore", segment_name(5), fetched).returncode == 1  # nobody can know it yet
    done = pressed.run("gap", "refill")
    assert done.returncode == 13 and f"{dropped[-1]} was dropped and is gone" in done.stdout, done
    done = pressed.run("xrestore", segment_name(5), fetched)
    assert done.returncode == 163 and "as is recorded: dropped at 2" in done.stderr
    assert pressed.run("gap", "accept", segment_name(5), "--why", "test").returncode == 0
    assert pressed.run("xrestore", segment_name(5), fetched).returncode == 1


def test_what_is_for_a_person_blocks_and_what_cannot_be_noted_is_kept(pressed):
    for number in range(1, 11):
        pressed.put(number)
    assert pressed.push(1, seed=2).returncode == 0
    assert pressed.ask(1).returncode == 11  # other bytes under that name
    (pressed.log / segment_name(2)).write_bytes(segment_bytes(2)[:-1])
    assert pressed.ask(2).returncode == 12
    pressed.take_away()
    pressed.put(2).write_bytes(segment_bytes(3))
    assert pressed.ask(2).returncode == 10  # is no such segment, so that a note of it would be wrong
    with small_disk("16k") as full:
        (full / "filler").write_bytes(bytes(16 << 10))
        pressed.configure(state_dir=full)
        done = pressed.ask(3)
        assert done.returncode == 17 and "DROPPED" not in done.stderr, done
    pressed.configure(state_dir="/")
    for done in (pressed.ask(3), pressed.run("check")):
        assert done.returncode != 0 and "/main.dropped" in done.stderr + done.stdout, done
    pressed.configure(on_pressure="alarm", pressure_backlog=3, pressure_free_bytes=0)
    done = pressed.ask(3)
    assert done.returncode == 16 and "ALARM: 10 files wait to be archived" in done.stderr
    pressed.bring_back()
    done = pressed.ask(3)
    assert done.returncode == 0 and "ALARM: 10 files wait" in done.stderr and pressed.notes() == []
    done = pressed.run("status")
    assert "ALARM: 9 files wait" in done.stdout
    assert 'walmgr_pressure{cluster="main"} 1' in pressed.run("metrics").stdout
    for keys, words in (({"on_pressure": "panic"}, "neither block, alarm nor drop"),
                        ({"on_pressure": "block"}, "must be alarm or drop"),
                        ({"pressure_free_bytes": 0}, "from where on it holds")):
        pressed.configure(**keys)
        done = pressed.ask(4)
        assert done.returncode == 3 and words in done.stderr and done.stderr.count("\n") == 1


def test_a_repository_that_is_silent_costs_neither_the_server_nor_the_other_repository_much(pressed, wait_until):
    silent = pressed.folder / "silent"  # never answers, and ends with who asks
    asked = pressed.state / "asked"
    silent.write_text(f"#!/bin/sh\necho >> {asked}\nexec cat > /dev/null\n")
    silent.chmod(0o755)
    both = {"walmgr_data": f"ssh://nobody@nowhere/x, {pressed.repository}", "ssh_command": silent}
    for number in range(1, 11):
        pressed.put(number)
    pressed.configure(**both)
    before = time.monotonic()
    done = pressed.ask(1)
    assert done.returncode == 0 and f"DROPPED {segment_name(1)}" in done.stderr and time.monotonic() - before < 60
    assert pressed.stored() == [segment_name(1)] and pressed.notes() == [segment_name(1)]
    # The next does not wait for it, and is not kept from the other one.
    waited_for = asked.read_text()
    pressed.put(11)
    done = pressed.ask(2)
    assert done.returncode == 0 and "silent lately: ssh://nobody@nowhere/x" in done.stderr and asked.read_text() == waited_for
    assert pressed.stored() == [segment_name(1), segment_name(2)]
    # One of two is enough: then nothing is dropped.
    pressed.configure(wal_copies=1, **both)
    pressed.put(12)
    done = pressed.ask(3)
    assert done.returncode == 0 and "DROPPED" not in done.stderr and "is not in each repository" in done.stderr
    assert segment_name(3) in pressed.stored() and len(pressed.notes()) == 2

    # The other comes back: the agent brings it what it lacks, without being asked.
    second = pressed.make_folder("second")
    pressed.know_cluster(second)
    for number in range(4, 9):
        pressed.gone(number)
    pressed.configure(walmgr_data=f"{second}, {pressed.repository}", agent_socket=pressed.socket)
    pressed.agent(wait_until)
    wait_until(lambda: pressed.notes() == [], what="an agent that settles what was dropped")
    assert sorted(path.stem for path in second.rglob("*.wal")) == [segment_name(1), segment_name(2)]
    assert not list(second.glob("main/gaps_found/*"))


@pytest.mark.long
@pytest.mark.parametrize("version", [16, 17, 18])
def test_servers_of_other_versions_wait_complain_or_go_on(scratch, program, wait_until, version):
    """A real server, whose repository is away and whose log fills its own disk: by each of the rules in turn."""
    if not (tree(f"tree-{version}") / "bin/postgres").exists():
        pytest.skip(f"build/tree-{version} is missing: npm could not fetch it")
    archive = Archive(scratch, program("walmgr"))
    state = archive.make_folder("state")
    with small_disk(96 * MIB) as disk, small_segments_server(archive, f"tree-{version}", max_wal_size="6MB", min_wal_size="2MB") as server:
        server.stop()
        move = 'mv "$1" "$2" && ln -s "$2" "$1"'
        subprocess.run(as_server_user(["sh", "-c", move, "move", server.data / "pg_wal", disk / "log"]), check=True)
        server.start()
        away = archive.repository.with_name("away")
        server.execute("create table kept (n int)")
        written = []

        def rule(name, **keys):
            archive.configure(master_db=server.conninfo(), master_data=server.data, state_dir=state, on_pressure=name, pressure_patience=1, **keys)

        def write(segments):
            for _ in range(segments):
                server.execute("insert into kept values (%s)", len(written))
                written.extend(server.execute("select pg_walfile_name(pg_switch_wal())")[0])

        def waiting():
            return {path.stem for path in (disk / "log/archive_status").glob("*.ready")}

        def said(words, since):
            return lambda: words in server.log.read_text()[since:]

        for name, keys in (("block", {}), ("alarm", {"pressure_free_bytes": 0, "pressure_backlog": 3})):
            rule(name, **keys)
            archive.repository.rename(away)
            since, before = len(server.log.read_text()), len(written)
            write(5)
            wait_until(said("ALARM" if name == "alarm" else "archive command failed", since), what=f"what {name} says")
            assert set(written[before:]) <= waiting() and ("ALARM" in server.log.read_text()[since:]) == (name == "alarm")
            away.rename(archive.repository)
            write(1)  # wakes the archiver
            wait_until(lambda: not waiting(), what="that all is archived after all", timeout=60)
        assert {path.stem for path in archive.objects()} >= set(written)

        # Of what it drops the server is free, and works on; what it does not have any more is missing, and nothing else.
        rule("drop", pressure_free_bytes=90 * MIB)
        archive.repository.rename(away)
        since, before = len(server.log.read_text()), len(written)
        write(12)
        wait_until(said("DROPPED", since), what="log that is dropped")
        wait_until(lambda: not set(written[before:before + 3]) & waiting(), what="that the server is told that it need not keep three")
        server.execute("checkpoint")
        server.execute("checkpoint")
        away.rename(archive.repository)
        write(1)
        wait_until(lambda: not waiting(), what="that the rest is archived", timeout=60)
        stored = {path.stem for path in archive.objects()}
        missing = sorted(set(written[before:]) - stored)
        done = archive.run("gap", "list", "--json")
        gaps = json.loads(done.stdout)["gaps"]
        assert missing and done.returncode == 13 and sum(one["segments"] for one in gaps) == len(missing), done
        assert gaps[0]["first"] == missing[0] and all(one["why"].startswith("dropped at 2") for one in gaps)
        assert archive.run("xrestore", missing[0], archive.repository / "fetched").returncode == 163
        assert server.execute("select count(*) from kept") == [(len(written),)]
