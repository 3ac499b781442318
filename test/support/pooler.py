"""pgbouncer in front of a server, in transaction mode: each transaction of a client may run in another server session."""

import subprocess
import time

import psycopg2

from support.server import ServerError, as_server_user, give_to_server_user

PGBOUNCER = "/usr/sbin/pgbouncer"
START_SECONDS = 30
PORT = 6432  # the name of a socket in a folder of our own; no port of the machine is taken


class Pooler:
    """Listens on a unix socket in `folder` only, as the user that servers run as; dies with the process that started it."""

    def __init__(self, server, folder, sessions=2):
        self.server = server
        self.folder = folder
        self.sessions = sessions  # on the server, for all clients of a database together
        self.process = None

    def __enter__(self):
        settings = self.folder / "pgbouncer.ini"
        settings.write_text("[databases]\n"
                            f"* = host={self.server.host} port={self.server.port} user=postgres\n"
                            "[pgbouncer]\n"
                            "listen_addr =\n"
                            f"listen_port = {PORT}\n"
                            f"unix_socket_dir = {self.folder}\n"
                            "auth_type = any\n"
                            "pool_mode = transaction\n"
                            f"default_pool_size = {self.sessions}\n"
                            f"logfile = {self.folder / 'pgbouncer.log'}\n")
        give_to_server_user(self.folder)
        self.process = subprocess.Popen(as_server_user([PGBOUNCER, "-q", settings], die_with_parent=True), cwd="/",
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not self._takes_connections():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise ServerError(f"pgbouncer did not start: {(self.folder / 'pgbouncer.log').read_text()}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()

    def _takes_connections(self):
        try:
            psycopg2.connect(f"{self.address} dbname=postgres connect_timeout=5").close()
            return True
        except psycopg2.OperationalError:
            return False

    @property
    def address(self):
        """A connection string without a database."""
        return f"host={self.folder} port={PORT} user=postgres"
