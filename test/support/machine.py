"""Machines with a systemd of their own, alone or in a network: containers whose files are those of this machine below what they write, which
is kept in memory."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from support.server import ROOT


class Machine:
    """What is put below `root` is there in it; what programs write stays in it, also when it is started again after `lose_power()`."""

    def __init__(self, name, folder, lan=None, address=None):
        self.name, self.folder, self.lan, self.address = name, pathlib.Path(folder), lan, address
        self.root = self.folder / "root"
        self.console = self.folder / "console"
        self.process, self.leader = None, None
        self.put("/etc/hostname", name + "\n")
        self.put("/etc/tmpfiles.d/tmp.conf", "")  # this checkout may lie in /tmp, of which nothing else would be left

    def put(self, path, text, mode=0o644):
        """A file in it, before or while it runs."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def start(self):
        """What systemd would start of this machine's own is left out: nothing but what is basic."""
        within, link = (["nsenter", f"--net=/run/netns/{self.lan}"], "--network-bridge=lan") if self.lan else ([], "--private-network")
        with open(self.console, "ab") as said:
            self.process = subprocess.Popen(
                [*within, "systemd-nspawn", "--directory", self.root, f"--machine={self.name}-{os.getpid()}", f"--hostname={self.name}",
                 "--register=no", "--keep-unit", link, "--quiet", "--boot", "systemd.unit=basic.target"],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
                env={**os.environ, "SYSTEMD_NSPAWN_TMPFS_TMP": "0"})
        self.leader = self._await_systemd()
        self.systemctl("start", "systemd-user-sessions")  # lets others than root log in
        if self.address:
            for words in (f"addr add {self.address}/24 dev host0", "link set host0 up"):
                self.run("ip", *words.split())
        return self

    def lose_power(self):
        """The first process of a machine takes all others along."""
        if self.process is None:
            return
        for child in _children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def run(self, *command, user=None, check=True, timeout=60, text=None):
        """Runs a program in it, as root or as a user."""
        as_user = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--reset-env"] if user else []
        done = subprocess.run(["nsenter", "--target", str(self.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--wd",
                               *as_user, *map(str, command)],
                              capture_output=True, text=True, timeout=timeout, **({"input": text} if text else {"stdin": subprocess.DEVNULL}))
        assert not check or done.returncode == 0, done
        return done

    def systemctl(self, *args, **keywords):
        return self.run("systemctl", "--no-pager", *args, **keywords).stdout.strip()

    def shown(self, unit, name):
        """A property of a unit."""
        return self.systemctl("show", "--value", "--property", name, unit)

    def said(self, unit):
        """What a unit has written."""
        return self.run("journalctl", "--no-pager", "--quiet", "--output=cat", "--unit", unit).stdout

    def _await_systemd(self, seconds=60):
        """The number that its first process has on the outside, once it has come up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                pytest.skip(f"systemd-nspawn cannot start a machine here: {self.console.read_text(errors='replace')[-500:]}")
            for child in _children(self.process.pid):
                with contextlib.suppress(OSError):
                    if pathlib.Path(f"/proc/{child}/comm").read_text().strip() != "systemd":
                        continue
                    self.leader = child
                    if self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"):
                        return child
            time.sleep(0.1)
        pytest.fail(f"no machine within {seconds} s: {self.console.read_text(errors='replace')[-2000:]}")


def install_walmgr(machine):
    """As `meson install` does it."""
    built = ROOT / "build/apps"
    for unit in (built / "walmgr-agent@.service", built / "walmgr-receive@.service", ROOT / "apps/walmgr/systemd/walmgr-agent@.socket"):
        machine.put(f"/usr/local/lib/systemd/system/{unit.name}", unit.read_text())
    machine.put("/usr/local/bin/walmgr", "", 0o755)
    shutil.copyfile(built / "walmgr", machine.root / "usr/local/bin/walmgr")


@contextlib.contextmanager
def machine(name="machine", lan=None, address=None):
    """One that was not started yet, for files to be put into it; skips the test where there can be none."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("systemd-nspawn", "nsenter", "mount"))):
        pytest.skip("needs root and systemd-nspawn")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pgq-machine-", dir="/tmp"))
    upper, root = folder / "upper", folder / "root"
    upper.mkdir()
    root.mkdir()
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        _mount(undo, upper, "-t", "tmpfs", "-o", "size=2g", "tmpfs")
        (upper / "files").mkdir()
        (upper / "work").mkdir()
        _mount(undo, root, "-t", "overlay", "-o", f"lowerdir=/,upperdir={upper}/files,workdir={upper}/work", "overlay")
        made = Machine(name, folder, lan, address)
        undo.callback(made.lose_power)
        yield made


@contextlib.contextmanager
def network(*names):
    """Machines of these names, not started yet, which know each other by name and nothing else of the world."""
    lan = f"pgq-{os.getpid()}"
    addresses = {name: f"10.99.0.{number}" for number, name in enumerate(names, 1)}
    with contextlib.ExitStack() as undo:
        if not shutil.which("ip") or subprocess.run(["ip", "netns", "add", lan], capture_output=True).returncode != 0:
            pytest.skip("needs the right to make a network")
        undo.callback(subprocess.run, ["ip", "netns", "del", lan], check=True)
        for words in ("link add lan type bridge", "link set lan up", "link set lo up"):
            subprocess.run(["ip", "-n", lan, *words.split()], check=True)
        made = {}
        for name, address in addresses.items():
            made[name] = undo.enter_context(machine(name, lan, address))
            made[name].put("/etc/hosts", "127.0.0.1 localhost\n" + "".join(f"{number} {host}\n" for host, number in addresses.items()))
        yield made


def _mount(undo, place, *how):
    if subprocess.run(["mount", *how, place], capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a file system")
    undo.callback(subprocess.run, ["umount", "-l", place], capture_output=True)


def _children(of):
    with contextlib.suppress(OSError):
        return [int(number) for number in pathlib.Path(f"/proc/{of}/task/{of}/children").read_text().split()]
    return []
