"""Commands that show the catalog: `serve`, `export`.

What pages say and who may read them is `pipelines.web`.
"""

from __future__ import annotations

from pathlib import Path

import click

from pipelines import messages
from warehouse.settings import find_project


@click.command()
@click.option("--port", type=click.IntRange(min=1, max=65535), help="Default: 8321, or one that is free.")
def serve(*, port: int | None) -> None:
    """Show the catalog in a browser, on this machine alone, until it is stopped with Ctrl-C.

    The address that is printed lets one browser in, once; nothing can be changed there.

    \b
    Example: gristmill serve
    """
    from pipelines.web.serve import make_server

    server = make_server(find_project(), port=port)
    messages.say(server.url)
    messages.note("Open it in a browser; it works once. Ctrl-C stops the catalog.")
    server.run()


@click.command()
@click.argument("name")
@click.option("--to", "form", type=click.Choice(["site"]), default="site", show_default=True, help="What to make.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def export(name: str, form: str, folder: Path, *, as_json: bool) -> None:
    """Write the catalog's pages of a dataset as files that open without a server.

    \b
    Example: gristmill export flights --to site flights_site
    """
    from pipelines.commands_look import opened
    from pipelines.web.site import export_site

    with opened() as (project, warehouse):
        files = export_site(project, warehouse.meta, [name], folder)
    if as_json:
        messages.say_json({"dataset": name, "form": form, "files": [str(file) for file in files]})
    else:
        messages.say(f"{len(files)} pages; open {files[0]}")


COMMANDS = {"serve": serve, "export": export}
