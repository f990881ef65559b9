"""Tables for the simulations of shift: 20 columns of a kind that real tables have, by entity, in arrays.

How arrays are counted is `sides.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy import stats
from scipy.special import ndtr

from checks.bins import Cells
from checks.even_rows import even_shares
from checks.sampled_rows import SampledRows, read_rows
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


def scored(
    tables: Sequence[Table],
    buckets: Sequence[np.ndarray],
    cells: Sequence[Cells],
    sides: Sequence[Side],
    *,
    in_time: bool = False,
    is_paired: bool = False,
) -> Scored:
    """Both sides as sums of scores; `in_time`, rows follow each other and their time is asked too."""
    pooled = {c.column: sum(side.counts[c.column].sum(axis=0) for side in sides) for c in cells}
    scores = scores_of(cells, pooled, time="at" if in_time else None)
    frames = [
        pl.DataFrame({name: _as_column(values) for name, values in table.items()} | {"_bucket": bucket})
        for table, bucket in zip(tables, buckets, strict=True)
    ]
    shares = (1.0, 1.0) if is_paired else even_shares(*sides)
    read = [sampled(frame, cells).some_rows(share) for frame, share in zip(frames, shares, strict=True)]
    sums = np.stack([sum_scores(rows, scores) for rows in read])
    return Scored(scores=scores, sums=sums, n_rows=(len(read[0].bucket), len(read[1].bucket)))


def sampled(frame: pl.DataFrame, cells: Sequence[Cells]) -> SampledRows:
    """Rows that are at hand as the numbers of their cells."""
    at = pl.int_range(len(frame), eager=True)
    ours = frame.select(
        pl.lit("a").alias("_part"),
        "_bucket",
        at.alias("_moment"),
        at.cast(pl.UInt64).alias("_who"),
        *(c.column for c in cells),
    )
    return read_rows(ours.to_arrow().combine_chunks().to_batches(), ["a"], cells)["a"]


def _as_column(values: np.ndarray) -> Any:
    return pl.Series(values).fill_nan(None) if values.dtype.kind == "f" else pl.Series(values).cast(pl.String)


def by_rows(one: Table, two: Table, alpha: float = 0.05) -> bool:
    """Whether tests of rows alarm: Kolmogorov-Smirnov or chi-squared by column, Bonferroni.

    alibi-detect 0.13's TabularDrift gives the same p to 3e-8; of two levels, where it corrects, a larger.
    """
    least = min(_p_by_rows(one[name], two[name]) for name in one)
    return bool(least * len(one) <= alpha)


def _p_by_rows(one: np.ndarray, two: np.ndarray) -> float:
    if one.dtype.kind == "f":
        return float(stats.ks_2samp(one[np.isfinite(one)], two[np.isfinite(two)], method="asymp").pvalue)
    n = int(max(one.max(), two.max())) + 1
    counts = np.stack([np.bincount(one, minlength=n), np.bincount(two, minlength=n)])
    return float(stats.chi2_contingency(counts[:, counts.sum(axis=0) > 0], correction=False).pvalue)
