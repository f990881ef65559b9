"""What is wrong with a model, read off its error rates from human level to test: four gaps, each with its remedy.

Andrew Ng, *Machine Learning Yearning* (2018), chapters 20 to 32 and 40 to 43, and his talk *Nuts and Bolts of Applying
Deep Learning* (2016). The rates and their intervals are `checks.error_rates`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from checks.catalogue import CATALOGUE
from checks.error_rates import FEWEST_DF, FEWEST_ENTITIES, Rate, worsening
from checks.metrics import METRICS
from checks.words import figure, rough

Verdict = Literal["problem", "fine", "cannot_tell", "not_applicable"]
LADDER = ("human", "train", "train_dev", "dev", "test")
MOST_TIMES = 1_000


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One row of the table of gaps: a code of the catalogue, and the two rungs that it lies between."""

    name: str
    code: str
    title: str
    before: str
    after: str


GAPS = (
    Gap(name="avoidable_bias", code="BIAS1", title="avoidable bias", before="human", after="train"),
    Gap(name="variance", code="VAR1", title="variance", before="train", after="train_dev"),
    Gap(name="data_mismatch", code="MISMATCH1", title="data mismatch", before="train_dev", after="dev"),
    Gap(name="overfitting_to_dev", code="DEV1", title="overfitting to dev", before="dev", after="test"),
)


@dataclass(frozen=True, kw_only=True)
class HumanLevel:
    """How well people do it, as it was declared: the best of those named is the reference, as Ng teaches."""

    metric: str
    value: float
    said: str


@dataclass(frozen=True, kw_only=True)
class FoundGap:
    """A gap of one model by one metric.

    Attributes:
        name: As in `GAPS`.
        value: How much worse the later rung is, positive when worse; None where it does not apply.
        low: Of the 95 % interval, None when there is none.
        high: The same.
        verdict: `problem`: its interval excludes zero, and it is no smaller than the tolerance; `fine`: its interval
            lies below the tolerance.
        remedy: What to do; empty unless it is a problem.
        why: What the verdict rests on.
    """

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Verdict
    remedy: str = ""
    why: str

    def to_json(self) -> dict[str, Any]:
        """The gap as scripts get it."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class MetricDiagnosis:
    """The ladder of one metric: rates by rung, and the gaps between them in order."""

    metric: str
    rates: Mapping[str, Rate]
    gaps: tuple[FoundGap, ...]
    tolerance: float


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What is wrong with a model: its ladders, the leading metric first, and the first thing to do."""

    metrics: tuple[MetricDiagnosis, ...]
    first_fix: str


def diagnose(
    rates: Mapping[str, Mapping[str, Rate]], *, human: HumanLevel | None, sd: float | None, lead: str | None = None
) -> Diagnosis:
    """Read the gaps off the rates of one model.

    Args:
        rates: By metric, the rate of each split that has one.
        human: What people reach, or None.
        sd: The standard deviation of a numeric target: the scale of what matters.
        lead: The metric that the first fix is read off; the first that is aware of the base rate when None.
    """
    order = sorted(
        rates, key=lambda name: (name != lead, not METRICS[name].is_base_rate_aware, list(METRICS).index(name))
    )
    metrics = tuple(_of_metric(name, rates[name], human, sd) for name in order)
    return Diagnosis(metrics=metrics, first_fix=first_fix(metrics))


def _of_metric(name: str, of_splits: Mapping[str, Rate], human: HumanLevel | None, sd: float | None) -> MetricDiagnosis:
    metric = METRICS[name]
    tolerance = metric.tolerance * (sd or 1.0) if metric.is_in_sd else metric.tolerance
    declared = {"human": Rate(estimate=human.value)} if human and human.metric == name else {}
    known = declared | dict(of_splits)
    found = {rung: known[rung] for rung in LADDER if rung in known}
    gaps = tuple(_found(gap, name, found, human, tolerance) for gap in GAPS)
    return MetricDiagnosis(metric=name, rates=found, gaps=gaps, tolerance=tolerance)


def _found(gap: Gap, metric: str, rates: Mapping[str, Rate], human: HumanLevel | None, tolerance: float) -> FoundGap:
    before, after = gap.before, gap.after
    if gap.name == "variance" and "train_dev" not in rates:
        after = "dev"  # without train_dev the fall from train to dev is variance: both are of one distribution
    if missing := _not_applicable(gap, metric, rates, human, after):
        return FoundGap(name=gap.name, verdict="not_applicable", why=missing)
    worse = worsening(metric, rates[before], rates[after])
    shown: dict[str, Any] = {"name": gap.name, "value": worse.value, "low": worse.low, "high": worse.high}
    reference = f"; human level: {human.said}" if human and gap.before == "human" else ""
    if worse.low is None or worse.high is None:
        return FoundGap(**shown, verdict="cannot_tell", why=_too_few(rates, before, after) + reference)
    of = f"{before} to {after}"
    if worse.low > 0 and worse.value >= tolerance:
        why = f"{of}: the interval excludes zero, and the gap is at least {rough(tolerance)}{reference}"
        return FoundGap(**shown, verdict="problem", remedy=CATALOGUE[gap.code].advice, why=why)
    if worse.high < tolerance:
        return FoundGap(**shown, verdict="fine", why=f"{of}: the interval lies below {rough(tolerance)}{reference}")
    why = f"{of}: {_would_tell(rates, before, after, worse.value, worse.high - worse.value, tolerance)}{reference}"
    return FoundGap(**shown, verdict="cannot_tell", why=why)


