"""What to do about a shift, in words: whom to ask, what to collect, when weights help and when only new labels do.

After Andrew Ng, *Nuts and Bolts of Applying Deep Learning* (2016): make train more like dev. Which columns shifted is
`checks.shift`; what is advised where nothing is known but the code, `checks.catalogue`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from checks.effect import Excess
from checks.figure.scale import percent
from checks.pair_shift import PairShift

MOST_NAMED, LONGEST_SIDE = 3, 16
WEIGHTS = '`d.weights("train", like="dev")`'
# By question, what is done about sides that differ. Pieces that may be empty bring their own space.
WHOLE = {
    "SHIFT1": "Both are meant to be one distribution, so the split is not what it says: look for a leak of time or "
    "entity into {columns}, name as `splits: entity` what makes rows alike, and split anew.",
    "SHIFT2": "Dev is not the world that you ship to, or test is not ({columns}): remake both from one source, of the "
    "data that you want to do well on.",
    "SHIFT4": "Ask the source what changed in {columns}{more}; then retrain on this version, or hold it back: models "
    "of the last one were made for other data.",
}
# The same where columns shifted, and not only how they hang together.
COLUMNS = {
    "SHIFT3": "Make train more like dev: collect or synthesise examples like those of dev{slices}; or reweight with "
    f"{WEIGHTS}.{{declare}}",
    "SHIFT5": "Judge models on the months in which they will be used.",
    "SHIFT6": "Where a model learns from {reference} and is used on {current}: collect or synthesise examples like "
    "those of {current}{slices}; or reweight.",
    "WATCH1": "Mend the source, or retrain on days like the last ones{more}.",
}
TOLD_APART = (
    "A classifier tells {current} from {reference} by {leading}: look at these together, slices of one over another; "
    "then collect or synthesise examples like those of {current}, or reweight."
)
DECLARE = " If they are meant to differ, declare `evaluate_on`."
TARGET = (
    "The target {target} itself shifted: where rows of a class look as they did, other priors mend it "
    '(`d.weights("train", by="class")`, or recalibrate); else get labels from the new world and retrain.'
)
# By what changed between two columns.
PAIRS = {
    "relation to the target": "The relation of {first} to the target changed: reweighting does not help there, get "
    "labels from the new world and retrain.",
    "trend within the window": "A trend within a side changed ({first}): compare shorter windows, or split by time.",
    "missing together": "Values are missing together otherwise than before ({named}): ask the source why.",
    "pattern of missing values": "Values are missing elsewhere than before ({named}): ask the source why.",
    "correlation": "Columns hang together otherwise than before ({named}): look at how the source makes or joins them.",
}
# By what a model's loss grew from, once that is surely more than nothing.
GROWN_LOSS = {
    "inputs": "Other inputs cost: make train more like them, by examples that are collected or synthesised like those "
    "that came, or reweight.",
    "relation": "The relation at the same inputs costs: reweighting does not help there, get labels from the new world "
    "and retrain.",
}
WATCHED = (
    "Look at {leading} from {day} on: `--by day` of `gristmill shift` shows it. {window}Seasons are real and alarm "
    "too: the days of one season are no reference for the next."
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is known of a shift.

    Attributes:
        code: Which question it answers.
        reference: The reference's name.
        current: The current side's name.
        columns: The columns that shifted, the largest effect first.
        excesses: Of what the current side has more, in their order.
        pairs: The pairs that shifted, the largest effect first.
        leading: The columns by which a classifier tells the sides apart.
        target: What a model is to predict.
        is_declared: The sides are meant to differ.
    """

    code: str
    reference: str
    current: str
    columns: Sequence[str] = ()
    excesses: Sequence[Excess] = ()
    pairs: Sequence[PairShift] = ()
    leading: Sequence[str] = ()
    target: str | None = None
    is_declared: bool = False


def remedy_of(seen: Seen) -> str:
    """What to do about a shift, one sentence a cause; empty where nothing shifted."""
    return " ".join(_said(seen))


def _said(seen: Seen) -> Iterator[str]:
    if not seen.columns and not seen.pairs:
        if seen.leading:
            yield TOLD_APART.format(reference=seen.reference, current=seen.current, leading=listed(seen.leading))
        return
    told = WHOLE.get(seen.code) or (COLUMNS.get(seen.code) if seen.columns else None)
    if told:
        named = seen.columns or [pair.named for pair in seen.pairs]
        slices = _slices(seen)
        yield told.format(
            columns=listed(named),
            slices=f" from these slices: {slices}" if slices else "",
            more=f" (there is more of {slices})" if slices else "",
            reference=seen.reference,
            current=seen.current,
            declare="" if seen.is_declared else DECLARE,
        )
    if seen.target in seen.columns:
        yield TARGET.format(target=seen.target)
    for meaning, words in PAIRS.items():
        if pairs := [pair for pair in seen.pairs if pair.meaning == meaning]:
            firsts = list(dict.fromkeys(pair.first for pair in pairs))
            yield words.format(first=listed(firsts), named=listed([pair.named for pair in pairs]))


def loss_remedy(grown: Collection[str]) -> str:
    """What to do about a loss that grew, by the parts that did: `inputs`, `relation`.

    >>> loss_remedy(["relation"]).startswith("The relation at the same inputs costs")
    True
    """
    return " ".join(words for part, words in GROWN_LOSS.items() if part in grown)


def watch_remedy(leading: str, day: date, window: str) -> str:
    """What to do about an alarm of the watch: who leads since when, and what the last 28 days say to do."""
    return WATCHED.format(leading=leading, day=day, window=f"{window} " if window else "")


def _slices(seen: Seen) -> str:
    """Of what the current side has more, with its share on both sides."""
    is_short = max(len(seen.reference), len(seen.current)) <= LONGEST_SIDE
    now, before = (f"of {seen.current}", f"of {seen.reference}") if is_short else ("now", "before")
    return "; ".join(
        f"{one.what} ({percent(one.current)} {now}, {percent(one.reference)} {before})"
        for one in seen.excesses[:MOST_NAMED]
    )


def listed(names: Sequence[str]) -> str:
    """The first names, and how many there are more.

    >>> listed(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
