"""What is said of a watch: the days that were judged, whether there is an alarm and since when, the last 28 days.

How days are judged is `checks.watching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from checks.bins import Cells
from checks.day_counts import DayCounts
from checks.finding import Finding, Outcome
from checks.remedies import watch_remedy
from checks.report import ShiftReport
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.watch_size import Size
from checks.watching import ALARM_AT, FEWEST_DAYS, Judged
from checks.without_unit import difference
from checks.words import figure, plural

CODE = "WATCH1"
WINDOW_DAYS = 28
A_BREAK = 0.5
MOST_NAMED = 3


def reference_until(days: Sequence[date]) -> date | None:
    """The last day of a frozen reference: all but the last 28 days, at least 30; None where there are fewer.

    >>> from datetime import date, timedelta
    >>> january = [date(2024, 1, 1) + timedelta(days=i) for i in range(31)]
    >>> reference_until(january), reference_until(january[:29])
    (datetime.date(2024, 1, 30), None)
    """
    at = max(len(days) - WINDOW_DAYS, FEWEST_DAYS)
    return days[at - 1] if len(days) >= at else None


def compare_window(
    counted: DayCounts, cells: Sequence[Cells], question: Question, *, until: date | None
) -> ShiftReport | None:
    """The last 28 days against the frozen reference, which a slow change does not move; None without later days.

    Args:
        counted: Counts of all days.
        cells: The columns that are watched.
        question: How; its unit is the day.
        until: The last day of the reference.
    """
    if until is None or not counted.days or (last := counted.days[-1]) <= until:
        return None
    first = max(last - timedelta(days=WINDOW_DAYS - 1), until + timedelta(days=1))
    reference = counted.side(f"{counted.days[0]} to {until}", counted.days[0], until)
    return compare_sides(reference, counted.side(f"{first} to {last}", first, last), cells, question)


def alarm_since(judged: Sequence[Judged]) -> Judged | None:
    """The day on which the alarm began that still holds; None where the last day is none."""
    since = None
    for one in reversed(judged):
        if not one.is_alarm:
            break
        since = one
    return since


def not_yet(days: Sequence[date]) -> Finding:
    """There are too few days to judge by."""
    seen = f"there are {plural(len(days), 'day')}; a day is judged once {FEWEST_DAYS} came before it"
    return Finding(code=CODE, outcome="not_applicable", seen=seen)


def beginning(days: Sequence[date], played: Sequence[Judged]) -> Finding:
    """Watching begins: what it would have said of the days that are there."""
    seen = f"watching begins after {days[-1]}, with {plural(len(days), 'day')} to judge by"
    alarm = next((one for one in played if one.is_alarm), None)
    if alarm:
        seen += f"; played back, {alarm.day} would have been an alarm, led by {_led(alarm)}"
    elif played:
        seen += f"; played back, none of the last {plural(len(played), 'day')} would have been an alarm"
    return Finding(code=CODE, outcome="pass", seen=seen)


def continuing(
    judged: Sequence[Judged],
    new: Sequence[Judged],
    *,
    late: Sequence[int],
    window: ShiftReport | None,
    size: Size | None,
    tolerance: float,
) -> Finding:
    """What the new days say, and whether an alarm holds; one of a change below the tolerance is told and passes.

    Args:
        judged: All days that were judged as they came, the new ones among them.
        new: Those that came since the last version.
        late: By day that came before, the rows that were added to it.
        window: The last 28 days against the reference.
        size: How large the change is that an alarm speaks of.
        tolerance: Changes below it are no alarm.
    """
    told = [_told(judged, new)]
    if late:
        told.append(f"{plural(sum(late), 'row')} came late for {plural(len(late), 'earlier day')}, not judged again")
    if window and window.shifted:
        named = ", ".join(c.column for c in window.shifted[:MOST_NAMED])
        told.append(f"{window.current} against {window.reference}: shifted: {named}")
    alarm = alarm_since(judged) or next((one for one in new if one.is_alarm), None)
    if alarm is None:
        # Ranks among few days are never small; what has changed for half of the rows is no season.
        is_broken = window is not None and any((c.low or 0) >= A_BREAK for c in window.shifted)
        remedy = window.remedy if window else ""
        return Finding(code=CODE, outcome="warn" if is_broken else "pass", seen="; ".join(told), remedy=remedy)
    if size and size.at_most < tolerance and not (window and window.shifted):
        told[0] += f"; the change is at most {size.at_most:.3f}, below the tolerance of {tolerance:g}"
        return Finding(code=CODE, outcome="pass", seen="; ".join(told))
    remedy = watch_remedy(_led(alarm), alarm.day, window.remedy if window else "")
    return Finding(code=CODE, outcome="warn", seen="; ".join(told), remedy=remedy)


def _told(judged: Sequence[Judged], new: Sequence[Judged]) -> str:
    if not judged:
        return "no day came since watching began"
    looked = f"{plural(len(new), 'new day')} judged, each against all days before it" if new else "no new day"
    last = judged[-1]
    evidence = f"evidence {figure(last.value)}, {ALARM_AT:g} is an alarm"
    if since := alarm_since(judged):
        return f"alarm since {since.day} ({evidence}), led by {_led(last)}; {looked}"
    if over := [one for one in new if one.is_alarm]:
        return f"alarm from {over[0].day} to {over[-1].day}, led by {_led(over[0])}; {looked}"
    return f"{looked}: no alarm ({evidence})"


def _led(one: Judged) -> str:
    return ", ".join(one.leading(MOST_NAMED))


def with_days_to_come(finding: Finding, newest: date, today: date) -> Finding:
    """The finding, which warns where a day is known that is still to come: all days before it would come late.

    Args:
        finding: What days say.
        newest: The last day that is known.
        today: The day of the run.
    """
    if newest <= today + timedelta(days=1):
        return finding
    late = "days before it are late when they come, and not judged"
    seen = f"{finding.seen}; the last day is {newest}, still to come: {late}"
    outcome: Outcome = "fail" if finding.outcome == "fail" else "warn"
    remedy = finding.remedy or "Correct such days at the source, or leave their rows out: a contract rejects them."
    return replace(finding, outcome=outcome, seen=seen, remedy=remedy)


def with_dayless(
    finding: Finding, time: str, now: tuple[int, int], before: tuple[int, int] | None, question: Question
) -> Finding:
    """The finding with the rows that are in no day; it warns where there are more of them than before.

    Args:
        finding: What days say.
        time: The column that they lack.
        now: How many rows lack it, of how many that were counted now.
        before: The same of those that were known; None where none were.
        question: How large a difference is an alarm.
    """
    if not now[0]:
        return finding
    seen = f"{finding.seen}; no {time} in {now[0]:,} of {plural(now[1], 'row')}, which are not judged"
    if before and before[1]:
        more = difference((before[0], now[0]), (before[1], now[1]))
        if more.value > 0 and more.is_beyond(question.tolerance, question.alpha):
            outcome: Outcome = "fail" if finding.outcome == "fail" else "warn"
            return replace(finding, outcome=outcome, seen=f"{seen} ({before[0]:,} of {before[1]:,} before)")
    return replace(finding, seen=seen)
