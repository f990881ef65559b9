"""Reading `datasets/*.yaml`: from text with line numbers to specs, or to problems that say where.

What the keys mean is `assets.spec`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from assets.errors import Problem
from assets.spec import NOT_BUILT, DatasetSpec, known_keys
from warehouse.errors import closest

NAME = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = ("raw", "rejected", "meta", "main")
VARIABLE = re.compile(r"\$\{(\w+)\}")
Path_ = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DatasetFile:
    """A dataset's file, read.

    Attributes:
        name: The dataset's name: the file's stem.
        file: The file, relative to the project.
        spec: What it says.
        query: The text of the query, from the YAML or its .sql file, or None.
        query_file: Where the query's text stands.
        query_line: The line, from 1, on which it begins.
        lines: The line of each key, by its path.
    """

    name: str
    file: str
    spec: DatasetSpec
    query: str | None = None
    query_file: str = ""
    query_line: int = 1
    lines: Mapping[Path_, int] = field(default_factory=dict)

    def problem(self, key: str, found: str, hint: str, *, is_warning: bool = False) -> Problem:
        """A problem at `key` (dotted), with its line."""
        return Problem(
            file=self.file, line=line_of(self.lines, tuple(key.split("."))), key=key, found=found, hint=hint, is_warning=is_warning
        )


def line_of(lines: Mapping[Path_, int], path: Path_) -> int | None:
    """The line of a key, or of the nearest key above it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def read_datasets(root: Path) -> tuple[dict[str, DatasetFile], list[Problem]]:
    """Every dataset file of a project, and what is wrong with the others."""
    found: dict[str, DatasetFile] = {}
    problems: list[Problem] = []
    paths = sorted(p for p in (root / "datasets").glob("*") if p.suffix in {".yaml", ".yml"})
    for path in paths:
        name = f"datasets/{path.name}"
        if path.suffix == ".yml" and path.with_suffix(".yaml") in paths:
            problems.append(_problem(name, f"stands beside {path.stem}.yaml: two files for one dataset", "keep one of them"))
            continue
        if said := _wrong_name(path.stem):
            problems.append(_problem(name, said, "rename the file: a small letter, then small letters, digits and single _"))
            continue
        read = read_dataset(root, path)
        if isinstance(read, DatasetFile):
            found[path.stem] = read
        else:
            problems += read
    return found, problems


def _problem(file: str, found: str, hint: str, line: int | None = None, key: str = "") -> Problem:
    return Problem(file=file, line=line, key=key, found=found, hint=hint)


def _wrong_name(stem: str) -> str | None:
    if stem in RESERVED:
        return f"{stem!r} is a name that Gristmill uses itself"
    if not NAME.fullmatch(stem) or "__" in stem or re.search(r"_v\d+$", stem):
        return f"{stem!r} cannot be the name of a dataset"
    return None


def read_dataset(root: Path, path: Path) -> DatasetFile | list[Problem]:
    """One dataset file, or what is wrong with it."""
    file = f"datasets/{path.name}"
    try:
        tree = YAML(typ="rt").load(path.read_text("utf-8"))
    except (MarkedYAMLError, UnicodeDecodeError) as error:
        return [_malformed(file, error)]
    if not isinstance(tree, CommentedMap):
        return [_problem(file, "holds no keys", "write `source: path/to/file.csv`")]
    lines: dict[Path_, int] = {}
    problems: list[Problem] = []
    raw = _plain(tree, (), lines, problems, file)
    problems += _not_built(raw, lines, file)
    if problems:
        return problems
    try:
        spec = DatasetSpec.model_validate(raw)
    except ValidationError as error:
        return [_invalid(file, lines, raw, dict(item)) for item in error.errors()]
    return _with_query(root, path, DatasetFile(name=path.stem, file=file, spec=spec, lines=lines), tree)


def _malformed(file: str, error: MarkedYAMLError | UnicodeDecodeError) -> Problem:
    if isinstance(error, UnicodeDecodeError):
        return _problem(file, "is not UTF-8", "save it as UTF-8")
    mark = error.problem_mark or error.context_mark
    said = " ".join(str(error.problem or error.context).split())
    return _problem(file, f"is not YAML: {said}", "mend that line, or the one before it", mark.line + 1 if mark else None)


