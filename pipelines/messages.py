"""How facts look on a terminal: results to stdout, progress and errors to stderr.

What the facts are does not belong here; that is `pipelines.views`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from assets.errors import Problem, SpecError
from checks.words import accepted_words, is_loud
from warehouse.errors import SettingsError

if TYPE_CHECKING:
    from assets.result import DatasetResult, RunReport
    from assets.step import Event

COLORS = {
    "fail": "red",
    "warn": "yellow",
    "pass": "green",
    "blocked": "red",
    "failed": "red",
    "broken": "red",
    "published": "green",
}
SIGNS = {"pass": "✓", "warn": "!", "fail": "✗", "cannot_tell": "?", "not_applicable": "-"}


def say(text: str = "") -> None:
    """A line of a result."""
    click.echo(text)


def note(text: str) -> None:
    """A line beside the result."""
    click.echo(text, err=True)


def say_json(facts: Mapping[str, Any]) -> None:
    """Facts for scripts."""
    click.echo(json.dumps({"schema_version": 1, **facts}, indent=2, default=str))


def colored(text: str, outcome: str) -> str:
    """`text` in the colour of an outcome."""
    return click.style(text, fg=COLORS.get(outcome))


def table(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, words: tuple[str, str] = ("yes", "no")
) -> None:
    """Rows as a table; `columns` maps keys to headings, `words` are those of truth and falsehood."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for key, heading in columns.items():
        is_number = any(isinstance(row.get(key), int | float) for row in rows)
        shown.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(cell(row.get(key), words) for key in columns))
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(shown)


def cell(value: Any, words: tuple[str, str] = ("yes", "no")) -> str:
    """One value as people read it."""
    from rich.markup import escape

    if value is None:
        return "-"
    if isinstance(value, bool):
        return words[0] if value else words[1]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return escape(", ".join(map(str, value))) or "-"
    return escape(str(value))


def when(moment: str | None) -> str | None:
    """A moment as `--json` tells it, to the minute.

    >>> when("2026-11-28T01:32:07.123456Z")
    '2026-11-28 01:32 UTC'
    """
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC" if moment else None


def findings(rows: Sequence[Mapping[str, Any]]) -> None:
    """Findings, one a line, each that is bad with its advice."""
    for row in rows:
        outcome = "pass" if row.get("accepted") else row["outcome"]
        say(f"  {colored(SIGNS[row['outcome']], outcome)} {row['code']:<10} {row['title']}: {row['seen']}")
        if row.get("accepted"):
            say(f"      {accepted_words(row['accepted'])}")
        elif row["advice"]:
            say(f"      {row['advice']}")


def problems(found: Sequence[Problem]) -> None:
    """What is wrong with files."""
    for problem in found:
        text = str(problem)
        note(colored(f"warning: {text}", "warn") if problem.is_warning else colored(text, "fail"))


def result(one: DatasetResult) -> None:
    """How a run ended for one dataset."""
    if one.status in {"failed", "skipped"}:
        note(f"{click.style(one.name, bold=True)}  {colored(one.status, 'fail')}: {one.error}")
        if one.hint:
            note(f"  Hint: {one.hint}")
        if one.version:
            note(f"  readers still have version {one.version}")
        return
    if one.status == "unchanged":
        say(f"{click.style(one.name, bold=True)}  v{one.version}  unchanged")
        for row in one.findings:
            if row["code"] in {"SOURCE3", "TEST1"} and is_loud(row):
                say(f"  {colored('warning', 'warn')}  {row['seen']}")
        _models(one)
        return
    version = f"v{one.version}" if one.status == "published" else colored("blocked", "fail")
    unlabelled = f" ({one.n_unlabelled:,} without label)" if one.n_unlabelled else ""
    say(
        f"{click.style(one.name, bold=True)}  {version}  {one.n_rows_ingested:,} rows in ="
        f" {one.n_rows_accepted:,} accepted + {one.n_rows_rejected:,} rejected{unlabelled}"
    )
    sizes = " · ".join(f"{row['split']} {row['n_rows']:,}" for row in one.splits)
    n_unused = sum(row["n_rows"] for row in one.unused)
    if one.splits:
        say(f"  splits   {sizes} · unused {n_unused:,}")
    _result_findings(one)


