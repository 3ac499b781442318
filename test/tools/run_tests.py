"""Runs parts of the tests and adds up what they say: `run_tests.py [unit|server|apps|fault|long]...` (none: all but long).

The last line is `N passed, N failed`, with `, N skipped` where any were. Exit status 1 when something failed or could not run.
"""
import concurrent.futures
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import install  # noqa: E402
from support.database import Database  # noqa: E402
from support.server import ROOT, Server, scratch_folder, tree  # noqa: E402

REPORTS = ROOT / "build" / "test-reports"
PARTS = ("unit", "server", "apps", "fault")
CPUS = os.cpu_count() or 1


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else "")


def counted(report, belongs=lambda case: True):
    """What a JUnit report says, of all cases or of some; None where there is no whole report."""
    try:
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    except (FileNotFoundError, ElementTree.ParseError):
        return None
    # Suites may hold suites, and then the outer one's figures contain the inner ones': so cases are counted.
    cases = {id(case): case for suite in suites for case in suite.iter("testcase") if belongs(case)}.values()
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return Count(len(cases) - failed - skipped, failed, skipped)


def judged(report, status, name):
    """The report's count; a run that ended badly without a failed case (a crash, a leak found at exit) counts as one failure."""
    count = counted(report)
    if count is None:
        print(f"{name}: ended with status {status} and left no report", flush=True)
        return Count(failed=1)
    if status != 0 and count.failed == 0:
        print(f"{name}: ended with status {status}", flush=True)
        count.failed = 1
    return count


def run_boost(program, environment=None, *options):
    binary = ROOT / "build-sanitize" / "test" / program
    report = REPORTS / f"{program}.xml"
    status = subprocess.run(
        [binary, "--logger=HRF,error,stdout", f"--logger=JUNIT,error,{report}", "--report_level=no", "--color_output=no",
         *options],
        env={**os.environ, "ASAN_OPTIONS": "detect_stack_use_after_return=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
             **(environment or {})}).returncode
    # A program without a case says so by an error.
    if not list((ROOT / "test").joinpath({"unit_tests": "unit", "server_tests": "server/pgq"}[program]).rglob("*.cpp")):
        return Count()
    return judged(report, status, program)


def run_pytest(folders, *options):
    """The count of each folder. All in one run: while one of them ended, processors would wait for its last tests."""
    report = REPORTS / f"pytest-{'-'.join(folders)}.xml"
    workers = CPUS + 1  # a third of the time a test waits for a server
    status = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-c", "test/pytest.ini", "-q", "-n", str(workers),
         "--dist", "loadgroup", f"--junit-xml={report}", *options, *(f"test/{folder}" for folder in folders)],
        cwd=ROOT, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}).returncode
    if status == 5:  # no test was asked for
        return {}
    counts = {folder: counted(report, lambda case: case.get("classname", "").split(".")[0] == folder) for folder in folders}
    total = judged(report, status, "pytest")
    if None in counts.values() or sum(counts.values(), Count()) != total:
        return {"pytest": total}  # it ended badly, or a case belongs to no folder
    return counts


def run_server_tests(environment=None, *options):
    """The C++ tests against a server of their own, in a database with our extension."""
    folder = scratch_folder(quick=True)
    try:
        with Server(tree("tree"), folder) as server:
            server.execute("create database pgq_test")
            database = Database(server, "pgq_test")
            install.create_extension(database, *(name for name in install.EXTENSIONS if install.available(server, name)))
            database.close()
            return run_boost("server_tests", {"PGQ_TEST_CONNINFO": server.conninfo("pgq_test"), **(environment or {})}, *options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_parts(parts):
    """The count of each part. One of the C++ programs keeps one processor busy, and a server of its own at most: there is room beside it."""
    folders = ["compile_fail" if part == "unit" else part for part in parts]
    cpp = [run for part, run in (("unit", lambda: {"unit": run_boost("unit_tests")}), ("server", lambda: {"server": run_server_tests()}))
           if part in parts]
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        compiled = beside.submit(lambda: [run() for run in cpp])
        done = [run_pytest(folders), *compiled.result()]
    total = {part: Count() for part in parts}
    for counts in done:
        for name, count in counts.items():
            part = "unit" if name == "compile_fail" else name
            total[part] = total.get(part, Count()) + count
    return total


def run_long():
    counts = run_pytest(PARTS[1:], "-m", "long")
    return {**counts, "stories": run_server_tests({"PGQ_SCENARIOS": "500"}, "--run_test=testing_scenarios")}


def main():
    wanted = sys.argv[1:] or PARTS
    REPORTS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    parts = [part for part in PARTS if part in wanted]
    lines = run_parts(parts) if parts else {}
    if "long" in wanted:
        lines |= {f"long {part}": count for part, count in run_long().items()}
    print("\n" + "\n".join(f"{part:12} {count}" for part, count in lines.items()))
    print(f"in {time.monotonic() - began:.0f} s")
    total = sum(lines.values(), Count())
    print(total, flush=True)
    sys.exit(total.failed > 0)


if __name__ == "__main__":
    main()
