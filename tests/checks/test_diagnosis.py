"""Gaps and the first fix: Ng's own examples, the verdicts' edges, what does not apply."""

from __future__ import annotations

import pytest

from checks.catalogue import CATALOGUE
from checks.diagnosis import GAPS, Diagnosis, FoundGap, HumanLevel, diagnose
from checks.error_rates import Rate


def sure(estimate: float, *, se: float = 0.001, n_entities: int = 400) -> Rate:
    """A rate that is known to within two standard errors."""
    low, high = estimate - 2 * se, estimate + 2 * se
    return Rate(estimate=estimate, low=low, high=high, n=9_000, n_entities=n_entities, variance=se**2, df=200)


def ladder(metric: str = "error_rate", se: float = 0.001, **estimates: float) -> dict[str, dict[str, Rate]]:
    return {metric: {split: sure(estimate, se=se) for split, estimate in estimates.items()}}


def told(*rates: dict[str, dict[str, Rate]], human: float | None = None, lead: str | None = None) -> Diagnosis:
    level = HumanLevel(metric="error_rate", value=human, said=f"{human:g} (an expert)") if human is not None else None
    return diagnose({k: v for one in rates for k, v in one.items()}, human=level, sd=None, lead=lead)


def verdicts(found: Diagnosis, metric: str = "error_rate") -> list[str]:
    return [gap.verdict for of in found.metrics if of.metric == metric for gap in of.gaps]


def gap(found: Diagnosis, name: str) -> FoundGap:
    return next(gap for gap in found.metrics[0].gaps if gap.name == name)


@pytest.mark.parametrize(
    ("rates", "human", "problem", "words"),
    [
        # Machine Learning Yearning, chapter 22 and 23: 15 % on train, 16 % on dev; 1 % and 11 %; chapter 41: mismatch.
        ({"train": 0.15, "dev": 0.16, "test": 0.16}, 0.0, "avoidable_bias", "bigger model"),
        ({"train": 0.01, "dev": 0.11, "test": 0.11}, 0.0, "variance", "more data"),
        ({"train": 0.01, "train_dev": 0.015, "dev": 0.10, "test": 0.10}, 0.0, "data_mismatch", "mistakes on dev"),
        ({"train": 0.01, "train_dev": 0.015, "dev": 0.015, "test": 0.10}, 0.0, "overfitting_to_dev", "fresh dev set"),
        # Chapter 24: 15 % on train is fine where people reach 14 %.
        ({"train": 0.15, "dev": 0.30, "test": 0.30}, 0.145, "variance", "more data"),
    ],
)
def test_the_examples_of_the_book_have_the_remedies_of_the_book(rates, human, problem, words) -> None:
    found = told(ladder(**rates), human=human)
    largest = max((g for g in found.metrics[0].gaps if g.verdict == "problem"), key=lambda g: g.value or 0)
    assert largest.name == problem
    assert largest.remedy == CATALOGUE[next(row.code for row in GAPS if row.name == problem)].advice
    assert words in found.first_fix
    assert found.first_fix.count(". ") == 0
    assert found.first_fix.lower().startswith(problem.replace("_", " "))


def test_without_a_human_level_avoidable_bias_does_not_apply_and_the_words_say_why() -> None:
    found = gap(told(ladder(train=0.1, dev=0.1)), "avoidable_bias")
    assert (found.verdict, found.value) == ("not_applicable", None)
    assert "no human level is declared" in found.why


def test_without_train_dev_the_gap_from_train_to_dev_is_variance_and_mismatch_does_not_apply() -> None:
    found = told(ladder(train=0.1, dev=0.2, test=0.2))
    assert verdicts(found) == ["not_applicable", "problem", "not_applicable", "fine"]
    assert gap(found, "variance").value == pytest.approx(0.1)
    assert "0.100 on train and 0.200 on dev" in found.first_fix


def test_a_gap_of_auc_is_positive_when_auc_falls() -> None:
    found = told(ladder("auc", train=0.79, train_dev=0.72, dev=0.73, test=0.66))
    assert [round(g.value or 0, 2) for g in found.metrics[0].gaps] == [0, 0.07, -0.01, 0.07]


