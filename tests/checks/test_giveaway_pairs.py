"""Two columns that together determine the target (LEAK8): found when planted, not in tables that are merely easy."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from checks.finding import Finding
from checks.giveaway_pairs import pairs_together
from checks.labelled import Labelled

N_ROWS = 1_200


def rows(seed: int = 0, **columns: object) -> Labelled:
    """`noise` and `word` beside the columns that are given; one of them is `target`."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "noise": rng.normal(size=N_ROWS),
            "word": rng.choice(["x", "y", "z"], N_ROWS),
            "_bucket": rng.integers(0, 256, N_ROWS),
            **columns,
        }
    )
    features = tuple(name for name in frame.columns if name not in ("target", "_bucket"))
    return Labelled(frame=frame, features=features, target="target", judged_on="all rows")


def one(found: list[Finding]) -> tuple[str, str]:
    return found[0].outcome, found[0].seen


@pytest.mark.parametrize("kind", [bool, int])
def test_two_flags_of_which_one_is_set_determine_the_target(kind: type) -> None:
    a, b = np.random.default_rng(1).random((2, N_ROWS)) < 0.5

    outcome, seen = one(pairs_together(rows(a=a.astype(kind), b=b.astype(kind), target=a ^ b)))

    assert (outcome, seen) == ("fail", "a and b together determine target, by a map of their values, on all rows")


def test_a_date_after_another_determines_the_target() -> None:
    days = np.random.default_rng(2).integers(0, 500, (2, N_ROWS))
    due, paid = (pl.Series(each).cast(pl.Date) for each in days)

    outcome, seen = one(pairs_together(rows(due=due, paid=paid, target=days[1] > days[0])))

    assert outcome == "fail"
    assert seen.startswith("due and paid together determine target, by their difference")


def test_columns_that_are_equal_for_one_label_determine_it() -> None:
    rng = np.random.default_rng(3)
    home, is_near = rng.integers(0, 25, N_ROWS), rng.random(N_ROWS) < 0.4
    work = np.where(is_near, home, (home + rng.integers(1, 25, N_ROWS)) % 25)
    towns = np.array([f"town {i}" for i in range(25)])

    outcome, seen = one(pairs_together(rows(home=towns[home], work=towns[work], target=is_near)))

    assert outcome == "fail"
    assert "by whether they are equal" in seen


def test_three_errors_in_a_thousand_rows_warn() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.random((2, N_ROWS)) < 0.5
    target = (a ^ b) ^ (rng.random(N_ROWS) < 0.003)

    assert one(pairs_together(rows(a=a, b=b, target=target)))[0] == "warn"


def test_five_errors_in_a_hundred_are_a_good_model() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.random((2, N_ROWS)) < 0.5
    target = (a ^ b) ^ (rng.random(N_ROWS) < 0.05)

    assert one(pairs_together(rows(a=a, b=b, target=target)))[0] == "pass"


def test_two_clusters_far_apart_are_separated_by_many_a_line_and_never_block() -> None:
    rng = np.random.default_rng(6)
    target, along = rng.random(N_ROWS) < 0.5, rng.normal(0, 5, N_ROWS)
    across = np.where(target, 3.0, -3.0) + rng.normal(0, 0.6, N_ROWS)

    outcome, seen = one(pairs_together(rows(a=along + across, b=along - across, target=target)))

    assert outcome == "warn"
    assert "all but determine" in seen


def test_a_column_that_is_strong_alone_is_in_no_pair() -> None:
    rng = np.random.default_rng(7)
    target = rng.random(N_ROWS) < 0.5
    leak = np.where(target, 1.0, -1.0) + rng.normal(0, 0.4, N_ROWS)

    assert one(pairs_together(rows(leak=leak, other=-leak * 2, target=target)))[0] == "pass"


@pytest.mark.parametrize("how", ["product", "sum", "ratio"])
def test_a_quantity_that_two_columns_make_is_determined(how: str) -> None:
    price, number = np.random.default_rng(8).lognormal(2, 0.5, (2, N_ROWS))
    target = {"product": price * number, "sum": 2 * price - number, "ratio": price / number}[how]

    outcome, seen = one(pairs_together(rows(price=price, number=number, target=target)))

    assert outcome == "fail"
    assert seen.startswith("price and number together determine target")


