"""A base backup of a cluster, packed by lz4, and its restore: walmgr beside pg_basebackup, pgBackRest and Barman, each with two threads
where it has any. Every way is durable when it ends, but for Barman's restore, which does not wait for the disk. The servers are not
restarted between, so all read from the same warm memory."""

import argparse
import contextlib
import shutil
import statistics
import subprocess
import time

from barman_peer import BarmanHome
from peers import ROOT, Table, peers

from support.server import as_server_user, give_to_server_user, scratch_folder

PGBENCH_MB = 15  # of one pgbench scale
OURS = "walmgr"


def seconds(command, folder):
    """How long a command takes, as the server's user."""
    start = time.perf_counter()
    done = subprocess.run(as_server_user(command), capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return time.perf_counter() - start


class Walmgr:
    restores = True

    def __init__(self, folder, server, source):
        self.folder, self.name = folder, OURS if source == "stream" else f"{OURS}, {source}"
        self.program, self.ini = folder / "walmgr", folder / f"walmgr-{source}.ini"
        repository = folder / "walmgr-repository"
        shutil.copy(ROOT / "build/apps/walmgr", self.program)
        self.ini.write_text(f"[walmgr]\nwalmgr_data = {repository}\nwal_compression = lz4\nmaster_db = {server.conninfo()}\n"
                            f"keep_backups = 1\nbackup_source = {source}\n")
        if repository.exists():
            return
        repository.mkdir()
        give_to_server_user(repository)
        subprocess.run(as_server_user([self.program, self.ini, "repo", "init"]), check=True, capture_output=True, cwd=folder)
        server.execute(f"alter system set archive_command = '{self.program} {self.ini} xarchive %p %f'")
        server.execute("select pg_reload_conf()")

    def backup(self):
        took = seconds([self.program, self.ini, "backup"], self.folder)
        seconds([self.program, self.ini, "expire"], self.folder)
        return took

    def restore(self, data):
        return seconds([self.program, self.ini, "restore", "--jobs", "2", data], self.folder)


class PgBackRest:
    name = "pgBackRest"
    restores = True

    def __init__(self, folder, server):
        self.folder = folder
        for name in ("pgbackrest", "lock", "spool"):
            (folder / name).mkdir()
            give_to_server_user(folder / name)
        self.command = ["pgbackrest", "--stanza=main", f"--repo1-path={folder}/pgbackrest", "--no-config", f"--lock-path={folder}/lock",
                        "--log-level-file=off", "--log-level-console=warn"]
        self.server = [f"--pg1-path={server.data}", f"--pg1-socket-path={server.folder}", f"--pg1-port={server.port}", "--pg1-user=postgres"]
        subprocess.run(as_server_user([*self.command, *self.server, "stanza-create"]), check=True, cwd=folder)

    def backup(self):
        return seconds([*self.command, *self.server, "--type=full", "--start-fast", "--no-archive-check", "--compress-type=lz4",
                        "--compress-level=1", "--process-max=2", "--repo1-retention-full=1", "backup"], self.folder)

    def restore(self, data):
        data.mkdir()
        give_to_server_user(data)
        return seconds([*self.command, f"--pg1-path={data}", f"--spool-path={self.folder}/spool", "--process-max=2", "restore"], self.folder)


class Barman:
    """By pg_basebackup, as lz4 in tar, which it unpacks and copies a second time when it restores. It wants to have seen log."""
    name = "Barman"
    restores = True

    def __init__(self, folder, server):
        self.folder, staging = folder, folder / "staging"
        staging.mkdir()
        give_to_server_user(staging)
        self.barman = BarmanHome(folder, server, backup_compression="lz4", backup_compression_level=1, immediate_checkpoint="true",
                                 recovery_staging_path=staging, path_prefix=server.tree / "bin")
        (name,), = server.execute("select pg_walfile_name(pg_switch_wal())")
        incoming = self.barman.folder / "main/incoming" / name
        shutil.copy(server.data / "pg_wal" / name, incoming)
        give_to_server_user(incoming)
        seconds(self.barman.command("archive-wal", "main"), folder)

    def backup(self):
        return seconds(self.barman.command("backup", "main"), self.folder)

    def restore(self, data):
        return seconds(self.barman.command("recover", "--jobs", "2", "main", "latest", data), self.folder)


class PgBasebackup:
    restores = False

    def __init__(self, folder, server, name, *options):
        self.folder, self.name = folder, name
        self.command = [server.tree / "bin/pg_basebackup", "-d", server.conninfo(), "-c", "fast", "-X", "none", *options]

    def backup(self):
        target = self.folder / "basebackup"
        took = seconds([*self.command, "-D", target], self.folder)
        shutil.rmtree(target)
        return took


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=3)
    settings = options.parse_args()
    archiving = {"archive_mode": "on", "wal_level": "replica"}
    with peers(archiving, names=["ours"]) as servers, contextlib.ExitStack() as stack:
        server = servers[0].server
        folder = scratch_folder("pgq-bench-")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        ways = [Walmgr(folder, server, "stream"), Walmgr(folder, server, "files"), PgBackRest(folder, server), Barman(folder, server),
                PgBasebackup(folder, server, "pg_basebackup, plain", "-Fp"),
                PgBasebackup(folder, server, "pg_basebackup, tar, lz4", "-Ft", "--compress=client-lz4:1")]
        scale = max(1, settings.megabytes // PGBENCH_MB)
        subprocess.run([server.tree / "bin/pgbench", "-i", "-q", "-s", str(scale), server.conninfo()], check=True, capture_output=True)
        server.execute("checkpoint")
        # What making the tables wrote shall not be archived during the first backup, which waits for its own log behind it.
        waiting = "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'"
        while server.execute(waiting) != [(0,)]:
            time.sleep(0.5)
        (size,), = server.execute("select sum(pg_database_size(oid))::bigint from pg_database")
        table = Table("base backup", f"{size >> 20} MB of pgbench's tables, medians of {settings.rounds} rounds", "seconds")
        backups, restores = {}, {}
        for _ in range(settings.rounds):
            for way in ways:
                backups.setdefault(way.name, []).append(way.backup())
                if way.restores:
                    data = folder / "restored"
                    restores.setdefault(way.name, []).append(way.restore(data))
                    shutil.rmtree(data)
        for what, taken in (("backup", backups), ("restore", restores)):
            medians = {name: statistics.median(one) for name, one in taken.items()}
            ours = [name for name in medians if name.startswith(OURS)]
            best = min(figure for name, figure in medians.items() if name not in ours)
            for name in medians:
                for own in ours if name not in ours else []:
                    table.add("ours", f"{what} by {own}, beside {name}", medians[own], goal=best)
                    table.add("peer", f"{what} by {own}, beside {name}", medians[name])
        table.show()


if __name__ == "__main__":
    main()
