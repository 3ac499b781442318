"""Code in the documentation: found, and compiled or run."""
import re
import subprocess

from support.server import ROOT


# What is precompiled for the tutorial, see docs/tutorial/meson.build, for whoever compiles by the same flags; and the rest, compiled once.
PRECOMPILED = ROOT / "build/docs/tutorial/pgq.hpp"
USE_PRECOMPILED = ["-include", PRECOMPILED, "-Wpedantic", "-O0", "-pthread", "-D_FILE_OFFSET_BITS=64", "-DBOOST_ALL_NO_LIB",
                   "-DPGQ_SEPARATE_COMPILATION"]
COMPILED_ONCE = ROOT / "build/libpgq_separate.a"


def pieces_of(page):
    """The C++ blocks of a Markdown page, named by its path from the top."""
    return [text for language, text in _blocks_of(page) if language == "cpp"]


def script_of(page, file):
    """What a reader does who gives the page's commands and writes its configuration into `file`, as a script of the shell."""
    write = f"cat > {file} <<'END'\n{{}}END\n"
    return "".join(write.format(text) if language == "ini" else text for language, text in _blocks_of(page) if language in ("sh", "ini"))


def _blocks_of(page):
    return re.findall(r"```(\w+)\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def as_functions(pieces, arguments=""):
    """Each piece as the body of a function."""
    return "".join(f"void piece_{n}({arguments}) {{\n{piece}}}\n" for n, piece in enumerate(pieces))


def headers():
    """The options by which a compiler finds our headers and libpq's."""
    include = subprocess.run(["pg_config", "--includedir"], check=True, capture_output=True, text=True).stdout.strip()
    return ["-std=c++20", f"-I{ROOT}/include", f"-isystem{include}"]


def check_compiles(code, scratch, *options):
    """Fails with the compiler's words unless `code` compiles with our headers."""
    source = scratch / "pieces.cpp"
    source.write_text(code, encoding="utf-8")
    precompiled = PRECOMPILED.with_suffix(".hpp.gch").exists()
    use = USE_PRECOMPILED if precompiled else []
    done = subprocess.run(["g++", *headers(), *use, source,
                           *([COMPILED_ONCE] if precompiled and options else []), *(options or ["-fsyntax-only"])], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def check_runs(code, scratch):
    """The same, and fails with the program's words unless it ends well."""
    program = scratch / "pieces"
    check_compiles(code, scratch, "-o", program, "-lpq")
    done = subprocess.run([program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
