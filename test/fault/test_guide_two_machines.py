"""docs/guide/two_machines.md, on three machines: each piece is given where and by whom the page says. Between them transactions are
committed, a primary loses its power, and its machine comes back; then both are lost. In the end all that was acknowledged is there."""
import re

import pytest

from support.machine import install_walmgr, network
from support.server import ROOT

PAGE = "docs/guide/two_machines.md"
KEYS = {"vault": "/srv/walmgr/.ssh/authorized_keys", "db1": "/var/lib/postgresql/.ssh/authorized_keys",
        "db2": "/var/lib/postgresql/.ssh/authorized_keys"}

pytestmark = pytest.mark.long


def pieces():
    """(machines, account, text) of each piece of shell, in the order of the page; and the configurations."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    shell = [(re.split(r" and ", where), who, piece) for where, who, piece in re.findall(r"\*\*([\w ]+), as (\w+)\*\*\n\n```sh\n(.*?)```", text, re.S)]
    assert len(shell) == text.count("```sh")
    return shell, re.findall(r"```ini\n(.*?)```", text, re.S), re.findall(r"^(restrict,.*) ssh-ed25519 AAAA", text, re.M)


class Acknowledged:
    """Rows whose commits were acknowledged by whichever server is the primary."""

    def __init__(self, machines):
        self.machines, self.rows = machines, 0

    def sql(self, name, query):
        return self.machines[name].run("psql", "-XAtqc", query, user="postgres").stdout.strip()

    def commit(self, name):
        self.sql(name, "create table if not exists kept (n int); insert into kept select max(n) + 1 from (values (0)) first (n) full join kept using (n)")
        self.rows += 1
        assert self.sql(name, "select count(*), max(n) from kept") == f"{self.rows}|{self.rows}"


@pytest.fixture
def machines():
    with network("db1", "db2", "vault") as made:
        for one in made.values():
            install_walmgr(one)
            one.start()
            one.run("bash", "-c", "rm -f /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl start ssh")
        for name in ("db1", "db2"):  # as a machine has it that Debian's package was installed on
            made[name].run("bash", "-c", "make-ssl-cert generate-default-snakeoil; pg_dropcluster --stop 15 main; rm -rf /var/lib/postgresql/.ssh; pg_createcluster 15 main -- -k")
            made[name].systemctl("start", "postgresql@15-main")
        yield made


def allow(machines, who, where, options):
    """What the page says in words: a public key goes into a file of another machine."""
    key = machines[who].run("cat", "/var/lib/postgresql/.ssh/id_ed25519.pub").stdout
    account = "walmgr:" if where == "vault" else "postgres:"
    machines[where].run("bash", "-c", f"cat >> {KEYS[where]} && chown {account} {KEYS[where]} && chmod 600 {KEYS[where]}", text=f"{options} {key}")


def test_it_goes_as_written(machines, wait_until):
    shell, (of_servers, of_vault), (stores, steps) = pieces()
    kept = Acknowledged(machines)
    for machine, text in (("db1", of_servers), ("db2", of_servers), ("vault", of_vault)):
        machines[machine].put("/etc/walmgr/main.ini", text)
    primary = "db1"
    for where, who, piece in shell:
        if "pg_dropcluster" in piece:
            assert kept.sql("db1", "select sync_state from pg_stat_replication where application_name = 'walmgr'") == "sync"
            wait_until(lambda: kept.sql("db2", "select count(*) from kept") == str(kept.rows), what="all rows on the standby")
            for name in ("db1", "db2"):
                machines[name].lose_power()
            machines["db1"].start().systemctl("start", "ssh")
        elif piece.rstrip().endswith(" boot"):
            machines["db2"].lose_power()
            primary = "db1"
        elif " rejoin" in piece:
            kept.commit(primary)
            machines["db2"].start().systemctl("start", "ssh")
        for name in where:
            print(f"== {name}, {who}: {piece}")
            done = machines[name].run("bash", "-euc", piece, user=who, check=False, timeout=400)
            print(done.stdout, done.stderr)
            assert done.returncode == 0, (name, piece, done)
            assert "wrong:" not in done.stdout
        if "ssh-keyscan" in piece:
            for one, other in (("db1", "db2"), ("db2", "db1")):
                allow(machines, one, "vault", stores)
                allow(machines, one, other, steps)
        if "switchover" in piece:
            primary = "db2"
        if "walmgr " in piece:
            kept.commit(primary)
    done = machines["vault"].run("walmgr", "/etc/walmgr/main.ini", "verify", user="walmgr")
    assert "damaged" not in done.stdout + done.stderr
