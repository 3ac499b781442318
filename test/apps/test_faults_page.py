"""The pages of mended faults name tests that exist."""
import re

from support.server import ROOT


def test_every_fault_has_tests_that_exist():
    page = (ROOT / "docs/design/faults.md").read_text()
    rows = re.findall(r"^\| ([BT]\d+):.*$", page, re.M)
    assert rows == [f"B{number}" for number in range(1, 14)] + [f"T{number}" for number in range(1, 11)]
    written = "\n".join(path.read_text() for part in ("server", "fault") for path in (ROOT / "test" / part).rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) > len(rows)
    assert [name for name in named if f"def {name}(" not in written] == []
    assert all((ROOT / path).is_file() for path in re.findall(r"`(test/[\w/.]+)`", page))


def test_every_fault_of_walmgr_has_tests_that_exist():
    page = (ROOT / "docs/design/faults-walmgr.md").read_text()
    rows = re.findall(r"^\| ([WP]\d+): .+ \| .+ \| .*`\w+`.* \|$", page, re.M)
    assert rows == [f"W{number}" for number in range(1, 17)] + [f"P{number}" for number in range(1, 8)]
    sources = [path for folder in ("apps", "fault", "unit/walmgr") for path in (ROOT / "test" / folder).rglob("*.*")]
    written = "\n".join(path.read_text() for path in sources if path.suffix in (".py", ".cpp"))
    tests = set(re.findall(r"^def (test_\w+)\(", written, re.M)) | set(re.findall(r"BOOST_\w+_TEST_CASE\((\w+)", written))
    named = [name for name in re.findall(r"`(\w+)`", page) if name.startswith("test_") or name.count("_") > 2]
    assert len(set(named)) > len(rows)
    assert [name for name in named if name not in tests] == []