def _result_findings(one: DatasetResult) -> None:
    failed = [row for row in one.findings if row["outcome"] == "fail"]
    warned = [row for row in one.findings if is_loud(row)]
    quiet = [row for row in one.findings if row.get("accepted")]
    for row in failed:
        say(f"  {colored('blocks', 'fail')}   {row['code']} {row['seen']}")
        say(f"           {row['advice']}")
    if failed and one.version:
        say(f"  readers still have version {one.version}")
    if warned:
        count = f"{len(warned)} warning{'' if len(warned) == 1 else 's'}"
        say(f"  findings {colored(count, 'warn')}: {warned[0]['seen']}")
        for row in warned[1:]:
            say(f"           {row['seen']}")
    for row in quiet:
        say(f"  accepted {row['code']} until {row['accepted']['until']}: {row['seen']}")
    _models(one)


def _models(one: DatasetResult) -> None:
    if one.models:
        from pipelines.model_lines import short_lines  # with it comes numpy

        for line, is_failure in short_lines(one.models):
            (note if is_failure else say)(line)
    elif one.status == "published":
        missing = next((row for row in one.findings if row["code"] == "TARGET1"), None)
        if missing and missing["outcome"] == "not_applicable":
            say(f"  model    none: {missing['seen']}")


def warnings(said: Sequence[str]) -> None:
    """What is not as it should be, beside the result."""
    for text in said:
        note(f"{colored('warning', 'warn')}: {text}")


def run_report(report: RunReport, *, is_demo: bool = False) -> None:
    """How a run ended, and what to type next."""
    for one in report.datasets:
        result(one)
        if one.report:
            say(f"  report   {one.report}")
    named = next((one.name for one in reversed(report.datasets) if one.version), None)
    if named:
        train = f'gristmill sql "select * from {named}.train limit 5"'
        is_judged = any(one.name == named and one.models for one in report.datasets)
        last = ["gristmill add ~/your.csv"] if is_demo else [f"gristmill diagnose {named}"] if is_judged else []
        say(f"Next     {' · '.join(['gristmill serve', f'gristmill splits {named}', train, *last])}")


@contextmanager
def progress(*, is_quiet: bool) -> Iterator[Callable[[Event], None]]:
    """A listener for a run that shows on stderr what is being done; nothing where nobody looks."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda _event: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("planning")
        yield lambda e: shown.update(task, description=f"{e.dataset}: {e.step}, {e.stage} {e.said}")


def error(failure: BaseException, *, is_json: bool) -> None:
    """What went wrong, to whom it may concern."""
    hints = [note.removeprefix("Hint: ") for note in getattr(failure, "__notes__", ())]
    if not is_json:
        note(f"{colored('Error', 'fail')}: {failure}")
        for hint in hints:
            note(f"Hint: {hint}")
        return
    where = {}
    if isinstance(failure, SpecError):
        first = failure.problems[0]
        where, hints = {"file": first.file, "line": first.line, "key": first.key}, [first.hint]
    elif isinstance(failure, SettingsError):
        where = {"file": failure.file, "key": failure.key or None}
    # Errors of libraries may have a `code` too, of their own kind.
    code, retry = (failure.code if hasattr(failure, "exit_code") else "fault"), getattr(failure, "retry", False)  # type: ignore[attr-defined]
    _error_json(code, str(failure), "; ".join(hints) or None, where, is_retry=retry)


def usage(message: str, hint: str) -> None:
    """A wrong command line, for scripts."""
    _error_json("usage", message, hint, {}, is_retry=False)


def _error_json(code: str, message: str, hint: str | None, where: Mapping[str, Any], *, is_retry: bool) -> None:
    place = {"file": None, "line": None, "key": None, **where}
    say_json({"error": {"code": code, "message": message, "hint": hint, "retry": is_retry, "where": place}})
