"""Commands that begin: `demo`, `add`, `check`, `schema`.

What a dataset's file may say is `assets.spec`.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipelines import messages

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.command()
@click.argument("folder", default="gristmill-demo", type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
@as_json_option
def demo(folder: Path, *, as_json: bool) -> int:
    """Make the demo project in DIR (flights out of New York, 2013: five datasets) and run it.

    \b
    Example: gristmill demo my-demo
    """
    from pipelines.commands_run import run_project
    from pipelines.demo import make_demo

    root = make_demo(folder)
    if not as_json:
        messages.note(f"The demo project is in {folder}")
    report = run_project(root, is_quiet=as_json)
    if as_json:
        messages.say_json({"run_id": report.run_id, "datasets": [one.to_json() for one in report.datasets]})
    else:
        messages.run_report(report, is_demo=True)
        if folder.resolve() != Path.cwd():
            messages.note(f"These work inside the project: cd {folder}")
    return report.exit_code


@click.command()
@click.argument("path")
@click.option("--name", help="The dataset's name. Default: from the file's.")
@click.option("--target", help="The column that a model is to predict.")
@as_json_option
def add(path: str, *, name: str | None, target: str | None, as_json: bool) -> None:
    """Look at a CSV, Parquet or NDJSON file and write its dataset; makes the project when there is none.

    \b
    Example: gristmill add churn.csv --target churned
    """
    from dataclasses import asdict

    from pipelines.add import add as add_file

    added = add_file(path, name=name, target=target, start=Path.cwd())
    seen = added.survey
    if as_json:
        messages.say_json(
            {
                "name": added.name,
                "file": str(added.file),
                "is_new_project": added.is_new_project,
                "survey": asdict(seen),
            }
        )
        return
    if added.is_new_project:
        messages.note(f"A new project: {added.file.parent.parent}")
    messages.say(
        f"{added.name}  {seen.n_rows:,} rows, {len(seen.columns)} columns, {seen.n_unread:,} rows could not be read"
    )
    if seen.target:
        messages.say("  target   " + ", ".join(f"{value} {share:.1%}" for value, share in seen.target.items()))
    for column in seen.determining:
        messages.say(f"  check    {column} determines {target}: is it known when you predict?")
    for column, auc, best in seen.suspicious:
        messages.say(
            f"  check    {column} alone has AUC {auc:.3f}, the next best {best:.3f}: is it known when you predict?"
        )
    messages.say(f"  written  {added.file}: read its comments")
    messages.say(f"Next     gristmill run {added.name}")


@click.command()
@as_json_option
def check(*, as_json: bool) -> int:
    """Check every dataset file: keys, names, queries and conditions, without reading the data.

    \b
    Example: gristmill check
    """
    from assets.bind import check as check_project
    from assets.project import Project
    from warehouse.settings import find_project

    project = Project.open(find_project())
    found = check_project(project)
    n_wrong = sum(not problem.is_warning for problem in found)
    if as_json:
        messages.say_json({"datasets": list(project.names), "problems": [problem.to_json() for problem in found]})
    else:
        messages.problems(found)
        n_datasets = f"{len(project.names)} dataset{'' if len(project.names) == 1 else 's'}"
        messages.say(f"{n_datasets} checked: {n_wrong or 'no'} problem{'' if n_wrong == 1 else 's'}")
    return 2 if n_wrong else 0


@click.command()
def schema() -> None:
    """Print the JSON Schema of dataset files, for editors.

    \b
    Example: gristmill schema > .gristmill/dataset.schema.json
    """
    from assets.spec import DatasetSpec

    click.echo(json.dumps(DatasetSpec.model_json_schema(by_alias=True), indent=2))


COMMANDS: dict[str, click.Command] = {"demo": demo, "add": add, "check": check, "schema": schema}
