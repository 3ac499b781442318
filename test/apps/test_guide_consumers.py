"""The pieces of code in docs/guide/consumers.md compile as they stand there, each as the body of a function."""

import re
import subprocess

from support.server import ROOT

PRELUDE = """
#include <pgq/pgq.hpp>
using namespace std::chrono_literals;
struct order_placed {
    static constexpr std::string_view event_type = "order.placed";
    BOOST_HANA_DEFINE_STRUCT(order_placed, (std::int64_t, id));
};
void send_mail(std::string_view) {}
void decode_image(std::string_view) {}
"""


def test_the_pieces_compile(scratch):
    pieces = re.findall(r"```cpp\n(.*?)```", (ROOT / "docs/guide/consumers.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(pieces) == 4
    source = scratch / "consumers.cpp"
    source.write_text(PRELUDE + "".join(f"void piece_{n}() {{\n{piece}}}\n" for n, piece in enumerate(pieces)), encoding="utf-8")
    include = subprocess.run(["pg_config", "--includedir"], check=True, capture_output=True, text=True).stdout.strip()
    done = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused", f"-I{ROOT}/include",
                           f"-isystem{include}", source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
