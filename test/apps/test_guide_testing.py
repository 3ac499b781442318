"""The pieces of code in docs/guide/testing.md compile as they stand there, each as the body of a function."""

import re
import subprocess

from support.server import ROOT

PRELUDE = """
#include <pgq/pgq.hpp>
#include <pgq/testing.hpp>
using pgq::testing::lost;
using pgq::testing::refused;
using pgq::testing::step;
struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id), (std::string, customer), (std::int32_t, cents));
};
pgq::consumer billing{pgq::subscription{"orders", "billing"}, [](pgq::event const&) {}};
pgq::testing::server db;
"""


def test_the_pieces_compile(scratch):
    pieces = re.findall(r"```cpp\n(.*?)```", (ROOT / "docs/guide/testing.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(pieces) == 3
    source = scratch / "testing.cpp"
    source.write_text(PRELUDE + "".join(f"void piece_{n}() {{\n{piece}}}\n" for n, piece in enumerate(pieces)), encoding="utf-8")
    include = subprocess.run(["pg_config", "--includedir"], check=True, capture_output=True, text=True).stdout.strip()
    done = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", f"-I{ROOT}/include", f"-isystem{include}",
                           source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
