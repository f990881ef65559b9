"""The command `accept`.

What it does is `pipelines.accepted`.
"""

from __future__ import annotations

from typing import Any

import click

from checks.words import accepted_words, let_pass_words
from pipelines import messages
from pipelines.commands_look import as_json_option, opened


@click.command()
@click.argument("name")
@click.argument("code")
@click.option("--until", help="The last day on which it is silent, such as 2027-01-31.")
@click.option("--why", default="", help="Why it is no trouble until then; it is shown with the finding.")
@click.option("--undo", is_flag=True, help="Let it count again.")
@as_json_option
def accept(name: str, code: str, *, until: str | None, why: str, undo: bool, as_json: bool) -> None:
    """Silence the warnings of one code for one dataset until a day, and say why.

    Without `--until` it lets the newest build pass, once, that `shift: {on_shift: block}` holds back. What blocks for
    any other reason cannot be accepted.

    \b
    Example: gristmill accept flights SHIFT4 --until 2027-01-31 --why "the winter timetable"
             gristmill accept flights SHIFT4 --undo
             gristmill accept flights SHIFT4 --why "prices changed on purpose"
    """
    from pipelines.accepted import accept as keep
    from pipelines.accepted import withdraw
    from pipelines.letting_pass import let_pass

    code = code.upper()
    with opened() as (project, warehouse):
        if undo and (until or why):
            raise click.UsageError("Say either until when, or `--undo`.")
        if undo:
            withdraw(project, warehouse.meta, name, code)
            facts: dict[str, Any] = {"name": name, "code": code, "until": None}
        elif until is None:
            facts = let_pass(project, warehouse.meta, name, code, why=why)
        else:
            facts = keep(project, warehouse.meta, name, code, until=until, why=why)
    if as_json:
        messages.say_json(facts)
    elif undo:
        messages.say(f"{name}  {code} counts again")
    elif until is None:
        messages.say(f"{name}  {code} {let_pass_words(facts)}")
        messages.say(f"  the build is published by the next `gristmill run {name}`, and no other one")
    else:
        messages.say(f"{name}  {code} {accepted_words(facts)}")
        if before := facts["before"]:
            messages.say(f"  in place of: {accepted_words(before)}")
        warned = [row["seen"] for row in facts["findings"] if row["outcome"] == "warn"]
        for seen in warned or ["the newest version has no such warning; it will be silent when there is one"]:
            messages.say(f"  {seen}")


COMMANDS = {"accept": accept}
