"""The command `shift`: how splits, versions, months and days of a dataset differ, or any two by name.

What it shows is `pipelines.views_shift`; how it looks, `pipelines.messages_shift`.
"""

from __future__ import annotations

from typing import Any

import click

from pipelines import messages
from pipelines.commands_look import as_json_option, opened


@click.command()
@click.argument("name")
@click.argument("other", required=False)
@click.option(
    "--by",
    type=click.Choice(["split", "version", "month", "day"]),
    help="Only splits, versions, months (a line each) or days (the watch).",
)
@click.option("--held-back", is_flag=True, help="The newest build, which a finding keeps from being a version.")
@as_json_option
def shift(name: str, *, other: str | None, by: Any, held_back: bool, as_json: bool) -> None:
    """How splits, versions, months and days of a dataset differ; or how two versions or splits do, now.

    \b
    Example: gristmill shift flights --by month
             gristmill shift flights@2 --by day
             gristmill shift flights@1 flights@3
             gristmill shift flights --held-back
    """
    from pipelines import messages_shift, views_shift

    if other:
        if by or held_back:
            raise click.UsageError("Two names are compared as they are: leave out `--by` and `--held-back`.")
        from pipelines.api_compare import compare

        report = compare(name, other, None, None, None, project=None, policy={})
        if as_json:
            messages.say_json(report.to_json())
            return
        messages_shift.two(report, rest=f"gristmill shift {name} {other} --json")
        return
    with opened() as (project, warehouse):
        of = views_shift.held_back if held_back else views_shift.shift
        facts = of(project, warehouse.meta, name, by=by)
    if as_json:
        messages.say_json(facts)
        return
    messages_shift.shift(f"{name} --held-back" if held_back else name, facts, by=by)


COMMANDS = {"shift": shift}
