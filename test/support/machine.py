"""A machine with a systemd of its own: a container whose files are those of this machine below what it writes, in memory."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest


class Machine:
    """One that runs. What is put below `root` is there in it; what programs write stays in it."""

    def __init__(self, root, leader):
        self.root, self.leader = pathlib.Path(root), leader

    def run(self, *command, user=None, check=True, timeout=60):
        """Runs a program in it, as root or as a user."""
        as_user = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] if user else []
        done = subprocess.run(["nsenter", "--target", str(self.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--wd",
                               *as_user, *map(str, command)],
                              capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
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

    def put(self, path, text, mode=0o644):
        """A file in it, before or while it runs."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)


@contextlib.contextmanager
def machine(prepare=lambda made: None):
    """Starts one, after `prepare(machine)` has put files into it; skips the test where that is not allowed."""
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
        made = Machine(root, None)
        prepare(made)
        said = open(folder / "console", "w+", encoding="utf-8", errors="replace")
        undo.callback(said.close)
        # What systemd would start of this machine's own is left out: nothing but what is basic.
        process = subprocess.Popen(["systemd-nspawn", "--directory", root, "--register=no", "--keep-unit", "--private-network", "--quiet",
                                    "--boot", "systemd.unit=basic.target"],
                                   stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
        undo.callback(_end, process)
        made.leader = _first_process(process, folder / "console")
        yield made


def _mount(undo, place, *how):
    if subprocess.run(["mount", *how, place], capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a file system")
    undo.callback(subprocess.run, ["umount", "-l", place], capture_output=True)


def _first_process(process, console, seconds=60):
    """The number that the machine's systemd has on the outside, once it has come up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.skip(f"systemd-nspawn cannot start a machine here: {console.read_text(errors='replace')[-500:]}")
        for child in _children(process.pid):
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() != "systemd":
                continue
            state = Machine("/", child).run("systemctl", "is-system-running", check=False).stdout.strip()
            if state in ("running", "degraded"):
                return child
        time.sleep(0.1)
    pytest.fail(f"no machine within {seconds} s: {console.read_text(errors='replace')[-2000:]}")


def _children(of):
    with contextlib.suppress(OSError):
        return [int(number) for number in pathlib.Path(f"/proc/{of}/task/{of}/children").read_text().split()]
    return []


def _end(process):
    """The first process of a machine takes all others along."""
    for child in _children(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
