"""What is missing is named, fetched from whoever has it, or accepted by somebody; then recovery ends in front of it."""
import json
import shutil
import subprocess

import pytest

from support.archive import Archive, segment_bytes, segment_name, small_segments_server
from support.killed_at_change import killed_at, made_by
from support.oracle import prove
from support.server import Server, give_to_server_user, scratch_folder, tree
from support.told import Manual


@pytest.fixture
def two(scratch, program):
    """An archive with two repositories."""
    archive = Archive(scratch, program("walmgr"))
    second = archive.folder / "second"
    second.mkdir()
    give_to_server_user(second)
    for repository in (archive.repository, second):
        archive.know_cluster(repository)
    both = f"{archive.repository}, {second}"
    archive.configure(walmgr_data=both, master_db="host=/nowhere")
    return archive, second, both


def objects_of(repository, number):
    name = segment_name(number)
    return repository / f"main/wal/1/00000001/00000000/{name}.wal"


def test_a_gap_is_listed_filled_from_the_other_repository_and_accepted(two):
    archive, second, both = two
    for number in range(3, 10):
        assert archive.push(number).returncode == 0
    objects_of(second, 5).unlink()
    for repository in (archive.repository, second):
        objects_of(repository, 7).unlink()
        objects_of(repository, 8).unlink()

    done = archive.run("gap", "list", "--json")
    assert done.returncode == 13, done.stderr
    found = json.loads(done.stdout)
    assert found["gaps"] == [{"first": segment_name(7), "last": segment_name(8), "segments": 2, "recorded": False, "why": None,
                              "accepted": None}]
    assert found["lacking"] == [{"first": segment_name(5), "last": segment_name(5), "segments": 1, "repository": str(second)}]
    assert archive.run("gap", "refill", "-n").returncode == 0 and not objects_of(second, 5).exists()
    done = archive.run("gap", "refill")
    assert done.returncode == 13 and "the server cannot help" in done.stderr
    assert done.stdout == f"{segment_name(5)}: filled\n{segment_name(7)} to {segment_name(8)} (2 segments): still missing\n"
    assert objects_of(second, 5).exists()

    restore = lambda number: archive.run("xrestore", segment_name(number), archive.repository / "fetched").returncode  # noqa: E731
    assert restore(7) == 163
    assert archive.run("gap", "accept", segment_name(7)).returncode == 2  # nobody says why
    done = archive.run("gap", "accept", segment_name(8), "--why", "x")
    assert done.returncode == 1 and "no gap begins with" in done.stderr
    assert archive.run("gap", "accept", segment_name(7), "--why", "x", "-n").returncode == 0
    assert restore(7) == 163
    # Who cannot be asked may have it.
    away = second.rename(archive.folder / "away")
    assert archive.run("gap", "accept", segment_name(7), "--why", "x").returncode == 16
    away.rename(second)
    done = archive.run("gap", "accept", segment_name(7), "--why", "the disk\nburnt", "--by", "carol")
    assert done.returncode == 0 and "accepted by carol at 2" in done.stdout and done.stdout.count("\n") == 1, done.stdout
    assert restore(7) == 1 and restore(8) == 1 and restore(9) == 0
    done = archive.run("gap", "list")
    assert done.returncode == 0 and ": the disk; burnt\n" in done.stdout
    assert archive.run("gap", "accept", segment_name(7), "--why", "again").returncode == 0

    # Whoever looks is told, and has nothing to do.
    def found():
        probes = json.loads(archive.run("check", "--json").stdout)["probes"]
        done = archive.run("verify", "--json")
        verified = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.stderr.count("segments are missing") == sum(one["gap"] + len(one["accepted"]) for one in verified), done
        return [one["verdict"] for one in probes if one["name"] == "gaps"], done.returncode, [
            (one["gap"], [(gap["first"], gap["last"]) for gap in one["accepted"]]) for one in verified]

    accepted = (False, [(segment_name(7), segment_name(8))])
    assert found() == (["note", "note"], 0, [accepted, accepted])
    # What one repository alone lacks behind it was not accepted, nor what is lost later.
    assert archive.push(10).returncode == 0
    objects_of(second, 9).unlink()
    assert found() == (["note", "wrong"], 13, [accepted, (True, [])])
    assert f"{segment_name(9)}: filled\n" in archive.run("gap", "refill").stdout and found()[:2] == (["note", "note"], 0)
    for repository in (archive.repository, second):
        objects_of(repository, 9).unlink()
    assert found()[:2] == (["wrong", "wrong"], 13)
    assert archive.run("gap", "accept", segment_name(7), "--why", "the rest of it").returncode == 0 and found()[:2] == (["note", "note"], 0)

    # What comes after all is handed out.
    assert archive.push(7).returncode == 0 and restore(7) == 0


