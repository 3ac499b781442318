"""The installed units under a systemd that runs: an agent that is started on demand, a receiver, a server beside them; each is killed."""
import json

import pytest

from support.machine import install_walmgr, machine
from support.server import tree

BIN = tree("tree") / "bin"
INI = "/etc/walmgr/main.ini"

pytestmark = pytest.mark.long


class Host:
    """A machine with a server and walmgr, installed as `meson install` does it, but for the place of the program."""

    def __init__(self, made):
        self.machine = made
        self.number = 0

    def configure(self, **keys):
        keys = {"walmgr_data": "/var/lib/walmgr/repository", "master_db": "host=/run/server user=postgres dbname=postgres",
                "partial_wals": "/var/lib/walmgr/partial", "agent_socket": "/run/walmgr/main.sock", "agent_idle": 2, **keys}
        self.machine.put(INI, "[walmgr]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))

    def walmgr(self, *args):
        return self.machine.run("/usr/local/bin/walmgr", INI, *args, user="postgres").stdout

    def sql(self, query):
        return self.machine.run(BIN / "psql", "-XAtqc", query, "host=/run/server user=postgres dbname=postgres", user="postgres").stdout.strip()

    def counts(self):
        return json.loads(self.walmgr("status", "--json"))["agent"]

    def end_segment(self):
        """The name of one that the server is about to archive."""
        self.number += 1
        return self.sql(f"select pg_logical_emit_message(false, '', '{self.number}')::text is null; select pg_walfile_name(pg_switch_wal())").split()[-1]

    def stored(self):
        return {name for line in self.walmgr("repo", "ls").splitlines() for name in [line.strip()] if name.endswith(".wal")}

    def archived(self, name, wait_until):
        wait_until(lambda: any(name in found for found in self.stored()), what=f"{name} in the repository")

    def process(self, unit):
        return int(self.machine.shown(unit, "MainPID"))


@pytest.fixture(scope="module")
def host():
    with machine() as made:
        install_walmgr(made)
        host = Host(made.start())
        host.configure()
        made.run("install", "-d", "-o", "postgres", "-g", "postgres", "-m", "700", "/run/server", "/var/lib/walmgr/repository",
                 "/var/lib/walmgr/partial", "/var/lib/server")
        made.run(BIN / "initdb", "-D", "/var/lib/server", "-U", "postgres", "-A", "trust", "--no-sync", user="postgres")
        made.run("systemd-run", "--unit=server", "--uid=postgres", "--property=Type=notify", "--property=KillMode=mixed", BIN / "postgres",
                 "-D", "/var/lib/server", "-c", "unix_socket_directories=/run/server", "-c", "listen_addresses=", "-c", "archive_mode=on",
                 "-c", "wal_level=replica")
        host.walmgr("repo", "init")
        host.walmgr("setup")
        yield host


def test_the_socket_starts_an_agent_when_the_server_archives(host, wait_until):
    made, agent = host.machine, "walmgr-agent@main.service"
    made.systemctl("enable", "--now", "walmgr-agent@main.socket")
    wait_until(lambda: not host.process(agent), what="no agent, for nobody asks")
    asked = 0
    for _ in range(2):
        host.archived(host.end_segment(), wait_until)
        first = host.process(agent)
        assert first and made.systemctl("is-active", agent) == "active"
        wait_until(lambda: host.process(agent) == 0, what="an agent that ends when nobody asks")
        assert made.shown(agent, "Result") == "success" and made.shown(agent, "NRestarts") == "0"
        asked += 1
    assert made.said(agent).count("nobody has asked for 2 seconds") == asked
    # One that is killed is started again, and its server is told nothing wrong.
    host.configure(agent_idle=0)
    host.archived(host.end_segment(), wait_until)
    killed = host.process(agent)
    made.systemctl("kill", "--signal=KILL", agent)
    wait_until(lambda: host.process(agent) not in (0, killed), what="another agent")
    before = host.counts()["archive_asked"]
    host.archived(host.end_segment(), wait_until)
    assert host.counts()["archive_asked"] > before


def test_a_server_that_stops_takes_no_agent_along(host, wait_until):
    made, agent = host.machine, "walmgr-agent@main.service"
    host.configure(agent_idle=0)
    host.archived(host.end_segment(), wait_until)
    one = host.process(agent)
    assert one
    name = host.end_segment()
    made.systemctl("restart", "server")
    host.archived(name, wait_until)
    assert host.process(agent) == one
    made.systemctl("reload", agent)
    host.archived(host.end_segment(), wait_until)
    assert host.process(agent) == one and "read" in made.said(agent)
    made.systemctl("stop", "walmgr-agent@main.socket", agent)
    assert made.shown(agent, "Result") == "success"
    host.archived(host.end_segment(), wait_until)  # as ever, without


def test_a_receiver_is_ready_when_it_says_so_reloads_and_comes_back(host, wait_until):
    made, receiver = host.machine, "walmgr-receive@main.service"
    names = "select string_agg(application_name, ',') from pg_stat_replication where state = 'streaming'"
    made.systemctl("start", receiver)
    assert host.sql("select count(*) from pg_replication_slots where active") == "1"
    one = host.process(receiver)
    host.configure(agent_idle=0, application_name="another")
    made.systemctl("reload", receiver)
    wait_until(lambda: host.sql(names) == "another", what="a session of the new name")
    assert host.process(receiver) == one
    made.systemctl("kill", "--signal=KILL", receiver)
    wait_until(lambda: host.process(receiver) not in (0, one) and host.sql(names) == "another", what="a receiver that is back")
    assert made.shown(receiver, "NRestarts") == "1"
    host.archived(host.end_segment(), wait_until)
    made.systemctl("stop", receiver)
    assert made.shown(receiver, "Result") == "success"
    # What no restart mends is given up, and says why.
    host.configure(agent_idle=0, partial_wals="/nowhere")
    assert made.run("systemctl", "start", receiver, check=False).returncode != 0
    wait_until(lambda: made.shown(receiver, "ActiveState") == "failed", what="an end of trying")
    assert "/nowhere" in made.said(receiver)
