"""walmgr with an agent beside it."""
import os
import pathlib
import select
import socket
import sys
import threading

from support.archive import Archive, segment_bytes, segment_name
from support.server import as_server_user, give_to_server_user


class AgentArchive(Archive):
    """An archive whose commands ask an agent, which is started by `agent()`; a folder of log that looks like a server's."""

    def __init__(self, folder, program, start):
        folder = pathlib.Path(folder)
        self.socket, self.spool, self.log = folder / "agent.sock", folder / "spool", folder / "pg_wal"
        for made in (self.spool, self.log, self.log / "archive_status"):
            made.mkdir()
            give_to_server_user(made)
        super().__init__(folder, program)
        self.start = start
        self.said = self.folder / "agent.log"

    def configure(self, **keys):
        super().configure(**{"agent_socket": self.socket, "agent_spool": self.spool, "wal_compression": "lz4",
                             "agent_pidfile": self.folder / "agent.pid", **keys})

    def agent(self, wait_until, *args):
        """An agent that takes requests; its lines are added to `said`."""
        with open(self.said, "ab") as said:
            before = said.tell()
            process = self.start(as_server_user(self.command("agent", *args), die_with_parent=True), cwd="/", stdout=said, stderr=said)
        wait_until(lambda: b"listens at" in self.said.read_bytes()[before:], what="an agent that listens")
        return process

    def put(self, number, seed=1):
        """A made segment that is ready to be archived."""
        path = self.log / segment_name(number)
        path.write_bytes(segment_bytes(number, seed=seed))
        path.chmod(0o644)
        (self.log / "archive_status" / f"{path.name}.ready").touch()
        return path

    def ask(self, number):
        """Has it archived, and marks it as a server does."""
        path = self.log / segment_name(number)
        done = self.run("xarchive", path.relative_to(self.folder), path.name)
        if done.returncode == 0:
            (self.log / "archive_status" / f"{path.name}.ready").unlink(missing_ok=True)
        return done

    def fetch(self, number):
        return self.run("xrestore", segment_name(number), self.repository / "fetched")

    def stored(self):
        return [path.stem for path in self.objects()]


def handing_over(descriptor, command):
    """The command line that runs `command` with a listening socket as systemd would give it to it."""
    script = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
              "os.execv(sys.argv[2], sys.argv[2:])")
    return [sys.executable, "-c", script, str(descriptor), *map(str, command)]


class ServiceManager:
    """Listens where an agent is asked for, and hands the socket to one that it starts when somebody comes, again and again, as
    systemd does with a socket unit."""

    def __init__(self, archive):
        self.archive = archive
        self.started = []  # processes
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listening.bind(str(archive.socket))
        give_to_server_user(archive.socket)
        self.listening.listen()
        self.enough, self.wake = os.pipe()
        self.thread = threading.Thread(target=self._serve)

    def _serve(self):
        handed = self.listening.fileno()
        while self.enough not in select.select([self.listening, self.enough], [], [])[0]:
            with open(self.archive.said, "ab") as said:
                command = as_server_user(handing_over(handed, self.archive.command("agent")), die_with_parent=True)
                process = self.archive.start(command, cwd="/", stdout=said, stderr=said, pass_fds=[handed])
            self.started.append(process)
            process.wait()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        os.write(self.wake, b"x")
        for process in self.started:
            process.kill()
        self.thread.join()
        self.listening.close()


def processes_of(archive, command):
    """The process ids that run this command of an archive's program."""
    words = [str(archive.program).encode(), str(archive.ini).encode(), command.encode()]
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cmdline").read_bytes().split(b"\0")[:3] == words:
                    found.append(int(entry.name))
            except OSError:
                pass  # it has ended
    return found
