"""`d.folds`: whole entities, the rows of `xy` in their order, stable as rows are added, taken by scikit-learn."""

from __future__ import annotations

import copy
import hashlib
import pickle
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score

from pipelines.api import Dataset
from pipelines.folding import _even
from pipelines.folds import Folds
from pipelines.labelled import in_order
from warehouse.errors import NotFound, NotPossible
from warehouse.portions import PLACES, place_of

pytestmark = pytest.mark.xdist_group("training")


def columns_of(d: Dataset, *names: str, share: float = 1.0) -> pl.DataFrame:
    """Columns of the rows of `xy("train")`, found again by `spent`, which no two rows share."""
    features, label = d.xy("train", share=share)
    rows = features.select("spent").with_columns(label)
    return rows.join(d.load("train", columns=["spent", *names]), on="spent", how="left", maintain_order="left")


def fold_by_customer(d: Dataset, folds: Folds) -> dict[int, int]:
    customers = columns_of(d, "customer")["customer"].to_numpy()
    found: dict[int, int] = {}
    for number, (_, test) in enumerate(folds.split(customers)):
        for customer in np.unique(customers[test]):
            assert found.setdefault(int(customer), number) == number, "a customer is in two folds"
    return found


def test_each_row_is_tested_on_once_a_repeat_and_no_customer_is_on_both_sides(visits: Dataset) -> None:
    customers = columns_of(visits, "customer")["customer"].to_numpy()
    folds = visits.folds(4, repeats=3)
    pairs = list(folds.split(customers))
    assert folds.get_n_splits() == len(pairs) == 12
    for repeat in range(3):
        tests = [test for _, test in pairs[repeat * 4 : repeat * 4 + 4]]
        assert sorted(np.concatenate(tests)) == list(range(len(customers)))
    for train, test in pairs:
        assert len(train) + len(test) == len(customers)
        assert not set(customers[train]) & set(customers[test])


def test_a_customer_s_fold_is_its_md5_s_own(visits: Dataset) -> None:
    for customer, fold in fold_by_customer(visits, visits.folds(5)).items():
        digest = hashlib.md5(f"gristmill|fold 0|{customer}".encode()).hexdigest()
        assert fold == int(digest[:8], 16) * 5 // 16**8


def test_a_customer_keeps_its_fold_when_rows_are_added(visits: Dataset, later: Dataset) -> None:
    before, after = (fold_by_customer(d, d.folds(5)) for d in (visits, later))
    assert len(after) > 3 * len(before)
    assert {customer: after[customer] for customer in before} == before


