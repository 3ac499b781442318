"""A pair of servers with all that commands of walmgr have something to do with, and what they have changed of it."""
import os
import re
import subprocess

import psycopg2

from support.server import as_server_user, give_to_server_user


class Site:
    """A primary and its standby, a stopped copy of that, two backups, log in front of them, a gap behind; and what an old walmgr left."""

    def __init__(self, pair, wait_until):
        self.pair, self.archive, self.wait_until = pair, pair.archive, wait_until
        self.folder = pair.folder
        self.repository = pair.archive.repository
        self.tree_folders = [self.repository, pair.folder / "walmgr", pair.keys["state_dir"]]
        pair.sql("a", "create table kept (n int)")
        self._segments(3, wait_until)
        self.labels = []
        for _ in range(2):
            done = pair.walmgr("backup")
            assert done.returncode == 0, done
            self.labels.append(re.search(r"^(\S+-F):", done.stdout, re.M)[1])
        stored = self._segments(3, wait_until, besides=self._stored())  # behind the backups, whose own log is stored

        # The old walmgr has a segment that is missing between others here, and that the server still has.
        self.missing = stored[-2].stem
        self.old = self._make("old")
        (self.old / "logs.complete").mkdir()
        with open(self.old / "logs.complete" / self.missing, "wb") as raw:
            subprocess.run(["zstd", "-dcq", stored[-2]], stdout=raw, check=True)
        stored[-2].unlink()

        # Behind the begin of a segment, which still has the name of the one before.
        pair.sql("a", "insert into kept values (0)")

        # A stopped standby.
        pair.ctl("b", "stop")
        self.stopped = pair.folder / "c"
        pair.run("cp", "-a", pair.data("b"), self.stopped)
        pair.ctl("b", "start")
        wait_until(lambda: pair.streams("b"), what="the standby streams")

        # A cluster of the same name that was another one before.
        record = (self.repository / "main/history/1.ini").read_text()
        before = self._make("repository/before/history")
        (before / "1.ini").write_text(record.replace("system_id = ", "system_id = 1"))
        give_to_server_user(before / "1.ini")

        self.sessions = {name: psycopg2.connect(pair.conninfo(name)) for name in "ab"}
        for session in self.sessions.values():
            session.autocommit = True
        self.mark = pair.folder / "walmgr" / "fenced"
        self.fence = pair.folder / "walmgr" / "fence"
        self.fence.write_text(f"#!/bin/sh\ntouch {self.mark}\n")
        self.fence.chmod(0o755)
        self.received = self._make("received")

    def _make(self, name):
        made = self.folder / "walmgr" / name
        made.mkdir(parents=True)
        for path in (made, made.parent):
            give_to_server_user(path)
        return made

    def names(self):
        """What is written in capitals in the tables of the tests."""
        return {"MISSING": self.missing, "OLD": self.old, "NEW": self.folder / "walmgr" / "new", "MASTER": self.pair.conninfo("a"),
                "FENCE": self.fence, "STOPPED": self.stopped, "NEWEST": self.labels[1], "OLDEST": self.labels[0],
                "RECEIVED": self.received, "OBJECT": f"main/base/{self.labels[1]}/backup_manifest"}

    def _stored(self):
        return set(self.repository.glob("main/wal/1/*/*/*.wal"))

    def _segments(self, count, wait_until, besides=()):
        for n in range(count):
            self.pair.sql("a", f"insert into kept values ({n})")
            self.pair.sql("a", "select pg_switch_wal()")
        known = set(besides)
        return wait_until(lambda: (found := sorted(self._stored() - known))[count - 1:] and found,
                          timeout=60, what="archived segments")

    def configuration(self, **keys):
        """Another one, which the server does not archive by."""
        path = self.folder / "walmgr" / "other.ini"
        keys = {"walmgr_data": self.repository, **self.pair.keys, **keys}
        path.write_text("[walmgr]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))
        path.chmod(0o644)
        return path

    def ini(self, keys):
        """That for a line of such a table; none that is there already for `keys` None."""
        names = self.names()
        if keys is None:
            return self.folder / "walmgr" / "first.ini"
        return self.configuration(**{key: names.get(value, value) for key, value in keys.items()})

    def run(self, ini, *words):
        command = as_server_user([self.archive.program, ini, *words])
        return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=self.folder)

    def snapshot(self):
        """All that a command could change."""
        found = {}
        for top in [*self.tree_folders, self.stopped]:
            for path in [top, *top.rglob("*")]:
                found[str(path)] = _look_at(path)
        for name in "ab":
            for path in self.pair.data(name).iterdir():
                if path.is_file() and path.name not in ("postmaster.pid", "postmaster.opts"):
                    found[str(path)] = _look_at(path)
            found[f"folder {name}"] = sorted(path.name for path in self.pair.data(name).iterdir())
            for query in ("select name, setting, pending_restart from pg_settings where context <> 'internal' order by name",
                          "select slot_name, active from pg_replication_slots order by slot_name",
                          "select pg_is_in_recovery(), timeline_id from pg_control_checkpoint()",
                          "select case when pg_is_in_recovery() then pg_get_wal_replay_pause_state() else pg_walfile_name(pg_current_wal_lsn()) end"):
                with self.sessions[name].cursor() as cursor:
                    cursor.execute(query)
                    found[f"{name}: {query}"] = cursor.fetchall()
        found["beside"] = sorted(path.name for path in self.folder.iterdir())
        return found


def _look_at(path):
    """The time of its last change tells of each: of its bytes, its rights and, for a folder, of names that came and went."""
    about = os.lstat(path)
    return about.st_mode, about.st_uid, about.st_ino, about.st_size, about.st_ctime_ns


def differences(before, after):
    return {key: (before.get(key), after.get(key)) for key in {*before, *after} if before.get(key) != after.get(key)}
