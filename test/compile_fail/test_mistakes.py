"""Mistakes of a user fail to compile with the sentence that we promised, with both compilers; without the mistake all of them compile.

Each source beside this file says what is right by -DREJECT=0 and what is wrong by -DREJECT=1. Then the first error must hold a sentence that
it names in a `// expect: SENTENCE` line, each other such sentence must be in some error, and there may be as many errors as its
`// max-errors: N` line allows. Clang goes on after a failed assertion where g++ stops, so it may add two.

A compiler is started once for all sources, since most of its time goes into headers. A source whose errors are not as promised there is
compiled again by itself, and that is the verdict.
"""
import collections
import pathlib
import re
import shutil
import subprocess

import pytest

from support.guide import headers
from support.server import ROOT

SOURCES = sorted(pathlib.Path(__file__).parent.glob("*.cpp"))
COMPILERS = [compiler for compiler in ("g++", "clang++-16") if shutil.which(compiler)]


def compiled(compiler, reject, code):
    unlimited = ["-ferror-limit=0"] if compiler.startswith("clang") else []
    return subprocess.run([compiler, *headers(), f"-I{ROOT}/test", "-fsyntax-only", "-fdiagnostics-color=never", f"-DREJECT={reject}", *unlimited, "-x", "c++", "-"],
                          input=code, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})


def together(sources):
    """Each in a namespace of its own, behind the headers of all, which are not read again within it."""
    included = {line for source in sources for line in source.read_text().splitlines() if line.startswith("#include <")}
    return "\n".join([*sorted(included), *(f'namespace {source.stem} {{\n#include "{source}"\n}}' for source in sources)])


def needs_no_namespace(source):
    """A template can only be specialised outside of any."""
    return "struct pgq::" in source.read_text()


def errors_by_source(compiler, said):
    """Which source an error comes from g++ says before it, and clang behind it."""
    errors, waiting, last = collections.defaultdict(list), None, None
    for line in said.splitlines():
        named = re.search(r"compile_fail/(\w+)\.cpp:\d", line)
        last = named[1] if named else last
        if " error: " in line:
            if named or not compiler.startswith("clang"):
                errors[last].append(line)
                waiting = None
            else:
                waiting = line
        elif named and waiting:
            errors[last].append(waiting)
            waiting = None
    return errors


def problems(compiler, source, errors):
    """What is not as the source promises."""
    text = source.read_text()
    sentences = re.findall(r"^// expect: (.*)$", text, re.MULTILINE)
    limit = re.search(r"^// max-errors: (\d+)$", text, re.MULTILINE)
    if not sentences or not limit:
        return ["the source needs `// expect: SENTENCE` and `// max-errors: N` lines"]
    if not errors:
        return ["the mistake compiles"]
    found = [f"no error says: {sentence}" for sentence in sentences if not any(sentence in line for line in errors)]
    if not any(sentence in errors[0] for sentence in sentences):
        found.append(f"another error comes first: {errors[0]}")
    allowed = int(limit[1]) + (2 if compiler.startswith("clang") else 0)
    if len(errors) > allowed:
        found.append(f"{len(errors)} errors where {allowed} are allowed")
    return found


@pytest.fixture(scope="module")
def errors():
    return {compiler: errors_by_source(compiler, compiled(compiler, 1, together(SOURCES)).stderr) for compiler in COMPILERS}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_mistake_is_refused_with_its_sentence(errors, source, compiler):
    if not problems(compiler, source, errors[compiler][source.stem]):
        return
    alone = compiled(compiler, 1, f'#include "{source}"\n')
    found = problems(compiler, source, [line for line in alone.stderr.splitlines() if " error: " in line])
    assert not found, "\n".join([*found, alone.stderr])


def test_without_the_mistakes_all_of_them_compile():
    apart = [source for source in SOURCES if needs_no_namespace(source)]
    for code in [together([source for source in SOURCES if source not in apart]), *(f'#include "{source}"\n' for source in apart)]:
        done = compiled(COMPILERS[-1], 0, code)
        assert done.returncode == 0, done.stderr
