"""clang-tidy-16 over the translation units of build/: `tidy.py [--all]`.

By default over one program that instantiates most of the headers and the sources that include all of them and all their bodies, so
that it stays within a minute and a half; with --all over every program, tutorial and benchmark.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"


def units(everything):
    """The sources to check, of those in the compilation database."""
    database = json.loads((BUILD / "compile_commands.json").read_text())
    known = {(pathlib.Path(entry["directory"]) / entry["file"]).resolve() for entry in database}
    wanted = ["apps", "docs", "bench", "include"] if everything else ["apps/pgqd", "include"]
    # The sources of walmgr are put together, some at a time, into ones that lie in the build folder.
    homes = [parent / folder for folder in wanted for parent in (ROOT, BUILD)]
    chosen = [path for path in known if any(path.is_relative_to(home) for home in homes)]
    overview = BUILD / "test" / "pgq_pgq_hpp.cpp"
    return sorted(chosen + [path for path in (overview,) if path in known])


def check(path):
    # Some of g++'s warnings are unknown to clang.
    command = ["clang-tidy-16", "--extra-arg=-Wno-unknown-warning-option", "--quiet", "-p", str(BUILD), str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def main():
    paths = units("--all" in sys.argv[1:])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        done = list(pool.map(check, paths))
    faults = sorted({line for run in done if run.returncode != 0 for line in run.stdout.splitlines() if ": error: " in line})
    broken = [run.stderr for run in done if run.returncode != 0 and not run.stdout.strip()]
    print("\n".join(faults + broken) if faults or broken else f"clang-tidy: {len(paths)} sources, no faults")
    sys.exit(bool(faults or broken))


main()
