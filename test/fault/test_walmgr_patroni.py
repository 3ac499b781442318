"""The recipes of docs/guide/patroni.md, with the real Patroni and etcd: a cluster is bootstrapped and archives, a replica is made from the
repository, the leader is lost, and archiving goes on over the change of timelines."""
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import psycopg2
import pytest

from support.archive import Archive
from support.server import ROOT, as_server_user, free_port, give_to_server_user, scratch_folder, tree

BIN = tree("tree") / "bin"
GUIDE = ROOT / "docs/guide/patroni.md"


class Member:
    """A Patroni with its server."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.folder = cluster.folder / name
        self.folder.mkdir()
        give_to_server_user(self.folder)
        self.port, self.rest = free_port(), free_port()
        archive = cluster.archive
        walmgr = f"{archive.program} {archive.ini}"
        self.data = self.folder / "data"
        # The guide's own lines, with the places of this test.
        replica, = re.findall(r"^ +command: (walmgr .* restore .*)$", GUIDE.read_text(), re.M)
        replica = replica.replace("walmgr /etc/walmgr.ini", walmgr).replace("/var/lib/postgresql/15/main", str(self.data))
        self.config = self.folder / "patroni.yml"
        self.config.write_text(json.dumps({
            "scope": "demo", "name": name,
            "restapi": {"listen": f"127.0.0.1:{self.rest}", "connect_address": f"127.0.0.1:{self.rest}"},
            "etcd3": {"host": f"127.0.0.1:{cluster.etcd_port}"},
            "bootstrap": {
                "dcs": {"ttl": 20, "loop_wait": 1, "retry_timeout": 5, "maximum_lag_on_failover": 1 << 26, "postgresql": {
                    "use_pg_rewind": True,
                    "parameters": {"archive_mode": "on", "archive_command": f"{walmgr} xarchive %p %f", "fsync": "off",
                                   "wal_log_hints": "on"},
                    "recovery_conf": {"restore_command": f"{walmgr} xrestore %f %p"}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, {"auth": "trust"}]},
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}", "connect_address": f"127.0.0.1:{self.port}", "data_dir": str(self.data),
                "bin_dir": str(BIN), "pgpass": str(self.folder / "pgpass"),
                "parameters": {"unix_socket_directories": str(self.folder)},
                "authentication": {"superuser": {"username": "postgres", "password": "x"},
                                   "replication": {"username": "replicator", "password": "x"}},
                "pg_hba": ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
                "create_replica_methods": ["walmgr", "basebackup"],
                "walmgr": {"command": replica, "no_params": True, "keep_data": True}}}))
        self.process = None

    def conninfo(self):
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"

    def begin(self):
        with open(self.folder / "patroni.log", "ab") as log:
            self.process = self.cluster.start(as_server_user(["/usr/bin/patroni", self.config], die_with_parent=True), stdout=log, stderr=log,
                                              cwd="/")

    def log(self):
        return (self.folder / "patroni.log").read_text()

    def is_leader(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.rest}/leader", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def sql(self, query):
        try:
            connection = psycopg2.connect(self.conninfo())
        except psycopg2.OperationalError:
            return None
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query)
            rows = cursor.fetchall() if cursor.description else None
        connection.close()
        return rows

    def lose(self):
        """Both Patroni and the server end at once."""
        self.process.kill()
        self.process.wait()
        self.stop()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        subprocess.run(as_server_user([BIN / "pg_ctl", "stop", "-m", "immediate", "-w", "-D", self.data]), capture_output=True, cwd="/")


class Cluster:
    def __init__(self, folder, program, start):
        self.folder, self.start = folder, start
        (folder / "walmgr").mkdir()
        give_to_server_user(folder / "walmgr")
        self.archive = Archive(folder / "walmgr", program)
        self.etcd_port, peers = free_port(), free_port()
        (folder / "etcd").mkdir()
        give_to_server_user(folder / "etcd")
        address, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{peers}"
        with open(folder / "etcd.log", "ab") as log:
            start(as_server_user(["etcd", "--data-dir", folder / "etcd/data", "--listen-client-urls", address, "--advertise-client-urls", address,
                                  "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                                  "--initial-cluster", f"default={peer}", "--unsafe-no-fsync"], die_with_parent=True),
                  stdout=log, stderr=log, cwd="/")
        self.members = [Member(self, name) for name in "ab"]


@pytest.fixture
def cluster(program, start):
    folder = scratch_folder()
    made = None
    try:
        made = Cluster(folder, program("walmgr"), start)
        yield made
    finally:
        for member in made.members if made else []:
            member.stop()
        shutil.rmtree(folder, ignore_errors=True)


def archived(cluster, member, timeline, wait_until):
    """Ends the segment that is written, and waits until it is in the repository."""
    (name,), = member.sql("select pg_walfile_name(pg_switch_wal())")
    assert name.startswith(f"{timeline:08X}")
    wait_until(lambda: list(cluster.archive.repository.glob(f"main/wal/1/*/*/{name}.wal")), timeout=120, what=f"{name} in the repository")


@pytest.mark.long
def test_a_leader_is_lost_and_archiving_goes_on(cluster, wait_until):
    first, second = cluster.members
    first.begin()
    wait_until(first.is_leader, timeout=180, what="a leader")
    cluster.archive.configure(master_db=first.conninfo())
    done = cluster.archive.run("repo", "init")
    assert done.returncode == 0, done
    first.sql("create table kept (n int)")
    first.sql("insert into kept values (1)")
    done = cluster.archive.run("backup")
    assert done.returncode == 0, done
    archived(cluster, first, 1, wait_until)

    second.begin()
    wait_until(lambda: second.sql("select n from kept") == [(1,)], timeout=180, what="the row on the replica")
    assert "replica has been created using walmgr" in second.log()
    first.sql("insert into kept values (2)")
    wait_until(lambda: second.sql("select n from kept order by n") == [(1,), (2,)], timeout=120, what="the second row on the replica")
    wait_until(lambda: first.sql("select count(*) from pg_stat_replication where state = 'streaming'") == [(1,)], timeout=120,
               what="a replica that streams")

    first.lose()
    wait_until(second.is_leader, timeout=180, what="another leader")
    wait_until(lambda: second.sql("select pg_is_in_recovery()") == [(False,)], timeout=60, what="its promotion")
    second.sql("insert into kept values (3)")
    assert second.sql("select n from kept order by n") == [(1,), (2,), (3,)]
    archived(cluster, second, 2, wait_until)
    assert (cluster.archive.repository / "main/wal/1/00000002.history.wal").exists()

    # The lost one comes back by Patroni's own means, and fetches what it lacks from the repository.
    first.begin()
    wait_until(lambda: first.sql("select n from kept order by n") == [(1,), (2,), (3,)], timeout=180, what="the rows on the one that was lost")
    assert first.sql("select pg_is_in_recovery()") == [(True,)]
    cluster.archive.configure(master_db=second.conninfo())
    done = cluster.archive.run("verify")
    assert done.returncode == 0, done
