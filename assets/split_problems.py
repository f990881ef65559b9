"""Splits by time and splits that were made elsewhere: the policy that a file asks for, and what is wrong with it.

Shares, pools and named policies are read by `assets.project`; whether columns exist is asked by `assets.bind`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from assets.errors import Problem
from assets.spec import TimeSplits
from assets.yaml_file import DatasetFile
from checks.words import how_long
from warehouse.errors import Unreadable
from warehouse.files import find_files
from warehouse.policy import TRAIN_SIDE, PredefinedPolicy
from warehouse.time_cuts import NOTHING, TimePolicy, duration, moment

# Keys that cannot stand beside `time` and beside `predefined`, and why.
BESIDE_TIME = {
    "evaluate_on": "where time decides, dev and test are what comes last",
    "stratified": "rows go where their time says, whatever their label",
    "clusters": "rows go where their time says, whatever they are like",
    "derived_from": "rows go where their time says, whatever they were made from",
    "predefined": "rows go where they are told to",
}
BESIDE_PREDEFINED = {
    "shares": "rows go where they are told to",
    "policy": "rows go where they are told to",
    "evaluate_on": "rows go where they are told to",
    "stratified": "rows go where they are told to",
    "clusters": "rows go where they are told to",
    "derived_from": "rows go where they are told to",
}


def time_policy(file: DatasetFile) -> TimePolicy | None:
    """The policy of splitting by time that a file asks for; None where it asks for another one, or lacks `time`."""
    said, column = file.spec.splits.time, file.spec.time
    if said is None or column is None:
        return None
    return TimePolicy(
        column=column,
        dev=_place(said.dev),
        test=_place(said.test),
        gap=duration(said.gap) if said.gap else NOTHING,
        is_rolling=said.roll,
        is_released=said.release,
    )


def _place(text: str | None) -> datetime | timedelta | None:
    if text is None:
        return None
    try:
        return moment(text)
    except ValueError:
        return duration(text)


def predefined_policy(file: DatasetFile, root: Path) -> tuple[PredefinedPolicy | None, list[Problem]]:
    """The policy of taking splits from elsewhere that a file asks for, and what is wrong with it."""
    said = file.spec.splits.predefined
    if said is None:
        wrong = file.spec.splits.identical != "block"
        hint = "leave it out, or say under `predefined` where splits come from"
        found = "speaks of splits that were made elsewhere, and there are none"
        return None, [file.problem("splits.identical", found, hint)] if wrong else []
    problems = list(_beside(file, "predefined", BESIDE_PREDEFINED))
    if (said.column is None) == (said.file is None):
        found = "names a column and a file" if said.column else "names no column and no file"
        hint = "write `predefined: part`, or `predefined: {file: keys.csv, split: part}`"
        return PredefinedPolicy(), [*problems, file.problem("splits.predefined", found, hint)]
    if said.column in file.spec.features:
        found = f"names {said.column!r}, which names the splits"
        problems.append(file.problem("features", found, "take it out: a model would learn the split"))
    if said.file is None:
        return PredefinedPolicy(column=said.column), problems
    if not (file.spec.key or file.spec.splits.entity):
        found = "takes splits from a file, and rows have no `key` to be found by"
        problems.append(file.problem("splits.predefined", found, "name the `key`, or `splits.entity`"))
    try:
        return PredefinedPolicy(file=find_files(root, [said.file])[0], split=said.split), problems
    except Unreadable as error:
        hint = "; ".join(note.removeprefix("Hint: ") for note in error.__notes__)
        found = f"names {said.file!r}: {error.found}"
        return PredefinedPolicy(), [*problems, file.problem("splits.predefined.file", found, hint)]


def time_problems(file: DatasetFile) -> list[Problem]:
    """What is wrong with `splits.time`."""
    said = file.spec.splits.time
    if said is None:
        return []
    policy = time_policy(file)
    if policy is None:
        return [
            file.problem("splits.time", "splits by time, and there is no `time`", "name the column: `time: sold_at`")
        ]
    return [*_beside(file, "time", BESIDE_TIME), *_order(file, said, policy), *_rolling(file, policy)]


def wrong_time_shares(shares: Mapping[str, Decimal], time: TimePolicy) -> list[tuple[str, str]]:
    """What is wrong with the shares of splits by time, and what to do: of given cuts, of cuts by shares."""
    if "train" not in shares:
        return [("leave train out", "give it a share")]
    if time.given and (more := [split for split in shares if split not in TRAIN_SIDE]):
        found = f"give {' and '.join(more)} a share, and `time` says where {' and '.join(time.given)} begin"
        return [(found, "leave them out: beside cuts the shares of train and train_dev add up to 1")]
    if time.is_by_shares and set(shares) <= set(TRAIN_SIDE):
        return [("give dev and test none, and `time` does not say where they begin", "give test a share, or a moment")]
    return []


def _order(file: DatasetFile, said: TimeSplits, policy: TimePolicy) -> Iterator[Problem]:
    dev, test = policy.dev, policy.test
    if isinstance(dev, datetime) and isinstance(test, timedelta):
        found = f"lasts {said.test}, up to the newest row, and dev begins at a fixed moment"
        yield file.problem("splits.time.test", found, "give both a moment, or both a duration")
    if isinstance(dev, datetime) and isinstance(test, datetime) and dev >= test:
        found = f"is {_short(said.dev)}, which is not before test, {_short(said.test)}"
        yield file.problem("splits.time.dev", found, "dev comes before test")
        return
    span = test - dev if isinstance(dev, datetime) and isinstance(test, datetime) else dev
    if isinstance(span, timedelta) and policy.gap >= span:
        found = f"is {said.gap}, and dev lasts {how_long(span)}: nothing is left of it"
        yield file.problem("splits.time.gap", found, "make the gap shorter, or dev longer")


def _rolling(file: DatasetFile, policy: TimePolicy) -> Iterator[Problem]:
    if policy.is_rolling and policy.is_fixed:
        found = "is true, and where splits begin is fixed"
        yield file.problem("splits.time.roll", found, "give durations, such as `dev: 30d, test: 30d`, or shares alone")
    if policy.is_released and not policy.is_rolling:
        found = "is true, and nothing rolls"
        yield file.problem("splits.time.release", found, "leave it out, or say `roll: true`")


def _beside(file: DatasetFile, key: str, refused: dict[str, str]) -> Iterator[Problem]:
    splits = file.spec.splits
    for other, why in refused.items():
        if getattr(splits, other) not in (None, False, (), {}):
            yield file.problem(f"splits.{other}", f"stands beside `{key}`: {why}", "keep one of the two")


def _short(text: str | None) -> str:
    return str(text).removesuffix("T00:00:00")
