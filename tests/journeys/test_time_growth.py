"""Splits by time and splits that were made elsewhere, version after version: what was placed stays where it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

START = datetime(2024, 1, 1)
DAYS = 365


def sales(days: range, *, per_day: int = 3, first_id: int = 0) -> str:
    """Sales as CSV. A customer buys for about three months; every fiftieth sale has no time."""
    lines = ["id,sold_at,customer,part,amount,y"]
    for day in days:
        for i in range(per_day):
            number = first_id + day * per_day + i
            customer = f"c{(day + 7 * (number % 13)) // 30 * 5 + number % 5}"
            at = "" if number % 50 == 0 else (START + timedelta(days=day, hours=5 * i)).isoformat(" ")
            part = ("train", "train", "train", "val", "test")[number % 5]
            lines.append(f"{number},{at},{customer},{part},{number * 37 % 10_007},{number % 3 == 0}")
    return "\n".join(lines) + "\n"


def yaml(splits: str) -> str:
    return f"source: HERE/*.csv\nkey: id\ntime: sold_at\ntarget: y\nmodels: {{}}\nsplits: {splits}\n"


def moved(before: pl.DataFrame, after: pl.DataFrame) -> int:
    """How many rows of `before` lie elsewhere in `after`, or are gone."""
    placed = ("_split", "_bucket", "_unused")
    both = before.join(after.select("id", *placed), on="id", how="left", suffix="_after")
    same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_after")) for c in placed)
    return both.filter(~same).height


def grow(versions, share: float) -> None:
    """More of everything: later days in a file that comes first, and late sales of days that were there."""
    n_days, n = max(1, round(DAYS * share)), round(share * 100)
    versions.write(f"0{n}.csv", sales(range(DAYS, DAYS + n_days), first_id=50_000 * n))
    late = sales(range(0, DAYS, max(1, round(1 / share))), per_day=1, first_id=50_000 * n + 40_000)
    versions.write(f"z{n}.csv", late)


POLICIES = {
    "cuts": "{time: {dev: 2024-10-01, test: 2024-11-15, gap: 2d}}",
    "durations": "{time: {dev: 30d, test: 30d, gap: 1d}, shares: {train: 0.85, train_dev: 0.15}}",
    "shares": "{time: {}, shares: {train: 0.65, train_dev: 0.15, dev: 0.1, test: 0.1}}",
    "entity": "{time: {dev: 30d, test: 30d}, entity: customer}",
    "pool": "{time: {dev: 30d, test: 30d}, entity: customer, apart: pool}",
    "predefined": "{predefined: part}",
}


def cases() -> list[Any]:
    """Every policy with every growth; the cheap ones in each run, all of them in `make test-all`."""
    growths = (((0.5,), "50 %"), ((0.01, 10), "1 % and then 1,000 %"))
    return [
        pytest.param(
            policy,
            shares,
            id=f"{policy}, {told}",
            marks=() if policy in {"entity", "predefined"} and shares == (0.5,) else pytest.mark.slow,
        )
        for policy in POLICIES
        for shares, told in growths
    ]


@pytest.mark.parametrize(("policy", "shares"), cases())
def test_no_old_row_moves_when_rows_are_added(make_versions, policy: str, shares: tuple[float, ...]) -> None:
    versions = make_versions(yaml(POLICIES[policy]))
    versions.write("a.csv", sales(range(DAYS)))
    before = versions.publish()
    assert set(before["_split"].drop_nulls()) >= {"train", "dev", "test"}
    for share in shares:
        grow(versions, share)
        after = versions.publish()
        assert after.height > before.height * (1 + share * 0.9)
        assert moved(before, after) == 0
        before = after
