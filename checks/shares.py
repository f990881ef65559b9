"""Sizes asked and got: the share of entities that a policy asks for, and the share that it gave, with its interval.

The digest places each entity by itself, so what a split gets is binomial: Clopper & Pearson's interval of the entities
(`checks.proportion`) holds the share that was asked for in at least 95 of 100 salts. Which share is asked for is told
by whoever knows the policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from checks.proportion import exact

Asked = Mapping[str, float]


def with_shares(
    sizes: Iterable[Mapping[str, Any]], lines: Sequence[Asked], counted: Mapping[str, int], *, is_random: bool
) -> list[dict[str, Any]]:
    """The rows of `checks.sizes.split_sizes` with the share of entities asked and got.

    Args:
        sizes: What each split holds.
        lines: The shares that are asked for, one map for each group of entities that is divided by itself (all, or
            those of each pool); each adds up to 1.
        counted: Entities by split.
        is_random: Whether each entity is placed by itself, by chance: only then is there an interval.

    Returns:
        The rows with `asked_share`, `got_share`, `got_low`, `got_high`; None where none is told.
    """
    none = dict.fromkeys(("asked_share", "got_share", "got_low", "got_high"))
    told: dict[str, dict[str, float | None]] = {}
    for line in lines:
        n_all = sum(counted.get(split, 0) for split in line)
        for split, asked in line.items():
            n = counted.get(split, 0)
            told[split] = none | {"asked_share": asked, "got_share": n / n_all if n_all else None}
            if is_random and n_all:
                low, high = exact(n, n_all).to_json()
                told[split] |= {"got_low": low, "got_high": high}
    return [dict(row) | none | told.get(row["split"], {}) for row in sizes]


def shares_figure(rows: Iterable[Mapping[str, Any]], *, title: str, thing: str = "entities") -> dict[str, Any] | None:
    """The picture of the shares: by split what was got with its interval, and what was asked; None without any.

    `thing` is what was counted, `entities` or `rows`.
    """
    shown = [row for row in rows if row["got_share"] is not None]
    if not shown:
        return None
    return {
        "kind": "shares",
        "title": title,
        "thing": thing,
        "series": {
            row["split"]: {
                name: row[key] if row[key] is None else round(row[key], 5)
                for name, key in (
                    ("asked", "asked_share"), ("got", "got_share"), ("low", "got_low"), ("high", "got_high"),
                )
            }
            | {"n": row[f"n_{thing}"]}
            for row in shown
        },
    }  # fmt: skip
