from __future__ import annotations

import math

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import column_stats
from checks import profile as profiles
from checks.bins import Cells, merged, ordered_cells
from checks.both_sides import common_entities
from checks.collect import one_row
from checks.column_stats import figure_of, quartiles, stats_of
from checks.figure import draw
from checks.profile import IS_A_NAME, cells_of, count_entities, rows_for_edges, scan


def table_of(frame: pl.DataFrame):
    connection = duckdb.connect()
    connection.register("frame", frame.to_arrow())
    return ibis.duckdb.from_connection(connection).table("frame")


def mixed(n: int = 3_000) -> pl.DataFrame:
    drawn = np.random.default_rng(0)
    x = drawn.normal(size=n)
    x[:40], x[40:60], x[60:70] = np.nan, np.inf, -np.inf
    return pl.DataFrame(
        {
            "x": pl.Series([None if i in range(100, 150) else v for i, v in enumerate(x.tolist())]),
            "zeros": np.where(drawn.random(n) < 0.7, 0.0, drawn.exponential(size=n)),
            "whole": drawn.poisson(3, n),
            "tenths": drawn.normal(size=n).round(1),
            "flag": drawn.random(n) < 0.3,
            "level": drawn.choice(["a", "b", "other", "missing"], n),
            "many": [f"L{i}" for i in drawn.zipf(1.4, n) % 400],
            "name": [f"row {i}" for i in range(n)],
            "day": pl.Series(drawn.integers(0, 300, n).tolist()).cast(pl.Int32).cast(pl.Date),
            "nothing": pl.Series([None] * n, dtype=pl.Float64),
            "_entity": [str(i // 3) for i in range(n)],
            "_bucket": [(i // 3 * 7) % 256 for i in range(n)],
            "_part": [["train", "dev", None][i // 3 % 3] for i in range(n)],
        }
    )


COLUMNS = ("x", "zeros", "whole", "tenths", "flag", "level", "many", "name", "day", "nothing")


@pytest.fixture(scope="module")
def profiled():
    frame = mixed()
    table = table_of(frame)
    return frame, scan(table, cells_of(table, COLUMNS, n_rows=len(frame)), n_rows=len(frame))


def numbers(frame: pl.DataFrame, cells: Cells) -> np.ndarray:
    series = frame[cells.column]
    series = series.cast(pl.Int64) * 86_400 if cells.kind == "time" else series
    return series.cast(pl.Float64).fill_null(math.nan).to_numpy()


def test_every_count_is_that_of_a_count_by_hand(profiled) -> None:
    """Of every cell, part and bucket, against NumPy: edges are closed above, what is not finite is missing."""
    frame, profile = profiled
    for part in ("train", "dev", "unused"):
        rows = frame.filter(pl.col("_part").fill_null("unused") == part)
        for cells in profile.cells:
            if not cells.is_ordered:
                continue
            x = numbers(rows, cells)
            at = np.where(np.isfinite(x), np.searchsorted(cells.edges, x), cells.n_cells - 1)
            expected = np.zeros((256, cells.n_cells))
            np.add.at(expected, (rows["_bucket"].to_numpy(), at), 1)
            assert (profile.parts[part].counts[cells.column] == expected).all(), cells.column


def test_levels_are_counted_apart_from_those_that_are_named_like_a_cell(profiled) -> None:
    frame, profile = profiled
    cells = next(c for c in profile.cells if c.column == "level")
    train = frame.filter(pl.col("_part") == "train")
    expected = [train.filter(level=label).height for label in cells.labels]
    assert profile.parts["train"].counts["level"].sum(axis=0).tolist() == [*expected, 0, 0]


def test_levels_beyond_the_64_commonest_are_counted_together(profiled) -> None:
    frame, profile = profiled
    cells = next(c for c in profile.cells if c.column == "many")
    assert len(cells.labels) == 64
    rare = frame.filter(~pl.col("many").is_in(cells.labels), pl.col("_part") == "dev").height
    assert profile.parts["dev"].counts["many"].sum(axis=0)[64] == rare > 0


def test_counts_add_up_to_the_rows_in_every_bucket(profiled) -> None:
    frame, profile = profiled
    for side in profile.parts.values():
        for counts in (*side.counts.values(), *side.precision.values()):
            assert (counts.sum(axis=1) == side.rows).all()
    assert sum(side.n_rows for side in profile.parts.values()) == len(frame)
    assert sum(side.n_entities for side in profile.parts.values()) == frame["_entity"].n_unique()


def test_a_text_of_values_that_are_all_different_is_a_name(profiled) -> None:
    _, profile = profiled
    name = next(c for c in profile.cells if c.column == "name")
    assert (name.kind, name.why) == ("text", IS_A_NAME)
    assert profile.parts["train"].counts["name"].sum() == profile.parts["train"].n_rows


def test_decimal_places_are_counted(profiled) -> None:
    _, profile = profiled
    whole, tenths, *rest = sum(side.precision["tenths"].sum(axis=0) for side in profile.parts.values())
    assert tenths > 8 * whole > 0
    assert sum(rest) == 0
    assert "whole" not in profile.parts["train"].precision


def test_a_value_of_many_rows_is_a_cell_of_its_own(profiled) -> None:
    frame, profile = profiled
    cells = next(c for c in profile.cells if c.column == "zeros")
    at = int(np.searchsorted(cells.edges, 0.0))
    counted = sum(side.counts["zeros"][:, at].sum() for side in profile.parts.values())
    assert counted == frame.filter(pl.col("zeros") == 0).height


def test_the_order_of_rows_changes_nothing(profiled) -> None:
    frame, profile = profiled
    table = table_of(frame.sample(fraction=1, shuffle=True, seed=3))
    again = scan(table, cells_of(table, COLUMNS, n_rows=len(frame)), n_rows=len(frame))
    assert again.cells == profile.cells
    for part, side in profile.parts.items():
        for column, counts in side.counts.items():
            assert (again.parts[part].counts[column] == counts).all()


def test_statistics_are_those_of_polars(profiled) -> None:
    frame, profile = profiled
    cells = next(c for c in profile.cells if c.column == "x")
    told = stats_of(profile, cells, ("train", "dev"))
    x = numbers(frame.filter(pl.col("_part") == "train"), cells)
    finite = x[np.isfinite(x)]
    assert told["train"]["n_rows"] == len(x)
    assert told["train"]["n_missing"] == len(x) - len(finite)
    assert told["train"]["mean"] == pytest.approx(finite.mean())
    assert told["train"]["sd"] == pytest.approx(finite.std(ddof=1))
    assert (told["train"]["min"], told["train"]["max"]) == (finite.min(), finite.max())
    assert told["all"]["n_rows"] == len(frame)
    levels = stats_of(profile, next(c for c in profile.cells if c.column == "level"), ())["all"]["top"]
    assert dict(map(tuple, levels)) == dict(frame["level"].value_counts().iter_rows())


def test_edges_are_of_about_as_many_rows_however_large_the_table(monkeypatch) -> None:
    monkeypatch.setattr(profiles, "ROWS_FOR_EDGES", 300)
    frame = pl.DataFrame({"_entity": [str(i) for i in range(60_000)], "_bucket": [i % 256 for i in range(60_000)]})
    rows = rows_for_edges(table_of(frame), len(frame))
    assert one_row(rows.aggregate(n=rows.count()))["n"] == pytest.approx(300, rel=0.25)


def test_entities_of_many_rows_are_counted_some_buckets_at_a_time(monkeypatch) -> None:
    entity = np.arange(3_000) // 3
    part = np.where(np.arange(3_000) % 11 < 6, "train", "dev")
    names = [f"e{i}" if i % 50 else None for i in entity]
    frame = pl.DataFrame({"_part": part, "_entity": names, "_bucket": pl.Series(entity * 7 % 256, dtype=pl.UInt8)})
    table = table_of(frame)

    def told() -> tuple[list[list[float]], int]:
        counted = count_entities(table, ["dev", "train"], n_rows=3_000)
        return [counts.tolist() for counts in counted.values()], common_entities(table, n_rows=3_000)

    whole = told()
    monkeypatch.setattr(profiles, "ROWS_OF_ENTITIES", 400)
    assert told() == whole
    assert whole[1] > 0


def test_quartiles_are_exact_or_absent(profiled, monkeypatch) -> None:
    frame, profile = profiled
    table = table_of(frame)
    found = quartiles(table, profile)
    assert found["whole"]["all"]["median"] == np.median(frame["whole"])
    assert found["tenths"]["dev"]["q25"] == pytest.approx(np.quantile(frame.filter(_part="dev")["tenths"], 0.25))
    for name in ("whole", "tenths", "zeros", "x"):
        for part, values in [("all", frame), *((part, frame.filter(_part=part)) for part in ("train", "dev"))]:
            number = values[name].fill_null(math.nan).to_numpy()
            expected = np.quantile(number[np.isfinite(number)], [0.25, 0.5, 0.75])
            assert list(found[name][part].values()) == pytest.approx(expected)
    monkeypatch.setattr(column_stats, "ROWS_FOR_QUARTILES", len(frame) - 1)
    assert quartiles(table, profile) == {}


def test_a_figure_is_small_and_its_shares_add_up(profiled) -> None:
    _, profile = profiled
    for cells in profile.cells:
        figure = figure_of(profile, cells, ("train", "dev", "test"))
        if figure is None:
            continue
        assert len(str(figure)) < 2_048
        assert set(figure["series"]) == {"train", "dev"}
        for shares in figure["series"].values():
            assert sum(shares) == pytest.approx(1, abs=0.002)
        if figure["kind"] == "histogram":
            assert all(len(s) == len(figure["edges"]) - 1 for s in figure["series"].values())
    assert figure_of(profile, next(c for c in profile.cells if c.column == "nothing"), ("train",)) is None


def test_levels_that_are_not_drawn_are_all_others_and_no_number_is_made_up(profiled) -> None:
    """The column has hundreds of levels, of which the 64 commonest are known by name."""
    frame, profile = profiled
    figure = figure_of(profile, next(c for c in profile.cells if c.column == "many"), ("train", "dev"))
    assert figure
    assert figure["labels"][-1] == "all other levels"
    shown, train = figure["labels"][:-1], frame.filter(_part="train")["many"]
    assert len(shown) == 11
    assert figure["series"]["train"][-1] == pytest.approx((~train.is_in(shown)).mean(), abs=0.001)
    picture = draw(figure)
    assert "all other levels" in picture
    assert " more<" not in picture  # "2 more", of hundreds, was said once


def test_cells_survive_json(profiled) -> None:
    import json

    for cells in profiled[1].cells:
        assert Cells.from_json(json.loads(json.dumps(cells.to_json()))) == cells


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=1, max_size=60))
def test_edges_rise_and_end_at_infinity_whatever_the_values(values: list[float]) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        cells = ordered_cells("x", "float64", "numeric", np.array(values), has_precision=False)
    edges = np.array(cells.edges)
    assert edges[-1] == np.inf
    assert (np.diff(edges[:-1]) > 0).all()
    assert not np.isnan(edges).any()
    assert set(cells.shown) <= set(cells.edges)


def test_groups_are_at_most_as_many_as_asked_and_missing_stays_apart() -> None:
    cells = ordered_cells("x", "float64", "numeric", np.random.default_rng(1).normal(size=5_000), has_precision=False)
    pooled = np.append(np.random.default_rng(2).integers(0, 50, cells.n_cells - 1), 30).astype(float)
    groups = merged(pooled, cells, 10)
    assert len(set(groups.tolist())) == 11
    assert (np.diff(groups) >= 0).all()
    assert groups[-1] not in groups[:-1]


def test_values_beyond_64_bit_integers_are_counted_and_told() -> None:
    values = [1e20 if i % 10 == 0 else i / 7 for i in range(300)]
    frame = pl.DataFrame({"x": values, "far": [1e120 if v == 1e20 else v for v in values]})
    frame = frame.with_columns(huge=pl.Series([1e308, -1e308] * 150), _bucket=pl.arange(0, 300) % 256)
    table = table_of(frame.with_columns(_part=pl.lit("train"), _entity=pl.arange(0, 300).cast(pl.String)))
    cells = cells_of(table, ["x", "far", "huge"], n_rows=300)
    profile = scan(table, cells, n_rows=300)
    x, far, huge = (stats_of(profile, c, ("train",))["train"] for c in cells)
    assert x["mean"] == pytest.approx(float(np.mean(values)))
    assert (x["max"], far["max"], huge["min"]) == (1e20, 1e120, -1e308)
    assert "mean" not in far, "its moments are not those of all values"
    assert profile.parts["train"].precision["x"].sum() == 300
    assert cells[2].why == "it has values beyond 1e+150, whose squares no number holds"


def test_no_row_at_all_is_counted_as_none(profiled) -> None:
    frame = mixed()
    table = table_of(frame)
    cells = cells_of(table, [c for c in frame.columns if not c.startswith("_")], n_rows=len(frame))
    assert scan(table.limit(0), cells, n_rows=0).parts == {}


def test_all_that_is_counted_is_that_of_a_count_by_hand(profiled) -> None:
    """Decimal places, moments, extremes and levels of every part and bucket, against NumPy and Polars."""
    frame, profile = profiled
    for part, side in profile.parts.items():
        rows = frame.filter(pl.col("_part").fill_null("unused") == part)
        bucket = rows["_bucket"].to_numpy()
        for cells in profile.cells:
            if not cells.is_ordered:
                is_missing = rows[cells.column].is_null().to_numpy().astype(float)
                assert (side.counts[cells.column][:, -1] == np.bincount(bucket, is_missing, 256)).all()
                for i, label in enumerate(cells.labels):
                    is_level = (rows[cells.column].cast(pl.String) == label).fill_null(value=False).to_numpy()
                    assert (side.counts[cells.column][:, i] == np.bincount(bucket, is_level, 256)).all()
                continue
            x = numbers(rows, cells)
            finite = np.isfinite(x)
            standard = np.where(finite, (x - cells.median) / cells.iqr, 0.0)
            sums = [np.bincount(bucket, each, 256) for each in (finite, standard, standard**2)]
            assert side.moments[cells.column] == pytest.approx(np.stack(sums, axis=1))
            ends = profile.extremes.get((cells.column, part))
            assert (ends and (ends.low, ends.high)) == ((x[finite].min(), x[finite].max()) if finite.any() else None)
            if cells.has_precision:
                n_places = [
                    next((k for k in range(4) if v == round(v, k)), 4) if ok else 5
                    for v, ok in zip(x, finite, strict=True)
                ]
                expected = np.zeros((256, 6))
                np.add.at(expected, (bucket, n_places), 1)
                assert (side.precision[cells.column] == expected).all()
