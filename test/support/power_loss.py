"""A disk that forgets what was not synced: what a program does to its files is recorded, and every folder is made that a loss of power
after any step could have left.

    steps = record(["walmgr", ...], folder)         # runs it to its end under strace
    disk = Disk(folder)                             # before that: what lies in the folder, all of it durable
    for step in steps:
        disk.do(step)
        disk.after_loss("strict").make(place)       # a folder with what survives

The rules are POSIX's and no file system's: bytes survive when fsync() or fdatasync() of their file has returned after them, and a name
when fsync() of its folder has. So a file that was synced under a name that was not is gone, and so is all that lies in a folder whose
own name was not synced.
"""
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

CALLS = ("openat,open,creat,close,dup,dup2,dup3,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,sync,"
         "syncfs,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat,sendfile,copy_file_range,"
         "lseek,sendto")
BLOCK = 4096  # bytes that a disk writes as one


@contextlib.contextmanager
def quick_folder():
    """A folder in memory, where there is such a file system: a disk that forgets need not be one that is slow."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    with tempfile.TemporaryDirectory(prefix="pgq-", dir=place) as folder:
        yield pathlib.Path(folder)


@dataclasses.dataclass
class Step:
    """One system call that has succeeded."""

    call: str
    args: list
    result: int

    def __str__(self):
        return f"{self.call}({', '.join(repr(arg) if len(repr(arg)) < 120 else '...' for arg in self.args)}) = {self.result}"


def record(command, cwd="/", check=True):
    """Runs a command to its end; what it did to files, in order, and how it ended."""
    with tempfile.NamedTemporaryFile("r", prefix="pgq-trace-") as trace:
        done = subprocess.run(["strace", "-f", "-qq", "-xx", "-s", str(4 << 20), "-e", f"trace={CALLS}", "-o", trace.name, *map(str, command)],
                              capture_output=True, text=True, cwd=cwd, timeout=300)
        assert not check or done.returncode == 0, done.stderr
        return list(_steps(trace.read())), done


def _steps(text):
    begun = {}
    for line in text.splitlines():
        thread, line = line.split(maxsplit=1)
        if line.endswith("<unfinished ...>"):
            begun[thread] = line.removesuffix("<unfinished ...>").rstrip()
            if closing := re.fullmatch(r"close\((\d+)", begun[thread]):
                # From now on another thread may get the number, before this one hears that it has succeeded.
                yield Step("close", [int(closing[1])], 0)
                begun[thread] = "closed("
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>\s?(.*)", line):
            line = begun.pop(thread) + resumed[1]
        found = re.fullmatch(r"(\w+)\((.*)\)\s+= (\d+).*", line)
        if found:
            yield Step(found[1], _arguments(found[2]), int(found[3]))


def _arguments(text):
    """Strings become bytes, numbers become numbers, what else there is stays text."""
    args = []
    for word in re.findall(r'"(?:\\x[0-9a-f]{2})*"|\[[^\]]*\]|\{[^}]*\}|[^,\s]+', text):
        if word.startswith('"'):
            args.append(bytes.fromhex(word[1:-1].replace("\\x", "")))
        else:
            args.append(int(word) if re.fullmatch(r"-?\d+", word) else word)
    return args


class File:
    """Bytes as programs see them, and those that survive."""

    def __init__(self, data=b"", safe=None):
        self.data, self.safe = bytearray(data), bytes(safe or b"")

    def sync(self):
        self.safe = bytes(self.data)

    def write(self, offset, data):
        self.data.extend(bytes(max(0, offset - len(self.data))))
        self.data[offset:offset + len(data)] = data


class Folder:
    """Names as programs see them, and those that survive."""

    def __init__(self):
        self.names, self.safe = {}, {}
        self.since = []  # what the names were after each change that is not safe yet

    def change(self, name, node):
        """Gives a name to something, or to nothing any more."""
        if node is None:
            del self.names[name]
        else:
            self.names[name] = node
        self.since.append(dict(self.names))

    def rename(self, name, to):
        """Within a folder a rename is one change: no file system leaves neither name."""
        self.names[to] = self.names.pop(name)
        self.since.append(dict(self.names))

    def sync(self):
        self.safe = dict(self.names)
        self.since.clear()


class State(dict):
    """What lies in a folder: bytes by path, None for folders."""

    def make(self, place):
        """Makes a folder that has just this in it."""
        place = pathlib.Path(place)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for path, data in self.items():
            if data is None:
                (place / path).mkdir()
            else:
                (place / path).write_bytes(data)

    def key(self):
        return hash(tuple((path, None if data is None else bytes(data)) for path, data in sorted(self.items())))


class Disk:
    """The file system below one folder."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.top = self._read(self.root)
        self.open = {}  # descriptor: what is open, and where in it

    def _read(self, path):
        if path.is_file():
            data = path.read_bytes()
            return File(data, data)
        folder = Folder()
        folder.names = {entry.name: self._read(entry) for entry in path.iterdir()}
        folder.sync()
        return folder

    def _place(self, path):
        """Folder and name of a path below the root, or nothing."""
        path = pathlib.Path(os.path.normpath(os.fsdecode(path)))
        if not path.is_relative_to(self.root):
            return None
        folder = self.top
        *parents, name = path.relative_to(self.root).parts or (".",)
        for part in parents:
            folder = folder.names.get(part)
            if not isinstance(folder, Folder):
                return None
        return folder, name

    def _node(self, path):
        place = self._place(path)
        return place and (place[0] if place[1] == "." else place[0].names.get(place[1]))

    def do(self, step):
        """Does a step. True when the folder, or what of it survives, may be another now."""
        known = getattr(self, "_" + {"open": "openat", "pwrite64": "pwrite", "fdatasync": "fsync", "renameat2": "rename",
                                     "renameat": "rename", "linkat": "link", "unlinkat": "unlink", "mkdirat": "mkdir"}
                        .get(step.call, step.call), None)
        if known:
            return known(step)
        assert step.call not in ("creat", "writev", "pwritev", "pwritev2", "truncate", "sync", "syncfs", "symlink", "symlinkat", "sendfile",
                                 "copy_file_range") or not self._ours(step), f"{step} is not known here"
        return False

    def _ours(self, step):
        return any(arg in self.open for arg in step.args if isinstance(arg, int)) or any(
            self._place(arg) for arg in step.args if isinstance(arg, bytes))

    @staticmethod
    def _paths(step):
        return [arg for arg in step.args if isinstance(arg, bytes)]

    def _openat(self, step):
        path, = self._paths(step)
        self.open.pop(step.result, None)
        place = self._place(path)
        if not place:
            return False
        node = self._node(path)
        flags = next((arg for arg in step.args[1:] if isinstance(arg, str) and arg.startswith("O_")), "")
        if node is None and "O_CREAT" in flags:
            node = File()
            place[0].change(place[1], node)
        if "O_TRUNC" in flags:
            node.data.clear()
        self.open[step.result] = [node, 0]
        return "O_CREAT" in flags or "O_TRUNC" in flags

    def _close(self, step):
        self.open.pop(step.args[0], None)
        return False

    def _write(self, step):
        if step.args[0] not in self.open:
            return False
        node, offset = self.open[step.args[0]]
        node.write(offset, step.args[1][:step.result])
        self.open[step.args[0]][1] += step.result
        return True

    def _pwrite(self, step):
        if step.args[0] not in self.open:
            return False
        self.open[step.args[0]][0].write(step.args[-1], step.args[1][:step.result])
        return True

    def _lseek(self, step):
        if step.args[0] in self.open:
            self.open[step.args[0]][1] = step.result
        return False

    def _ftruncate(self, step):
        if step.args[0] not in self.open:
            return False
        data = self.open[step.args[0]][0].data
        del data[step.args[1]:]
        data.extend(bytes(step.args[1] - len(data)))
        return True

    def _fallocate(self, step):
        if step.args[0] not in self.open:
            return False
        data = self.open[step.args[0]][0].data
        data.extend(bytes(max(0, step.args[-2] + step.args[-1] - len(data))))
        return True

    def _fsync(self, step):
        if step.args[0] not in self.open:
            return False
        self.open[step.args[0]][0].sync()
        return True

    def _rename(self, step):
        from_, to = map(self._place, self._paths(step))
        if from_ and to and from_[0] is to[0]:
            to[0].rename(from_[1], to[1])
        elif from_ and to:
            to[0].change(to[1], from_[0].names[from_[1]])
            from_[0].change(from_[1], None)
        return bool(from_ and to)

    def _link(self, step):
        from_, to = map(self._place, self._paths(step))
        if from_ and to:
            to[0].change(to[1], from_[0].names[from_[1]])
        return bool(from_ and to)

    def _unlink(self, step):
        place = self._place(self._paths(step)[0])
        if place:
            place[0].change(place[1], None)
        return bool(place)

    _rmdir = _unlink

    def _mkdir(self, step):
        place = self._place(self._paths(step)[0])
        if place:
            place[0].change(place[1], Folder())
        return bool(place)

    def after_loss(self, kind, chance=None):
        """What survives. `kind`: `strict`, what was synced and nothing else; `all`, everything, as when only the program was killed;
        `names`, every name, but of bytes only what was synced, and zeros for the rest; `mixed`, of what was not synced whatever
        `chance` picks: of a folder's changes those up to one of them, of a file's blocks any."""
        state = State()
        self._gather(self.top, "", kind, chance, state)
        return state

    def _gather(self, folder, prefix, kind, chance, state):
        names = {"strict": folder.safe, "mixed": chance.choice([folder.safe, *folder.since]) if chance else None}.get(kind, folder.names)
        for name, node in names.items():
            path = prefix + name
            if isinstance(node, Folder):
                state[path] = None
                self._gather(node, path + "/", kind, chance, state)
            else:
                state[path] = self._surviving(node, kind, chance)

    @staticmethod
    def _surviving(node, kind, chance):
        if kind == "strict":
            return node.safe
        if kind == "all":
            return bytes(node.data)
        long = node.safe + bytes(max(0, len(node.data) - len(node.safe)))
        if kind == "names":
            return long[:max(len(node.safe), len(node.data))]
        out = bytearray(long)
        for at in range(0, len(node.data), BLOCK):
            if chance.random() < 0.5:
                out[at:at + BLOCK] = node.data[at:at + BLOCK]
        return bytes(out[:chance.choice([len(node.safe), len(node.data)])] if len(node.data) != len(node.safe) else out)
