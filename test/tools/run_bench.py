"""Runs benchmarks: `run_bench.py [NAME] [-- ARGS...]`. Without a name each of bench/*.py runs, one after the other.

A benchmark is a script of that name in bench/, or else a program built from bench/NAME.cpp.
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def scripts():
    """The scripts that are benchmarks; the others are modules that they share."""
    return {path.stem: [sys.executable, str(path)] for path in sorted((ROOT / "bench").glob("*.py")) if "__main__" in path.read_text()}


def programs():
    return {path.stem: [str(ROOT / "build" / "bench" / path.stem)] for path in sorted((ROOT / "bench").glob("*.cpp"))}


def parse(words):
    names, separator, arguments = words, [], []
    if "--" in words:
        at = words.index("--")
        names, separator, arguments = words[:at], ["--"], words[at + 1:]
    if len(names) > 1 or (separator and not names):
        sys.exit("dev bench: usage: ./dev bench [NAME [-- ARGS...]]")
    return names, arguments


def main():
    names, arguments = parse(sys.argv[1:])
    known = {**programs(), **scripts()}
    if names and names[0] not in known:
        print(f"dev bench: no benchmark is named {names[0]}; there are: {' '.join(scripts())}", file=sys.stderr)
        sys.exit(2)
    failed = []
    for name in names or scripts():
        print(f"== {name} ==", flush=True)
        if subprocess.run([*known[name], *arguments], cwd=ROOT).returncode != 0:
            failed.append(name)
    if failed:
        sys.exit(f"dev bench: failed: {' '.join(failed)}")


main()
