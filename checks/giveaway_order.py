"""Does the place of a row tell its label: where it is stored (LEAK10), or its id (LEAK11)?

A file that holds all positives first, ids given out by class: a model that is handed either learns the file. Which
group a row belongs to is `checks.giveaway_group`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from checks.finding import Finding
from checks.labelled import Array, Labelled, agreement, codes_of, has_enough, mapped, neighbour_agreement, numbers_of

ROW = "_row"
ENCODED = 0.8  # of Cohen's kappa, or R2
ENOUGH_ROWS = 20_000
MODULI = range(2, 17)
LONGEST = 4  # characters of a prefix or suffix
PLACES = 24  # characters that are looked at one by one
IN_TIME = 0.99


def row_order(rows: Labelled, *, time: str | None) -> Finding:
    """The finding LEAK10: does the place at which a row is stored tell its label?

    Two questions, of rows of other entities alone: how far the label of the row stored before tells a row's own, and
    how far the place's remainder by 2 to 16 does. It warns from .8 of Cohen's kappa (of a quantity, R2) on, and never
    blocks: splits go by entity, so the order crosses none; it is what a reader gets who takes the first rows. Rows that
    are stored in the order of `time` pass: the time is known when the product predicts.

    Args:
        rows: Labelled rows; `_row` is the place at which each is stored, where there is one.
        time: The dataset's time column.
    """
    if ROW not in rows.frame.columns:
        return Finding(code="LEAK10", outcome="not_applicable", seen="the rows have no order")
    if (why := _too_few(rows)) is not None:
        return Finding(code="LEAK10", outcome="cannot_tell", seen=why)
    rows = rows.fewer(ENOUGH_ROWS)
    place = rows.frame[ROW].to_numpy()
    best, how = max(_by_order(place, rows), _by_remainder(place, rows))
    if best < ENCODED:
        outcome, seen = "pass", f"{how} tells {best:.2f} of 1 of {rows.target}"
    elif time is not None and _follows(place, rows.frame[time]):
        outcome, seen = "pass", f"{how} tells {best:.2f} of 1 of {rows.target}, and rows are stored in order of {time}"
    else:
        outcome, seen = "warn", f"{how} tells {best:.2f} of 1 of {rows.target}: rows are stored by label"
    return Finding(code="LEAK10", outcome=outcome, seen=f"{seen}, on {len(rows.frame):,} rows")  # type: ignore[arg-type]


def encoding_ids(rows: Labelled, ids: Sequence[str]) -> list[Finding]:
    """The findings LEAK11: does an id, which no model sees, encode the label?

    Of each part of key and entity that is no feature: its order (the label of the next lower id of another entity), its
    remainders by 2 to 16, its length, its first and last 1 to 4 characters, each single character, its letters alone
    and the number in it. A rule is fitted on even buckets and judged on odd ones, and warns from .8 of Cohen's kappa
    (R2) on. Whoever learns such an id, by a join or from a file's name, knows the label.

    Args:
        rows: Labelled rows with the columns of `ids`.
        ids: Parts of the key and of the entity that are no features.
    """
    if not ids:
        seen = "no part of key or entity is hidden from models"
        return [Finding(code="LEAK11", outcome="not_applicable", seen=seen)]
    if (why := _too_few(rows)) is not None:
        return [Finding(code="LEAK11", outcome="cannot_tell", seen=why)]
    rows = rows.fewer(ENOUGH_ROWS)
    judged = {name: max(_encodings(name, rows), default=(0.0, "nothing")) for name in ids}
    found = [
        Finding(
            code="LEAK11",
            outcome="warn",
            column=name,
            seen=f"{how} of {name} tells {best:.2f} of 1 of {rows.target}, on {len(rows.frame):,} rows",
        )
        for name, (best, how) in judged.items()
        if best >= ENCODED
    ]
    if found:
        return found
    name = max(judged, key=lambda name: judged[name])
    best, how = judged[name]
    seen = f"{how} of {name} tells most, {max(best, 0):.2f} of 1, on {len(rows.frame):,} rows"
    return [Finding(code="LEAK11", outcome="pass", seen=seen)]


def _too_few(rows: Labelled) -> str | None:
    if rows.is_quantity:
        return None if len(rows.y) >= 60 else f"{rows.judged_on} are too few"
    return None if has_enough(rows.y) else f"{rows.judged_on} have fewer than 30 of a class"


def _follows(place: Array, time: pl.Series) -> bool:
    stamps = codes_of(time)[np.argsort(place)]
    return len(stamps) > 1 and stamps[0] < stamps[-1] and bool((np.diff(stamps) >= 0).mean() >= IN_TIME)


def _by_order(place: Array, rows: Labelled) -> tuple[float, str]:
    return neighbour_agreement(place, rows), "the row stored before"


def _by_remainder(numbers: Array, rows: Labelled, what: str = "the place") -> tuple[float, str]:
    told, of_least = max((_told(numbers % m, rows), -m) for m in MODULI)
    return told, f"the remainder of {what} by {-of_least}"


def _told(codes: Array, rows: Labelled) -> float:
    """How far a map from code to label agrees on the judged half; 0 where it says nothing of most rows."""
    said = mapped(codes.astype(np.int64), rows)
    if said.covered_share < 0.5 or not (rows.is_quantity or has_enough(said.truth)):
        return 0.0
    return agreement(said.predicted, said.truth, is_quantity=rows.is_quantity)


def _encodings(name: str, rows: Labelled) -> Iterator[tuple[float, str]]:
    values = rows.frame[name]
    units = codes_of(values)
    if values.dtype.is_numeric() or values.dtype.is_temporal():
        yield neighbour_agreement(numbers_of(values), rows, units), "the order"
    if values.dtype.is_integer():
        yield _by_remainder(values.fill_null(0).to_numpy().astype(np.int64), rows, "the number")
    if values.dtype == pl.String or values.dtype.is_integer():
        yield from _of_text(values.cast(pl.String), units, rows)


def _of_text(texts: pl.Series, units: Array, rows: Labelled) -> Iterator[tuple[float, str]]:
    # Once a different text, not once a row: an id of an entity stands in many.
    known = pl.Series(texts.drop_nulls().unique().sort())
    at = codes_of(texts) - 1
    at = np.where(at < 0, len(known), at)
    for how, parts in _parts(known):
        codes = np.append(codes_of(parts), 0)[at]
        if 1 < len(np.unique(codes)) <= len(known) / 2:
            yield _told(codes, rows), how
    if texts.dtype == pl.String:
        yield neighbour_agreement(at, rows, units), "the order"
        numbers = known.str.extract(r"(\d{1,15})", 1).cast(pl.Int64).fill_null(-1).to_numpy()
        if len(np.unique(numbers)) > len(known) / 2:
            inside = np.append(numbers, -1)[at]
            yield neighbour_agreement(inside, rows, units), "the order of the number"
            yield _by_remainder(inside, rows, "the number")


def _parts(texts: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    lengths = texts.str.len_chars()
    yield "the length", lengths
    for n in range(1, LONGEST + 1):
        yield f"the first {n}" if n > 1 else "the first character", texts.str.head(n)
        yield f"the last {n}" if n > 1 else "the last character", texts.str.tail(n)
    for place in range(1, min(PLACES, max(lengths.to_list(), default=0)) - 1):
        yield f"character {place + 1}", texts.str.slice(place, 1)
    yield "the letters", texts.str.replace_all(r"\d", "")