def test_a_small_gap_that_is_certain_is_fine_and_a_large_one_that_is_not_cannot_be_told() -> None:
    assert gap(told(ladder(train=0.100, train_dev=0.104)), "variance").verdict == "fine"
    unsure = gap(told(ladder(se=0.03, train=0.10, train_dev=0.14)), "variance")
    assert unsure.verdict == "cannot_tell"
    assert "entities would tell" in unsure.why


def test_the_entities_that_would_tell_do_tell() -> None:
    before = {"train": sure(0.10, se=0.03), "train_dev": sure(0.14, se=0.03)}
    why = gap(diagnose({"error_rate": before}, human=None, sd=None), "variance").why
    wanted = int(why.split("about ")[1].split(" in train")[0].replace(",", ""))
    shrunk = 0.03 * (400 / wanted) ** 0.5
    after = {split: sure(rate.estimate, se=shrunk, n_entities=wanted) for split, rate in before.items()}
    assert gap(diagnose({"error_rate": after}, human=None, sd=None), "variance").verdict == "problem"


def test_a_rate_without_interval_makes_its_gaps_untold_with_what_is_needed() -> None:
    few = Rate(estimate=0.2, n=80, n_entities=4, df=0.0)
    found = diagnose({"error_rate": {"train": sure(0.1), "dev": few}}, human=None, sd=None)
    assert gap(found, "variance").verdict == "cannot_tell"
    assert gap(found, "variance").why == "dev has 4 entities, at least 5 are needed"


def test_plain_error_that_falls_with_the_base_rate_hides_a_mismatch_which_the_first_fix_sees() -> None:
    found = told(
        ladder(train=0.20, train_dev=0.21, dev=0.15, test=0.15),
        ladder("auc", train=0.79, train_dev=0.78, dev=0.69, test=0.69),
    )
    assert [of.metric for of in found.metrics] == ["auc", "error_rate"]
    assert verdicts(found)[2] == "fine"
    assert found.first_fix.startswith("Data mismatch first, with AUC 0.780 on train_dev and 0.690 on dev")


def test_what_only_plain_error_shows_is_said_to_be_so() -> None:
    found = told(
        ladder(train=0.20, train_dev=0.25, dev=0.25, test=0.25),
        ladder("auc", train=0.79, train_dev=0.79, dev=0.79, test=0.79),
    )
    assert "error rate 0.200 on train and 0.250 on train_dev (AUC shows none of it)" in found.first_fix


def test_what_the_leading_metric_cannot_tell_is_not_taken_from_another() -> None:
    found = told(
        ladder(train=0.20, dev=0.25),
        {"auc": {"train": sure(0.80), "dev": sure(0.77, se=0.02)}},
    )
    assert verdicts(found, "auc")[1] == "cannot_tell"
    assert found.first_fix.startswith("More labelled entities first: variance cannot be told")


def test_the_metric_that_the_team_names_leads() -> None:
    rates = (ladder(train=0.20, dev=0.25), ladder("auc", train=0.9, dev=0.8))
    assert [of.metric for of in told(*rates, lead="error_rate").metrics] == ["error_rate", "auc"]


def test_a_quantity_is_judged_in_standard_deviations_of_the_target() -> None:
    rates = {"mae": {"train": sure(40.0, se=0.1), "dev": sure(42.0, se=0.1)}}
    assert gap(diagnose(rates, human=None, sd=100.0), "variance").verdict == "fine"
    assert gap(diagnose(rates, human=None, sd=10.0), "variance").verdict == "problem"


def test_when_nothing_is_wrong_the_first_fix_says_so() -> None:
    even = ladder(train=0.1, train_dev=0.1, dev=0.1, test=0.1)
    assert told(even).first_fix.startswith("No gap stands out: declare a human level")
    assert told(even, human=0.1).first_fix.startswith("No gap is left to close")
    unsure = ladder(se=0.05, train=0.1, train_dev=0.1, dev=0.1, test=0.1)
    assert "variance and data mismatch and overfitting to dev cannot be told" in told(unsure).first_fix
