"""What the guide to typed events shows compiles as it stands there."""

import re
import subprocess

from support.server import ROOT

# What the guide leaves to the reader's imagination.
PRELUDE = """
#include <pgq/pgq.hpp>
#include <array>
#include <ranges>
struct order_cancelled {
    static constexpr std::string_view event_type = "order.cancelled";
    BOOST_HANA_DEFINE_STRUCT(order_cancelled, (std::int64_t, id));
};
void bill(auto const&) {}
void note(auto const&) {}
pgq::libpq::connection db{"dbname=shop"};
"""


def test_the_examples_of_the_guide_compile(scratch):
    text = (ROOT / "docs/guide/events.md").read_text(encoding="utf-8")
    examples = re.findall(r"```cpp\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 6
    order, schema, versions, fields, changes, ranges = examples
    customer, check = changes.split("\n\n")
    code = [PRELUDE, order, customer, schema, "namespace later {", versions, fields.replace("BOOST", "}\nBOOST").replace("(offer", "(later::offer"),
            f"void check() {{ {check} }}", f"void take() {{ {ranges} }}"]
    source = scratch / "events.cpp"
    source.write_text("\n".join(code), encoding="utf-8")
    include = subprocess.run(["pg_config", "--includedir"], check=True, capture_output=True, text=True).stdout.strip()
    done = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", f"-I{ROOT}/include", f"-isystem{include}",
                           source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
