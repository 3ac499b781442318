"""The demo of walmgr passes, and leaves no process and no folder behind when it is interrupted."""
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from support.server import ROOT

# One after the other: each looks whether there is more than before.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo_walmgr")]


def leftovers():
    """Folders of demos, and processes that work in one."""
    found = {str(path) for path in pathlib.Path("/tmp").glob("pgq-demo-*")}
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        found |= {words.decode(errors="replace")} if b"/tmp/pgq-demo-" in words else set()
    return found


def demo(*args):
    return subprocess.Popen([sys.executable, ROOT / "apps/demo/walmgr.py", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)


def test_it_passes():
    before = leftovers()
    said = (running := demo()).communicate(timeout=600)[0]
    assert running.returncode == 0, said
    assert "lost: 0" in said and "different: 0" in said and said.endswith("demo passed\n")
    assert leftovers() <= before


@pytest.mark.parametrize("moment", ["are at work", "a standby made of it", "the primary is killed", "was booted"])
def test_an_interrupted_one_leaves_nothing(moment):
    before = leftovers()
    running = demo("--seconds", "3")
    said = ""
    while moment not in said:
        line = running.stdout.readline()
        assert line, said
        said += line
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said += running.communicate(timeout=120)[0]
    assert running.returncode == 1 and "demo interrupted" in said, said
    assert leftovers() <= before
