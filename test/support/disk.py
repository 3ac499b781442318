"""A disk that is soon full."""
import contextlib
import os
import shutil
import subprocess

import pytest

from support.server import give_to_server_user, scratch_folder


@contextlib.contextmanager
def small_disk(size):
    """A folder of the server's user on a file system of its own of so many bytes; skips the test where nothing can be mounted."""
    folder = scratch_folder("pgq-disk-")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        shutil.rmtree(folder)
        pytest.skip("needs the right to mount a file system")
    try:
        give_to_server_user(folder)
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
