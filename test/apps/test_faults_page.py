"""The page of mended faults names tests that exist."""
import re

from support.server import ROOT


def test_every_fault_has_tests_that_exist():
    page = (ROOT / "docs/design/faults.md").read_text()
    rows = re.findall(r"^\| ([BT]\d+):.*$", page, re.M)
    assert rows == [f"B{number}" for number in range(1, 13)] + [f"T{number}" for number in range(1, 11)]
    written = "\n".join(path.read_text() for path in (ROOT / "test/server").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) > len(rows)
    assert [name for name in named if f"def {name}(" not in written] == []
    assert all((ROOT / path).is_file() for path in re.findall(r"`(test/[\w/.]+)`", page))
