"""The demo project: five files and five datasets, copied where nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assets.project import Project
from pipelines.demo import make_demo
from warehouse.errors import SettingsError

DATA = ["airlines.csv", "airports.csv", "flights.csv.zip", "planes.csv", "weather.csv"]
DATASETS = ["airlines", "airports", "flights", "planes", "weather"]


def test_the_demo_is_five_files_and_a_dataset_for_each(tmp_path: Path) -> None:
    root = make_demo(tmp_path / "flights-of-2013")
    assert sorted(path.name for path in (root / "data").iterdir()) == DATA
    assert sorted(path.name for path in (root / "datasets").iterdir()) == [f"{name}.yaml" for name in DATASETS]
    project = Project.open(root)
    assert list(project.names) == DATASETS
    assert project.problems == ()


def test_the_demo_never_overwrites_an_edit(tmp_path: Path) -> None:
    root = make_demo(tmp_path / "demo")
    edited = {
        root / "datasets" / "planes.yaml": "source: data/planes.csv\nkey: tailnum\n",
        root / "data" / "airlines.csv": "carrier,name\nAA,American\n",
        root / "gristmill.toml": 'salt = "mine"\n',
    }
    for file, text in edited.items():
        file.write_text(text, "utf-8")
    (root / "datasets" / "weather.yaml").unlink()
    make_demo(root)
    assert {file: file.read_text("utf-8") for file in edited} == edited
    assert (root / "datasets" / "weather.yaml").exists()


def test_a_folder_that_holds_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("words", "utf-8")
    with pytest.raises(SettingsError, match="holds other things"):
        make_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    assert (make_demo(tmp_path / "demo") / "gristmill.toml").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, gristmill: Any) -> None:
    (tmp_path / "demo").write_text("words", "utf-8")
    printed = gristmill("demo", str(tmp_path / "demo"), "--json")
    assert printed.code == 2
    assert "fault of Gristmill" not in printed.err
    assert json.loads(printed.out)["error"]["code"] in {"usage", "settings"}
