"""A wall clock that has jumped, for one program: its environment with moved_clock(folder, seconds). One that jumps while programs run:
JumpingClock(folder), with its environment and jump_to(seconds)."""
import os
import struct
import subprocess

SOURCE = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long by_environment;
static long const volatile* by = &by_environment;
__attribute__((constructor)) static void begin(void) {
    char const* fixed = getenv("CLOCK_MOVED_BY");
    char const* path = getenv("CLOCK_MOVED_BY_FILE");
    if (fixed) by_environment = atol(fixed);
    if (!path) return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    void* page = mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    if (file < 0 || page == MAP_FAILED) abort();
    by = page;
}
static long moved(void) { return *by; }
int clock_gettime(clockid_t clock, struct timespec* now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += moved();
    return failed;
}
time_t time(time_t* into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}
int gettimeofday(struct timeval* now, void* zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
"""


def _library(folder):
    """Made in `folder` at the first call."""
    library = folder / "moved_clock.so"
    if not library.exists():
        subprocess.run(["g++", "-x", "c", "-w", "-shared", "-fPIC", "-o", library, "-"], input=SOURCE, text=True, check=True)
        library.chmod(0o755)
    return str(library)


def moved_clock(folder, seconds):
    """The environment of a program whose clock has jumped by so much before it begins."""
    return {**os.environ, "LD_PRELOAD": _library(folder), "CLOCK_MOVED_BY": str(seconds)}


class JumpingClock:
    """The clock of all programs that are started with its environment, servers with all their processes among them."""

    def __init__(self, folder):
        self.file = folder / "moved_by"
        self.jump_to(0)
        self.file.chmod(0o644)
        self.environment = {"LD_PRELOAD": _library(folder), "CLOCK_MOVED_BY_FILE": str(self.file)}

    def jump_to(self, seconds):
        """So far from the true time, at once."""
        with open(self.file, "r+b" if self.file.exists() else "wb") as file:
            file.write(struct.pack("l", seconds))
