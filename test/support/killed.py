"""A program that is killed at a chosen step of its journal, exactly there and not about there.

Its system calls are watched (ptrace), so nothing in the program knows of it. What may be chosen, as (kind, text):
    ("before", line)   the line is about to be written: what came before it was done, and nobody was told
    ("after", line)    the line is durable, and what it announces was not begun
    ("running", text)  a program that it has started runs, and goes on running; text counts those behind a line
    ("before", "end")  all is done, and the journal is about to be removed
"""
import ctypes
import os
import platform
import signal
import struct
import subprocess

import pytest

_CALLS = {  # name of the machine: the numbers of write, of the syncs, of what starts a program, of unlink and unlinkat
    "x86_64": (1, {74, 75}, {56, 58, 435}, 87, 263),
    "aarch64": (64, {82, 83}, {220, 435}, None, 35),
}
_TRACE_ME, _CONT_TO_CALL, _SET_OPTIONS, _KILL_WITH_TRACER, _MARK_CALLS, _CALL_INFO = 0, 24, 0x4200, 1 << 20, 1, 0x420E
_ENTRY, _EXIT = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, pid, address=None, data=None):
    if _libc.ptrace(request, pid, address, data) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace({request}) failed")


def _memory(pid, address, length):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(length)


class _Watched:
    """One run of a program, and where it is in its journal."""

    def __init__(self, pid):
        self.pid = pid
        self.write, self.syncs, self.starts, self.unlink, self.unlink_at = _CALLS[platform.machine()]
        self.line = ""
        self.started = 0
        self.entered = None

    def _journal(self, descriptor):
        try:
            return os.readlink(f"/proc/{self.pid}/fd/{descriptor}").endswith(".journal")
        except OSError:
            return False

    def event(self):
        """What the program does at this stop, or None."""
        info = ctypes.create_string_buffer(128)
        _ptrace(_CALL_INFO, self.pid, len(info), info)
        kind = info.raw[0]
        if kind == _ENTRY:
            self.entered = struct.unpack_from("<7Q", info.raw, 24)
            number, first, second, third = self.entered[:4]
            if number == self.write and self._journal(first):
                self.line, self.started = _memory(self.pid, second, third).decode().strip(), 0
                return ("before", self.line)
            path = {self.unlink: first, self.unlink_at: second}.get(number)
            if path and _memory(self.pid, path, 256).split(b"\0")[0].endswith(b".journal"):
                return ("before", "end")
        elif kind == _EXIT and self.entered:
            number, first = self.entered[:2]
            if number in self.syncs and self.line and self._journal(first):
                return ("after", self.line)
            if number in self.starts and self.line:
                self.started += 1
                return ("running", f"{self.line}: {self.started}")
        return None


def run_until(command, wanted, output):
    """Runs `command` and kills it at the first event that `wanted(event)` holds for. What it says goes to the file `output`.
    Returns that event, or None where it came to its end, and its status."""
    with open(output, "ab") as said:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/",
                                   preexec_fn=lambda: _libc.ptrace(_TRACE_ME, 0, None, None))
    watched = _Watched(process.pid)
    _, status = os.waitpid(process.pid, 0)
    if not os.WIFSTOPPED(status):
        pytest.skip("system calls of a program cannot be watched here")
    _ptrace(_SET_OPTIONS, process.pid, None, _KILL_WITH_TRACER | _MARK_CALLS)
    passed_on = 0
    while True:
        _ptrace(_CONT_TO_CALL, process.pid, None, passed_on)
        _, status = os.waitpid(process.pid, 0)
        if not os.WIFSTOPPED(status):
            process.returncode = os.waitstatus_to_exitcode(status)
            return None, process.returncode
        passed_on = os.WSTOPSIG(status)
        if passed_on == signal.SIGTRAP:
            passed_on = 0  # another program took the place of the one that was started
        elif passed_on == signal.SIGTRAP | 0x80:
            passed_on = 0
            event = watched.event()
            if event and wanted(event):
                os.kill(process.pid, signal.SIGKILL)
                os.waitpid(process.pid, 0)
                process.returncode = -signal.SIGKILL
                return event, process.returncode
