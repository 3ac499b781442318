"""Processor time to compile a minimal consumer and the largest program, and how many lines each header brings along."""

import argparse
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile

from peers import Table

ROOT = pathlib.Path(__file__).resolve().parents[1]
INCLUDE = ROOT / "include"
MINIMAL = ROOT / "docs/tutorial/first_consumer.cpp"
LARGEST = sorted((ROOT / "apps/pgqd").glob("*.cpp"))
ONCE = INCLUDE / "pgq/src.cpp"
SEPARATE = ["-DPGQ_SEPARATE_COMPILATION"]

# Lines that are not blank after preprocessing by g++ 12, which do not depend on the machine.
ANY_HEADER, SMALL_HEADER, CONSUMER = 45_000, 30_000, 55_000
SMALL = re.compile(r"pgq/(codec/.*|codec|error|sqlstate|ids|event|outcome)\.hpp")


def command():
    libpq = subprocess.run(["pkg-config", "--cflags", "libpq"], check=True, capture_output=True, text=True).stdout.split()
    return ["g++", "-std=c++20", f"-I{INCLUDE}", f"-I{ROOT / 'apps'}", *(flag.replace("-I", "-isystem") for flag in libpq)]


def compilation(source, flags):
    """Seconds of processor time of one compilation, the user's and the system's, and the megabytes that the compiler allocated: these
    do not depend on what else the machine does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([*command(), *flags, "-O2", "-ftime-report", "-c", source, "-o", pathlib.Path(folder) / "object"], check=True,
                              capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    allocated = re.search(r"^ TOTAL .* (\d+)M$", done.stderr, re.M)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, int(allocated[1])


def medians_of(jobs, runs):
    """Seconds and megabytes of compiling all sources of each of `jobs`, (sources, flags). In turn, as a machine's speed changes."""
    done = [[[compilation(source, flags) for source in sources] for sources, flags in jobs] for _ in range(runs)]
    return [[statistics.median(sum(one[part] for one in run[job]) for run in done) for part in (0, 1)] for job in range(len(jobs))]


def lines_of(source):
    """Lines left after preprocessing, blank ones and line marks apart."""
    done = subprocess.run([*command(), "-E", "-P", "-x", "c++", source], check=True, capture_output=True, text=True)
    return sum(1 for line in done.stdout.splitlines() if line.strip())


def budgets():
    """(source, lines allowed) for the minimal consumer and each public header."""
    yield MINIMAL, CONSUMER
    for path in sorted((INCLUDE / "pgq").rglob("*.hpp")):
        if "detail" not in path.parts:
            small = SMALL.fullmatch(path.relative_to(INCLUDE).as_posix())
            yield path, SMALL_HEADER if small else ANY_HEADER


def show_lines():
    """A line for each header that is over its budget; whether none is."""
    over = [(path, lines, most) for path, most in budgets() if (lines := lines_of(path)) > most]
    for path, lines, most in over:
        print(f"{path.relative_to(ROOT)}: {lines} lines after preprocessing; at most {most}")
    return not over


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--lines", action="store_true", help="only count lines; exit status 1 when one is over its budget")
    settings = options.parse_args()
    if settings.lines:
        sys.exit(not show_lines())

    version = subprocess.run(["g++", "-dumpfullversion"], check=True, capture_output=True, text=True).stdout.strip()
    rows = {
        "minimal consumer (first_consumer.cpp), header-only": ([MINIMAL], []),
        "the same with separate compilation": ([MINIMAL], SEPARATE),
        f"largest program (pgqd, {len(LARGEST)} sources, and pgq/src.cpp)": ([*LARGEST, ONCE], SEPARATE),
    }
    goals = ["<= 4", "<= 4", "<= 20"]
    figures = medians_of(list(rows.values()), settings.runs)
    table = Table("compile time", f"g++ {version} -O2, median of {settings.runs} runs in turn, processor time", "s")
    sizes = Table("what the compiler allocates", "the same runs; does not depend on the machine's load", "MB")
    for name, goal, (seconds, megabytes) in zip(rows, goals, figures):
        table.add("ours", name, seconds, goal=goal)
        sizes.add("ours", name, megabytes)
    table.show()
    sizes.show()
    show_lines()


if __name__ == "__main__":
    main()
