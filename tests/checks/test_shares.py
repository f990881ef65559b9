"""Sizes asked and got."""

from __future__ import annotations

import json

import pytest

from checks.proportion import exact
from checks.shares import shares_figure, with_shares

SIZES = [{"split": "train", "n_entities": 70}, {"split": "dev", "n_entities": 20}, {"split": "test", "n_entities": 10}]
COUNTED = {"train": 70, "dev": 20, "test": 10}


def test_each_line_of_entities_is_divided_by_itself() -> None:
    lines = [{"dev": 0.5, "test": 0.5}, {"train": 1.0}]
    train, dev, test = with_shares(SIZES, lines, COUNTED, is_random=True)
    assert (train["asked_share"], train["got_share"]) == (1.0, 1.0)
    assert (dev["asked_share"], dev["got_share"]) == (0.5, pytest.approx(2 / 3))
    assert [test["got_low"], test["got_high"]] == exact(10, 30).to_json()


def test_what_is_counted_on_the_line_goes_before_what_is_used() -> None:
    _, dev, _ = with_shares(SIZES, [{"train": 0.5, "dev": 0.5}], {"train": 70, "dev": 70}, is_random=True)
    assert (dev["n_entities"], dev["got_share"]) == (20, 0.5)


def test_without_chance_there_is_no_interval_and_without_shares_nothing_was_asked() -> None:
    told = with_shares(SIZES, [{"train": 0.8, "dev": 0.1, "test": 0.1}], COUNTED, is_random=False)
    assert [(row["got_share"], row["got_low"]) for row in told] == [(0.7, None), (0.2, None), (0.1, None)]
    assert with_shares(SIZES, [], COUNTED, is_random=True)[0]["asked_share"] is None
    assert shares_figure(with_shares(SIZES, [], COUNTED, is_random=True), title="t") is None


def test_a_table_without_entities_got_nothing() -> None:
    (row,) = with_shares([{"split": "train", "n_entities": 0}], [{"train": 1.0}], {}, is_random=True)
    assert (row["asked_share"], row["got_share"], row["got_low"]) == (1.0, None, None)


def test_the_picture_is_small_and_names_its_splits() -> None:
    figure = shares_figure(
        with_shares(SIZES, [{"train": 0.8, "dev": 0.1, "test": 0.1}], COUNTED, is_random=True), title="t"
    )
    assert figure
    assert list(figure["series"]) == ["train", "dev", "test"]
    assert len(json.dumps(figure)) < 2048
