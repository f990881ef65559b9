"""The command `splits`: sizes, pictures, proof, policies and who judged on test, of one version.

What it shows is `pipelines.views_splits`; how, `pipelines.messages_splits`.
"""

from __future__ import annotations

import click

from pipelines import messages
from pipelines.commands_look import as_json_option, opened


@click.command()
@click.argument("name")
@as_json_option
def splits(name: str, *, as_json: bool) -> None:
    """What each split holds, asked and got; the proof that nothing leaks; policies; who judged on test.

    \b
    Example: gristmill splits flights
             gristmill splits flights@1
    """
    from pipelines import messages_splits, views_splits

    with opened() as (project, warehouse):
        facts = views_splits.splits(project, warehouse.meta, name)
    if as_json:
        messages.say_json(facts)
    else:
        messages_splits.splits(facts)


COMMANDS = {"splits": splits}
