"""The commands of docs/guide/walmgr.md do what the page says, from an empty folder to a second failover."""
import os
import shutil
import signal
import subprocess

from support.guide import script_of
from support.server import as_server_user, give_to_server_user, tree

PROGRAMS = "$PWD/build/apps:/usr/lib/postgresql/15/bin"


def test_the_first_steps_go_as_written(scratch, program):
    give_to_server_user(scratch)
    shutil.copy(program("walmgr"), scratch)
    script = script_of("docs/guide/walmgr.md", "/tmp/shop/walmgr.ini")
    assert PROGRAMS in script
    # Nobody types so fast that a mistake comes within the second in which the backup has ended.
    backup = "walmgr walmgr.ini backup\n"
    assert backup in script
    script = script.replace(backup, f'{backup}ended=$(date +%s)\nuntil [ "$(date +%s)" != "$ended" ]; do :; done\n', 1)
    script = script.replace(PROGRAMS, f"{scratch}:{tree('tree')}/bin").replace("/tmp/shop", f"{scratch}/shop")
    process = subprocess.Popen(as_server_user(["bash", "-euc", script]), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               cwd=scratch, start_new_session=True)
    try:
        said, _ = process.communicate(timeout=300)
    finally:
        for name in ("a", "b", "copy"):
            subprocess.run(as_server_user([tree("tree") / "bin/pg_ctl", "stop", "-m", "immediate", "-D", scratch / "shop" / name]),
                           capture_output=True, cwd="/")
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, said
    lines = said.splitlines()
    # What the page promises: the deleted rows are back, and the one that the lost primary had taken is there.
    assert lines.index("1000") < lines.index("1001") and not (scratch / "shop").exists(), said
    assert not [line for line in lines if line.startswith("wrong:")], said
