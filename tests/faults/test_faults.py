"""docs/faults.md has every fault, and every row of it a test that exists and says which fault it is about."""

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (F\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
FAULT = re.compile(r"\bF\d+\b")
ROWS = {id: shown.strip() for id, _, _, shown in ROW.findall((ROOT / "docs" / "faults.md").read_text())}


@functools.cache
def docstrings(path):
    """Return the tests of a file by name, each with what its docstring says."""
    nodes = ast.walk(ast.parse((ROOT / path).read_text()))
    return {node.name: ast.get_docstring(node) or "" for node in nodes if isinstance(node, ast.FunctionDef)}


def test_every_fault_has_one_row():
    ids = [id for id, *_ in ROW.findall((ROOT / "docs" / "faults.md").read_text())]
    assert sorted(ids, key=lambda one: int(one[1:])) == [f"F{n}" for n in range(1, 56)]


@pytest.mark.parametrize("fault", ROWS)
def test_a_row_names_tests_that_exist_and_say_so_or_the_capability_that_it_waits_for(fault):
    shown = ROWS[fault]
    if shown.startswith("later: with "):
        return
    named = TEST.findall(shown)
    assert named, f"{fault} names no test"
    assert TEST.sub("", shown).strip() == "", f"{fault} says more than which tests"
    for path, name in named:
        assert (ROOT / path).exists(), f"{fault}: there is no {path}"
        assert name in docstrings(path), f"{fault}: {path} has no {name}"
        assert fault in FAULT.findall(docstrings(path)[name]), f"{fault}: the docstring of {name} does not say so"


def test_no_test_is_about_a_fault_that_nobody_knows():
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    said = {id for path in files for text in docstrings(path.relative_to(ROOT)).values() for id in FAULT.findall(text)}
    assert said - set(ROWS) == set()