def test_a_history_that_one_repository_lacks_is_named_and_copied(two):
    archive, second, both = two
    archive.configure(walmgr_data=both, master_db="host=/nowhere", wal_copies=1)
    assert archive.push(8).returncode == 0

    def offer(name, content):
        path = archive.folder / name
        path.write_bytes(content)
        path.chmod(0o644)
        return archive.run("xarchive", path, name).returncode

    def histories():
        probes = json.loads(archive.run("check", "--json").stdout)["probes"]
        return [(one["verdict"], one["says"]) for one in probes if one["name"] == "histories"]

    away = (second / "main").rename(second / "away")
    assert offer("00000002.history", b"1\t0/800100\tno reason\n") == 0
    away.rename(second / "main")
    assert offer(segment_name(8, timeline=2), segment_bytes(8, timeline=2)) == 0

    assert histories() == [("ok", f"{archive.repository}: each timeline's is there"),
                           ("wrong", f"{second}: of timeline 2 there is log and no history, without which nothing is restored along it; "
                            "see: walmgr CONFIG gap list")]
    done = archive.run("gap", "list", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["histories"] == [{"timeline": 2, "repository": str(second)}], done
    named = f"00000002.history: missing in {second} alone; gap refill copies it\n"
    assert archive.run("gap", "list").stdout == named
    assert archive.run("gap", "refill", "-n").stdout == f"00000002.history: would be copied to {second}\n"
    assert archive.run("gap", "list").stdout == named
    done = archive.run("gap", "refill")
    assert (done.returncode, done.stdout) == (0, "00000002.history: filled\n"), done
    assert archive.run("gap", "list").stdout == "no gaps\n"
    assert [verdict for verdict, _ in histories()] == ["ok", "ok"]
    # The other one is lost.
    shutil.rmtree(archive.repository / "main/wal")
    assert archive.run("xrestore", "00000002.history", archive.repository / "fetched").returncode == 0
    assert (archive.repository / "fetched").read_bytes() == b"1\t0/800100\tno reason\n"


@pytest.mark.parametrize("switch", ["0/803000", "0/800000"], ids=["within a segment", "between two"])
def test_the_end_of_a_timeline_that_another_goes_on_from_is_a_gap(two, switch):
    archive, second, _ = two
    repositories = (archive.repository, second)
    for number in range(3, 8):
        assert archive.push(number).returncode == 0
    for number in (8, 9):
        assert archive.push(number, timeline=2).returncode == 0
    history = f"1\t{switch}\tno recovery target specified\n".encode()
    assert archive.push_bytes("00000002.history", history).returncode == 0
    names = [segment_name(6), segment_name(7)]
    kept = {name: objects_of(second, number).read_bytes() for name, number in zip(names, (6, 7))}

    def lose():
        for repository in repositories:
            for number in (6, 7):
                objects_of(repository, number).unlink()

    def restore(number, timeline=1, **keywords):
        fetched = archive.repository / "fetched"
        fetched.unlink(missing_ok=True)
        return archive.run("xrestore", segment_name(number, timeline), fetched, **keywords)

    def gaps():
        done = archive.run("gap", "list", "--json")
        found = json.loads(done.stdout)
        assert done.returncode == (13 if any(not one["accepted"] for one in found["gaps"]) else 0), done
        return [(one["first"], one["last"], one["accepted"] is not None) for one in found["gaps"]]

    def check():
        probes = json.loads(archive.run("check", "--json").stdout)["probes"]
        return [(one["verdict"], names[0] in one["says"]) for one in probes if one["name"] == "gaps"]

    assert gaps() == [] and check() == [("ok", False)] * 2 and archive.run("verify").returncode == 0
    lose()
    done = restore(6)
    assert done.returncode == 163 and f"timeline 2 goes on behind it, from {switch} on" in done.stderr, done
    assert restore(5).returncode == 0 and restore(7).returncode == 163
    assert restore(8).returncode == 1 and restore(10, timeline=2).returncode == 1  # here the logs end
    (archive.folder / "standby.signal").touch()
    assert restore(6).returncode == 1
    (archive.folder / "standby.signal").unlink()
    assert gaps() == [(*names, False)] and check() == [("wrong", True)] * 2
    done = archive.run("verify")
    assert done.returncode == 13 and done.stderr.count(f"2 segments are missing, from {names[0]} to {names[1]}") == 2, done

    # Another repository has them after all.
    for name, number in zip(names, (6, 7)):
        objects_of(second, number).write_bytes(kept[name])
    assert gaps() == [] and archive.run("gap", "refill").stdout == f"{names[0]} to {names[1]} (2 segments): filled\n"
    assert objects_of(archive.repository, 6).read_bytes() == kept[names[0]]
    # What a primary wrote that was given up makes no gap, and a history is read where it is whole.
    assert archive.push(8).returncode == 0 and archive.push(9).returncode == 0 and restore(10).returncode == 1 and gaps() == []
    for repository in repositories:
        for number in (8, 9):
            objects_of(repository, number).unlink()
    lose()
    for repository, status in zip(repositories, (163, 162)):
        path = repository / "main/wal/1/00000002.history.wal"
        path.write_bytes(path.read_bytes()[:-1])
        assert restore(6).returncode == status
        assert archive.run("gap", "list").returncode == status - 150
    assert archive.run("gap", "accept", names[0], "--why", "x").returncode == 12  # nobody knows what is missing
    for repository in repositories:
        (repository / "main/wal/1/00000002.history.wal").unlink()
    assert restore(6).returncode == 1 and archive.push_bytes("00000002.history", history).returncode == 0

    done = archive.run("gap", "accept", names[0], "--why", "the disk burnt")
    assert done.returncode == 0 and gaps() == [(*names, True)], done
    assert restore(6).returncode == 1 and restore(7).returncode == 1 and restore(8, timeline=2).returncode == 0


def damage(path, how=lambda whole: whole[:5000] + bytes(100) + whole[5100:]):
    """What is there from now on."""
    path.write_bytes(how(path.read_bytes()))
    return path.read_bytes()


def put_aside(repository, but=()):
    return {path: path.read_bytes() for path in repository.glob("main/quarantine/*") if path not in but}


def test_a_damaged_object_is_replaced_by_a_whole_one_from_elsewhere(two):
    archive, second, both = two
    for number in range(3, 7):
        assert archive.push(number).returncode == 0
    assert archive.push_bytes("00000002.history", b"1\t0/700100\tno reason\n").returncode == 0
    first, name = archive.repository, segment_name(4)
    fetched = first / "fetched"

    def fetches(number):
        done = archive.run("xrestore", segment_name(number), fetched)
        return done.returncode == 0 and fetched.read_bytes() == segment_bytes(number)

    broken = damage(objects_of(first, 4))
    archive.configure(walmgr_data=first, master_db="host=/nowhere")
    healing = f"walmgr CONFIG gap refill --damaged {name}"
    for status, done in ((162, archive.run("xrestore", name, fetched)), (12, archive.push(4)), (12, archive.run("verify"))):
        assert done.returncode == status and healing[:-25] in done.stderr and (status == 12 or healing in done.stderr), done
    done = archive.run("gap", "refill", "--damaged", name)
    assert done.returncode == 12 and f"{name}.wal: still damaged in {first}\n" in done.stdout and not put_aside(first), done
    assert objects_of(first, 4).read_bytes() == broken and archive.run("gap", "refill", segment_name(3)).returncode == 2

    archive.configure(walmgr_data=both, master_db="host=/nowhere")
    assert archive.run("gap", "refill").stdout == "no gaps\n" and objects_of(first, 4).read_bytes() == broken
    dry = Manual().read(archive.run("gap", "refill", "--damaged", "--json", "-n"), "gap refill", dry_run=True)
    assert objects_of(first, 4).read_bytes() == broken and [one["problem"] for one in dry["damaged"]]
    told = Manual().read(archive.run("gap", "refill", "--damaged", "--json"), "gap refill")
    assert told["changes"] == dry["changes"] and [one["action"] for one in told["changes"]] == ["replace"], (told, dry)
    aside, = told["replaced"]
    assert aside["repository"] == str(first) and put_aside(first) == {first / aside["aside"]: broken} and fetches(4)

    # All kinds at once, in both, and of one another.
    cut, foreign = objects_of(second, 3), objects_of(second, 5)
    history = first / "main/wal/1/00000002.history.wal"
    damage(cut, lambda whole: whole[:-50])
    shutil.copyfile(objects_of(second, 6), foreign)
    damage(history, lambda whole: whole[:-1])
    damage(objects_of(first, 6))
    before = put_aside(first)
    done = archive.run("gap", "refill", "--damaged", "--jobs", 2)
    assert done.returncode == 0 and done.stdout.count(": replaced in ") == 4 and archive.run("verify").returncode == 0, done
    assert len(put_aside(first, before)) == 2 and len(put_aside(second)) == 2

    # One that was of other bytes is nobody's to replace but a person's; one that nobody has whole stays.
    other = archive.make_folder("other")
    archive.know_cluster(other)
    archive.configure(walmgr_data=other, master_db="host=/nowhere")
    assert archive.push(3, seed=2).returncode == 0
    archive.configure(walmgr_data=both, master_db="host=/nowhere")
    shutil.copyfile(objects_of(other, 3), objects_of(second, 3))
    damage(objects_of(second, 3))
    for repository in (first, second):
        damage(objects_of(repository, 5))
    done = archive.run("gap", "refill", "--damaged")
    assert done.returncode == 11 and "was of other bytes" in done.stderr and done.stdout.count(": still damaged in ") == 3, done
    # This machine has received one of them.
    received = archive.make_folder("received")
    (received / segment_name(5)).write_bytes(segment_bytes(5))
    give_to_server_user(received / segment_name(5))
    archive.configure(walmgr_data=both, master_db="host=/nowhere", partial_wals=received)
    done = archive.run("gap", "refill", "--damaged", segment_name(5))
    assert done.returncode == 0 and done.stdout.count(": replaced in ") == 2 and fetches(5), done


def test_a_replacement_that_is_killed_at_any_change_is_done_again(two):
    archive, second, _ = two
    assert archive.push(3).returncode == 0
    broken = damage(objects_of(archive.repository, 3))
    whole = objects_of(second, 3).read_bytes()
    command = archive.command("gap", "refill", "--damaged", segment_name(3))
    changes = made_by(command, archive.folder)
    assert {"link", "rename", "fsync", "write"} <= {change.split()[0] for change in changes}, changes
    assert objects_of(archive.repository, 3).read_bytes() == whole
    for number in [at for at, change in enumerate(changes, 1) if str(archive.repository) in change]:
        objects_of(archive.repository, 3).unlink()
        objects_of(archive.repository, 3).write_bytes(broken)
        give_to_server_user(objects_of(archive.repository, 3))
        before = put_aside(archive.repository)
        at, _ = killed_at(command, number, archive.folder)
        now = objects_of(archive.repository, 3).read_bytes()
        aside = put_aside(archive.repository, before)
        assert now == broken or (now == whole and list(aside.values()) == [broken]), (number, at)
        done = archive.run("gap", "refill", "--damaged", segment_name(3))
        assert done.returncode == 0 and objects_of(archive.repository, 3).read_bytes() == whole, (number, at, done)
        assert broken in put_aside(archive.repository, before).values(), (number, at)


def test_objects_are_shown_and_fetched(two):
    archive, second, _ = two
    assert archive.push(3).returncode == 0
    name = f"main/wal/1/00000001/00000000/{segment_name(3)}.wal"
    shown = archive.run("repo", "ls")
    assert shown.stdout.split().count(name) == 2 and "main/history/1.ini" in shown.stdout
    assert archive.run("repo", "ls", "main/wal/1/00000001/000000000").stdout == ""
    assert archive.run("repo", "ls", "main/w").stdout == f"{name}\n{name}\n"
    assert [json.loads(line)["objects"] for line in archive.run("repo", "ls", "main/h", "--json").stdout.splitlines()] == [
        ["main/history/1.ini"]] * 2
    assert archive.run("repo", "ls", "../../etc/").returncode == 2

    files = archive.folder / "files"
    files.mkdir()
    give_to_server_user(files)
    assert archive.run("repo", "get", name, files / "a").returncode == 0
    assert (files / "a").read_bytes() == segment_bytes(3)
    done = archive.run("repo", "get", name, files / "a")
    assert done.returncode == 2 and "is there already" in done.stderr
    stored = objects_of(archive.repository, 3)
    assert archive.run("repo", "get", "--raw", name, files / "b").returncode == 0
    assert (files / "b").read_bytes() == stored.read_bytes()
    assert archive.run("repo", "get", "main/history/1.ini", files / "c").returncode == 0
    # The second repository's copy, when the first is damaged; nothing when both are.
    whole = stored.read_bytes()
    for repository in (archive.repository, second):
        objects_of(repository, 3).write_bytes(whole[:5000] + bytes(100) + whole[5100:])
        for raw in ([], ["--raw"]):
            done = archive.run("repo", "get", *raw, name, files / f"d{len(raw)}")
            assert "is damaged" in done.stderr
            assert done.returncode == (0 if repository == archive.repository else 12), done.stderr
            if done.returncode == 0:
                (files / f"d{len(raw)}").unlink()
    assert archive.run("repo", "get", "main/nothing", files / "e").returncode == 1
    assert sorted(path.name for path in files.iterdir()) == ["a", "b", "c"]


def test_the_server_fills_a_gap_and_a_restore_ends_in_front_of_an_accepted_one(program, wait_until, scratch):
    archive = Archive(scratch, program("walmgr"))
    with small_segments_server(archive, wal_keep_size="64MB") as server:
        server.execute("create table kept (n int)")
        assert archive.run("backup").returncode == 0
        names = []
        for n in range(4):
            server.execute("insert into kept values (%s)", n)
            names += server.execute("select pg_walfile_name(pg_switch_wal())")[0]
        last = names[-1]
        wait_until(lambda: (archive.repository / f"main/wal/1/00000001/00000000/{last}.wal").exists(), what="all is archived")
        lost = archive.repository / f"main/wal/1/00000001/00000000/{names[2]}.wal"
        before = subprocess.run(["zstd", "-dcq", lost], capture_output=True, check=True).stdout
        lost.unlink()
        assert archive.run("gap", "list").returncode == 13
        assert archive.run("restore", "-n", scratch / "data").returncode == 13
        done = archive.run("gap", "refill")
        assert (done.returncode, done.stdout) == (0, f"{names[2]}: filled\n"), done.stderr
        assert subprocess.run(["zstd", "-dcq", lost], capture_output=True, check=True).stdout == before
        assert archive.run("restore", "-n", scratch / "data").returncode == 0
        damage(lost, lambda whole: whole[:-10])
        done = archive.run("gap", "refill", "--damaged", names[2])
        assert done.returncode == 0 and subprocess.run(["zstd", "-dcq", lost], capture_output=True, check=True).stdout == before, done

        # The server is promoted, and the last segment in front of that was never archived.
        server.stop()
        (server.data / "standby.signal").touch()
        server.start()
        server.execute("select pg_promote()")
        wait_until((archive.repository / "main/wal/1/00000002.history.wal").exists, what="the history is archived")
        end = [path for path in archive.objects() if path.stem.startswith("00000001")][-1]
        assert end.stem >= last
        whole = subprocess.run(["zstd", "-dcq", end], capture_output=True, check=True).stdout
        end.unlink()
        assert archive.run("gap", "list").stdout == f"{end.stem}: missing\n"
        done = archive.run("restore", "-n", scratch / "data")
        assert done.returncode == 13 and end.stem in done.stderr, done
        assert archive.run("restore", "-n", "--target-timeline", "1", scratch / "data").returncode == 13
        done = archive.run("gap", "refill")
        assert (done.returncode, done.stdout) == (0, f"{end.stem}: filled\n"), done.stderr
        assert subprocess.run(["zstd", "-dcq", end], capture_output=True, check=True).stdout == whole
        assert archive.run("restore", "-n", scratch / "data").returncode == 0
        lost.unlink()
    archive.configure(master_db="user=postgres dbname=postgres", slave_bin=tree("tree") / "bin")
    assert archive.run("gap", "refill").returncode == 13
    assert archive.run("gap", "accept", names[2], "--why", "test").returncode == 0
    folder = scratch_folder()
    try:
        done = archive.run("restore", folder / "data")
        assert done.returncode == 0 and f"the log reaches to {names[1]}, and recovery ends there" in done.stdout, done.stderr
        with Server(tree("tree"), folder) as copy:
            prove(copy, {"select n from kept order by n": [(0,), (1,)]}, wait_until)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
