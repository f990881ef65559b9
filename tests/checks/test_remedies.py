"""What to do about a shift: the columns, the slices and the cause are named, and weights are not advised in vain."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from checks.effect import Excess
from checks.label_shift import ClassShare, ClassShares
from checks.pair_shift import PairShift
from checks.remedies import Seen, remedy_of, watch_remedy

SEEN = Seen(
    code="SHIFT3",
    reference="train",
    current="dev",
    columns=["temp", "kind"],
    excesses=[Excess(what="temp up to 40", reference=0.12, current=0.41)],
    target="late",
)


def pair(meaning: Any, second: str = "late") -> PairShift:
    figures = {"p_value": 0.001, "p_corrected": 0.01, "effect": 0.7, "low": 0.5, "high": 0.9}
    return PairShift(
        first="speed", second=second, meaning=meaning, verdict="shifted", reference=0.8, current=0.1, **figures
    )


def test_train_and_dev_are_made_alike_by_the_slices_of_which_dev_has_more() -> None:
    told = remedy_of(SEEN)
    assert told.startswith(
        "Make train more like dev: collect or synthesise examples like those of dev from these slices:"
    )
    assert "temp up to 40 (41 % of dev, 12 % of train)" in told
    assert '`d.weights("train", like="dev")`' in told
    assert "declare `evaluate_on`" in told
    assert "declare `evaluate_on`" not in remedy_of(replace(SEEN, is_declared=True))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("SHIFT1", "look for a leak of time or entity into temp, kind"),
        ("SHIFT2", "Dev is not the world that you ship to, or test is not (temp, kind): remake both from one source"),
        ("SHIFT4", "Ask the source what changed in temp, kind (there is more of temp up to 40 (41 % of dev"),
        ("SHIFT5", "Judge models on the months in which they will be used."),
        ("SHIFT6", "Where a model learns from train and is used on dev: collect or synthesise"),
        ("WATCH1", "Mend the source, or retrain on days like the last ones (there is more of temp up to 40"),
    ],
)
def test_each_question_has_its_remedy(code: str, said: str) -> None:
    assert said in remedy_of(replace(SEEN, code=code))


def test_a_changed_relation_to_the_target_asks_for_labels_and_says_that_weights_do_not_help() -> None:
    told = remedy_of(replace(SEEN, columns=[], excesses=[], pairs=[pair("relation to the target")]))
    assert told == (
        "The relation of speed to the target changed: reweighting does not help there, get labels from the new world"
        " and retrain."
    )


def test_every_other_pair_has_a_remedy_too() -> None:
    for meaning in ("trend within the window", "missing together", "pattern of missing values", "correlation"):
        assert "speed" in remedy_of(replace(SEEN, columns=[], pairs=[pair(meaning, "seats")]))


def test_a_target_that_shifted_itself_is_a_shift_of_labels() -> None:
    assert "The target late itself shifted" in remedy_of(replace(SEEN, columns=["late"]))


def test_nothing_that_shifted_needs_no_remedy() -> None:
    assert remedy_of(replace(SEEN, columns=[])) == ""


def test_an_alarm_of_the_watch_names_who_leads_and_since_when() -> None:
    told = watch_remedy("minute", date(2013, 6, 13), remedy_of(replace(SEEN, code="WATCH1")))
    assert told.startswith("Look at minute from 2013-06-13 on: `--by day` of `gristmill shift` shows it. Mend the")


def test_shares_of_classes_that_moved_have_other_priors_as_remedy() -> None:
    moved = ClassShare(label="yes", labelled=0.2, estimate=0.35, low=0.3, high=0.4)
    quiet = ClassShare(label="no", labelled=0.8, estimate=0.79, low=0.7, high=0.85)
    shares = ClassShares(verdict="told", shares=(moved, quiet), n_labelled=900, n_rows=1200)
    assert "weigh the classes by these shares (yes)" in shares.remedy
    assert replace(shares, shares=(quiet,)).remedy == ""
