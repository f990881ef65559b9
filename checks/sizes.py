"""What each split holds: rows, entities, labels, times; and whether every row is accounted for.

What crosses between splits is `checks.leakage`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from checks.collect import collect, one_row
from checks.finding import Finding

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_CLASSES = 20
LARGEST_TO_SQUARE = 1e100  # beyond it no number holds the squares that a standard deviation is made of
HELD_BACK = "held back"


def is_unlabelled(target: ir.Column) -> ir.BooleanValue:
    """Whether a row has no label: its target is missing, or is no finite number where numbers are meant."""
    if not target.type().is_floating():
        return target.isnull()
    return target.isnull() | (target.isnan() | target.isinf()).fill_null(False)


def split_sizes(table: ir.Table, *, target: str | None, time: str | None) -> list[dict[str, Any]]:
    """One row for each split: `n_rows`, `n_entities`, `n_unlabelled`, `label`, `first_time`, `last_time`.

    Args:
        table: Has `_split` and `_entity`.
        target: Its column, or None.
        time: The column of time, or None.

    Returns:
        In no order. `label` has the shares of classes (at most 20 classes), or mean and standard deviation, or is None.
    """
    placed = table.filter(table["_split"].notnull())
    measures: dict[str, Any] = {"n_rows": placed.count(), "n_entities": placed["_entity"].nunique()}
    if target:
        measures["n_unlabelled"] = is_unlabelled(placed[target]).sum()
    if time:
        measures |= {"first_time": placed[time].min().cast("string"), "last_time": placed[time].max().cast("string")}
    rows = collect(placed.group_by(split=placed["_split"]).agg(**measures)).to_dicts()
    labels = _labels(placed, target) if target else {}
    empty = {"n_unlabelled": 0, "first_time": None, "last_time": None}
    return [empty | row | {"label": labels.get(row["split"])} for row in rows]


def _labels(placed: ir.Table, target: str) -> dict[str, dict[str, Any]]:
    labelled = placed.filter(~is_unlabelled(placed[target]))
    column = labelled[target]
    # One class more than is shown: the query stays small whatever the column holds.
    classes = collect(labelled.select(target).distinct().limit(MOST_CLASSES + 1))
    is_quantity = classes[target].dtype.is_float() or classes[target].dtype.is_decimal()
    if len(classes) <= MOST_CLASSES and not is_quantity:
        counts = collect(
            labelled.group_by(split=labelled["_split"], label=column.cast("string")).agg(n=labelled.count())
        )
        return {split: _shares(counts.filter(split=split).to_dicts()) for split in counts["split"].unique()}
    if not column.type().is_numeric():
        return {}
    number = column.cast("float64")
    most = one_row(labelled.aggregate(most=number.abs().max()))["most"] or 0.0
    scale = most if most > LARGEST_TO_SQUARE else 1.0
    scaled = number / scale
    rows = collect(labelled.group_by(split=labelled["_split"]).agg(mean=scaled.mean(), sd=scaled.std())).to_dicts()
    return {row["split"]: {"kind": "numeric", **{m: _times(row[m], scale) for m in ("mean", "sd")}} for row in rows}


def _times(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale


def _shares(counts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    total = sum(row["n"] for row in counts)
    return {
        "kind": "classes",
        "shares": {row["label"]: row["n"] / total for row in sorted(counts, key=lambda r: r["label"])},
    }


def unused_rows(table: ir.Table, *, target: str | None) -> list[dict[str, Any]]:
    """How many rows are in no split, and how many of these have no label, by reason."""
    unused = table.filter(table["_split"].isnull())
    measures = {"n_rows": unused.count()} | ({"n_unlabelled": is_unlabelled(unused[target]).sum()} if target else {})
    rows = collect(unused.group_by(reason=unused["_unused"]).agg(**measures).order_by("reason")).to_dicts()
    return [{"n_unlabelled": 0} | row for row in rows]


def accounted(sizes: Sequence[Mapping[str, Any]], unused: Sequence[Mapping[str, Any]], *, n_rows: int) -> Finding:
    """Does every accepted row have a split or a reason why not?"""
    n_placed, n_unused = sum(row["n_rows"] for row in sizes), sum(row["n_rows"] for row in unused)
    held_back = sum(row["n_rows"] for row in unused if row["reason"] == HELD_BACK)
    seen = f"{n_placed:,} rows in splits + {n_unused:,} unused = {n_rows:,} accepted"
    if n_placed + n_unused != n_rows or any(row["reason"] is None for row in unused):
        return Finding(code="SPLIT1", outcome="fail", seen=seen.replace(" = ", ", not "))
    if held_back:
        return Finding(
            code="SPLIT1", outcome="warn", seen=f"{seen}; {held_back:,} of them held back ({held_back / n_rows:.1%})"
        )
    return Finding(code="SPLIT1", outcome="pass", seen=seen)


def empty_splits(sizes: Sequence[Mapping[str, Any]], asked: Sequence[str]) -> Finding:
    """Is a split that was asked for empty?"""
    empty = [split for split in asked if split not in {row["split"] for row in sizes}]
    if empty:
        return Finding(code="SPLIT2", outcome="warn", seen=f"no row is in {', '.join(empty)}")
    return Finding(code="SPLIT2", outcome="pass", seen=f"all of {', '.join(asked)} have rows")


def labels(sizes: Sequence[Mapping[str, Any]], target: str | None) -> Finding:
    """Can each split fit or judge a model: has it labels, and more than one?"""
    if target is None:
        return Finding(code="TARGET1", outcome="not_applicable", seen="the dataset has no target")
    n_unlabelled = sum(row["n_unlabelled"] for row in sizes)
    bad = [row["split"] for row in sizes if row["n_unlabelled"] == row["n_rows"] or _is_one_class(row["label"])]
    if bad:
        return Finding(
            code="TARGET1", outcome="warn", column=target, seen=f"{', '.join(sorted(bad))} have no label, or only one"
        )
    return Finding(
        code="TARGET1",
        outcome="pass",
        column=target,
        seen=f"{n_unlabelled:,} rows without label are kept and left out of models",
    )


def _is_one_class(label: Mapping[str, Any] | None) -> bool:
    return label is not None and label["kind"] == "classes" and len(label["shares"]) < 2
