"""A log and metrics that nobody asked for leave no instruction behind: the same loop with and without hooks is the same machine code."""

import re
import subprocess

from support.server import ROOT

HEAD = """
#include <pgq/run_hooks.hpp>

std::optional<pgq::batch_report> work(int round);
"""

LOOP = """
int {name}([[maybe_unused]] std::string_view queue) {{
    {hooks}
    {opened}
    int n = 0;
    for (;; ++n) {{
        {start}
        auto const batch = work(n);
        if (!batch) break;
        {batch}
    }}
    {trouble}
    return n;
}}
"""

SILENT = dict.fromkeys(("hooks", "opened", "start", "batch", "trouble"), "")


def telling(sink):
    return {"hooks": f'{sink} const log; pgq::no_metrics const metrics; pgq::detail::run_hooks const hooks{{log, metrics, queue, "billing"}};',
            "opened": "hooks.opened();", "start": "auto const started = hooks.start();", "batch": "hooks.batch(started, *batch);",
            "trouble": 'hooks.trouble("lost"); hooks.ended();'}


def instructions(assembly, name):
    """Of a function; its labels are counted from its own begin."""
    body = re.search(rf"^_Z\d+{name}St\S*:\n(.*?)^\s*\.size\s+_Z\d+{name}St", assembly, re.MULTILINE | re.DOTALL)[1]
    labels = {}
    body = re.sub(r"\.L\w+", lambda label: labels.setdefault(label[0], f"label {len(labels)}"), body)
    return [line.strip() for line in body.splitlines() if re.match(r"\s+[a-z]", line)]


def test_unused_hooks_leave_no_instruction_behind(scratch):
    source = scratch / "loop.cpp"
    loops = {"none": SILENT, "unused": telling("pgq::no_log"), "used": telling("pgq::log_to_stderr")}
    source.write_text(HEAD + "".join(LOOP.format(name=name, **words) for name, words in loops.items()))
    # Functions that are alike would become one, and there would be nothing to compare.
    assembly = subprocess.run(["g++", "-std=c++20", "-O2", "-fno-ipa-icf", "-S", f"-I{ROOT / 'include'}", "-o", "-", source],
                              check=True, capture_output=True, text=True).stdout
    without = instructions(assembly, "none")
    assert len(without) > 5
    assert instructions(assembly, "unused") == without
    assert len(instructions(assembly, "used")) > len(without), "the comparison sees hooks that are used"