def test_folds_of_ten_lie_within_folds_of_five(visits: Dataset) -> None:
    five, ten = (fold_by_customer(visits, visits.folds(k)) for k in (5, 10))
    assert five == {customer: fold // 2 for customer, fold in ten.items()}


def test_repeats_are_folds_of_their_own(visits: Dataset) -> None:
    first, second = visits.folds(5, repeats=2).numbers
    assert 0.1 < np.mean(first == second) < 0.3  # by chance a fifth
    assert np.array_equal(first, visits.folds(5).numbers[0])


def test_folds_do_not_tell_the_split_s_own_chance_again(visits: Dataset) -> None:
    # The digits that put a customer into train leave each fold as many customers as another.
    sizes = np.bincount(list(fold_by_customer(visits, visits.folds(5)).values()), minlength=5)
    expected = sizes.sum() / 5
    assert np.all(np.abs(sizes - expected) < 4 * np.sqrt(expected * 0.8))


def test_stratified_folds_have_as_many_entities_of_each_label(later: Dataset) -> None:
    rows = columns_of(later, "customer")
    label = rows.group_by("customer", "bought").len().sort("len", "bought", descending=[True, False])
    label = label.unique("customer", keep="first").select("customer", "bought")
    for numbers in later.folds(5, stratified=True, repeats=2).numbers:
        of_customer = rows.select("customer", fold=pl.Series(numbers)).unique()
        assert of_customer["customer"].is_unique().all()
        counts = of_customer.join(label, on="customer").group_by("bought", "fold").len()
        for _, group in counts.group_by("bought"):
            assert len(group) == 5
            assert group["len"].max() - group["len"].min() <= 1


@pytest.mark.parametrize(("n_more", "most"), [(20, 0.02), (1_000, 0.07), (20_000, 0.1)])
def test_a_stratified_fold_is_cut_nearly_where_it_was_when_entities_are_added(n_more: int, most: float) -> None:
    places = np.random.default_rng(0).integers(0, PLACES, 2_000 + n_more)
    labels = (np.arange(len(places)) % 10 == 0).astype(int)
    before = _even(places[:2_000], [0.3, 0.7], labels[:2_000], 5)
    assert 0 < np.mean(_even(places, [0.3, 0.7], labels, 5)[:2_000] != before) < most


def test_a_label_of_one_entity_is_not_always_in_the_first_fold() -> None:
    places, labels = np.arange(1, 41) * 1_000, np.arange(40)
    folds = _even(places, [place_of("salt", "label", str(label)) / PLACES for label in labels], labels, 4)
    assert set(folds) == {0, 1, 2, 3}


def test_of_stratified_folds_few_entities_move_when_rows_are_added(visits: Dataset, later: Dataset) -> None:
    before, after = (fold_by_customer(d, d.folds(5, stratified=True)) for d in (visits, later))
    moved = [customer for customer in before if after[customer] != before[customer]]
    assert 0 < len(moved) < 0.35 * len(before)  # the rows grew fivefold, and customers changed their commonest label


def test_folds_by_another_column_keep_its_values_and_entities_whole(visits: Dataset) -> None:
    rows = columns_of(visits, "customer", "city")
    (numbers,) = visits.folds(2, by="city").numbers
    folds = rows.with_columns(fold=pl.Series(numbers))
    # A customer without a city goes by itself.
    assert folds.drop_nulls("city").group_by("city").agg(pl.col("fold").n_unique())["fold"].max() == 1
    assert folds.group_by("customer").agg(pl.col("fold").n_unique())["fold"].max() == 1
    with pytest.raises(NotPossible, match=r"^folds by day: \d+ entities have several values of it, such as '"):
        visits.folds(2, by="day")


def test_folds_in_time_are_tested_on_what_comes_later(visits: Dataset) -> None:
    rows = columns_of(visits, "customer", "day")
    days, customers = rows["day"].to_numpy(), rows["customer"].to_numpy()
    folds = visits.folds(3, time=True, gap="7d")
    sizes, last = [], None
    for train, test in folds.split(days):
        assert days[test].min() - days[train].max() > np.timedelta64(7, "D")
        assert last is None or days[test].min() > last
        assert not set(customers[train]) & set(customers[test])
        sizes, last = [*sizes, len(test)], days[test].max()
    assert len(sizes) == 3
    assert all(abs(size - len(rows) / 4) < 30 for size in sizes)  # a day is never cut: up to 12 rows of it
    assert last == days.max()


def test_folds_in_time_leave_out_no_more_than_gap_and_entities(visits: Dataset) -> None:
    rows = columns_of(visits, "customer", "day").with_row_index("i")
    train, test = next(iter(visits.folds(3, time="day", gap="2w").split(rows)))
    start: date = rows[test]["day"].min()
    tested_on = rows[test]["customer"].implode()
    fitted_on = rows.filter(pl.col("day") < start - timedelta(days=14), ~pl.col("customer").is_in(tested_on))
    assert train.tolist() == fitted_on["i"].to_list()


def test_folds_by_a_number_take_a_gap_in_numbers(visits: Dataset) -> None:
    spent = columns_of(visits)["spent"].to_numpy()
    for train, test in visits.folds(2, time="spent", gap=30, by=None).split(spent):
        assert train.tolist() == np.flatnonzero(spent < spent[test].min() - 30).tolist()


def test_where_all_entities_come_back_folds_in_time_say_what_to_do(visits: Dataset) -> None:
    with pytest.raises(NotPossible, match="number 2 has no row to fit on") as told:
        visits.folds(2, time="spent")
    assert "`by=None` lets entities be fitted on before" in told.value.__notes__[0]


def test_folds_of_a_share_are_those_of_the_whole(visits: Dataset) -> None:
    part, whole = columns_of(visits, "customer", share=0.5), columns_of(visits, "customer")
    assert 0 < len(part) < len(whole)
    (numbers,), (all_numbers,) = visits.folds(3, share=0.5).numbers, visits.folds(3).numbers
    known = dict(zip(whole["customer"], all_numbers, strict=True))
    assert [known[customer] for customer in part["customer"]] == numbers.tolist()


def test_the_rows_of_xy_have_one_order_whatever_order_they_are_read_in(visits: Dataset) -> None:
    shuffled = pl.DataFrame({"x": [3, 1, 2], "_row": [2, 0, 1]})
    assert in_order(shuffled).to_dict(as_series=False) == {"x": [1, 2, 3]}
    (first, _), (again, _) = visits.xy("train"), visits.xy("train")
    assert first.equals(again)
    assert columns_of(visits)["spent"].is_sorted()  # as the file had them


def test_scikit_learn_takes_them(visits: Dataset) -> None:
    x, y = visits.xy("train")
    folds = visits.folds(3, repeats=2)
    search = clone(GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=folds, error_score="raise"))
    assert search.fit(x.select("spent", "cost"), y).n_splits_ == 6
    by_hand = [np.mean(y.to_numpy()[test] == 0) for _, test in folds.split(x)]
    assert np.allclose(cross_val_score(DummyClassifier(), x, y, cv=folds), by_hand)


