"""`gristmill add`: a file becomes a dataset of a project, made when there is none.

What is seen of the file is `assets.survey`; what is written is `pipelines.draft`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from assets.spec import DatasetSpec
from assets.survey import Survey, survey
from assets.yaml_file import wrong_name
from pipelines.draft import draft
from warehouse.errors import NotFound, SettingsError
from warehouse.files import find_files
from warehouse.lake import connect
from warehouse.layout import Reading
from warehouse.settings import FILE, find_project, read_settings

SCHEMA_FILE = "dataset.schema.json"


@dataclass(frozen=True, kw_only=True)
class Added:
    """What `add` did.

    Attributes:
        name: The dataset.
        file: Its YAML.
        is_new_project: Whether the project was made too.
        survey: What was seen.
    """

    name: str
    file: Path
    is_new_project: bool
    survey: Survey


def add(path: str, *, name: str | None, target: str | None, start: Path) -> Added:
    """Look at a file and write its dataset.

    Raises:
        Unreadable: There is no such file, or it is not of its format.
        NotFound: It has no column `target`.
        SettingsError: The dataset exists already.
    """
    file = find_files(start, [path])[0]
    name = name or _name_of(Path(file.member or file.path.name))
    if said := wrong_name(name):
        raise SettingsError(f"datasets/{name}.yaml", "", f"cannot be written: {said}", "give another `--name`")
    root, is_new = _project(start)
    target_file = root / "datasets" / f"{name}.yaml"
    if target_file.exists():
        raise SettingsError(f"datasets/{name}.yaml", "", "exists already", "give another `--name`, or edit it")
    with connect() as connection:
        seen = survey(connection, file, Reading(format=file.format or "csv"), target=target)
    if is_new:
        _make_project(root)
    home = read_settings(root).home
    home.mkdir(parents=True, exist_ok=True)
    (home / SCHEMA_FILE).write_text(json.dumps(DatasetSpec.model_json_schema(by_alias=True), indent=2), "utf-8")
    target_file.parent.mkdir(parents=True, exist_ok=True)
    schema_path = Path(os.path.relpath(home / SCHEMA_FILE, target_file.parent)).as_posix()
    text = draft(name, _shown(root, file.path, file.member), seen, target=target, schema_path=schema_path)
    target_file.write_text(text, "utf-8")
    return Added(name=name, file=target_file, is_new_project=is_new, survey=seen)


def _name_of(path: Path) -> str:
    """A dataset's name from a file's.

    >>> _name_of(Path("2024 Sales-Report.csv.gz"))
    'd2024_sales_report'
    """
    stem = path.name.split(".")[0].lower()
    name = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", stem)).strip("_") or "data"
    name = re.sub(r"_v(\d+)$", r"_\1", name)
    return name if name[0].isalpha() else f"d{name}"


def _project(start: Path) -> tuple[Path, bool]:
    try:
        return find_project(None if start == Path.cwd() else start), False
    except NotFound:
        return start.resolve(), True


def _make_project(root: Path) -> None:
    (root / FILE).write_text(
        "# The project's one salt, drawn once: with it an entity has one split in every dataset. Never change it.\n"
        f'salt = "{secrets.token_hex(8)}"\n',
        "utf-8",
    )


def _shown(root: Path, path: Path, member: str | None) -> str:
    path = path.resolve()
    shown = path.relative_to(root.resolve()).as_posix() if path.is_relative_to(root.resolve()) else str(path)
    return f"{shown}/{member}" if member else shown
