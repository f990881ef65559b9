"""Reading `datasets/*.yaml`: from text with line numbers to specs, or to problems that say where.

What the keys mean is `assets.spec`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import YAMLError

from assets.errors import Problem
from assets.spec import NOT_BUILT, DatasetSpec
from assets.yaml_words import Path_, file_problem, invalid, line_of, malformed, nearest, no_date, not_text

NAME = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = ("raw", "rejected", "meta", "main", "lake", "temp", "system", "memory", "information_schema", "pg_catalog")
VARIABLE = re.compile(r"\$\{(\w+)\}")


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
        """A problem at `key` (dotted; as much of it as the file has), with its line."""
        path = nearest(self.lines, tuple(key.split(".")))
        line, key = self.lines.get(path), ".".join(path)
        return Problem(file=self.file, line=line, key=key, found=found, hint=hint, is_warning=is_warning)

    def problem_in_query(self, word: str, found: str, hint: str, *, is_warning: bool = False) -> Problem:
        """A problem of the query, on the line on which it says `word`."""
        query = self.query or ""
        said = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", query, re.IGNORECASE)
        line = self.query_line + (query.count("\n", 0, said.start()) if said else 0)
        return Problem(file=self.query_file, line=line, key="query", found=found, hint=hint, is_warning=is_warning)


def read_datasets(root: Path) -> tuple[dict[str, DatasetFile], list[Problem]]:
    """Every dataset file of a project, and what is wrong with the others."""
    found: dict[str, DatasetFile] = {}
    problems: list[Problem] = []
    paths = sorted(p for p in (root / "datasets").glob("*") if p.suffix in {".yaml", ".yml"})
    for path in paths:
        name = f"datasets/{path.name}"
        if path.suffix == ".yml" and path.with_suffix(".yaml") in paths:
            problems.append(
                file_problem(name, f"stands beside {path.stem}.yaml: two files for one dataset", "keep one of them")
            )
            found.pop(path.stem, None)  # nobody can say which of the two is meant
            continue
        if said := wrong_name(path.stem):
            problems.append(
                file_problem(name, said, "rename the file: a small letter, then small letters, digits and single _")
            )
            continue
        read = read_dataset(root, path)
        if isinstance(read, DatasetFile):
            found[path.stem] = read
        else:
            problems += read
    return found, problems


def wrong_name(stem: str) -> str | None:
    """Why `stem` cannot be a dataset's name, or None."""
    if stem in RESERVED:
        return f"{stem!r} is a name that Gristmill uses itself"
    if not NAME.fullmatch(stem) or "__" in stem or re.search(r"_v\d+$", stem):
        return f"{stem!r} cannot be the name of a dataset"
    return None


def read_dataset(root: Path, path: Path) -> DatasetFile | list[Problem]:
    """One dataset file, or what is wrong with it."""
    file = f"datasets/{path.name}"
    tree = _tree(file, path)
    if isinstance(tree, Problem):
        return [tree]
    lines: dict[Path_, int] = {}
    problems: list[Problem] = []
    raw = _plain(tree, (), lines, problems, file)
    problems += _not_built(raw, lines, file)
    if problems:
        return problems
    try:
        spec = DatasetSpec.model_validate(raw)
    except ValidationError as error:
        return invalid(file, lines, raw, [dict(item) for item in error.errors()])
    return _with_query(root, DatasetFile(name=path.stem, file=file, spec=spec, lines=lines), tree)


def _tree(file: str, path: Path) -> CommentedMap | Problem:
    """The file as ruamel reads it, each key with its place."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        return not_text(file, error)
    try:
        tree = YAML(typ="rt").load(text)
    except YAMLError as error:
        return malformed(file, text, error)
    except ValueError as error:
        return no_date(file, text, error)
    if not isinstance(tree, CommentedMap):
        found = "holds no keys" if tree is None else "holds no map of keys"
        return file_problem(file, found, "write `source: path/to/file.csv`")
    return tree


def _plain(node: Any, path: Path_, lines: dict[Path_, int], problems: list[Problem], file: str) -> Any:
    """The tree as plain values; the line of every key goes to `lines`, an unset variable to `problems`."""
    if isinstance(node, CommentedMap):
        for key in node:
            with suppress(KeyError):  # a key that `<<` brings has no place here
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
                found, hint = f"reads ${{{name}}}, which is not set", f"`export {name}=...`"
                problems.append(file_problem(file, found, hint, line_of(lines, path), ".".join(path)))
        return VARIABLE.sub(lambda match: os.environ.get(match.group(1), ""), str(node))
    if isinstance(node, TaggedScalar):
        found = f"has the tag {node.tag.value}"
        problems.append(file_problem(file, found, "leave the tag out", line_of(lines, path), ".".join(path)))
        return str(node.value)
    # ruamel keeps how a number was written in classes of its own.
    if isinstance(node, int) and not isinstance(node, bool):
        return int(node)
    return float(node) if isinstance(node, float) else node


def _not_built(raw: Mapping[str, Any], lines: Mapping[Path_, int], file: str) -> list[Problem]:
    paths: list[Path_] = [(key,) for key in raw]
    nested = ("splits", "source", "human_level", "shift")
    paths += [(top, key) for top in nested if isinstance(raw.get(top), dict) for key in raw[top]]
    if isinstance(levels := raw.get("human_level"), list):
        paths += [
            ("human_level", str(i), k) for i, level in enumerate(levels) if isinstance(level, dict) for k in level
        ]
    if isinstance(sources := raw.get("sources"), dict):
        paths += [
            ("sources", name, key) for name, source in sources.items() if isinstance(source, dict) for key in source
        ]
    return [
        file_problem(
            file, "is not built in this version of Gristmill", "leave it out", line_of(lines, path), ".".join(path)
        )
        for path in paths
        if ".".join((path[0], "*", path[2]) if len(path) == 3 else path) in NOT_BUILT
    ]


def _one_statement(sql: str) -> str:
    """A query without the semicolon that may end it: it becomes part of others."""
    return sql.rstrip().removesuffix(";")


def _with_query(root: Path, dataset: DatasetFile, tree: CommentedMap) -> DatasetFile | list[Problem]:
    query = dataset.spec.query
    if query is None:
        return dataset
    where = dict(vars(dataset))
    if not query.strip().endswith(".sql"):
        # A block (`query: |`) begins on the line after its key.
        is_block = "\n" in str(tree["query"])
        return DatasetFile(
            **where
            | {
                "query": _one_statement(query),
                "query_file": dataset.file,
                "query_line": dataset.lines["query",] + int(is_block),
            }
        )
    sql = (root / query.strip()).resolve()
    if not sql.is_file():
        return [
            dataset.problem(
                "query",
                f"names {query.strip()!r}, and there is no such file",
                "the path is taken from the project's folder",
            )
        ]
    try:
        return DatasetFile(
            **where | {"query": _one_statement(sql.read_text("utf-8")), "query_file": query.strip(), "query_line": 1}
        )
    except UnicodeDecodeError as error:
        said = not_text(query.strip(), error)
        return [dataset.problem("query", f"names {said.file!r}, which {said.found} on line {said.line}", said.hint)]
