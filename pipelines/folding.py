"""Making folds inside train: which fold each labelled row is in, by the digest of its entity or by its time.

What scikit-learn is handed is `pipelines.folds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from numbers import Real
from typing import TYPE_CHECKING

from pipelines.folds import DigestFolds, Folds, TimeFolds
from pipelines.labelled import LabelledRows, known_columns, refuse_quantity
from warehouse.errors import NotPossible, refuse_uncounted
from warehouse.identity import entity_sql
from warehouse.modelled import TIME, is_number
from warehouse.portions import OWN, PLACES, label_sql, named_sql, or_entity_sql, place_of, place_sql, time_sql
from warehouse.time_cuts import duration

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

ENTITY = "entity"
MICROSECOND = timedelta(microseconds=1)
FEWER = "ask for fewer folds"


def by_digest(rows: LabelledRows, k: int, *, repeats: int, by: str | Sequence[str] | None, stratified: bool) -> Folds:
    """Folds by the digest of the entity, each repeat with a digest of its own; see `Trainable.folds`.

    Raises:
        NotPossible: There are no such folds.
    """
    import numpy as np

    _refuse_counts(k, repeats)
    if by is None:
        raise NotPossible("by=None", "only folds in time can do without", "leave `by` out: entities stay whole")
    kept = _kept_whole_sql(rows, by)
    listed = [named_sql(place_sql(rows.salt, f"fold {i}", kept), f"_place_{i}") for i in range(repeats)]
    listed += [named_sql(label_sql(rows.target), "_label")] if stratified else []
    frame = rows.frame(listed)
    places = np.stack([frame[f"_place_{i}"].to_numpy() for i in range(repeats)])
    _refuse_too_many(rows, k, int(np.unique(places[0]).size), "entities" if by == ENTITY else f"values of {by}")
    if stratified:
        labels, names = _labels(rows, frame)
        starts = [[place_of(rows.salt, f"fold {i} label", name) / PLACES for name in names] for i in range(repeats)]
        numbers = np.stack([_even(*line, labels, k) for line in zip(places, starts, strict=True)])
    else:
        numbers = (places >> 16) * k >> 32  # the leading 32 of 48 bits, so that no k overflows
    folds = DigestFolds(named=rows.named, k=k, repeats=repeats, numbers=numbers.astype(np.int32))
    _refuse_empty(folds, "`stratified=True` makes folds of equal numbers" if not stratified else FEWER)
    return folds


def in_time(
    rows: LabelledRows, k: int, column: str | None, gap: str | float, *, by: str | Sequence[str] | None
) -> Folds:
    """Folds that are tested on what came later; see `Trainable.folds`.

    Raises:
        NotPossible: There are no such folds.
        NotFound: There is no such column.
    """
    import numpy as np

    _refuse_counts(k, 1)
    if column is None:
        raise NotPossible("folds in time", f"{rows.version.dataset!r} has no `time`", 'name the column: `time="day"`')
    known_columns(rows.version, [column])
    kind = rows.version.columns[column]
    if not (TIME.fullmatch(kind) or is_number(kind)):
        raise NotPossible(f"folds by {column!r}", f"it is {kind}, no time and no number", "let the query cast it")
    width = gap_width(gap, is_time=bool(TIME.fullmatch(kind)))
    places = OWN if by is None else place_sql(rows.salt, "fold 0", _kept_whole_sql(rows, by))
    frame = rows.frame([named_sql(time_sql(column, kind), "_time"), named_sql(places, "_place")])
    times = frame["_time"].fill_null(np.nan).to_numpy()
    starts = _starts(rows, times, k)
    folds = TimeFolds(named=rows.named, k=k, times=times, starts=starts, entities=frame["_place"].to_numpy(), gap=width)
    hint = f"{FEWER}, or a shorter gap" if width else FEWER
    lets = "; `by=None` lets entities be fitted on before and tested on after"
    _refuse_empty(folds, hint if by is None else f"{hint}{lets}")
    return folds


def refuse_mixed(*, repeats: int, stratified: bool, is_in_time: bool, gap: str | float) -> None:
    """Raise `NotPossible` for what does not go together, or is no answer to what it asks."""
    if not isinstance(stratified, bool):
        found = "True or False is meant: folds are stratified by the target"
        raise NotPossible(f"stratified={stratified!r}", found, "`stratified=True`, or leave it out")
    if gap and not is_in_time:
        raise NotPossible(f"gap={gap!r}", "only folds in time have one", "`time=True`, or leave `gap` out")
    if is_in_time and (repeats != 1 or stratified):
        word = "stratified" if stratified else "repeated"
        raise NotPossible(f"{word} folds in time", "time is cut in one way", "leave one of the two out")


def gap_width(gap: str | float, *, is_time: bool) -> float:
    """A gap as a number: of microseconds where the time is one.

    Raises:
        NotPossible: It is no duration, or negative.

    >>> gap_width("2h", is_time=True), gap_width(3, is_time=False), gap_width(0, is_time=True)
    (7200000000.0, 3.0, 0.0)
    """
    hint = 'write a whole number and w, d, h, min or s: "7d"' if is_time else "the time is a number, and so is its gap"
    if isinstance(gap, str) and is_time:
        try:
            return duration(gap) / MICROSECOND
        except ValueError as error:
            raise NotPossible(f"gap={gap!r}", "that is no duration", hint) from error
    if isinstance(gap, bool) or not isinstance(gap, Real) or gap < 0 or (is_time and gap):
        raise NotPossible(f"gap={gap!r}", "that is no duration", hint)
    return float(gap)


def _kept_whole_sql(rows: LabelledRows, by: str | Sequence[str]) -> str:
    """SQL for the text of what stays together; entities stay whole whatever is named."""
    import polars as pl

    if by == ENTITY:
        return "_entity"
    names = _names_of(by)
    known_columns(rows.version, names)
    text = or_entity_sql(entity_sql(rows.version.columns, names))
    pairs = rows.frame(["_entity", named_sql(text, "_value")]).unique()
    apart = pairs.group_by("_entity").len().filter(pl.col("len") > 1)["_entity"].sort()
    if len(apart):
        found = f"{len(apart):,} entities have several values of it, such as {apart[0]!r}"
        hint = "name what holds whole entities, or make it the `entity` of the dataset's splits"
        raise NotPossible(f"folds by {', '.join(names)}", found, hint)
    return text


def _names_of(by: str | Sequence[str]) -> list[str]:
    names = [by] if isinstance(by, str) else list(by) if isinstance(by, Sequence) else []
    if not names or not all(isinstance(name, str) for name in names):
        raise NotPossible(f"by={by!r}", "it names no column", '`by="hospital"`, or leave it out: entities stay whole')
    return names


def _refuse_counts(k: int, repeats: int) -> None:
    refuse_uncounted("k", k, least=2, hint="5 folds are usual")
    refuse_uncounted("repeats", repeats, hint="repeats=1 makes the k folds once")


def _refuse_too_many(rows: LabelledRows, k: int, n_groups: int, what: str) -> None:
    if k > n_groups:
        found = f"there are {n_groups:,} {what} with a label" if n_groups else "it has no row with a label"
        raise NotPossible(f"{k} folds of {rows.named}", found, FEWER if n_groups > 1 else "look at `splits` and target")


def _refuse_empty(folds: Folds, hint: str) -> None:
    for i, (train, test) in enumerate(folds.masks()):
        if not (train.any() and test.any()):
            lacking = "fit on" if test.any() else "test on"
            found = f"number {i % folds.k + 1} has no row to {lacking}"
            raise NotPossible(f"{folds.k} folds of {folds.named}", found, hint)


def _labels(rows: LabelledRows, frame: pl.DataFrame) -> tuple[np.ndarray, list[str]]:
    """A number for the label of each row's entity (its commonest, of equals the first in the alphabet), and the labels.

    Raises:
        NotPossible: The target is a quantity.
    """
    import polars as pl

    names = frame["_label"].unique().sort().to_list()
    refuse_quantity(rows, names, "stratified folds", "leave `stratified` out, or stratify by a target with classes")
    numbered = frame.select("_place_0", _number=pl.col("_label").rank("dense") - 1)
    counts = numbered.group_by("_place_0", "_number").len().sort("len", "_number", descending=[True, False])
    commonest = counts.unique("_place_0", keep="first", maintain_order=True).select("_place_0", _of="_number")
    return numbered.join(commonest, on="_place_0", how="left", maintain_order="left")["_of"].to_numpy(), names


def _even(places: np.ndarray, starts: Sequence[float], labels: np.ndarray, k: int) -> np.ndarray:
    """The fold of each row so that, of each label, every fold has as many entities as another, within one.

    The entities of a label stand in a row by their place, and are cut into k pieces. Where the first cut lies is drawn
    for each label (`starts`), or the one entity of a rare label would always be in the first fold.
    """
    import numpy as np

    numbers = np.empty(len(places), dtype=np.int64)
    for label, start in enumerate(starts):
        of_label = labels == label
        different, rank = np.unique(places[of_label], return_inverse=True)
        numbers[of_label] = np.minimum(((rank + start) * k / max(1, len(different))).astype(np.int64), k - 1)
    return numbers


def _starts(rows: LabelledRows, times: np.ndarray, k: int) -> np.ndarray:
    """When each of the k later parts of time begins, of k + 1 parts with as many rows; infinity at the end."""
    import numpy as np

    known = np.sort(times[np.isfinite(times)])
    if not len(known):
        raise NotPossible(f"{k} folds of {rows.named}", "no row has a label and a time", "look at its `time`")
    starts = known[[-(-len(known) * i // (k + 1)) for i in range(1, k + 1)]]
    if len(np.unique(starts)) < k or starts[0] == known[0]:
        found = f"its {len(np.unique(known)):,} different times cannot be cut into {k + 1} parts of equal size"
        raise NotPossible(f"{k} folds of {rows.named}", found, FEWER)
    return np.append(starts, np.inf)
