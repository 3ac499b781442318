"""A user's project builds against the installed headers in each of three ways, by CMake with separate compilation, and consumes what it has
produced. So does one that keeps objects with walmgr's headers."""
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

from support.server import ROOT, scratch_folder

PROJECT = ROOT / "test/support/project"


def run(*command, cwd, **environment):
    """Runs a build step with nothing of the caller's environment; gives what it printed."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(cwd), **environment})
    assert done.returncode == 0, done.stdout[:3000]
    return done.stdout


@pytest.fixture(scope="module")
def prefix():
    """What `meson install` of the library alone leaves, moved to a place that it was not configured for."""
    folder = scratch_folder()
    run("meson", "setup", folder / "build", ROOT, "-Dprograms=false", "--prefix", folder / "prefix", cwd=folder)
    run("meson", "install", "-C", folder / "build", "--quiet", cwd=folder)
    shutil.rmtree(folder / "build")
    yield folder / "prefix"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def project(scratch):
    return shutil.copytree(PROJECT, scratch / "shop")


@pytest.fixture
def vault(scratch):
    """A project that needs each of the libraries that keep a log."""
    return shutil.copytree(ROOT / "test/support/vault", scratch / "vault")


def headers_came_from(dependencies, headers):
    """Whether the framework's headers came from one folder only, and nothing at all from this checkout."""
    used = [pathlib.Path(word) for word in dependencies.split() if (word.startswith(("/", "..")) or "/pgq/" in word) and not word.endswith(":")]
    assert any(path.name == "pgq.hpp" for path in used)
    for path in used:
        if "/pgq/" in str(path):
            assert path.is_relative_to(headers), path
        assert not path.is_relative_to(ROOT), path


def bills(program, db):
    done = subprocess.run([program, db.conninfo], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("1 ann\n2 bob\n", "", 0)


def keeps(program, folder):
    folder.mkdir()
    done = subprocess.run([program, folder], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("kept\n", 16) and "127.0.0.1 port 1" in done.stderr, done
    unpacked = subprocess.run(["lz4", "-dc", folder / "line"], capture_output=True, text=True, timeout=60)
    assert unpacked.stdout == "kept\n"


def pkg_config_path(prefix):
    [file] = prefix.rglob("pgq.pc")
    return str(file.parent)


def test_by_pkg_config(prefix, project, db):
    path = pkg_config_path(prefix)
    flags = shlex.split(run("pkg-config", "--cflags", "--libs", "pgq >= 4.0", cwd=project, PKG_CONFIG_PATH=path))
    assert "-std=c++20" in flags and f"-I{prefix}/include" in flags
    # Two sources include everything, so that linking them shows what is defined twice.
    (project / "other.cpp").write_text("#include <pgq/pgq.hpp>\n")
    run("g++", "-Wall", "-Wextra", "-Werror", "-MD", "-MF", project / "deps", "main.cpp", "other.cpp", "-o", "shop", *flags, cwd=project)
    headers_came_from((project / "deps").read_text(), prefix / "include/pgq")
    bills(project / "shop", db)


def test_separate_compilation_by_clang(prefix, project, db):
    # The other ways compile by g++, which makes more of what is compiled once than clang would by itself.
    flags = shlex.split(run("pkg-config", "--cflags", "--libs", "pgq >= 4.0", cwd=project, PKG_CONFIG_PATH=pkg_config_path(prefix)))
    (project / "once.cpp").write_text("#include <pgq/src.hpp>\n")
    run("clang++-16", "-Wall", "-Wextra", "-Werror", "-DPGQ_SEPARATE_COMPILATION", "main.cpp", "once.cpp", "-o", "shop", *flags, cwd=project)
    bills(project / "shop", db)


def test_by_cmake(prefix, project, db):
    moved = project / "moved"  # the package finds its headers relative to itself
    shutil.copytree(prefix, moved)
    run("cmake", "-G", "Ninja", "-B", "build", f"-DCMAKE_PREFIX_PATH={moved}", cwd=project)
    run("ninja", "-C", "build", cwd=project)
    headers_came_from(run("ninja", "-C", "build", "-t", "deps", cwd=project), moved / "include/pgq")
    bills(project / "build/shop", db)


def test_cmake_refuses_another_major_version(prefix, project):
    text = (project / "CMakeLists.txt").read_text()
    (project / "CMakeLists.txt").write_text(text.replace("find_package(pgq 4.0", "find_package(pgq 3.5"))
    done = subprocess.run(["cmake", "-G", "Ninja", "-B", "build", f"-DCMAKE_PREFIX_PATH={prefix}"], cwd=project, capture_output=True, text=True)
    assert done.returncode != 0
    assert re.search(r"requested\s+version", done.stderr), done.stderr
    assert "version: 4.0" in done.stderr


def build_with_subproject(project):
    # These three are all that a subproject reads: neither programs nor tests nor a server's headers.
    subproject = project / "subprojects/pgq"
    subproject.mkdir(parents=True)
    for name in ("meson.build", "meson_options.txt"):
        shutil.copy(ROOT / name, subproject)
    shutil.copytree(ROOT / "include", subproject / "include")
    run("meson", "setup", "build", "--buildtype=plain", "--force-fallback-for=pgq,walmgr", cwd=project)
    run("ninja", "-C", "build", cwd=project)
    return subproject / "include"


def test_by_meson_subproject(project, db):
    headers = build_with_subproject(project)
    deps = run("ninja", "-C", "build", "-t", "deps", cwd=project).replace("../", f"{project}/")
    headers_came_from(deps, headers / "pgq")
    bills(project / "build/shop", db)


def test_walmgr_by_pkg_config(prefix, vault):
    flags = shlex.split(run("pkg-config", "--cflags", "--libs", "walmgr >= 4.0", cwd=vault, PKG_CONFIG_PATH=pkg_config_path(prefix)))
    run("g++", "-Wall", "-Wextra", "-Werror", "main.cpp", "-o", "vault", *flags, cwd=vault)
    keeps(vault / "vault", vault / "objects")


def test_walmgr_by_cmake(prefix, vault):
    run("cmake", "-G", "Ninja", "-B", "build", f"-DCMAKE_PREFIX_PATH={prefix}", cwd=vault)
    run("ninja", "-C", "build", cwd=vault)
    keeps(vault / "build/vault", vault / "objects")
    text = (vault / "CMakeLists.txt").read_text()
    (vault / "CMakeLists.txt").write_text(text.replace("COMPONENTS walmgr", "COMPONENTS vault"))
    done = subprocess.run(["cmake", "-G", "Ninja", "-B", "other", f"-DCMAKE_PREFIX_PATH={prefix}"], cwd=vault, capture_output=True, text=True)
    assert done.returncode != 0 and "pgq has no component vault" in done.stderr, done.stderr


def test_walmgr_by_meson_subproject(vault):
    build_with_subproject(vault)
    keeps(vault / "build/vault", vault / "objects")
