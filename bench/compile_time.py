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

# Lines that are not blank after preprocessing by g++ 12, which do not depend on the machine.
ANY_HEADER, SMALL_HEADER, CONSUMER = 45_000, 30_000, 55_000
SMALL = re.compile(r"pgq/(codec/.*|codec|error|sqlstate|ids|event|outcome)\.hpp")


def command():
    libpq = subprocess.run(["pkg-config", "--cflags", "libpq"], check=True, capture_output=True, text=True).stdout.split()
    return ["g++", "-std=c++20", f"-I{INCLUDE}", f"-I{ROOT / 'apps'}", *(flag.replace("-I", "-isystem") for flag in libpq)]


def processor_time(source):
    """Seconds of one compilation, the user's and the system's."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*command(), "-O2", "-c", source, "-o", pathlib.Path(folder) / "object"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
    table = Table("compile time", f"g++ {version} -O2, median of {settings.runs} runs, processor time", "s")
    table.add("ours", "minimal consumer (first_consumer.cpp)",
              statistics.median(processor_time(MINIMAL) for _ in range(settings.runs)), goal="<= 4")
    table.add("ours", f"largest program (pgqd, {len(LARGEST)} sources)",
              statistics.median(sum(map(processor_time, LARGEST)) for _ in range(settings.runs)), goal="<= 20")
    table.show()
    show_lines()


if __name__ == "__main__":
    main()
