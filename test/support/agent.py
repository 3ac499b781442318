"""walmgr with an agent beside it."""
import pathlib

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
