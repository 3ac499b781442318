"""Each sentence that the framework says to a user's mistake is expected by a test in test/compile_fail, and by no other sentence's.
Exit status 1 with one line for each that is not, and for each expectation of a sentence that nothing says."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LITERAL = r'"(?:[^"\\]|\\.)*"'


def sentences():
    """The message of each static_assert, with its place. Those at the left margin are the headers' own tests."""
    for path in sorted((ROOT / "include").rglob("*.[hi]pp")):
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"(?m)^.+?\bstatic_assert\(", text):
            # Messages come last; conditions hold no text in quotes.
            message = re.match(rf"[^;\"]*?,\s*((?:{LITERAL}\s*)+)\);", text[found.end():])
            place = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1}"
            yield place, "".join(part[1:-1] for part in re.findall(LITERAL, message[1])) if message else None


def expectations():
    for path in sorted((ROOT / "test/compile_fail").glob("*.cpp")):
        for line in re.findall(r"^// expect: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield path.relative_to(ROOT), line


def breaches():
    said, expected = list(sentences()), list(expectations())
    for place, sentence in said:
        if sentence is None:
            yield f"{place}: an assertion without a sentence"
        elif not any(line in sentence for _, line in expected):
            yield f"{place}: no test in test/compile_fail expects: {sentence}"
    for path, line in expected:
        count = len({sentence for _, sentence in said if sentence and line in sentence})
        if count != 1:
            yield f"{path}: {'no sentence says' if count == 0 else f'{count} sentences say'}: {line}"


def main():
    found = list(breaches())
    print("\n".join(found) if found else f"sentences: each of {sum(1 for _ in sentences())} has its test")
    sys.exit(bool(found))


main()
