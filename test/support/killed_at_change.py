"""A program that is killed right in front of one of the changes that it makes to files, counted over all of its threads.

    changes = made_by(command, folder)                      # runs it to its end: ["mkdir /x", "write /x/y", ...]
    at, status = killed_at(command, number, folder)         # kills it in front of that change, counted from 1

What changes nothing but how long something survives (fsync) counts as well. Calls of the C library are watched, so nothing in the program
knows of it; what other programs do that it starts is theirs.
"""
import signal
import subprocess

from support.server import as_server_user, give_to_server_user

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long count;

static void change(char const* call, char const* path) {
    static int log = -1;
    static long end = -1;
    static char const* name;
    if (!name) {
        name = getenv("CHANGES_LOG");
        end = getenv("CHANGES_END") ? atol(getenv("CHANGES_END")) : 0;
        log = (int)syscall(SYS_openat, AT_FDCWD, name ? name : "/dev/null", O_WRONLY | O_APPEND | O_CLOEXEC);
    }
    char line[4200];
    int length = snprintf(line, sizeof line, "%s %s\n", call, path);
    if (length >= (int)sizeof line) length = (int)sizeof line - 1;
    long number = atomic_fetch_add(&count, 1) + 1;
    syscall(SYS_write, log, line, (size_t)length);
    if (number == end) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
}

/* Only of files: not of pipes, sockets and terminals. */
static void change_of(char const* call, int descriptor) {
    struct stat about;
    char link[64], path[4100];
    if (syscall(SYS_fstat, descriptor, &about) != 0 || !(S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    change(call, path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ON_PATH(type, name, parameters, arguments, path) \
    type name parameters { change(#name, path); return NEXT(name) arguments; }
#define ON_FILE(type, name, parameters, arguments) \
    type name parameters { change_of(#name, fd); return NEXT(name) arguments; }

ON_PATH(int, rename, (char const* a, char const* b), (a, b), b)
ON_PATH(int, renameat, (int d, char const* a, int e, char const* b), (d, a, e, b), b)
ON_PATH(int, renameat2, (int d, char const* a, int e, char const* b, unsigned f), (d, a, e, b, f), b)
ON_PATH(int, link, (char const* a, char const* b), (a, b), b)
ON_PATH(int, linkat, (int d, char const* a, int e, char const* b, int f), (d, a, e, b, f), b)
ON_PATH(int, symlink, (char const* a, char const* b), (a, b), b)
ON_PATH(int, unlink, (char const* a), (a), a)
ON_PATH(int, unlinkat, (int d, char const* a, int f), (d, a, f), a)
ON_PATH(int, rmdir, (char const* a), (a), a)
ON_PATH(int, remove, (char const* a), (a), a)
ON_PATH(int, mkdir, (char const* a, mode_t m), (a, m), a)
ON_PATH(int, chmod, (char const* a, mode_t m), (a, m), a)
ON_FILE(int, fchmod, (int fd, mode_t m), (fd, m))
ON_FILE(int, fsync, (int fd), (fd))
ON_FILE(int, fdatasync, (int fd), (fd))
ON_FILE(int, syncfs, (int fd), (fd))
ON_FILE(int, ftruncate, (int fd, off_t n), (fd, n))
ON_FILE(int, ftruncate64, (int fd, off_t n), (fd, n))
ON_FILE(int, posix_fallocate, (int fd, off_t o, off_t n), (fd, o, n))
ON_FILE(int, posix_fallocate64, (int fd, off_t o, off_t n), (fd, o, n))
ON_FILE(ssize_t, write, (int fd, void const* b, size_t n), (fd, b, n))
ON_FILE(ssize_t, pwrite, (int fd, void const* b, size_t n, off_t o), (fd, b, n, o))
ON_FILE(ssize_t, pwrite64, (int fd, void const* b, size_t n, off_t o), (fd, b, n, o))

static int opened(int folder, char const* path, int flags, mode_t mode) {
    if ((flags & (O_CREAT | O_TRUNC)) && strcmp(path, "/dev/null") != 0) change("open", path);
    return NEXT(openat)(folder, path, flags, mode);
}
#define OPENER(name, first, folder) \
    int name(first char const* path, int flags, ...) { \
        int creates = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE; \
        va_list more; va_start(more, flags); mode_t mode = creates ? va_arg(more, mode_t) : 0; va_end(more); \
        return opened(folder, path, flags, mode); \
    }
#define COMMA ,
OPENER(open, , AT_FDCWD)
OPENER(open64, , AT_FDCWD)
OPENER(openat, int folder COMMA, folder)
OPENER(openat64, int folder COMMA, folder)
"""


def _run(command, number, folder):
    library, log = folder / "changes.so", folder / "changes.log"
    if not library.exists():
        subprocess.run(["g++", "-x", "c", "-w", "-O1", "-shared", "-fPIC", "-o", library, "-", "-ldl"], input=SOURCE, text=True, check=True)
        library.chmod(0o755)
    log.write_text("")
    give_to_server_user(log)
    watched = ["env", f"LD_PRELOAD={library}", f"CHANGES_LOG={log}", f"CHANGES_END={number}", *command]
    done = subprocess.run(as_server_user(watched), stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", timeout=120)
    return log.read_text(errors="replace").splitlines(), done


def made_by(command, folder):
    """The changes that a run makes which nobody disturbs."""
    changes, done = _run(command, 0, folder)
    assert done.returncode == 0, done
    return changes


def killed_at(command, number, folder):
    """Runs a command and kills it in front of a change. Returns that, or None where it came to its end before, and the ended process."""
    changes, done = _run(command, number, folder)
    killed = done.returncode == -signal.SIGKILL
    assert killed or len(changes) < number, (done, len(changes))
    return (changes[number - 1:] or ["?"])[0] if killed else None, done