def _plain(node: Any, path: Path_, lines: dict[Path_, int], problems: list[Problem], file: str) -> Any:
    """The tree as plain values; the line of every key goes to `lines`, an unset variable to `problems`."""
    if isinstance(node, CommentedMap):
        for key in node:
            lines[*path, str(key)] = node.lc.key(key)[0] + 1
        return {str(key): _plain(value, (*path, str(key)), lines, problems, file) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        for i in range(len(node)):
            lines[*path, str(i)] = node.lc.item(i)[0] + 1
        return [_plain(value, (*path, str(i)), lines, problems, file) for i, value in enumerate(node)]
    return _scalar(node, path, lines, problems, file)


def _scalar(node: Any, path: Path_, lines: Mapping[Path_, int], problems: list[Problem], file: str) -> Any:
    if isinstance(node, str):
        for name in VARIABLE.findall(node):
            if name not in os.environ:
                problems.append(
                    _problem(file, f"reads ${{{name}}}, which is not set", f"`export {name}=...`", line_of(lines, path), ".".join(path))
                )
        return VARIABLE.sub(lambda match: os.environ.get(match.group(1), ""), str(node))
    for kind in (bool, int, float, datetime, date):
        if isinstance(node, kind):
            # ruamel keeps how a value was written in classes of its own.
            return node if kind in {bool, date, datetime} else kind(node)
    return node


def _not_built(raw: Mapping[str, Any], lines: Mapping[Path_, int], file: str) -> list[Problem]:
    paths = [(key,) for key in raw]
    paths += [(top, key) for top in ("splits", "source") if isinstance(raw.get(top), dict) for key in raw[top]]
    if isinstance(sources := raw.get("sources"), dict):
        paths += [("sources", name, key) for name, source in sources.items() if isinstance(source, dict) for key in source]
    return [
        _problem(file, "is not built in this version of Gristmill", "leave it out", line_of(lines, path), ".".join(path))
        for path in paths
        if ".".join((path[0], "*", path[2]) if len(path) == 3 else path) in NOT_BUILT
    ]


def _invalid(file: str, lines: Mapping[Path_, int], raw: Any, item: dict[str, Any]) -> Problem:
    path = tuple(str(part) for part in item["loc"] if _is_key(part))
    while path and path not in lines:  # pydantic names branches of a union as if they were keys
        path = path[:-1] if not _reaches(raw, path) else path
        if path in lines or _reaches(raw, path):
            break
    key, line = ".".join(path), line_of(lines, path)
    if item["type"] == "extra_forbidden":
        known = known_keys(path[:-1])
        close = closest(path[-1], known)
        hint = f"did you mean `{close}`?" if close else f"known here are {', '.join(known)}"
        return _problem(file, "is not a key", hint, line, key)
    if item["type"] == "missing":
        return _problem(file, f"lacks `{item['loc'][-1]}`", "add it", line, key)
    said = item["msg"].removeprefix("Value error, ")
    said = said[0].lower() + said[1:] if said.startswith(("Input", "Value")) else said
    return _problem(file, f"is {_shown(item['input'])}: {said}", "`gristmill schema` lists every key and its type", line, key)


def _is_key(part: object) -> bool:
    return not str(part).startswith(("function-", "constrained-", "tagged-"))


def _reaches(raw: Any, path: Path_) -> bool:
    for part in path:
        if isinstance(raw, dict) and part in raw:
            raw = raw[part]
        elif isinstance(raw, list) and part.isdigit() and int(part) < len(raw):
            raw = raw[int(part)]
        else:
            return False
    return True


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _with_query(root: Path, path: Path, dataset: DatasetFile, tree: CommentedMap) -> DatasetFile | list[Problem]:
    query = dataset.spec.query
    if query is None:
        return dataset
    where = dict(vars(dataset))
    if not query.strip().endswith(".sql"):
        # A block (`query: |`) begins on the line after its key.
        is_block = "\n" in str(tree["query"])
        return DatasetFile(**where | {"query": query, "query_file": dataset.file, "query_line": dataset.lines["query",] + int(is_block)})
    sql = (root / query.strip()).resolve()
    if not sql.is_file():
        return [dataset.problem("query", f"names {query.strip()!r}, and there is no such file", "the path is taken from the project's folder")]
    return DatasetFile(**where | {"query": sql.read_text("utf-8"), "query_file": query.strip(), "query_line": 1})
