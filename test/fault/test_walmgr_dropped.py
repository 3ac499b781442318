"""Log is dropped so that a server goes on while its repository is away. Whatever is killed, and whenever the power fails: what the server
was told not to keep is stored, or known to be missing."""
import json
import random
import shutil
import subprocess

import pytest

from support.agent import AgentArchive, processes_of
from support.archive import Archive, segment_bytes, segment_name, small_segments_server, wait_until_archived
from support.disk import small_disk
from support.power_loss import Disk, quick_folder, record
from support.server import as_server_user

MIB = 1 << 20


def test_what_is_dropped_is_noted_before_the_server_hears_of_it(program):
    """After each step by a kill (all that was done is there) and by a loss of power (what was not synced is not)."""
    with quick_folder() as folder:
        archive = Archive(folder, program("walmgr"))
        state, name = folder / "disk/state", segment_name(7)
        state.mkdir(parents=True)
        log = folder / "pg_wal"
        (log / "archive_status").mkdir(parents=True)
        (log / name).write_bytes(segment_bytes(7))
        for number in (7, 8):
            (log / f"archive_status/{segment_name(number)}.ready").touch()
        archive.configure(walmgr_data=folder / "away", state_dir=state, on_pressure="drop", pressure_backlog=1)
        before = Disk(folder / "disk")
        steps, done = record(archive.command("xarchive", log / name, name))
        assert done.returncode == 0 and "DROPPED" in done.stderr
        note = state / f"main.dropped/{name}.dropped"
        text = note.read_bytes()
        told = next(at for at, step in enumerate(steps) if step.call == "write" and b"DROPPED" in step.args[1])
        seen, there = set(), []
        for at, step in enumerate(steps):
            if not before.do(step) and at != told:
                continue
            for kind in ("strict", "names", "all"):
                lost = before.after_loss(kind)
                if (lost.key(), at >= told) in seen:
                    continue
                seen.add((lost.key(), at >= told))
                shutil.rmtree(folder / "disk")
                lost.make(folder / "disk")
                there.append(note.exists())
                assert note.exists() or at < told, f"lost: {kind} after step {at}, {step}"
                assert not note.exists() or note.read_bytes() == text, f"half a note: {kind} after step {at}, {step}"
                again = subprocess.run(list(map(str, archive.command("xarchive", log / name, name))), capture_output=True, text=True, cwd="/")
                assert again.returncode == 0 and note.exists(), again
        assert there.count(False) > 1 and there[-1]


@pytest.mark.long
def test_a_server_outlives_a_repository_that_is_away(scratch, program, start, wait_until):
    """On a disk that is too small for all that it writes, while commands, agent and server are killed."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    archive = AgentArchive(scratch, program("walmgr"), start)
    keys = {"on_pressure": "drop", "pressure_free_bytes": 12 * MIB, "pressure_patience": 2, "agent_spool": ""}
    with small_disk(21 * MIB) as disk, small_segments_server(archive, max_wal_size="6MB", min_wal_size="2MB",
                                                                       autovacuum="off") as server:
        keys |= {"master_db": server.conninfo(), "master_data": server.data, "state_dir": scratch / "spool"}
        archive.configure(**keys)
        server.execute("create table kept (n int)")
        assert archive.run("backup").returncode == 0
        server.stop()
        subprocess.run(as_server_user(["sh", "-c", 'mv "$1"/pg_wal/* "$2" && rmdir "$1/pg_wal" && ln -s "$2" "$1/pg_wal"', "move",
                                       server.data, disk]), check=True, cwd="/")
        server.start()
        agent = archive.agent(wait_until)
        away = archive.folder / "away"
        rows = 0
        for round_ in range(8):
            archive.repository.rename(away)
            for _ in range(9):  # 18 MiB
                rows += 1
                server.execute("insert into kept values (%s)", rows)
                server.execute("select pg_logical_emit_message(false, 'filler', repeat('x', 1000000)) from generate_series(1, 2)")
                for process in processes_of(archive, "xarchive") if chance.random() < 0.3 else ():
                    subprocess.run(["kill", "-9", str(process)], capture_output=True)
                # An archiver that has failed rests for a second, in which a server in memory would fill the disk.
                wait_until(lambda: server.execute("checkpoint") or shutil.disk_usage(disk).free > 8 * MIB, what="room")
            if round_ == 0:
                server.kill9()
                server.start()
            if chance.random() < 0.5:
                agent.kill()
                agent.wait()
                agent = archive.agent(wait_until)
            away.rename(archive.repository)
            wait_until_archived(server, wait_until)
        wait_until(lambda: not list((scratch / "spool").glob("main.dropped/*.dropped")), what="all that was dropped to be settled")
        assert "PANIC" not in server.log.read_text() and "DROPPED" in server.log.read_text()
        assert server.execute("select count(*) from kept") == [(rows,)]

        # All that the server was told not to keep is there, or known to be missing.
        (last,), = server.execute("select last_archived_wal from pg_stat_archiver")
        done = archive.run("gap", "list", "--json")
        gaps = json.loads(done.stdout)["gaps"]
        assert done.returncode == 13 and gaps and all(gap["why"].startswith("dropped at 2") for gap in gaps), done
        missing = sum(gap["segments"] for gap in gaps)
        stored = [name for name in archive.stored() if name <= last]
        assert len(stored) + missing == int(last[16:], 16) - int(stored[0][16:], 16) + 1
        done = archive.run("restore", "-n", scratch / "data")
        assert done.returncode == 13 and "needs segments that are not in the repository" in done.stderr, done
        done = archive.run("status")
        assert done.returncode == 13 and "dropped at 2" in done.stdout, done
        assert archive.run("backup").returncode == 0
        done = archive.run("restore", "-n", scratch / "data")
        assert done.returncode == 0, done
        # Nobody needs to hear of a gap in front of all backups.
        archive.configure(keep_backups=1, **keys)
        assert archive.run("expire").returncode == 0
        done = archive.run("status")
        assert done.returncode == 0 and archive.run("gap", "list").stdout == "no gaps\n", done
