"""A server whose configuration lies outside of its data folder, as Debian's servers have it, and walmgr beside it."""
import contextlib
import shutil
import subprocess

from support.archive import Archive
from support.server import as_server_user, give_to_server_user, run_statement, scratch_folder, tree

BIN = tree("tree") / "bin"
PORT = 5432  # names a socket in a folder of its own; nothing listens on the network
NAMES = ("postgresql.conf", "pg_hba.conf", "pg_ident.conf")


class DebianWay:
    """The primary `a`, started by `postgres -D a/etc`; in walmgr's configuration it is the master. `b` may become its standby."""

    def __init__(self, folder, program):
        self.folder = folder
        self.make("walmgr")
        self.archive = Archive(folder / "walmgr", program)
        for name in ("state", "a/data", "a/etc/conf.d", "a/etc/empty.d", "b"):
            self.make(name)
        self.run("cp", "-a", f"{tree('tree')}/cluster/.", self.data("a"))
        self.run("chmod", "700", self.data("a"))
        self.run(BIN / "pg_checksums", "--enable", "--no-sync", "-D", self.data("a"))
        for name in NAMES:
            (self.data("a") / name).rename(self.etc("a") / name)
        with open(self.etc("a") / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write("".join(f"{name} = '{value}'\n" for name, value in {
                "data_directory": self.data("a"), "hba_file": self.etc("a") / "pg_hba.conf", "ident_file": self.etc("a") / "pg_ident.conf",
                "external_pid_file": folder / "a/main.pid", "unix_socket_directories": folder / "a", "port": PORT, "listen_addresses": "",
                "fsync": "off", "wal_retrieve_retry_interval": "200ms"}.items()))
            conf.write("include_dir 'conf.d'\ninclude_dir = 'empty.d'\ninclude = 'conf.d/../more.conf'\ninclude_if_exists 'no such file'\n")
        self.write(self.etc("a") / "conf.d/memory.conf", "work_mem = 5MB\n")
        self.write(self.etc("a") / "conf.d/not read", "work_mem = 6MB\n")
        self.write(self.etc("a") / "more.conf", "# nothing, for a while\n", 0o604)
        self.write(self.etc("a") / "pg_hba.conf", "local all all trust\nlocal replication all trust\nlocal @roles all trust\n", 0o640)
        self.write(self.etc("a") / "roles", "nobody\n")
        self.keys = {"state_dir": folder / "state", "standby_slot": "walmgr_standby"}
        for name, role in (("a", "master"), ("b", "slave")):
            self.keys |= {f"{role}_db": self.conninfo(name), f"{role}_data": self.data(name), f"{role}_bin": BIN}
        self.configure()
        self.start("a")

    def make(self, name):
        """A folder of the server's user, with those above it."""
        path = self.folder
        for part in name.split("/"):
            path = path / part
            if not path.exists():
                path.mkdir()
                give_to_server_user(path)

    @staticmethod
    def write(path, text, mode=0o644):
        path.write_text(text)
        path.chmod(mode)
        give_to_server_user(path)

    def data(self, name):
        return self.folder / name / "data"

    def etc(self, name):
        return self.folder / name / "etc"

    def conninfo(self, name, user="postgres"):
        return f"host={self.folder / name} port={PORT} user={user} dbname=postgres"

    def configure(self, **more):
        self.archive.configure(**{**self.keys, **more})

    def run(self, *command):
        done = subprocess.run(as_server_user(command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/")
        assert done.returncode == 0, done.stderr

    def start(self, name):
        self.run(BIN / "pg_ctl", "start", "-w", "-D", self.etc(name), "-l", self.folder / name / "log")

    def walmgr(self, *args, status=0, says=""):
        done = self.archive.run(*args)
        assert done.returncode == status and says in done.stdout + done.stderr, done
        return done

    def sql(self, name, query, user="postgres"):
        return run_statement(self.conninfo(name, user), query)

    def give_config(self, name):
        """The configuration of another server of this kind, for `name`."""
        self.run("cp", "-a", self.etc("a"), self.etc(name))
        conf = self.etc(name) / "postgresql.conf"
        conf.write_text(conf.read_text().replace(f"{self.folder}/a", f"{self.folder}/{name}"))

    def end(self, *more):
        for data in (self.data("a"), self.data("b"), *more):
            subprocess.run(as_server_user([BIN / "pg_ctl", "stop", "-m", "immediate", "-w", "-D", data]), capture_output=True, cwd="/")


@contextlib.contextmanager
def debian_way(program, *more):
    """Is stopped and removed at the end, whatever happens; so are servers on the folders `more` in its folder."""
    folder = scratch_folder()
    made = DebianWay.__new__(DebianWay)
    made.folder = folder
    try:
        made.__init__(folder, program)
        yield made
    finally:
        made.end(*(folder / name for name in more))
        shutil.rmtree(folder, ignore_errors=True)
