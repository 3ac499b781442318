"""The commands of docs/guide/first_steps.md do what the page says, from a server to an order billed, and leave nothing behind."""
import os
import signal
import subprocess

from support.guide import pieces_of, script_of
from support.server import ROOT, free_port

PAGE = "docs/guide/first_steps.md"

# A reader waits for a second, which may be too short on a busy machine.
UNTIL = """until psql "$shop" -Atc "select {} from pgq.get_consumer_info('orders', 'billing')" | grep -qx t; do sleep 0.05; done\n"""


def moved(text, scratch):
    """With all that the page makes in a folder of the test, on a port that is free, compiled in half the time, and no wait for a time."""
    for written, here in (("/tmp/", f"{scratch}/"), ("build-library", f"{scratch}/build-library"), ("--port 5460", f"--port {free_port()}"),
                          ("g++ -O2", "g++ -O0"), ("sleep 1    # until it is subscribed\n", UNTIL.format("true")),
                          ("sleep 1\n", UNTIL.format("pending_events = 0 and current_batch is null"))):
        assert written in text
        text = text.replace(written, here)
    return text


def test_the_first_steps_go_as_written(scratch):
    [program] = pieces_of(PAGE)
    (scratch / "billing.cpp").write_text(program, encoding="utf-8")
    process = subprocess.Popen(["bash", "-euc", moved(script_of(PAGE, "unused"), scratch)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, cwd=ROOT, start_new_session=True)
    try:
        said, _ = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        pidfile = scratch / "shop-pgqd.pid"
        if pidfile.exists():
            os.kill(int(pidfile.read_text()), signal.SIGKILL)
        if (scratch / "shop-data/postmaster.pid").exists():
            subprocess.run([ROOT / "dev", "server", "stop", "--data", scratch / "shop-data"], check=True)
    assert process.returncode == 0, said
    assert "ann owes 250 cents" in said.splitlines(), said
    assert {path.name for path in scratch.iterdir()} == {"billing.cpp", "billing", "billing.out"}
