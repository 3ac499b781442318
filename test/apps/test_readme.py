"""The consumer that the README shows compiles as it stands there."""

import re
import subprocess

from support.server import ROOT

PRELUDE = "#include <cstdint>\n#include <string>\nvoid bill(std::string const& customer, std::int32_t cents);\n"


def test_the_consumer_of_the_readme_compiles(scratch):
    [code] = re.findall(r"```cpp\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    source = scratch / "readme.cpp"
    source.write_text(PRELUDE + code, encoding="utf-8")
    include = subprocess.run(["pg_config", "--includedir"], check=True, capture_output=True, text=True).stdout.strip()
    done = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", f"-I{ROOT}/include", f"-isystem{include}",
                           source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
