"""The first YAML of a dataset, written from a survey of its file, with comments on what to check by hand.

What was seen is `assets.survey`.
"""

from __future__ import annotations

import json
import re

from assets.survey import ColumnFacts, Survey
from checks.contract import TYPES
from checks.words import plural

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ ()./%-]*[A-Za-z0-9_)%]|[A-Za-z]")
SPECIAL = {"true", "false", "null"}
SHOWN_VALUES = 8


def draft(name: str, path: str, survey: Survey, *, target: str | None, schema_path: str) -> str:
    """The text of `datasets/<name>.yaml`.

    Args:
        name: The dataset's name.
        path: The file, as the project will find it.
        survey: What was seen of it.
        target: The target, or None.
        schema_path: Where an editor finds the JSON Schema, from the file's folder.
    """
    lines = [
        f"# yaml-language-server: $schema={schema_path}",
        f"# {survey.n_rows:,} rows, {len(survey.columns)} columns"
        + (
            f", {survey.n_unread:,} rows that could not be read: see `gristmill rejected {name}`"
            if survey.n_unread
            else ""
        ),
        'description: ""                  # what is one row?',
        *_source(path, survey),
        *_key(survey),
        *_time(survey),
        *_target(survey, target),
        *_not_features(survey, target),
        "contract:",
        "  columns:                       # as seen in this file; add min, max, in, pattern, references",
        *(_column(column) for column in survey.columns),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def scalar(text: str) -> str:
    """`text` as a YAML value, quoted where it must be.

    >>> scalar("mean radius"), scalar("no: 1")
    ('mean radius', '"no: 1"')
    """
    return text if PLAIN.fullmatch(text) and text.lower() not in SPECIAL else json.dumps(text, ensure_ascii=False)


def _flow(values: tuple[str, ...]) -> str:
    return (
        f"[{', '.join(json.dumps(value) if any(c in value for c in ',[]{}') else scalar(value) for value in values)}]"
    )


def _source(path: str, survey: Survey) -> list[str]:
    shown = path if re.fullmatch(r"[\w~./-]+", path) else json.dumps(path)
    return [f"source: {{path: {shown}, nulls: {_flow(survey.nulls)}}}" if survey.nulls else f"source: {shown}"]


def _key(survey: Survey) -> list[str]:
    if not survey.key:
        copies = f"; {survey.n_copies:,} rows are copies of others" if survey.n_copies else ""
        return [
            f"# key: [...]                    # no column alone is unique{copies}: which columns together name a row?"
        ]
    first, *others = survey.key
    more = f"; so is {', '.join(others)}" if others else ""
    return [f"key: {scalar(first)}  # unique in this file{more}: is it by nature, or by chance?"]


def _time(survey: Survey) -> list[str]:
    if not survey.times:
        return []
    return [f"# time: {scalar(survey.times[0])}  # when did a row happen? candidates: {', '.join(survey.times)}"]


def _target(survey: Survey, target: str | None) -> list[str]:
    if target is None:
        return ["# target: ...                   # what a model is to predict; leave it out if nothing"]
    values = [f"{value} {share:.1%}" for value, share in survey.target.items()]
    shown = ", ".join(values[:SHOWN_VALUES]) + (", ..." if len(values) > SHOWN_VALUES else "")
    return [f"target: {scalar(target)}" + (f"  # {shown}" if shown else "")]


def _not_features(survey: Survey, target: str | None) -> list[str]:
    lines = []
    named = (*survey.determining, *(column for column, _, _ in survey.suspicious))
    if named:
        lines = [f"not_features: {_flow(named)}  # check each: is it known when the product predicts?"]
        lines += [f"#   {column}: determines {target}" for column in survey.determining]
        lines += [
            f"#   {column}: alone has AUC {auc:.3f}, the next best column {best:.3f}"
            for column, auc, best in survey.suspicious
        ]
    elif target is not None:
        asked = "no column alone looks so" if survey.target else "a program cannot tell by this target: look yourself"
        lines = [f"# not_features: [...]           # not known when the product predicts; {asked}"]
    return lines


def _column(column: ColumnFacts) -> str:
    kind = next((name for name, (_, pattern) in TYPES.items() if pattern.fullmatch(column.kind)), None)
    nullable = ", nullable: true" if column.n_missing else ""
    shown = f"type: {kind or 'string'}{nullable}"
    seen = plural(column.n_distinct, "value")
    if column.least is not None:
        seen += f", {_short(column.least)} to {_short(column.most or '')}"
    if column.n_missing:
        seen += f", {column.n_missing:,} missing"
    return f"    {scalar(column.name)}: {{{shown}}}  # {seen}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 24 else f"{text[:21]}..."
