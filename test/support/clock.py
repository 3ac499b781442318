"""A wall clock that has jumped, for one program: its environment with moved_clock(folder, seconds)."""
import os
import subprocess

SOURCE = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long moved(void) { char const* by = getenv("CLOCK_MOVED_BY"); return by ? atol(by) : 0; }
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


def moved_clock(folder, seconds):
    """The library that moves it is made in `folder` at the first call."""
    library = folder / "moved_clock.so"
    if not library.exists():
        subprocess.run(["g++", "-x", "c", "-w", "-shared", "-fPIC", "-o", library, "-"], input=SOURCE, text=True, check=True)
        library.chmod(0o755)
    return {**os.environ, "LD_PRELOAD": str(library), "CLOCK_MOVED_BY": str(seconds)}
