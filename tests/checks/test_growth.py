"""Rows that were added are counted alone, and the counts are those of all rows by the same cells."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import replace

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.added_rows import by_pooled_levels, compare_added, whole_sides
from checks.bins import Cells
from checks.both_sides import Both, compare_both, unite
from checks.column_parts import cells_with_parts, with_parts
from checks.growth import anew, grow, pooled_counts
from checks.profile import Profile, scan
from checks.shift_question import Question
from checks.units import Side

KEPT = ("_part", "_entity", "_bucket")
COLUMNS = ["number", "whole", "level", "many", "is_it", "at", "text", "tags"]
N_ENTITIES = 400
SCHEMA = {
    "number": pl.Float64,
    "whole": pl.Int64,
    "level": pl.String,
    "many": pl.String,
    "is_it": pl.Boolean,
    "at": pl.Datetime,
    "text": pl.String,
    "tags": pl.List(pl.Int64),
    "_entity": pl.String,
    "_bucket": pl.UInt8,
    "_part": pl.String,
}


def listed(values: list | np.ndarray) -> list:
    return values if isinstance(values, list) else values.tolist()


def rows(drawn: np.random.Generator, n: int, *, entities: tuple[int, int], levels: int, scale: float) -> pl.DataFrame:
    """Rows of some entities, a tenth of all values missing; some entities are in two parts, some rows in none."""
    entity = drawn.integers(*entities, n)
    gaps = drawn.random((len(COLUMNS), n)) < 0.1
    texts = ["".join(drawn.choice(list(string.ascii_lowercase + "  "), 12)) for _ in range(n)]
    values = {
        "number": scale * drawn.standard_cauchy(n),
        "whole": drawn.integers(0, 5, n),
        "level": drawn.choice(list("abc"), n),
        "many": [f"l{k}" for k in np.minimum(drawn.zipf(1.3, n), levels)],
        "is_it": drawn.random(n) < 0.5,
        "at": np.datetime64("2024-01-01", "us") + drawn.integers(0, 10**12, n).astype("timedelta64[us]"),
        "text": texts,
        "tags": [[0] * k for k in drawn.integers(0, 4, n)],
    }
    made = {
        name: [None if gap else value for gap, value in zip(gaps[i], listed(of), strict=True)]
        for i, (name, of) in enumerate(values.items())
    }
    part = np.array(["train", "dev", "test"])[(entity + (drawn.random(n) < 0.05)) % 3]
    ours = {
        "_entity": [f"e{k}" for k in entity],
        "_bucket": entity * 7 % 256,
        "_part": [None if k % 29 == 0 else one for k, one in zip(entity, part, strict=True)],
    }
    return pl.DataFrame(made | ours, schema=SCHEMA)


class Tables:
    """A table before and after rows were added, in an engine."""

    def __init__(self, before: pl.DataFrame, added: pl.DataFrame) -> None:
        connection = duckdb.connect()
        engine = ibis.duckdb.from_connection(connection)
        self.n_rows = len(before) + len(added)
        for name, frame in {"before": before, "added": added, "after": pl.concat([before, added])}.items():
            connection.register("frame", frame.to_arrow())
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
            setattr(self, name, engine.table(name))
        table, self.cells = cells_with_parts(self.before, COLUMNS, n_rows=len(before))
        self.kept = scan(table, self.cells, n_rows=len(before))
        self.grown = grow(self.kept, self.added, self.before, n_rows=self.n_rows, has_entities=True)

    def both(self) -> Both:
        sides = [table.filter(table["_part"].notnull()).drop("_part") for table in (self.before, self.added)]
        return unite(*sides, kept=("_entity", "_bucket"))


def assert_same_side(one: Side, two: Side) -> None:
    assert np.array_equal(one.rows, two.rows)
    assert np.array_equal(one.entities, two.entities)
    for ours, theirs in ((one.counts, two.counts), (one.precision, two.precision)):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    # Sums of floats depend on their order.
    assert all(np.allclose(one.moments[name], two.moments[name], rtol=1e-12, atol=1e-9) for name in two.moments)


@settings(max_examples=3, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.tuples(st.integers(1, 600), st.integers(1, 300)),
    first_new=st.integers(0, N_ENTITIES),
    levels=st.sampled_from([5, 80, 400]),
    scale=st.sampled_from([1.0, 1e6]),
)
def test_counts_of_added_rows_and_kept_ones_are_those_of_all_rows(
    seed: int, sizes: tuple[int, int], first_new: int, levels: int, scale: float
) -> None:
    drawn = np.random.default_rng(seed)
    before = rows(drawn, sizes[0], entities=(0, N_ENTITIES), levels=levels, scale=1.0)
    # Late rows of entities that were there, and rows of new ones.
    late = rows(drawn, sizes[1], entities=(first_new, 2 * N_ENTITIES), levels=levels + 20, scale=scale)
    tables = Tables(before, late)
    whole = scan(with_parts(tables.after, tables.cells), tables.cells, n_rows=tables.n_rows)
    assert list(tables.grown.profile.parts) == list(whole.parts)
    for part, side in whole.parts.items():
        assert_same_side(tables.grown.profile.parts[part], side)
    assert tables.grown.profile.extremes == whole.extremes
    both = tables.both()
    if len(before.filter(pl.col("_part").is_not_null())) and len(late.filter(pl.col("_part").is_not_null())):
        table = with_parts(both.table, tables.cells)
        sides = by_pooled_levels(table, whole_sides(table, tables.grown))
        counted = scan(with_parts(both.table, sides.cells), sides.cells, n_rows=tables.n_rows)
        assert_same_side(sides.old, counted.parts["reference"])
        assert_same_side(sides.new, counted.parts["current"])


def grown_by(n_added: int, **changed: pl.Expr) -> Tables:
    drawn = np.random.default_rng(5)
    before = rows(drawn, 4_000, entities=(0, N_ENTITIES), levels=200, scale=1.0)
    late = rows(drawn, n_added, entities=(N_ENTITIES, 2 * N_ENTITIES), levels=200, scale=1.0)
    return Tables(before, late.with_columns(**changed))


def test_added_rows_are_compared_by_levels_of_both_sides_without_a_false_alarm() -> None:
    tables = grown_by(1_500)
    both, question = tables.both(), Question(unit="it", n_assignments=199)
    ours = compare_added(both, tables.grown, question, reference="old", current="new")
    theirs = compare_both(both, question, reference="old", current="new")
    assert (ours.unit, ours.n_groups, ours.n_current) == (theirs.unit, theirs.n_groups, theirs.n_current)
    assert {c.column: c.verdict for c in ours.columns if c.verdict == "shifted"} == {}
    levels = [{c.column: c for c in report.columns}["many"] for report in (ours, theirs)]
    assert (levels[0].effect, levels[0].low, levels[0].p_value) == (levels[1].effect, levels[1].low, levels[1].p_value)
    assert (ours.n_pairs, ours.shifted_pairs) == (theirs.n_pairs, theirs.shifted_pairs) != (0, ())


def test_entities_that_were_there_are_told_from_counts_where_each_is_in_one_part() -> None:
    drawn = np.random.default_rng(3)
    parts = pl.col("_entity").str.slice(1).cast(pl.Int64).mod(3).replace_strict({0: "train", 1: "dev", 2: None})
    before, late = (
        rows(drawn, n, entities=(0, N_ENTITIES), levels=5, scale=1.0).with_columns(_part=parts) for n in (900, 300)
    )
    tables = Tables(before, late)
    question = Question(unit="it", n_assignments=199)
    asked, counted = (
        compare_added(tables.both(), replace(tables.grown, is_apart=apart), question, reference="old", current="new")
        for apart in (False, True)
    )
    assert "swapped in pairs" in counted.unit
    assert asked == counted


def test_a_new_level_of_a_small_dictionary_is_named() -> None:
    tables = grown_by(600, level=pl.lit("new"))
    both = tables.both()
    pooled = by_pooled_levels(both.table, whole_sides(both.table, tables.grown))
    labels = [{c.column: c.labels for c in cells}["level"] for cells in (tables.cells, pooled.cells)]
    assert sorted(labels[0]) == ["a", "b", "c"]
    assert sorted(labels[1]) == ["a", "b", "c", "new"]
    assert pooled.new.counts["level"][:, labels[1].index("new")].sum() == pooled.new.n_rows
    assert not pooled.old.counts["level"][:, labels[1].index("new")].any()


def counted(values: Mapping[str, list[int]], *, why: str = "") -> tuple[Profile, dict[str, np.ndarray]]:
    """A profile of one column of numbers and one of levels, and as what it was learned."""
    cells = (
        Cells(column="x", type="float64", kind="numeric", edges=(*range(9), float("inf")), why=why),
        Cells(column="k", type="string", kind="category", labels=("a", "b")),
    )
    counts = {name: np.zeros((256, len(of))) for name, of in values.items()}
    for name, of in values.items():
        counts[name][0] = of
    total = np.zeros(256)
    total[0] = sum(values["x"])
    profile = Profile(cells=cells, parts={"a": Side(name="a", rows=total, entities=total, counts=counts)}, extremes={})
    return profile, pooled_counts(profile)


LEARNED_X, LEARNED_K = [5, *([110] * 9), 5], [600, 400, 0, 0]


@pytest.mark.parametrize(
    ("x", "k", "why"),
    [
        ([5, *([111] * 9), 5], [610, 399, 0, 0], ""),
        ([10, *([220] * 9), 11], [1_201, 800, 0, 0], "more than 2 times"),
        ([5, *([110] * 7), 120, 110, 5], [605, 400, 5, 0], ""),
        ([5, *([110] * 9), 5], [600, 390, 10, 0], "k: levels outside the dictionary"),
        ([15, *([110] * 9), 5], [610, 400, 0, 0], "x: values beyond the outer edges"),
        ([5, 190, *([110] * 8), 5], [680, 400, 0, 0], "x: a cell holds too much"),
    ],
)
def test_cells_are_learned_anew_when_they_no_longer_fit(x: list[int], k: list[int], why: str) -> None:
    _, learned = counted({"x": LEARNED_X, "k": LEARNED_K})
    told = anew(counted({"x": x, "k": k})[0], learned)
    assert why in told
    assert bool(why) == bool(told)