@pytest.mark.parametrize("time", [False, True])
def test_they_are_copied_and_pickled_whole(visits: Dataset, time: bool) -> None:
    folds, (x, _) = visits.folds(3, time=time), visits.xy("train")
    pairs = list(folds.split(x))
    for other in (copy.deepcopy(folds), pickle.loads(pickle.dumps(folds))):
        assert repr(other) == repr(folds)
        for (train, test), (other_train, other_test) in zip(pairs, other.split(x), strict=True):
            assert np.array_equal(train, other_train)
            assert np.array_equal(test, other_test)


def test_they_say_what_they_are(visits: Dataset) -> None:
    n_rows = visits.xy("train")[1].len()
    assert repr(visits.folds(3, repeats=2)) == f"<DigestFolds of visits@1 train: 3 x 2, {n_rows} rows>"


def test_rows_of_another_number_are_refused(visits: Dataset) -> None:
    x, _ = visits.xy("train")
    n_rows = len(x)
    with pytest.raises(NotPossible) as told:
        next(visits.folds(3).split(x[:100]))
    assert str(told.value) == f"folds of visits@1 train: they are of {n_rows} rows, and X has 100."
    assert told.value.__notes__ == ["Hint: give the X of `xy`, of the same version, whole"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"k": 1}, "k=1: a whole number from 2 is meant."),
        ({"k": 2.5}, "k=2.5: a whole number from 2 is meant."),
        ({"repeats": 0}, "repeats=0: a whole number from 1 is meant."),
        ({"gap": "1d"}, "gap='1d': only folds in time have one."),
        ({"time": True, "gap": "1 fortnight"}, "gap='1 fortnight': that is no duration."),
        ({"time": True, "gap": "1.5h"}, "gap='1.5h': that is no duration."),  # as in a dataset's file
        ({"time": True, "gap": 3}, "gap=3: that is no duration."),
        ({"time": True, "repeats": 2}, "repeated folds in time: time is cut in one way."),
        ({"time": True, "stratified": True}, "stratified folds in time: time is cut in one way."),
        ({"time": "city"}, "folds by 'city': it is VARCHAR, no time and no number."),
        (
            {"time": "cost"},
            "5 folds of visits@1 train: its 4 different times cannot be cut into 6 parts of equal size.",
        ),
        ({"by": None}, "by=None: only folds in time can do without."),
        ({"by": []}, "by=[]: it names no column."),
        ({"by": 3}, "by=3: it names no column."),
        ({"k": "5"}, "k='5': a whole number from 2 is meant."),
        ({"repeats": None}, "repeats=None: a whole number from 1 is meant."),
        ({"stratified": "yes"}, "stratified='yes': True or False is meant: folds are stratified by the target."),
        ({"time": True, "gap": None}, "gap=None: that is no duration."),
        ({"share": "half"}, "share='half': a share is above 0 and at most 1."),
        ({"time": True, "gap": "52w"}, "5 folds of visits@1 train: number 1 has no row to fit on."),
        ({"share": 1.5}, "share=1.5: a share is above 0 and at most 1."),
    ],
)
def test_what_cannot_be_is_said(visits: Dataset, asked: dict[str, object], said: str) -> None:
    with pytest.raises(NotPossible) as told:
        visits.folds(**asked)  # type: ignore[arg-type]
    assert str(told.value) == said
    assert told.value.__notes__[0].startswith("Hint: ")


def test_more_folds_than_entities_are_refused(visits: Dataset) -> None:
    n_customers = columns_of(visits, "customer")["customer"].n_unique()
    with pytest.raises(NotPossible, match=f"^200 folds of visits@1 train: there are {n_customers} entities with a"):
        visits.folds(200)
    with pytest.raises(NotPossible, match=r"number \d+ has no row to test on") as told:
        visits.folds(n_customers)
    assert "stratified=True" in told.value.__notes__[0]
    assert len(list(visits.folds(20, stratified=True).masks())) == 20


def test_columns_that_there_are_not_are_not_found(visits: Dataset) -> None:
    with pytest.raises(NotFound, match="No column of 'visits' named 'shop'"):
        visits.folds(3, by="shop")
    with pytest.raises(NotFound, match="No column of 'visits' named 'when'"):
        visits.folds(3, time="when")
