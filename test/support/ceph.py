"""Ceph's object gateway on loopback, with a cluster of one monitor and one store in memory behind it: a server of S3 that checks signatures and
obeys If-None-Match by itself."""
import contextlib
import functools
import shutil
import subprocess
import time
import uuid

import pytest

from support.s3 import signed_curl
from support.server import as_server_user, free_port, give_to_server_user, scratch_folder

KEY, SECRET, BUCKET = "walmgrkey", "walmgr/secret+of=ceph", "walmgr"
PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")

# Nothing outside of the folder, nothing kept twice, and small numbers of everything.
CONFIGURATION = """[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon[0]}/0,v1:127.0.0.1:{mon[1]}/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {folder}/run
crash dir = {folder}/run
admin socket = {folder}/run/$name.$pid.sock
keyring = {folder}/keyring
log file = {folder}/$name.log
mon cluster log file = {folder}/cluster.log
mon data = {folder}/mon
mon data avail crit = 0
mon allow pool size one = true
osd data = {folder}/osd
osd objectstore = memstore
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
memstore device bytes = 1073741824
rgw data = {folder}/run
rgw frontends = beast endpoint=127.0.0.1:{port}
"""


class Gateway:
    """Its endpoint is a server of S3."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def _run(self, program, *args, **keywords):
        done = subprocess.run(as_server_user([program, "-c", self.folder / "ceph.conf", *args]), cwd="/", text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, **keywords)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr}")
        return done.stdout

    def _start(self, program, *args):
        with open(self.folder / f"{program}.out", "wb") as said:
            self.processes.append(subprocess.Popen(
                as_server_user([program, "-c", self.folder / "ceph.conf", "-f", *args], die_with_parent=True), cwd="/",
                stdin=subprocess.DEVNULL, stdout=said, stderr=said))

    def start(self):
        for name in ("mon", "osd", "run"):
            (self.folder / name).mkdir()
            give_to_server_user(self.folder / name)
        fsid, store, monitor = uuid.uuid4(), uuid.uuid4(), (free_port(), free_port())
        (self.folder / "ceph.conf").write_text(CONFIGURATION.format(fsid=fsid, mon=monitor, folder=self.folder, port=self.port))
        keyring = self.folder / "keyring"
        self._run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        self._run("ceph-authtool", keyring, "--gen-key", "-n", "client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *")
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{monitor[0]}/0,v1:127.0.0.1:{monitor[1]}/0]",
                  self.folder / "monmap")
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", self.folder / "monmap", "--keyring", keyring)
        self._start("ceph-mon", "-i", "a")
        self._run("ceph", "--connect-timeout", "50", "osd", "new", store)
        known = self._run("ceph", "auth", "get-or-create", "osd.0", "mon", "allow profile osd", "osd", "allow *")
        keyring.write_text(keyring.read_text() + known)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store)
        self._start("ceph-osd", "-i", "0")
        self._start("radosgw", "-n", "client.admin")
        deadline = time.monotonic() + 120
        while subprocess.run(["curl", "-s", "-o", "/dev/null", self.endpoint]).returncode != 0:
            if time.monotonic() > deadline or any(process.poll() is not None for process in self.processes):
                raise RuntimeError("radosgw did not start: " + (self.folder / "radosgw.out").read_text())
            time.sleep(0.1)
        self._run("radosgw-admin", "user", "create", "--uid", "walmgr", "--display-name", "walmgr", "--access-key", KEY, "--secret-key", SECRET)
        signed_curl(KEY, SECRET, "-X", "PUT", f"{self.endpoint}/{BUCKET}")

    def put(self, key, path):
        signed_curl(KEY, SECRET, "-T", path, f"{self.endpoint}/{BUCKET}/{key}", body=path.read_bytes())

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait(30)


@functools.cache
def can_run():
    return all(map(shutil.which, PROGRAMS))


@contextlib.contextmanager
def gateway():
    """A running one; skips the test where Ceph is not installed."""
    if not can_run():
        pytest.skip("needs Debian's radosgw, ceph-mon and ceph-osd")
    folder = scratch_folder("pgq-ceph-")
    made = Gateway(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
