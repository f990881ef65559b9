"""Groups across splits that share a label (LEAK12)."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from checks.finding import Finding
from checks.giveaway_group import group_labels
from checks.labelled import Labelled

N_ROWS, N_GROUPS = 1_600, 200
CHANCE = np.random.default_rng(0)
BUCKETS = CHANCE.integers(0, 256, N_ROWS)
SPLITS = np.where(BUCKETS < 200, "train", "dev")
PATIENT = CHANCE.integers(0, N_GROUPS, N_ROWS)
ILL = (CHANCE.random(N_GROUPS) < 0.4)[PATIENT]
NAMES = np.array([f"p{i}" for i in CHANCE.permutation(9_999)[:N_GROUPS]])[PATIENT]


def asked(
    group: object, target: object = ILL, *, entity: str | None = None, told: tuple[str, ...] = (), **columns: object
) -> Finding:
    frame = pl.DataFrame({"target": target, "group": group, "_bucket": BUCKETS, "_split": SPLITS}).with_columns(
        **{name: pl.Series(values) for name, values in columns.items()}
    )
    rows = Labelled(frame=frame, features=("group",), target="target", judged_on="all rows")
    return group_labels(rows, ["group"], told=told, entity=entity)[0]


def test_a_label_that_is_constant_within_patients_warns_by_name() -> None:
    found = asked(NAMES)

    assert (found.code, found.outcome, found.column) == ("LEAK12", "warn", "group")
    assert found.seen.startswith("another row of one group tells 1.00 of 1 of target (")


def test_nearly_constant_warns_too_and_numbers_in_no_order_are_groups() -> None:
    nearly = ILL ^ (CHANCE.random(N_ROWS) < 0.05)

    assert asked(CHANCE.permutation(10_000)[:N_GROUPS][PATIENT], nearly).outcome == "warn"


def test_sites_of_unlike_shares_are_honest() -> None:
    ill = CHANCE.random(N_ROWS) < CHANCE.uniform(0.1, 0.9, N_GROUPS)[PATIENT]

    assert asked(NAMES, ill).outcome == "pass"


def test_a_quantity_whose_order_tells_the_label_is_no_group() -> None:
    minutes = CHANCE.integers(-100, 100, N_ROWS)

    assert asked(minutes, minutes > 15).outcome == "not_applicable"


def test_a_mean_by_group_of_a_quantity_is_told_as_well() -> None:
    price = CHANCE.normal(100, 30, N_GROUPS)[PATIENT] + CHANCE.normal(0, 3, N_ROWS)

    assert asked(NAMES, price).outcome == "warn"


def test_groups_that_are_whole_in_one_split_leak_nothing() -> None:
    of_patient = np.where(np.arange(N_GROUPS) < 160, "train", "dev")

    assert asked(NAMES, _split=of_patient[PATIENT]).outcome == "not_applicable"


@pytest.mark.parametrize("n_values", [4, N_ROWS])
def test_few_values_are_no_groups_and_neither_are_ids(n_values: int) -> None:
    values = np.array([f"v{i}" for i in range(N_ROWS)])

    assert asked(values[np.arange(N_ROWS) % n_values]).outcome == "not_applicable"


def test_a_column_that_is_told_already_is_not_told_twice() -> None:
    assert asked(NAMES, told=("group",)).outcome == "not_applicable"


def test_entities_in_both_pools_that_keep_their_label_warn() -> None:
    pools = np.where(CHANCE.random(N_ROWS) < 0.3, "dev", "train")
    found = asked(np.zeros(N_ROWS), entity="_entity", _entity=NAMES, _split=pools)

    assert (found.outcome, found.column) == ("warn", None)
    assert found.seen.startswith("an entity of the other pool tells 1.00 of 1 of target")


def test_entities_in_both_pools_whose_labels_differ_from_row_to_row_pass() -> None:
    pools = np.where(CHANCE.random(N_ROWS) < 0.3, "dev", "train")

    found = asked(np.zeros(N_ROWS), CHANCE.random(N_ROWS) < 0.4, entity="_entity", _entity=NAMES, _split=pools)

    assert found.outcome == "pass"
