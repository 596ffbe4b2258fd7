"""docs/coverage.md names tests that exist, and every row of its plan once."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "coverage.md").read_text(encoding="utf-8")


def named_tests():
    """Return (file, test) for every `file::test` and every `::test` that follows one."""
    found, file = [], None
    for named, test in re.findall(r"`([\w/]+\.py)?::(\w+)`", TEXT):
        file = named or file
        found.append((file if "/" in file else f"spec/{file}", test))
    return sorted(set(found))


@pytest.mark.parametrize(("file", "test"), named_tests(), ids=str)
def test_a_named_test_exists(file, test):
    assert re.search(rf"^def {test}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_row_has_its_line():
    rows = re.findall(r"^(?:\| |- )([NLWO]\d)\b", TEXT, re.MULTILINE)
    expected = [*(f"N{i}" for i in range(1, 10)), *(f"L{i}" for i in range(1, 6))]
    expected += [*(f"W{i}" for i in range(1, 8)), *(f"O{i}" for i in range(1, 8))]
    assert sorted(rows) == sorted(expected)
