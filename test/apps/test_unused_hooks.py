"""A log and metrics that nobody asked for leave no instruction behind: the same loop with and without hooks is the same machine code."""

import re
import subprocess

from support.server import ROOT

LOOP = """
#include <pgq/run_hooks.hpp>

std::optional<pgq::batch_report> work(int round);

#if HOOKS
#define TELL(...) __VA_ARGS__
#else
#define TELL(...)
#endif

int rounds([[maybe_unused]] std::string_view queue) {
    TELL(SINK const log; pgq::no_metrics const metrics;)
    TELL(pgq::detail::run_hooks const hooks{log, metrics, queue, "billing"};)
    TELL(hooks.opened();)
    int n = 0;
    for (;; ++n) {
        TELL(auto const started = hooks.start();)
        auto const batch = work(n);
        if (!batch) break;
        TELL(hooks.batch(started, *batch);)
    }
    TELL(hooks.trouble("lost"); hooks.ended();)
    return n;
}
"""


def instructions(scratch, hooks, sink):
    """Of the function `rounds`."""
    source = scratch / "loop.cpp"
    source.write_text(LOOP)
    assembly = subprocess.run(["g++", "-std=c++20", "-O2", "-S", f"-DHOOKS={hooks}", f"-DSINK={sink}", f"-I{ROOT / 'include'}",
                               "-o", "-", source], check=True, capture_output=True, text=True).stdout
    body = re.search(r"^_Z6rounds\S*:\n(.*?)^\s*\.size\s+_Z6rounds", assembly, re.MULTILINE | re.DOTALL)[1]
    return [line.strip() for line in body.splitlines() if re.match(r"\s+[a-z]", line)]


def test_unused_hooks_leave_no_instruction_behind(scratch):
    without = instructions(scratch, 0, "pgq::no_log")
    assert instructions(scratch, 1, "pgq::no_log") == without
    assert len(instructions(scratch, 1, "pgq::log_to_stderr")) > len(without), "the comparison sees hooks that are used"
