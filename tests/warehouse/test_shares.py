"""Shares asked and got: within the binomial interval of the entities, salt by salt."""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import ibis
import pytest

from checks.proportion import exact
from warehouse.policy import SplitPolicy
from warehouse.splits import assign

TWIN = runpy.run_path(str(Path(__file__).parents[1] / "twin.py"))
SHARES = {"train": 0.65, "train_dev": 0.15, "dev": 0.1, "test": 0.1}
LEAST = 0.93


def by_the_twin(n_salts: int, n_entities: int) -> Iterator[Counter[str]]:
    line = TWIN["thresholds"](SHARES)
    for salt in range(n_salts):
        yield Counter(TWIN["split_of"](f"salt {salt}", str(i), line)[0] for i in range(n_entities))


def by_duckdb(n_salts: int, n_entities: int) -> Iterator[Counter[str]]:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE rows AS SELECT i::VARCHAR AS _entity FROM range({n_entities}) t(i)")
    backend = ibis.duckdb.from_connection(con)
    shares = {split: Decimal(str(share)) for split, share in SHARES.items()}
    for salt in range(n_salts):
        placed = assign(backend.table("rows"), SplitPolicy(salt=f"salt {salt}", shares=shares))
        counted = placed.group_by("_split").agg(n=placed.count())
        yield Counter(dict(con.execute(backend.compile(counted)).fetchall()))


def held(counts: Iterator[Counter[str]], n_entities: int) -> dict[str, float]:
    """By split, in how many of the salts the interval of what it got holds what was asked."""
    n_salts, within = 0, Counter[str]()
    for counted in counts:
        n_salts += 1
        found = {split: exact(counted[split], n_entities) for split in SHARES}
        within.update(s for s, share in SHARES.items() if found[s].low <= share <= found[s].high)
    return {split: within[split] / n_salts for split in SHARES}


def test_what_300_salts_give_is_within_the_interval_in_at_least_93_percent() -> None:
    found = held(by_the_twin(300, 500), 500)
    assert min(found.values()) >= LEAST, found


def test_duckdb_gives_what_the_twin_gives() -> None:
    assert list(by_duckdb(10, 500)) == list(by_the_twin(10, 500))


@pytest.mark.slow
def test_what_1000_salts_give_2000_entities_is_within_the_interval_in_at_least_93_percent() -> None:
    found = held(by_duckdb(1000, 2000), 2000)
    print(found)
    assert min(found.values()) >= LEAST, found
