"""The proof of the leak checks: random tables with one leak planted, found; honest tables, left alone.

`python -m pytest -m slow -s tests/checks/test_planted_leaks.py` prints the figures of docs/explanation/leakage.md: 100
tables a kind, 500 clean ones, of 2,000 rows. CI draws few. A kind is a line of `KINDS` in planted.py, a question a line
of `QUESTIONS` here.
"""

from __future__ import annotations

import os
import runpy
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pytest

from checks.finding import Finding
from checks.giveaway import determining_columns
from checks.giveaway_scaled import scaled_over_all
from checks.labelled import Labelled
from checks.leakage import identical_rows, shared_entities
from checks.linked import derived_rows, entities_under_two_names
from checks.near_rows import near_copies
from checks.target_leakage import QUESTIONS as TARGET_QUESTIONS
from checks.target_leakage import Asked, Roles
from checks.time_overlap import time_overlap

PLANTED = runpy.run_path(str(Path(__file__).with_name("planted.py")))
KINDS = PLANTED["KINDS"]
N_PLANTED = int(os.environ.get("GRISTMILL_PLANTED", "100"))
N_CLEAN = int(os.environ.get("GRISTMILL_CLEAN", "500"))
FEW = 3
SEED = 20_261_128


def bound(table: Any) -> Any:
    con = duckdb.connect()
    con.register("_frame", table.frame.to_arrow())
    con.execute("CREATE TABLE frame AS SELECT * FROM _frame")
    return ibis.duckdb.from_connection(con).table("frame")


def of_target(table: Any, rows: Any, codes: Sequence[str]) -> list[Finding]:
    ids = tuple(dict.fromkeys([*table.key, *table.entity]))
    labelled = Labelled(
        frame=table.frame, features=tuple(table.features), target=table.target, judged_on=f"{len(table.frame):,} rows"
    )
    roles = Roles(
        ids=ids,
        hidden=tuple(name for name in table.hidden if name not in ids),
        time=table.time,
        is_shared=table.apart == "pool",
        is_composite=len(table.entity) > 1,
    )
    asked = Asked(rows=labelled, table=rows, roles=roles, told=tuple(determining_columns(labelled)))
    return [found for of, question in TARGET_QUESTIONS.items() if {*of} & {*codes} for found in question(asked)]


def of_entities(table: Any, rows: Any, codes: Sequence[str]) -> list[Finding]:
    return [shared_entities(rows, apart=table.apart)]


def of_copies(table: Any, rows: Any, codes: Sequence[str]) -> list[Finding]:
    return [identical_rows(rows, _compared(table), has_key=bool(table.key))]


def of_scaling(table: Any, rows: Any, codes: Sequence[str]) -> list[Finding]:
    return scaled_over_all(rows, table.features)


def _compared(table: Any) -> list[str]:
    return [name for name in table.features if name not in table.key]


def of_near_rows(table: Any, rows: Any, codes: Sequence[str]) -> list[Finding]:
    return near_copies(rows, _compared(table), apart=table.apart)


def of_time(table: Any, rows: Any, codes: Sequence[str]) -> list[Finding]:
    return [time_overlap(rows, table.time, gap=timedelta(0))] if table.about.get("by") == "time" else []


def of_names(table: Any, rows: Any, codes: Sequence[str]) -> list[Finding]:
    return entities_under_two_names(rows, [*_compared(table), *table.hidden], apart=table.apart)


def of_origins(table: Any, rows: Any, codes: Sequence[str]) -> list[Finding]:
    return [derived_rows(rows, key=table.key[0] if table.key else None, columns=table.frame.columns, declared=None)]


# The codes of a question, and the question.
QUESTIONS: dict[tuple[str, ...], Callable[[Any, Any, Sequence[str]], list[Finding]]] = {
    ("LEAK1",): of_entities,
    ("LEAK2",): of_copies,
    tuple(code for codes in TARGET_QUESTIONS for code in codes): of_target,
    ("LEAK15",): of_scaling,
    ("LEAK5",): of_near_rows,
    ("LEAK6",): of_time,
    ("LEAK7",): of_names,
    ("LEAK14",): of_origins,
}
ALL = tuple(code for codes in QUESTIONS for code in codes)


def bad(table: Any, codes: Sequence[str] = ALL) -> list[Finding]:
    """What warns or blocks, of the questions that have one of the codes."""
    rows = bound(table)
    found = [finding for of, ask in QUESTIONS.items() if {*of} & {*codes} for finding in ask(table, rows, codes)]
    return [finding for finding in found if finding.outcome in {"warn", "fail"}]


def planted(kind: str, number: int) -> Any:
    return KINDS[kind].plant(np.random.default_rng([SEED, list(KINDS).index(kind), number]))


def clean(number: int) -> Any:
    return PLANTED["honest"](np.random.default_rng([SEED, 1_000, number]), number)


def is_found(kind: str, number: int) -> bool:
    codes = KINDS[kind].codes
    return any(finding.code in codes for finding in bad(planted(kind, number), codes))


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_leak_is_found_by_its_code(kind: str) -> None:
    for number in range(FEW):
        assert is_found(kind, number), number


def test_honest_tables_are_left_alone() -> None:
    found = [(number, finding) for number in range(12) for finding in bad(clean(number))]

    assert found == []


@pytest.mark.slow
def test_at_least_99_of_100_planted_leaks_of_each_kind_are_found() -> None:
    shares = {}
    for kind in KINDS:
        shares[kind] = sum(is_found(kind, n) for n in range(N_PLANTED)) / N_PLANTED
        print(f"{kind:<36} {'/'.join(KINDS[kind].codes):<14} {shares[kind]:.2f}", flush=True)

    assert min(shares.values()) >= 0.99, shares


@pytest.mark.slow
def test_no_clean_table_is_blocked_and_two_percent_at_most_are_warned_of() -> None:
    found = {number: bad(clean(number)) for number in range(N_CLEAN)}
    blocked = [f for each in found.values() for f in each if f.outcome == "fail"]
    warned = [number for number, each in found.items() if each]
    print(f"clean: {len(blocked)} blocks, {len(warned)} of {N_CLEAN} warned of")
    print(Counter(f.code for each in found.values() for f in each), flush=True)

    assert blocked == []
    assert len(warned) <= 0.02 * N_CLEAN, [found[number] for number in warned]
