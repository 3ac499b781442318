"""What a restored server has to show before anybody believes it: PostgreSQL's own programs find each file as it was backed up, each
relation and index and each page whole, and the rows are those that were acknowledged, no more and no less.

    verify_files(archive, label, folder / "data")                 # restored, and not started yet
    with Server(...) as server:
        prove(server, {"select n from kept order by n": rows}, wait_until)  # stops it
"""
import pathlib
import shutil
import subprocess

from support.server import as_server_user, scratch_folder, tree

# Rows that not everybody sees, on pages of which the visibility map says that everybody sees all rows.
INVISIBLE = """select oid::regclass, tid from pg_class, lateral pg_check_visible(oid) as tid where relkind in ('r', 'm', 't')
               union all select oid::regclass, tid from pg_class, lateral pg_check_frozen(oid) as tid where relkind in ('r', 'm', 't')"""


def postgres_program(name, version):
    """PostgreSQL's program for the files of servers of that version; None where there is none here: version 17 comes without."""
    if version <= 16:  # those have one format of pg_control and of manifests
        return tree("tree") / "bin" / name
    own = tree(f"clients-{version}") / "bin" / name
    return own if own.exists() else None


def _version(data):
    return int((pathlib.Path(data) / "PG_VERSION").read_text())


def _run(*command):
    done = subprocess.run(["env", "LC_ALL=C", *as_server_user(command)], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def verify_files(archive, label, data, changed=("tablespace_map",)):
    """Has pg_verifybackup compare each file of a folder with the manifest of the backup that it was restored from, but for those that a
    restore has to change. A backup of changed blocks has no manifest of what is made of it."""
    verify = postgres_program("pg_verifybackup", _version(data))
    if verify is None:
        return
    folder = scratch_folder()
    try:
        done = archive.run("repo", "get", f"main/base/{label}/backup_manifest", folder / "manifest")
        assert done.returncode == 0, done
        _run(verify, "--no-parse-wal", *(f"--ignore={name}" for name in changed), "--manifest-path", folder / "manifest", data)
    finally:
        shutil.rmtree(folder)


def relations_are_whole(conninfo, standby=False):
    """Has pg_amcheck read each table and index of all databases, and look for each row of a table in each of its indexes. Not those of
    template1, in which no test has anything, as it takes as long again. `standby`: of one whose primary was asked before."""
    _run(tree("tree") / "bin/pg_amcheck", "--all", "--exclude-database", "template1", "--heapallindexed", "--maintenance-db", conninfo,
         *([] if standby else ["--install-missing"]))


def pages_are_whole(data):
    """Has pg_checksums read each page of a server that was stopped in order; of a cluster without checksums nobody can know. Where the
    program is missing, what pg_amcheck has read before has passed the server's own check of its pages."""
    check = postgres_program("pg_checksums", _version(data))
    if check is None:
        return
    said = _run(check, "--check", "-D", data)
    assert "Bad checksums:  0\n" in said and "Data checksum version: 1\n" in said, said


def prove(server, rows, wait_until, timeout=60):
    """Waits for the end of a server's recovery, and proves that `rows`, by query, and all else are right. Stops the server."""
    wait_until(lambda: server.execute("select pg_is_in_recovery()") == [(False,)], timeout=timeout, what="the end of recovery")
    # First, as an index that is read otherwise is tidied up meanwhile.
    server.execute("create extension if not exists pg_visibility")
    assert server.execute(INVISIBLE) == []
    for query, expected in rows.items():
        found = server.execute(query)
        assert found == expected, f"{query}: {found}"
    relations_are_whole(server.conninfo())
    server.stop()
    pages_are_whole(server.data)
