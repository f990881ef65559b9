"""Tables for the simulations of shift: 20 columns of a kind that real tables have, by entity, and fast counts of them.

Values are codes or numbers in arrays; a scan of a table would count the same (`test_shift_validity.py` holds that).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy import stats
from scipy.special import ndtr

from checks.bins import MOST_LEVELS, PRECISIONS, Cells, level_cells, ordered_cells
from checks.score_columns import Scored, scores_of, sum_scores
from checks.units import Side

Table = Mapping[str, np.ndarray]
LEVELS = {"c3": 3, "c10": 10, "c50": 50, "c500": 500, "c5000": 5_000}
TARGET = "label"


def zipf(n: int) -> np.ndarray:
    """The distribution function of a law in which level k has a share like 1/k."""
    share = 1 / np.arange(1, n + 1)
    return np.cumsum(share) / share.sum()


ZIPF = {name: zipf(n) for name, n in LEVELS.items()}


def draw(drawn: np.random.Generator, n_entities: int, n_each: int | np.ndarray, icc: float) -> dict[str, np.ndarray]:
    """Rows of entities: of each latent number the share `icc` of the variance is the entity's own."""
    entity = np.repeat(np.arange(n_entities), n_each)
    latent = np.sqrt(icc) * drawn.normal(size=(n_entities, 20))[entity]
    z = latent + np.sqrt(1 - icc) * drawn.normal(size=(len(entity), 20))
    z[:, 1] = 0.8 * z[:, 0] + 0.6 * z[:, 1]
    u = np.clip(ndtr(z), 1e-12, 1 - 1e-12)
    table = {
        "plain": z[:, 0],
        "twin": z[:, 1],
        "money": np.exp(1.5 * z[:, 2]),
        "cauchy": stats.cauchy.ppf(u[:, 3]),
        "cubed": stats.cauchy.ppf(u[:, 4]) ** 3,
        "t2": stats.t.ppf(u[:, 5], 2),
        "ties": np.where(u[:, 6] < 0.97, 0.0, np.ceil(20 * u[:, 6])),
        "zeros": np.where(u[:, 7] < 0.5, 0.0, np.exp(z[:, 7])),
        "gaps": np.where(u[:, 9] < 0.05, np.nan, z[:, 8]),
        "count": stats.poisson.ppf(u[:, 10], 3.0),
        "rounded": np.round(z[:, 11] * 2, 1),
        "age": np.round(18 + 70 * u[:, 12]),
        "flag": (u[:, 13] < 0.3).astype(float),
        "uniform": u[:, 14],
        **{name: np.searchsorted(ZIPF[name], u[:, 15 + i]) for i, name in enumerate(list(LEVELS)[:4])},
        "c5000": np.searchsorted(ZIPF["c5000"], u[:, 19]),
    }
    return table | {TARGET: (z[:, 0] + drawn.normal(size=len(z)) > 0.74).astype(int)}


def cells_for(tables: Sequence[Table]) -> list[Cells]:
    """Cells from the rows of all `tables`."""
    found = []
    for name in tables[0]:
        pooled = np.concatenate([table[name] for table in tables])
        if pooled.dtype.kind == "f":
            found.append(ordered_cells(name, "float64", "numeric", pooled, has_precision=True))
        else:
            counts = np.bincount(pooled)
            top = np.lexsort((np.arange(len(counts)), -counts))[:MOST_LEVELS]
            kind = {str(level): int(counts[level]) for level in top if counts[level]}
            found.append(level_cells(name, "string", "category", kind))
    return found


def side_of(name: str, table: Table, entity: np.ndarray, bucket: np.ndarray, cells: Sequence[Cells]) -> Side:
    """The counts of one side. `entity` is a number a row, `bucket` (0-255) a function of it."""
    counts, precision = {}, {}
    for c in cells:
        values = table[c.column]
        if c.is_ordered:
            at = np.where(np.isfinite(values), np.searchsorted(c.edges, values), c.n_cells - 1)
            precision[c.column] = _by_bucket(bucket, _places(values), len(PRECISIONS))
        else:
            of_level = np.full(max(LEVELS.values()) + 1, len(c.labels))
            of_level[[int(label) for label in c.labels]] = np.arange(len(c.labels))
            at = of_level[values]
        counts[c.column] = _by_bucket(bucket, at, c.n_cells)
    _, first = np.unique(entity, return_index=True)
    return Side(
        name=name,
        rows=np.bincount(bucket, minlength=256).astype(float),
        entities=np.bincount(bucket[first], minlength=256).astype(float),
        counts=counts,
        precision=precision,
    )


def _by_bucket(bucket: np.ndarray, at: np.ndarray, n: int) -> np.ndarray:
    return np.bincount(bucket * n + at, minlength=256 * n).reshape(256, n).astype(float)


def _places(values: np.ndarray) -> np.ndarray:
    """The fewest decimal places that a value needs, as a cell of `PRECISIONS`."""
    finite = np.isfinite(values)
    known = np.where(finite & (np.abs(values) < 2.0**53), values, 0.0)
    found = np.full(len(values), len(PRECISIONS) - 2)
    for k in reversed(range(len(PRECISIONS) - 2)):
        found[np.round(known, k) == known] = k
    return np.where(finite, found, len(PRECISIONS) - 1)


def scored(
    tables: Sequence[Table], buckets: Sequence[np.ndarray], cells: Sequence[Cells], sides: Sequence[Side]
) -> Scored:
    """Both sides as sums of scores."""
    pooled = {c.column: sum(side.counts[c.column].sum(axis=0) for side in sides) for c in cells}
    scores, of_column = scores_of(cells, pooled, time=None), {c.column: c for c in cells}
    frames = [
        pl.DataFrame({name: _as_column(values) for name, values in table.items()} | {"_bucket": bucket})
        for table, bucket in zip(tables, buckets, strict=True)
    ]
    sums = np.stack([sum_scores(frame, scores, of_column) for frame in frames])
    return Scored(scores=scores, sums=sums, n_rows=(len(frames[0]), len(frames[1])))


def _as_column(values: np.ndarray) -> Any:
    return pl.Series(values).fill_nan(None) if values.dtype.kind == "f" else pl.Series(values).cast(pl.String)


def by_rows(one: Table, two: Table, alpha: float = 0.05) -> bool:
    """Whether tests of rows alarm: Kolmogorov-Smirnov or chi-squared by column, Bonferroni. alibi-detect's TabularDrift
    gives the same p (0.13, to 2.5e-8)."""
    least = min(_p_by_rows(one[name], two[name]) for name in one)
    return bool(least * len(one) <= alpha)


def _p_by_rows(one: np.ndarray, two: np.ndarray) -> float:
    if one.dtype.kind == "f":
        return float(stats.ks_2samp(one[np.isfinite(one)], two[np.isfinite(two)], method="asymp").pvalue)
    n = int(max(one.max(), two.max())) + 1
    counts = np.stack([np.bincount(one, minlength=n), np.bincount(two, minlength=n)])
    return float(stats.chi2_contingency(counts[:, counts.sum(axis=0) > 0], correction=False).pvalue)
