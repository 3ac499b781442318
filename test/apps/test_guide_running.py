"""The pieces of code in docs/guide/running.md compile as they stand there, each as the body of a function."""

import re
import subprocess

from support.server import ROOT

PRELUDE = """
#include <pgq/format.hpp>
#include <pgq/pgq.hpp>
#include <pgq/prometheus.hpp>
#include <cstdio>
#include <exception>
#include <thread>
using namespace std::chrono_literals;
std::string const conninfo{"dbname=shop"};
pgq::subscription const orders{"orders", "billing"};
pgq::consumer billing{orders, [](pgq::event const&) {}};
pgq::consumer shipping{pgq::subscription{"orders", "shipping"}, [](pgq::event const&) {}};
"""


def test_the_pieces_compile(scratch):
    pieces = re.findall(r"```cpp\n(.*?)```", (ROOT / "docs/guide/running.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(pieces) >= 9
    source = scratch / "running.cpp"
    source.write_text(PRELUDE + "".join(f"void piece_{n}() {{\n{piece}}}\n" for n, piece in enumerate(pieces)), encoding="utf-8")
    include = subprocess.run(["pg_config", "--includedir"], check=True, capture_output=True, text=True).stdout.strip()
    done = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", f"-I{ROOT}/include", f"-isystem{include}",
                           source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
