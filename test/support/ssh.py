"""A real OpenSSH server of our own on loopback, that one key opens, and the ssh command that reaches it."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

import pytest

from support.server import _children, as_server_user, free_port, give_to_server_user

SSHD = "/usr/sbin/sshd"
SFTP_SERVER = "/usr/lib/openssh/sftp-server"


class SshServer:
    """Logs in as the user that runs the tests, or as `user`, who may be one without a shell or password as the server's user is: for
    this sshd alone, and what it starts, there are others files of users then."""

    def __init__(self, folder, user=None):
        self.folder = pathlib.Path(folder)
        self.port = None
        self.process = None
        self.user = user or pwd.getpwuid(os.geteuid()).pw_name
        self.own_users = os.geteuid() == 0 and self.user != "root"
        if self.own_users:
            for name in ("passwd", "shadow"):
                text = pathlib.Path("/etc", name).read_text()
                mine = next(line for line in text.splitlines() if line.startswith(f"{self.user}:"))
                words = mine.split(":")
                words[-1 if name == "passwd" else 1] = "/bin/sh" if name == "passwd" else "*"
                (self.folder / name).touch(mode=0o644 if name == "passwd" else 0o600)
                (self.folder / name).write_text(text.replace(mine, ":".join(words)))
        for name in ("host_key", "key", "other_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True)
        self.keys = self.folder / "authorized_keys"
        self.allow()
        self.client = self.folder / "ssh_config"
        # Not that of whoever runs the tests: a shell that sshd starts reads what is there.
        self.home = self.folder / "home"
        self.home.mkdir()

    def allow(self, options="restrict"):
        """Writes what the key may do."""
        self.keys.write_text(f"{options} {(self.folder / 'key.pub').read_text()}")

    @property
    def command(self):
        """For ssh_command."""
        return f"ssh -F {self.client}"

    def location(self, path, scheme="ssh"):
        return f"{scheme}://{self.user}@127.0.0.1:{self.port}{path}"

    def start(self):
        for _ in range(5):  # another process may take the port between the look and the start
            self.port = free_port()
            self._configure()
            with open(self.folder / "sshd.log", "ab") as log:
                self.process = subprocess.Popen(
                    [*self._among_users(), "setpriv", "--pdeathsig", "TERM", SSHD, "-D", "-e", "-f", self.folder / "sshd_config"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and self.process.poll() is None:
                if subprocess.run(as_server_user([*self.command.split(), "-oBatchMode=yes", "-p", self.port, "-l", self.user,
                                                  "127.0.0.1", "true"]), capture_output=True, cwd="/", timeout=60).returncode == 0:
                    return
                time.sleep(0.1)
            self.stop()
        raise RuntimeError("sshd did not start:\n" + self.log())

    def _among_users(self):
        if not self.own_users:
            return []
        script = 'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/shadow" /etc/shadow && shift && exec "$@"'
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", self.folder]

    def log(self):
        return (self.folder / "sshd.log").read_text()

    def _configure(self):
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host_key\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {self.keys}\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin prohibit-password\nMaxStartups 100\nSetEnv HOME={self.home}\nSubsystem sftp {SFTP_SERVER}\n")
        known = self.folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{self.port} {(self.folder / 'host_key.pub').read_text()}")
        self.client.write_text(
            f"IdentityFile {self.folder}/key\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile {known}\n"
            "GlobalKnownHostsFile none\n")
        for mine in ("key", "other_key", "known_hosts", "ssh_config"):
            give_to_server_user(self.folder / mine)

    def _signal_sessions(self, number):
        for child in _children(self.process.pid):
            for one in (*_children(child), child):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, number)

    def cut(self):
        """Cuts every connection, as a network does that goes away."""
        self._signal_sessions(signal.SIGKILL)

    @contextlib.contextmanager
    def silent(self):
        """It takes connections meanwhile and says nothing, as a machine that has come to a halt."""
        self.process.send_signal(signal.SIGSTOP)
        self._signal_sessions(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal_sessions(signal.SIGCONT)
            self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGSTOP)  # no new connections while the others are cut
        self.cut()
        self.process.kill()
        self.process.wait(30)
        self.process = None


@contextlib.contextmanager
def ssh_server(folder, user=None):
    """A running one; skips the test where there can be none."""
    if not pathlib.Path(SSHD).exists():
        pytest.skip("needs Debian's openssh-server")
    if os.geteuid() == 0:
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd wants to be while nobody is logged in yet
    if shutil.which("ssh-keygen") is None:
        pytest.skip("needs Debian's openssh-client")
    server = SshServer(folder, user)
    server.start()
    try:
        yield server
    finally:
        server.stop()