def _not_applicable(
    gap: Gap, metric: str, rates: Mapping[str, Rate], human: HumanLevel | None, after: str
) -> str | None:
    """Why the gap has no meaning here, in words, or None."""
    title = METRICS[metric].title
    if gap.before == "human" and human is None:
        return "no human level is declared (`human_level`), so nobody knows how much of the error could be avoided"
    if gap.before == "human" and "human" not in rates and human:
        return f"the human level is declared as {METRICS[human.metric].title}, not as {title}"
    if gap.name == "data_mismatch" and "train_dev" not in rates:
        return "there is no train_dev: train and dev are of one distribution, or nothing tells mismatch from variance"
    missing = [rung for rung in (gap.before, after) if rung not in rates]
    return f"there is no {title} of {' and '.join(missing)}" if missing else None


def _too_few(rates: Mapping[str, Rate], before: str, after: str) -> str:
    said = []
    for rung in (before, after):
        rate = rates[rung]
        if rate.is_told:
            continue
        if (rate.n_entities or 0) < FEWEST_ENTITIES:
            said.append(f"{rung} has {rate.n_entities} entities, at least {FEWEST_ENTITIES} are needed")
        else:
            times = max(2, math.ceil(2 * FEWEST_DF / max(rate.df, 1.0)))
            said.append(
                f"a few of the {rate.n_entities:,} entities of {rung} make all the difference;"
                f" about {times * (rate.n_entities or 0):,} would tell"
            )
    return "; ".join(said)


def _would_tell(rates: Mapping[str, Rate], before: str, after: str, value: float, half: float, tolerance: float) -> str:
    """How many entities would tell: an interval shrinks as one over the root of their number, at a bound faster."""
    distance = value if value >= tolerance else tolerance - value
    power = 1 if all(rates[rung].is_at_bound or rung == "human" for rung in (before, after)) else 2
    times = (half / distance) ** power if distance > 0 else math.inf
    if times > MOST_TIMES:
        return f"it lies at the tolerance of {rough(tolerance)}; no number of entities in reach would tell"
    # A whisker above the ratio: just as many entities would leave the interval touching.
    wanted = [
        f"{math.ceil(has * times * 1.05):,} in {rung} (has {has:,})"
        for rung in (before, after)
        if (has := rates[rung].n_entities)
    ]
    return f"about {' and '.join(wanted)} entities would tell"


def first_fix(metrics: Sequence[MetricDiagnosis]) -> str:
    """The first thing to do, in one sentence.

    Of the leading metric's problems (and avoidable bias by whatever metric the human level was declared in) the largest
    in units of its tolerance comes first; when it shows none, the largest of the other metrics. What the leading metric
    cannot tell is not taken from another: asked of every metric, chance alone would name a gap twice as often.
    """
    if not metrics:
        return "Nothing can be said: no split has a labelled row that was predicted."
    lead, *others = metrics
    found = _problems(lead) + [one for other in others for one in _problems(other) if one[1].name == "avoidable_bias"]
    if not found:
        unsure = {gap.name for gap in lead.gaps if gap.verdict == "cannot_tell"}
        found = [one for other in others for one in _problems(other) if one[1].name not in unsure]
    if not found:
        return _nothing_found(lead)
    of, gap = max(found, key=lambda one: (one[1].value or 0) / one[0].tolerance)
    beside = _beside(lead, gap.name) if of is not lead else ""
    row = next(row for row in GAPS if row.name == gap.name)
    before, after = _rungs(of, row)
    remedy = gap.remedy.partition(";")[0].rstrip(".")
    title, rates = METRICS[of.metric].title, [of.rates[rung].estimate for rung in (before, after)]
    fall = f"{title} {figure(rates[0])} on {before} and {figure(rates[1])} on {after}{beside}"
    return f"{row.title.capitalize()} first, with {fall}: {remedy[0].lower()}{remedy[1:]}."


def _beside(lead: MetricDiagnosis, name: str) -> str:
    """What the leading metric says of a gap that another one shows."""
    is_fine = any(gap.name == name and gap.verdict == "fine" for gap in lead.gaps)
    return f" ({METRICS[lead.metric].title} shows none of it)" if is_fine else ""


def _problems(of: MetricDiagnosis) -> list[tuple[MetricDiagnosis, FoundGap]]:
    return [(of, gap) for gap in of.gaps if gap.verdict == "problem"]


def _rungs(of: MetricDiagnosis, row: Gap) -> tuple[str, str]:
    return row.before, "dev" if row.name == "variance" and "train_dev" not in of.rates else row.after


def _nothing_found(lead: MetricDiagnosis) -> str:
    titles = {row.name: row.title for row in GAPS}
    unsure = [titles[gap.name] for gap in lead.gaps if gap.verdict == "cannot_tell"]
    if unsure:
        units = "rows" if all(rate.n == rate.n_entities for rate in lead.rates.values()) else "entities"
        return f"More labelled {units} first: {' and '.join(unsure)} cannot be told from chance yet."
    if all(gap.verdict == "not_applicable" for gap in lead.gaps):
        return f"Nothing can be told: {lead.gaps[1].why}; a model is diagnosed from its fall between train and dev."
    has_bias = any(gap.name == "avoidable_bias" and gap.verdict == "fine" for gap in lead.gaps)
    if has_bias:
        return "No gap is left to close: look at single mistakes on dev, or at whether the human level can be beaten."
    return "No gap stands out: declare a human level, so that avoidable bias can be told, and look at mistakes on dev."
