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


def compiler(source, *flags):
    """Runs the compiler; gives what it complains of."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([*command(), *flags, "-O2", "-c", source, "-o", pathlib.Path(folder) / "object"], check=True,
                              capture_output=True, text=True)
    return done.stderr


def seconds_of(sources, flags):
    """Processor time of compiling them, the user's and the system's."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for source in sources:
        compiler(source, *flags)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def megabytes_of(sources, flags):
    """What the compiler allocates, which does not depend on the machine. In a run of its own: to be told doubles the time."""
    return sum(int(re.search(r"^ TOTAL .* (\d+)M$", compiler(source, *flags, "-ftime-report"), re.M)[1]) for source in sources)


def lines_of(source):
    """Lines left after preprocessing, blank ones and line marks apart."""
    done = subprocess.run([*command(), "-E", "-P", "-x", "c++", source], check=True, capture_output=True, text=True)
    return sum(1 for line in done.stdout.splitlines() if line.strip())


def foreign_headers():
    """The headers of others that <pgq/pgq.hpp> includes directly or by headers of ours: what compiles before a line of ours does."""
    done = subprocess.run([*command(), *SEPARATE, "-fsyntax-only", "-M", MINIMAL], check=True, capture_output=True, text=True).stdout
    ours = [pathlib.Path(word) for word in done.split() if word.startswith(f"{INCLUDE}/pgq/")]
    named = {found[1] for path in ours for found in re.finditer(r"^ *# *include <(?!pgq/)([^>]+)>", path.read_text(), re.M)}
    return sorted(named)


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
    with tempfile.TemporaryDirectory() as folder:
        floor, whole = pathlib.Path(folder) / "floor.cpp", pathlib.Path(folder) / "whole.cpp"
        floor.write_text("".join(f"#include <{name}>\n" for name in foreign_headers()))
        whole.write_text("".join(f'#include "{path}"\n' for path in LARGEST))  # as meson puts them together
        rows = {
            "minimal consumer (first_consumer.cpp), header-only": ([MINIMAL], [], "<= 4"),
            "the same with separate compilation": ([MINIMAL], SEPARATE, "<= 4"),
            "nothing but the headers of others that it reads": ([floor], [], None),
            f"largest program (pgqd, {len(LARGEST)} sources in one, and pgq/src.cpp)": ([whole, ONCE], SEPARATE, "<= 20"),
        }
        # In turn, as a machine's speed changes.
        taken = [[seconds_of(sources, flags) for sources, flags, _ in rows.values()] for _ in range(settings.runs)]
        table = Table("compile time", f"g++ {version} -O2, median of {settings.runs} runs in turn, processor time", "s")
        sizes = Table("what the compiler allocates", "one run", "MB")
        for at, (name, (sources, flags, goal)) in enumerate(rows.items()):
            table.add("ours", name, statistics.median(run[at] for run in taken), goal=goal)
            sizes.add("ours", name, megabytes_of(sources, flags))
    table.show()
    sizes.show()
    show_lines()


if __name__ == "__main__":
    main()