@pytest.mark.parametrize(("noise", "outcome"), [(0.5, "warn"), (5.0, "pass")])
def test_a_quantity_with_little_noise_warns_and_with_more_is_a_good_model(noise: float, outcome: str) -> None:
    rng = np.random.default_rng(9)
    price, number = rng.lognormal(2, 0.5, (2, N_ROWS))
    target = price * number + rng.normal(0, noise, N_ROWS)

    assert one(pairs_together(rows(price=price, number=number, target=target)))[0] == outcome


@pytest.mark.parametrize("how", ["root", "rounded"])
def test_a_quantity_in_the_order_of_what_two_columns_make_is_determined(how: str) -> None:
    price, number = np.random.default_rng(8).lognormal(2, 0.5, (2, N_ROWS))
    target = np.sqrt(price * number) if how == "root" else np.round(price + number)

    assert one(pairs_together(rows(price=price, number=number, target=target)))[0] == "fail"


def test_what_stands_beside_a_strong_column_is_no_pair_of_it() -> None:
    rng = np.random.default_rng(13)
    before = rng.normal(size=N_ROWS).cumsum() * 10
    target = before + rng.normal(size=N_ROWS)

    assert one(pairs_together(rows(before=before, small=rng.normal(size=N_ROWS), target=target)))[0] == "pass"


@pytest.mark.parametrize("how", ["sum", "difference", "ratio"])
def test_three_classes_cut_from_what_two_columns_make_are_determined(how: str) -> None:
    a, b = np.random.default_rng(14).lognormal(2, 0.5, (2, N_ROWS))
    made = {"sum": a + b, "difference": a - b, "ratio": a / b}[how]
    target = np.digitize(made, np.quantile(made, [0.3, 0.7]))

    outcome, seen = one(pairs_together(rows(a=a, b=b, target=target)))

    assert outcome == "fail"
    assert f"by their {how}" in seen


def test_a_sum_between_two_limits_determines_two_classes() -> None:
    a, b = np.random.default_rng(15).normal(size=(2, N_ROWS))

    outcome, seen = one(pairs_together(rows(a=a, b=b, target=np.abs(a + b) < 0.8)))

    assert outcome in {"fail", "warn"}
    assert "by their sum" in seen


def test_of_many_columns_the_likeliest_pairs_are_judged_and_it_is_said_how_many() -> None:
    rng = np.random.default_rng(10)
    columns = {f"x{i}": rng.normal(size=N_ROWS) for i in range(60)}
    quiet = one(pairs_together(rows(**columns, target=rng.random(N_ROWS) < 0.5)))
    flags = (columns["x7"] > 0) ^ (columns["x41"] > 0)

    assert quiet[1].startswith("no two columns determine it (the 1,000 likeliest of 1,891 pairs)")
    assert pairs_together(rows(**columns, target=flags))[0].seen.startswith("x7 and x41 together")


def test_one_feature_makes_no_pair() -> None:
    alone = Labelled(
        frame=rows(target=np.arange(N_ROWS) % 2).frame, features=("noise",), target="target", judged_on="all"
    )

    assert pairs_together(alone)[0].outcome == "not_applicable"


LOADERS = {"breast cancer": load_breast_cancer, "wine": load_wine, "iris": load_iris, "digits": load_digits}


@pytest.mark.parametrize("name", LOADERS)
def test_honest_tables_of_scikit_learn_pass(name: str) -> None:
    data = LOADERS[name]()
    names = [str(feature) for feature in data.feature_names]
    frame = pl.DataFrame(data.data, schema=names).with_columns(
        target=pl.Series(data.target), _bucket=pl.Series(np.random.default_rng(7).integers(0, 256, len(data.target)))
    )

    found = pairs_together(Labelled(frame=frame, features=tuple(names), target="target", judged_on="all"))

    assert [finding.outcome for finding in found] == ["pass"], found
