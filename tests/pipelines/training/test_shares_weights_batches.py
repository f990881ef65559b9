"""Nested shares, weights and batches: whole entities, aligned with `xy`, every row once an epoch."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import SGDClassifier
from sklearn.utils.class_weight import compute_sample_weight

from pipelines.api import Dataset
from pipelines.weighing import weights_of
from warehouse.errors import NotFound, NotPossible

pytestmark = pytest.mark.xdist_group("training")
SHARES = (0.01, 0.1, 0.5, 1.0)


@pytest.mark.parametrize("split", ["train", "dev", None])
def test_a_smaller_share_is_part_of_a_larger_one_and_of_whole_customers(later: Dataset, split: str | None) -> None:
    whole = later.load(split)
    parts = [whole.filter(pl.col("visit").is_in(later.load(split, share=s)["visit"].implode())) for s in SHARES]
    for smaller, larger in pairwise(parts):
        assert set(smaller["visit"]) < set(larger["visit"])
    for part in parts:
        others = whole.join(part, on="visit", how="anti")
        assert not set(part["customer"]) & set(others["customer"])
    assert parts[-1].equals(whole)


def test_a_share_is_the_entities_md5_s_own_and_about_as_many_as_asked(later: Dataset) -> None:
    customers = later.load("train", columns=["customer"])["customer"].unique()
    for share in (0.1, 0.5):
        is_in = [
            int(hashlib.md5(f"gristmill|share|{c}".encode()).hexdigest()[:12], 16) < share * 16**12 for c in customers
        ]
        assert set(later.load("train", columns=["customer"], share=share)["customer"]) == set(customers.filter(is_in))
        spread = np.sqrt(len(customers) * share * (1 - share))
        assert abs(sum(is_in) - share * len(customers)) < 4 * spread


def test_a_customer_stays_in_a_share_as_rows_are_added(visits: Dataset, later: Dataset) -> None:
    known = set(visits.load("train", columns=["customer"])["customer"])
    before = set(visits.load("train", columns=["customer"], share=0.3)["customer"])
    after = set(later.load("train", columns=["customer"], share=0.3)["customer"])
    assert before == after & known
    assert after > before


def test_a_share_goes_with_a_condition_and_columns(later: Dataset) -> None:
    part = later.load("train", share=0.5)
    asked = later.load("train", columns=["visit"], where="cost = 1 or cost = 2", share=0.5)
    assert sorted(asked["visit"]) == sorted(part.filter(pl.col("cost") <= 2)["visit"])


@pytest.mark.parametrize("share", [0, -0.1, 1.01, 10, float("nan"), True, "0.5", None])
def test_a_share_that_is_none_is_refused(visits: Dataset, share: float) -> None:
    with pytest.raises(NotPossible, match=f"^share={share!r}: a share is above 0 and at most 1") as told:
        visits.load("train", share=share)
    assert told.value.__notes__ == ["Hint: 0.1 is a tenth of the entities"]
    with pytest.raises(NotPossible, match=f"^share={share!r}"):
        visits.xy("train", share=share)


def labelled(d: Dataset, split: str, *columns: str) -> pl.DataFrame:
    features, label = d.xy(split)
    rows = features.select("spent").with_columns(label)
    return rows.join(d.load(split, columns=["spent", *columns]), on="spent", how="left", maintain_order="left")


def test_by_entity_each_customer_counts_once(visits: Dataset) -> None:
    weights = visits.weights("train")
    of_customer = labelled(visits, "train", "customer").with_columns(weights).group_by("customer").agg(pl.sum("weight"))
    assert np.allclose(of_customer["weight"], 1)


def test_by_class_they_are_scikit_learn_s_balanced_ones(visits: Dataset) -> None:
    _, y = visits.xy("train")
    assert np.allclose(visits.weights("train", by="class"), compute_sample_weight("balanced", y.to_numpy()))


def test_by_a_column_they_are_its_values(visits: Dataset) -> None:
    weights = visits.weights("dev", by="cost")
    assert weights.to_list() == [1 + i / 1.5 % 4 for i in labelled(visits, "dev")["spent"]]
    assert (weights.name, weights.dtype) == ("weight", pl.Float64)


def test_weights_of_a_share_are_aligned_with_its_rows(visits: Dataset) -> None:
    x, _ = visits.xy("train", share=0.5)
    assert len(visits.weights("train", share=0.5)) == len(x) < len(visits.weights("train"))


def test_what_is_no_weight_is_refused(visits: Dataset) -> None:
    with pytest.raises(NotPossible, match=r"^weights by 'city': it is VARCHAR"):
        visits.weights("train", by="city")
    with pytest.raises(NotFound, match="No column of 'visits' named 'shop'"):
        visits.weights("train", by="shop")


def test_like_another_split_they_are_aligned_and_of_mean_1(later: Dataset) -> None:
    weights = later.weights("train", like="dev")
    assert (weights.name, len(weights)) == ("weight", len(later.xy("train")[1]))
    assert weights.mean() == pytest.approx(1)
    part = later.weights("train", like="validation", share=0.5)
    assert len(part) == len(later.xy("train", share=0.5)[1])


def test_like_itself_by_two_wishes_or_like_a_handful_of_rows_is_refused(visits: Dataset) -> None:
    with pytest.raises(NotPossible, match=r"^weights like 'dev': these are its own rows") as told:
        visits.weights("val", like="dev")
    assert told.value.__notes__ == ["Hint: name another split"]
    with pytest.raises(NotPossible, match=r"^weights by 'class' like 'dev': these are two wishes"):
        visits.weights("train", by="class", like="dev")
    with pytest.raises(NotPossible, match=r"^weights like another split: it is of type DataFrame, no name of a split"):
        visits.weights("train", like=visits.load("dev"))  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="No split of 'visits' named 'devv'"):
        visits.weights("train", like="devv")
    with pytest.raises(NotPossible, match=r"^weights like 'dev': \d+ rows of train and \d+ of dev are too few"):
        visits.weights("train", like="dev", share=0.002)


def rows_of(batches: list[tuple[pl.DataFrame, pl.Series]]) -> list[float]:
    return pl.concat([x for x, _ in batches])["spent"].to_list()


def test_every_labelled_row_comes_once_an_epoch_with_its_own_label(later: Dataset) -> None:
    x, y = later.xy("train")
    batches = list(later.batches("train", batch_size=64, seed=7))
    assert [len(label) for _, label in batches] == [64] * (len(y) // 64) + [len(y) % 64]
    together = pl.concat([features.with_columns(label) for features, label in batches])
    assert together.columns == [*later.features, "bought"]
    assert together.sort("spent").equals(x.with_columns(y).sort("spent"))


def test_seed_and_epoch_draw_the_order(later: Dataset) -> None:
    def order(seed: int, epochs: int) -> list[float]:
        return rows_of(list(later.batches("train", batch_size=1000, seed=seed, epochs=epochs)))

    twice, other = order(1, 2), order(2, 1)
    first, second = twice[: len(other)], twice[len(other) :]
    assert order(1, 1) == first
    assert len({tuple(one) for one in (first, second, other, sorted(first))}) == 4
    assert sorted(first) == sorted(second) == sorted(other)
    # Drawn well: where a row stands tells nothing of where it stood.
    assert abs(np.corrcoef(first, np.arange(len(first)))[0, 1]) < 4 / np.sqrt(len(first))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(len(first))


def test_another_process_draws_the_same_order(visits: Dataset, shop_of_visits: Path) -> None:
    code = (
        "import gristmill as gm\n"
        "for x, y in gm.dataset('visits@1').batches('train', batch_size=1000, seed=3):\n    print(*x['spent'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=shop_of_visits, capture_output=True, text=True, check=True)
    here = rows_of(list(visits.batches("train", batch_size=1000, seed=3)))
    assert [float(word) for word in done.stdout.split()] == here


@pytest.mark.parametrize("batch_size", [1, 667, 100_000])
def test_any_size_of_batch_will_do(visits: Dataset, batch_size: int) -> None:
    sizes = [len(y) for _, y in visits.batches("train", batch_size=batch_size)]
    n_rows = visits.xy("train")[1].len()
    assert sum(sizes) == n_rows
    assert set(sizes[:-1]) <= {batch_size}


def test_others_may_be_asked_for_while_batches_are_read_and_they_may_be_left(visits: Dataset) -> None:
    stream = visits.batches("train", batch_size=100)
    next(stream)
    assert visits.load("dev").height > 0
    assert len(next(stream)[1]) == 100
    stream.close()


def test_a_model_learns_from_them(later: Dataset) -> None:
    model = SGDClassifier(random_state=0)
    for x, y in later.batches("train", batch_size=256, seed=0, epochs=2):
        model.partial_fit(x.select("cost"), y, classes=[0, 1])
    x, y = later.xy("dev")
    assert model.score(x.select("cost"), y) > 0.5


def test_classes_of_a_quantity_have_no_weights(visits: Dataset) -> None:
    rows = replace(visits._labelled("train", 1.0), target="spent")
    with pytest.raises(NotPossible, match=r"^weights by class: the target 'spent' is a quantity \(DOUBLE, "):
        weights_of(rows, "class")
    with pytest.raises(NotPossible, match=r"^weights by 3: it names no column"):
        visits.weights("train", by=3)  # type: ignore[arg-type]


def test_without_pandas_its_frames_are_refused_with_the_way_out(
    visits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    for frame in (lambda: visits.xy("train", as_="pandas"), lambda: visits.load("train", as_="pandas")):
        with pytest.raises(NotPossible, match="pandas is not installed"):
            frame()


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"batch_size": 0}, "batch_size=0"), ({"epochs": 0}, "epochs=0"), ({"batch_size": "9"}, "batch_size='9'")],
)
def test_sizes_below_one_are_refused_at_once(visits: Dataset, asked: dict[str, int], said: str) -> None:
    with pytest.raises(NotPossible, match=f"^{said}: a whole number from 1 is meant"):
        visits.batches("train", **{"batch_size": 10, **asked})
