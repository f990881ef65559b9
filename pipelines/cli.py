"""The command `gristmill`: its entrance, and what it does with an error.

The commands are in the modules `pipelines.commands_*`, as COMMANDS says; each imports what it needs when it is called.
"""

from __future__ import annotations

import os
import sys

# Read once, before scikit-learn is imported: busy waiting threads make a fit on two busy cores five times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import click

COMMANDS = {
    "demo": "begin", "add": "begin", "check": "begin", "schema": "begin",
    "run": "run", "status": "operate", "accept": "accept", "up": "operate",
    "list": "look", "show": "look", "history": "look", "splits": "splits", "shift": "shift", "diagnose": "diagnose",
    "rejected": "look", "sql": "look", "serve": "web", "export": "web",
}  # fmt: skip


ROOM = "the project's folder must have room and be writable: see to that and call it again"


class Commands(click.Group):
    """Finds a command in its module when it is called, so that `--help` starts fast."""

    # The three methods are click's own: which commands there are, where one is found, how help lists them.
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, D102
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: D102
        if cmd_name not in COMMANDS:
            from warehouse.errors import closest

            close = closest(cmd_name, COMMANDS)
            hint = f"did you mean {close!r}?" if close else "`gristmill --help` lists them"
            unknown = click.UsageError(f"No command named {cmd_name!r}. {hint[0].upper()}{hint[1:]}", ctx)
            unknown.hint = hint  # type: ignore[attr-defined]
            raise unknown
        from importlib import import_module

        module = import_module(f"pipelines.commands_{COMMANDS[cmd_name]}")
        command: click.Command = module.COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002, D102
        from pipelines.help_texts import SECTIONS

        for title, rows in SECTIONS:
            with formatter.section(title):
                formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="gristmill")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(*, debug: bool) -> None:
    """Gristmill: raw files in, versioned datasets with honest splits out.

    \b
    Example: gristmill add churn.csv --target churned
             gristmill run
             gristmill sql "select * from churn.train limit 5"
    """


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 failed, 2 wrong command or YAML, 3 blocked, 4 not found."""
    try:
        code = cli(standalone_mode=False, prog_name="gristmill")
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except click.exceptions.Abort:
        click.echo("Stopped. What was done is kept; run it again to go on.", err=True)
        code = 130
    except click.ClickException as error:
        code = _refused(error)
    except Exception as error:  # noqa: BLE001 - the last stop: nothing is hidden, and users see no traceback unasked
        code = _told(error)
    sys.exit(code if isinstance(code, int) else 0)


def _refused(error: click.ClickException) -> int:
    """A command line that is wrong, told as click does, or as JSON."""
    if "--json" not in sys.argv:
        error.show()
        return 2
    from pipelines import messages

    context = getattr(error, "ctx", None)
    path = context.command_path if context else "gristmill"
    messages.usage(error.format_message(), getattr(error, "hint", f"`{path} --help` shows how it is called"))
    return 2


def _told(error: Exception) -> int:
    from pipelines import messages

    if "--debug" in sys.argv:
        import traceback

        traceback.print_exc()
    if not hasattr(error, "exit_code"):
        is_room = isinstance(error, OSError) or "disk is full" in str(error) or "readonly" in str(error)
        fault = f"this is a fault of Gristmill ({type(error).__name__}); `gristmill --debug ...` shows where."
        error.add_note(f"Hint: {ROOM if is_room else fault}")
    messages.error(error, is_json="--json" in sys.argv)
    return int(getattr(error, "exit_code", 1))
