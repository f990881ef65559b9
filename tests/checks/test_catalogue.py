"""The catalogue and the code that makes findings say the same codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks.broken import SEVERITIES
from checks.catalogue import CATALOGUE
from checks.finding import Finding

ROOT = Path(__file__).parents[2]
CODE = re.compile(r'"([A-Z]+\d+)"')


def codes_in_source() -> set[str]:
    """Every text that looks like a code, in checks/ and assets/, but for the catalogue's own and those in doctests."""
    files = [path for folder in ("checks", "assets") for path in sorted((ROOT / folder).glob("*.py"))]
    lines = [line for path in files if path.name != "catalogue.py" for line in path.read_text("utf-8").splitlines()]
    return {code for line in lines if not line.lstrip().startswith(">>>") for code in CODE.findall(line)}


def test_every_code_of_a_finding_is_in_the_catalogue_and_every_code_of_the_catalogue_is_used() -> None:
    assert codes_in_source() == set(CATALOGUE)


def test_every_severity_has_a_code_of_the_catalogue() -> None:
    assert {code for code, _ in SEVERITIES.values()} <= set(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_code_has_title_meaning_and_advice(code: str) -> None:
    row = CATALOGUE[code]

    assert re.fullmatch(r"[A-Z]+\d+", code)
    assert row.title
    assert not row.title.endswith(".")
    assert row.meaning.endswith(".")
    assert re.match(r"(Blocks|Warns)\b", row.meaning)
    assert row.advice.endswith((".", "?"))


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_code_that_can_warn_or_block_says_when(code: str) -> None:
    row = CATALOGUE[code]

    assert row.can_warn == (re.search(r"\b[Ww]arns(?! never)\b", row.meaning) is not None)
    assert row.can_block == ("locks" in row.meaning.replace("Never blocks", ""))
    assert "NAME" not in row.advice


def test_titles_are_not_shared() -> None:
    assert len({row.title for row in CATALOGUE.values()}) == len(CATALOGUE)


@pytest.mark.parametrize(
    ("outcome", "has_advice"),
    [("pass", False), ("not_applicable", False), ("cannot_tell", False), ("warn", True), ("fail", True)],
)
def test_only_a_bad_answer_comes_with_advice(outcome: str, has_advice: bool) -> None:
    found = Finding(code="LEAK1", outcome=outcome, seen="3 of 9")  # type: ignore[arg-type]

    assert bool(found.advice) == has_advice
    assert found.to_json() == {
        "code": "LEAK1", "outcome": outcome, "seen": "3 of 9", "column": None,
        "title": CATALOGUE["LEAK1"].title, "advice": found.advice, "accepted": None,
    }  # fmt: skip
