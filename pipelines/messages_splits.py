"""How splits look on a terminal: tables, one bar of all rows, a line of blocks a split over time.

What the facts are does not belong here; that is `pipelines.views_splits`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from checks.figure.scale import percent
from pipelines import messages

Facts = Mapping[str, Any]
WIDTH = 64
BLOCKS = "▁▂▃▄▅▆▇█"
# Told apart without colour, as in the pictures.
FILLS = {"train": "█", "train_dev": "▓", "dev": "▒", "test": "░", "unused": "·"}
MOST_LABELS = 4


def splits(facts: Facts) -> None:
    """All that is known of the splits of a version."""
    messages.say(f"{facts['dataset']}  version {facts['version']}")
    rows = [_row(row) for row in facts["splits"]]
    rows += [
        {"split": f"unused: {row['reason']}", "n_rows": row["n_rows"], "n_unlabelled": row["n_unlabelled"]}
        for row in facts["unused"]
    ]
    headings = {"split": "split", "n_rows": "rows", "n_entities": "entities"}
    if any(row.get("asked") for row in rows):
        headings |= {"asked": "asked", "got": "got (95 % interval)"}
    headings |= {"n_unlabelled": "without label", "label": "labels (95 % interval)", "times": "time"}
    messages.table(rows, headings)
    for row in facts["unused"]:
        if row["why"]:
            messages.say(f"  unused: {row['reason']}: {row['why']}")
    for line in (*_bar(facts), *_over_time(facts)):
        messages.say(line)
    messages.findings(facts["findings"])
    _policies(facts)


def _row(row: Facts) -> dict[str, Any]:
    return dict(row) | {
        "label": ", ".join(labels_of(row["label"])) or None,
        "times": f"{row['first_time']} to {row['last_time']}" if row["first_time"] else None,
        "asked": percent(row["asked_share"], 1) if row.get("asked_share") is not None else None,
        "got": got_of(row) or None,
    }


def got_of(row: Facts) -> str:
    """The share of entities that a split got, with its interval, in words; empty where none was counted."""
    if (got := row.get("got_share")) is None:
        return ""
    ends = [row["got_low"], row["got_high"]] if row["got_low"] is not None else None
    return f"{percent(got, 1)}{_within(ends)}"


def labels_of(label: Facts | None) -> list[str]:
    """The shares of the classes, or the mean, each with its interval, in words."""
    if label is None:
        return []
    if label["kind"] == "numeric":
        from checks.words import figure

        if label["sd"] is None:
            return []
        within = f" ({figure(label['interval'][0])} to {figure(label['interval'][1])})" if label.get("interval") else ""
        return [f"mean {figure(label['mean'])}{within}, sd {figure(label['sd'])}"]
    intervals = label.get("intervals", {})
    shares = list(label["shares"].items())
    told = [f"{name} {percent(share, 1)}{_within(intervals.get(name))}" for name, share in shares[:MOST_LABELS]]
    return told + ([f"{len(shares) - MOST_LABELS} more"] if len(shares) > MOST_LABELS else [])


def _within(interval: Sequence[float] | None) -> str:
    return f" ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})" if interval else ""


def _bar(facts: Facts) -> Iterator[str]:
    """One bar of all rows, as long as their shares."""
    sizes = {row["split"]: row["n_rows"] for row in facts["splits"]}
    if n_unused := sum(row["n_rows"] for row in facts["unused"]):
        sizes["unused"] = n_unused
    n_rows = sum(sizes.values())
    if not n_rows:
        return
    ends, total, bar = [0], 0, ""
    for name, n in sizes.items():
        total += n
        ends.append(round(WIDTH * total / n_rows))
        bar += FILLS.get(name, "?") * (ends[-1] - ends[-2])
    key = "  ".join(f"{FILLS.get(name, '?')} {name} {percent(n / n_rows, 1)}" for name, n in sizes.items())
    yield f"  rows  {bar}"
    yield f"        {key}"


def _over_time(facts: Facts) -> Iterator[str]:
    """Rows of each split over time, as blocks: each split on a scale of its own."""
    figure = next((one for one in facts["figures"] if one["kind"] == "stacks"), None)
    if figure is None:
        return
    without = f", {figure['n_without']:,} rows without" if figure["n_without"] else ""
    yield f"  rows by {figure['unit']}, {figure['x'][0]} to {figure['x'][-1]}{without}"
    width = max(map(len, figure["series"]))
    for name, values in figure["series"].items():
        yield f"    {name:<{width}}  {_blocks(values)}  most {max(values):,}"


def _blocks(values: Iterable[int]) -> str:
    listed = list(values)
    top = max(listed)
    return "".join("·" if not n else BLOCKS[min(len(BLOCKS) - 1, n * len(BLOCKS) // top)] for n in listed)


def _policies(facts: Facts) -> None:
    if not facts["policies"]:
        return
    messages.say()
    rows = [
        {
            "policy": row["policy"],
            "since": f"version {row['since_version']}, {messages.when(row['since_at'])}",
            "what": policy_said(row),
            "changed": "; ".join(row["changed"]) or None,
            "override": row["allow_trained"],
        }
        for row in facts["policies"]
    ]
    headings = {"policy": "policy", "since": "since", "what": "what it was", "changed": "changed"}
    if any(row["override"] for row in rows):
        headings["override"] = "override, because"
    messages.table(rows, headings)


def policy_said(row: Facts) -> str:
    """A policy in a few words."""
    told = [f"by {', '.join(row['entity']) or 'the row itself'}"]
    if row["evaluate_on"]:
        told.append(f"dev and test where {row['evaluate_on']}, apart: {row['apart']}")
    told += [" · ".join(f"{split} {share:.4g}" for split, share in shares.items()) for shares in row["shares"].values()]
    known = {"policy", "since_version", "until_version", "since_at", "author", "entity", "evaluate_on", "apart"}
    known |= {"shares", "changed", "allow_trained"}
    return "; ".join([*told, *(f"{key}: {value}" for key, value in row.items() if key not in known and value)])
