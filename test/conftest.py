"""Fixtures for the tests that need a server. Run by `./dev test server|apps|fault`, which builds what they use.

Servers (one per worker process, started at first use, always stopped):
    server           PostgreSQL 15 with our extensions available; no durability, 200 connections, a unix socket and a loopback port
    debian_server    PostgreSQL 15 with Debian's pgq instead of ours
    any_version      PostgreSQL 14, 16, 17 and 18: a test that takes it (or any_version_db) runs once on each
    own_server       a fresh durable server for one test, which may `kill9()`, `stop()`, `start()` or `restart()` it
  Each is a support.server.Server: `.conninfo(dbname)`, `.connect(dbname)`, `.execute(query, *args, dbname=...)`, `.psql(...)`,
  `.host`, `.port`, `.log` (a path), `.data`, `.tree`.

Databases (fresh for each test, dropped after it; support.database.Database):
    db               with extension pgq
    empty_db         with nothing
    debian_db        on debian_server, with Debian's extension pgq
    any_version_db   on any_version, with our one-file install of pgq
    own_db           on own_server, with extension pgq
    make_db          make_db(server, "pgq", "pgq_coop") -> a fresh database with these extensions; make_db(server) -> an empty one
  `.sql(query, *args)` gives rows, `.value(query, *args)` one value, `.rows(...)` dictionaries, `.connect(**keywords)` an autocommit
  psycopg2 connection, `.psql("-c", "...")`, `.conninfo` a connection string.

Others:
    scratch          an empty folder of this test, short, readable by the server's user
    program          program("pgqd") -> the path of a built program; test/fault/**/NAME.cpp and test/apps/**/NAME.cpp are built too
    start            start(["cmd", ...], **popen_keywords) -> subprocess.Popen that is killed when the test ends
    wait_until       wait_until(condition, timeout=30, what="...") -> the condition's first true value, or a failure that says what
"""
import functools
import shutil
import subprocess
import time

import pytest

from support import install
from support.database import Templates
from support.server import ROOT, Server, scratch_folder, tree


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """`long` tests run only where they are asked for by `-m long`; what tests share, be it a server of another version or what a file
    sets up once, is made by one worker, which runs all of them in their order."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        if parameters and "any_version" in parameters.params:
            item.add_marker(pytest.mark.xdist_group(f"pg{parameters.params['any_version']}"))
        elif any(definitions[-1].scope == "module" for definitions in item._fixtureinfo.name2fixturedefs.values()):
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))
    if "long" not in (config.getoption("-m") or ""):
        skipped = [item for item in items if item.get_closest_marker("long")]
        if skipped:
            config.hook.pytest_deselected(items=skipped)
            items[:] = [item for item in items if not item.get_closest_marker("long")]


def _running(tree_name, settings=None):
    folder = scratch_folder(quick=settings is None)
    server = Server(tree(tree_name), folder, settings=settings)
    server.templates = Templates(server)
    try:
        yield server.start()
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _need_tree(name):
    if not (tree(name) / "bin/postgres").exists():
        pytest.skip(f"build/{name} is missing: npm could not fetch it")


@pytest.fixture(scope="session")
def server():
    yield from _running("tree")


@pytest.fixture(scope="session")
def debian_server():
    yield from _running("tree-debian")


@pytest.fixture(scope="session", params=[14, 16, 17, 18], ids=lambda major: f"pg{major}")
def any_version(request):
    _need_tree(f"tree-{request.param}")
    yield from _running(f"tree-{request.param}")


@pytest.fixture
def own_server():
    yield from _running("tree", settings={"fsync": "on"})


@pytest.fixture
def make_db():
    made = []

    def make(server, *extensions, one_file=False):
        if one_file:
            kind, fill = "_".join(["file", *extensions]), install.install_one_file
        else:
            kind, fill = "_".join(["ext", *extensions]), install.create_extension
        database = server.templates.fresh(kind, lambda template: fill(template, *extensions))
        made.append(database)
        return database

    yield make
    for database in made:
        database.server.templates.drop(database)


@pytest.fixture
def db(server, make_db):
    return make_db(server, "pgq")


@pytest.fixture
def empty_db(server, make_db):
    return make_db(server)


@pytest.fixture
def debian_db(debian_server, make_db):
    return make_db(debian_server, "pgq")


@pytest.fixture
def any_version_db(any_version, make_db):
    return make_db(any_version, "pgq", one_file=True)


@pytest.fixture
def own_db(own_server, make_db):
    return make_db(own_server, "pgq")


@pytest.fixture
def scratch():
    folder = scratch_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def program():
    @functools.cache
    def find(name):
        for folder in ("apps", "docs/tutorial", "bench", "test"):
            path = ROOT / "build" / folder / name
            if path.is_file():
                return str(path)
        pytest.fail(f"no program {name} is built")

    return find


@pytest.fixture
def start():
    started = []

    def run(command, **keywords):
        keywords.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([str(word) for word in command], **keywords)
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()


@pytest.fixture(scope="session")
def wait_until():
    def wait(condition, timeout=30, what="the condition"):
        deadline = time.monotonic() + timeout
        while not (value := condition()):
            if time.monotonic() > deadline:
                pytest.fail(f"{what} did not hold within {timeout} s")
            time.sleep(0.02)
        return value

    return wait
