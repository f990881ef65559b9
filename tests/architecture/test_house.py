"""The rules of the house that no tool holds: charters, sizes, who may attach, what must not stand in a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("pipelines", "warehouse", "assets", "checks")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in MODULES]
DEMO_WORDS = ("flight", "tailnum", "airline", "airport", "nyc")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_opens_with_its_charter_and_stays_small(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module opens with what it is and what does not belong in it"
    assert len(text.splitlines()) <= 300
    long = [
        f"{f.name}: {f.end_lineno - f.lineno + 1} lines"
        for f in functions(tree)
        if (f.end_lineno or 0) - f.lineno + 1 > 50
    ]
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_no_module_keeps_names_that_the_house_does_not_use(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "common", "manager", "misc"}
    named = [
        f.name for f in functions(ast.parse(path.read_text("utf-8"))) if f.name.startswith(("get_", "do_", "process"))
    ]
    theirs = {"get_command", "get_n_splits"}  # click and scikit-learn call them so
    assert [name for name in named if name not in theirs] == []


def test_only_the_lake_attaches_and_maintains() -> None:
    for path in MODULES:
        if path.name != "lake.py":
            text = path.read_text("utf-8")
            assert not re.search(r"\bATTACH\b|ducklake_add_data_files|set_option\(", text), path


def test_no_name_of_the_demo_stands_below_pipelines() -> None:
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] != "pipelines":
            # Docstrings may take their examples from it.
            code = ast.unparse(without_docstrings(ast.parse(path.read_text("utf-8")))).lower()
            found = [word for word in DEMO_WORDS if word in code]
            assert not found, f"{path}: {found}"


def without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def test_pins_are_names_and_versions_alone() -> None:
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+", line), line


def test_every_decision_has_its_number_and_a_title() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{i:04}" for i in range(1, len(pages) + 1)]
    assert all(page.read_text("utf-8").startswith(f"# {i}. ") for i, page in enumerate(pages, 1))
