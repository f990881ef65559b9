"""`import gristmill as gm`: what Python gets from a warehouse, and what it does not have to import for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import gristmill as gm
import polars as pl
import pyarrow as pa
import pytest

from assets.errors import SpecError
from warehouse.errors import NoTarget, NotFound, QueryError

SPLITS = {"train", "dev", "test"}


def test_list_has_a_row_for_each_dataset(reading: Path) -> None:
    (row,) = gm.list().to_dicts()
    assert (row["name"], row["version"], row["n_rows"], row["owners"], row["status"]) == (
        "churn",
        1,
        299,
        ["team:shop"],
        "published",
    )


def test_list_of_a_project_without_datasets_is_empty(make_project: Callable[..., Path]) -> None:
    assert gm.list(project=make_project({})).is_empty()


def test_a_dataset_shows_what_it_is(reading: Path) -> None:
    first, second, third = repr(gm.dataset("churn")).split("\n")
    assert first == "<Dataset churn@1: 299 rows, 5 columns, target 'churned'"
    assert [word.split()[0] for word in second.strip().split(" · ")] == ["train", "dev", "test"]
    assert third.startswith("  3 warnings, published 20")


def test_a_dataset_has_its_columns_features_splits_and_findings(reading: Path) -> None:
    d = gm.dataset("churn")
    assert d.columns == {"id": "BIGINT", "city": "VARCHAR", "spent": "BIGINT", "joined": "DATE", "churned": "BIGINT"}
    assert (d.name, d.version, d.target, d.features) == ("churn", 1, "churned", ["city", "spent"])
    assert {row["split"]: row["n_rows"] for row in d.splits} == {split: d.load(split).height for split in SPLITS}
    assert [row["code"] for row in d.findings if row["outcome"] == "warn"] == ["CONTRACT1", "LEAK10", "LEAK11"]


def test_load_gives_all_rows_with_their_split(reading: Path) -> None:
    rows = gm.dataset("churn").load()
    assert rows.columns == ["id", "city", "spent", "joined", "churned", "split"]
    assert (rows.height, set(rows["split"])) == (299, SPLITS)


def test_load_of_a_split_gives_its_rows_alone(reading: Path) -> None:
    d = gm.dataset("churn")
    rows = d.load()
    for split in SPLITS:
        expected = rows.filter(pl.col("split") == split).drop("split").sort("id")
        assert d.load(split).sort("id").equals(expected)


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_validation_means_dev(name: str, reading: Path) -> None:
    d = gm.dataset("churn")
    assert d.load(name).sort("id").equals(d.load("dev").sort("id"))


def test_load_takes_columns_in_their_order_and_a_condition(reading: Path) -> None:
    rows = gm.dataset("churn").load(columns=["spent", "id"], where="id in (1, 2, 13)")
    assert sorted(rows.rows()) == [(7, 1), (14, 2), (91, 13)]
    assert rows.columns == ["spent", "id"]


def test_a_condition_may_name_a_column_that_is_not_loaded(reading: Path) -> None:
    rows = gm.dataset("churn").load("train", columns=["id"], where="city = 'Bern' and id < 10")
    assert rows.columns == ["id"]
    assert set(rows["id"]) <= {1, 2, 4, 5, 7, 8}


def test_load_gives_polars_arrow_or_a_lazy_frame(reading: Path) -> None:
    d = gm.dataset("churn")
    frame = d.load("dev").sort("id")
    arrow, lazy = d.load("dev", as_="arrow"), d.load("dev", as_="lazy")
    assert isinstance(arrow, pa.Table)
    assert isinstance(lazy, pl.LazyFrame)
    assert pl.DataFrame(arrow).sort("id").equals(frame)
    assert lazy.sort("id").collect().equals(frame)


def test_two_results_are_read_one_after_the_other(reading: Path) -> None:
    d = gm.dataset("churn")
    lazy = d.load("dev", as_="lazy")
    n_train = d.load("train").height
    assert lazy.collect().height == d.load("dev").height
    assert n_train == d.load("train").height


def test_a_name_that_there_is_not_is_not_found(reading: Path) -> None:
    with pytest.raises(NotFound, match="No published dataset named 'chrun'") as error:
        gm.dataset("chrun")
    assert error.value.__notes__ == ["Hint: did you mean 'churn'?"]
    with pytest.raises(NotFound, match="No version of 'churn' named '7'"):
        gm.dataset("churn@7")
    with pytest.raises(NotFound, match="No split of 'churn' named 'trian'"):
        gm.dataset("churn").load("trian")
    with pytest.raises(NotFound, match="No column of 'churn' named 'spend'"):
        gm.dataset("churn").load(columns=["spend"])
    with pytest.raises(NotFound, match="No dataset named 'chrun'"):
        gm.run("chrun")


def test_a_condition_that_does_not_hold_is_a_query_error(reading: Path) -> None:
    d = gm.dataset("churn")
    with pytest.raises(QueryError, match="syntax error"):
        d.load(where="spent >")
    with pytest.raises(QueryError, match="spend"):
        d.load(where="spend > 1")
    with pytest.raises(QueryError, match="syntax error"):
        gm.sql("selec 1")


def test_xy_gives_the_labelled_rows_and_no_column_but_features(reading: Path) -> None:
    d = gm.dataset("churn")
    parts = [d.xy(split) for split in sorted(SPLITS)]
    for x, y in parts:
        assert x.columns == ["city", "spent"]  # no key, time or target
        assert (y.name, y.null_count(), y.len()) == ("churned", 0, x.height)
    assert sum(y.len() for _, y in parts) == 298  # number 13 has no label
    assert d.load(where="id = 13")["churned"].to_list() == [None]


def test_xy_leaves_out_the_entity_and_not_features(
    make_project: Callable[..., Path], run_project: Callable[..., object]
) -> None:
    rows = "".join(f"{i},{i % 40},{i % 7},{i * 3 % 11},{i % 2}\n" for i in range(80))
    text = "source: t.csv\nkey: [visit, kind]\ntarget: y\nnot_features: later\nsplits: {entity: customer}\n"
    root = make_project({"t.yaml": text}, {"t.csv": f"visit,customer,kind,later,y\n{rows}"})
    run_project(root)
    x, _ = gm.dataset("t", project=root).xy("train")
    assert x.columns == ["visit", "kind"]  # parts of a key of several columns may be features


def test_xy_of_a_dataset_without_target_says_so(
    make_project: Callable[..., Path], run_project: Callable[..., object]
) -> None:
    root = make_project({"t.yaml": "source: t.csv\n"}, {"t.csv": "a\n1\n2\n"})
    run_project(root)
    with pytest.raises(NoTarget, match="Dataset 't' has no target") as told:
        gm.dataset("t", project=root).xy("train")
    assert "datasets/t.yaml" in told.value.__notes__[0]


def test_xy_leaves_out_a_target_that_is_not_a_number(
    make_project: Callable[..., Path], run_project: Callable[..., object]
) -> None:
    rows = "".join(f"{i},{'nan' if i == 7 else i / 2}\n" for i in range(60))
    root = make_project({"t.yaml": "source: t.csv\nkey: id\ntarget: y\nfeatures: [id]\n"}, {"t.csv": f"id,y\n{rows}"})
    run_project(root)
    labels = [gm.dataset("t", project=root).xy(split)[1] for split in ("train", "dev", "test")]
    assert sum(y.len() for y in labels) == 59
    assert not any(y.is_nan().any() for y in labels)


def test_sql_reads_what_the_command_line_reads(reading: Path) -> None:
    assert gm.sql("select count(*) as n, max(id) as last from churn").to_dicts() == [{"n": 299, "last": 299}]
    assert gm.sql("select rules from rejected.churn").to_dicts() == [{"rules": ["spent.min"]}]


def test_run_publishes_what_is_due_and_an_old_version_stays(published: Path) -> None:
    old = gm.dataset("churn")
    with (published / "churn.csv").open("a", encoding="utf-8") as file:
        file.write("300,Bern,5,2024-01-01,1\n")
    assert [(one.name, one.status, one.version) for one in gm.run("churn").datasets] == [("churn", "published", 2)]
    assert [one.status for one in gm.run().datasets] == ["unchanged"]
    assert gm.dataset("churn").load().height == 300
    assert gm.dataset("churn@1").load().sort("id").equals(old.load().sort("id"))
    before, after = gm.dataset("churn@1").load(), gm.dataset("churn@2").load()
    assert before.join(after, on="id").filter(pl.col("split") != pl.col("split_right")).is_empty()


def test_run_of_a_dataset_whose_yaml_is_wrong_raises_with_its_place(shop: Path) -> None:
    (shop / "datasets" / "churn.yaml").write_text("source: churn.csv\ncolour: red\n", "utf-8")
    with pytest.raises(SpecError, match=r"datasets/churn\.yaml:2: `colour` is not a key"):
        gm.run("churn")


def modules_after(code: str, folder: Path) -> set[str]:
    """The heavy libraries that a fresh Python has imported after `code`."""
    script = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    return {
        name for name in ("polars", "duckdb", "ibis", "pandera", "pyarrow", "sklearn") if name in done.stderr.split()
    }


def test_importing_gristmill_imports_nothing_heavy(tmp_path: Path) -> None:
    assert modules_after("import gristmill", tmp_path) == set()


def test_a_run_with_nothing_due_imports_neither_ibis_nor_polars_nor_pandera(reading: Path) -> None:
    code = (
        "from pipelines import cli\nsys.argv = ['gristmill', 'run']\n"
        "try:\n    cli.main()\nexcept SystemExit as ended:\n    assert ended.code == 0"
    )
    assert not modules_after(code, reading) & {"ibis", "polars", "pandera", "sklearn"}


def test_a_package_of_another_that_hides_ours_is_named(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "__init__.py").write_text("", "utf-8")
    code = "import gristmill as gm; gm.list()"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"Hint: {tmp_path / 'assets'} hides Gristmill's own package 'assets'" in done.stderr
