"""Compiles one source twice: `expect_error.py [--mistake-only] SOURCE -- COMPILER ARGS...`.

With -DREJECT=0 it must compile; --mistake-only leaves that to another compiler. With -DREJECT=1 it must not: the first error must hold a sentence that the source names in a
`// expect: SENTENCE` line, each other such sentence must be in some error, and there may be as many errors as its `// max-errors: N`
line allows. Clang goes on after a failed assertion where g++ stops, so it may add two.
"""
import pathlib
import re
import subprocess
import sys


def compile_as(command, source, reject):
    return subprocess.run([*command, "-fsyntax-only", "-fdiagnostics-color=never", f"-DREJECT={reject}", source],
                          capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})


def problems_of(source, command, twin):
    text = pathlib.Path(source).read_text()
    sentences = re.findall(r"^// expect: (.*)$", text, re.MULTILINE)
    limit = re.search(r"^// max-errors: (\d+)$", text, re.MULTILINE)
    if not sentences or not limit:
        yield "the source needs `// expect: SENTENCE` and `// max-errors: N` lines"
        return

    if twin:
        right = compile_as(command, source, 0)
        if right.returncode != 0:
            yield f"the correct twin does not compile:\n{right.stderr}"

    wrong = compile_as(command, source, 1)
    errors = [line for line in wrong.stderr.splitlines() if re.search(r"\berror: ", line)]
    if wrong.returncode == 0:
        yield "the mistake compiles"
    for sentence in sentences:
        if not any(sentence in line for line in errors):
            yield f"no error says: {sentence}\n{wrong.stderr}"
    if errors and not any(sentence in errors[0] for sentence in sentences):
        yield f"another error comes first: {errors[0]}"
    allowed = int(limit[1]) + (2 if "clang" in command[0] else 0)
    if len(errors) > allowed:
        yield f"{len(errors)} errors where {allowed} are allowed:\n" + "\n".join(errors)


def main():
    twin = sys.argv[1:2] != ["--mistake-only"]
    source, separator, *command = sys.argv[1 if twin else 2:]
    if separator != "--":
        sys.exit("usage: expect_error.py [--mistake-only] SOURCE -- COMPILER ARGS...")
    found = list(problems_of(source, command, twin))
    print("\n".join(found) if found else "ok")
    sys.exit(bool(found))


main()
