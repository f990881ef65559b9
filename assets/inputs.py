"""What a dataset's file reads: the tables of its query, the datasets of its references.

Whether their columns exist is asked by `assets.bind`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from assets.errors import Problem
from assets.yaml_file import DatasetFile
from warehouse.errors import QueryError, closest
from warehouse.query import GENERATORS, ORDER_DEPENDENT, Parsed, parse, volatile_words

ABSENT = re.compile(r'Referenced column "(.+?)" (?:not found|was not found)')


def inputs_of(file: DatasetFile, names: tuple[str, ...]) -> tuple[tuple[str, ...], list[Problem]]:
    """The other datasets that a file reads, sorted, and what is wrong with how it names them."""
    own = set(file.spec.sources_of(file.name))
    others = {name for name in names if name != file.name}
    problems: list[Problem] = []
    inputs: set[str] = set()
    if file.query is not None:
        inputs, problems = _read_by_query(file, own, others)
    for column, promise in file.spec.contract.columns.items():
        if promise.references:
            other = promise.references.split(".")[0]
            key = f"contract.columns.{column}.references"
            if other in others:
                inputs.add(other)
            elif other == file.name:
                problems.append(
                    file.problem(key, "names its own dataset", "name another one: its rows must be there first")
                )
            else:
                found = f"names the dataset {other!r}, which there is not"
                problems.append(file.problem(key, found, _near(other, others)))
    return tuple(sorted(inputs)), problems


def _near(name: str, others: set[str]) -> str:
    close = closest(name, sorted(others))
    return f"did you mean {close!r}?" if close else f"known here are {', '.join(sorted(others)) or 'no others'}"


def _read_by_query(file: DatasetFile, own: set[str], others: set[str]) -> tuple[set[str], list[Problem]]:
    try:
        parsed = parse(file.query or "")
    except QueryError as error:
        return set(), [query_problem(file, error)]
    return {name for schema, name in parsed.tables if not schema and name in others - own}, [
        *_past_sources(file, parsed, own | others),
        *_chance(file, parsed),
    ]


def _past_sources(file: DatasetFile, parsed: Parsed, known: set[str]) -> Iterator[Problem]:
    for schema, name in sorted(parsed.tables):
        if schema or name not in known:
            shown = f"{schema}.{name}" if schema else name
            is_file = "." in name or "/" in name
            hint = "name the file under `sources`" if is_file else _near(name, known)
            yield file.problem_in_query(name, f"reads {shown!r}, which is no source of it and no dataset", hint)
    for function in sorted(parsed.table_functions - GENERATORS):
        hint = "name the file under `sources`"
        yield file.problem_in_query(function, f"calls {function}() in FROM, past the sources", hint)


def _chance(file: DatasetFile, parsed: Parsed) -> Iterator[Problem]:
    """Warnings of what may answer otherwise tomorrow."""
    for word in sorted(volatile_words(parsed)):
        found = f"uses {word}, whose answer changes from run to run"
        yield file.problem_in_query(word, found, "take it from the data", is_warning=True)
    if not parsed.is_ordered_limit:
        found = "has LIMIT without ORDER BY: which rows it keeps is chance"
        yield file.problem_in_query("limit", found, "add ORDER BY", is_warning=True)
    for word in sorted(parsed.functions & ORDER_DEPENDENT):
        found = f"uses {word}(), which depends on the order of rows"
        yield file.problem_in_query(word, found, "give it an ORDER BY, or use min()", is_warning=True)


def query_problem(file: DatasetFile, error: QueryError, key: str = "query", *, columns: Iterable[str] = ()) -> Problem:
    """DuckDB's word on a query as a problem, on the line of the file where the query has it."""
    found, hint = f"cannot be used: {error.found}", error.hint.replace("Candidate bindings:", "near it are")
    if columns and (absent := ABSENT.match(error.found)):
        name, known = absent.group(1), tuple(columns)
        close = closest(name, known)
        found = f"names {name!r}, which is not a column"
        hint = f"did you mean {close!r}?" if close else f"the columns are {', '.join(known)}"
    if key != "query":
        return file.problem(key, found, hint)
    line = file.query_line + (error.line or 1) - 1
    return Problem(file=file.query_file, line=line, key=key, found=found, hint=hint)
