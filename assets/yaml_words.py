"""What ruamel and pydantic say of a dataset's file, in our words: what was found, and what to do.

Reading the file is `assets.yaml_file`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from assets.errors import Problem
from assets.spec import known_keys
from warehouse.errors import closest

Path_ = tuple[str, ...]
DATE = re.compile(r"\b(\d{4})-(\d\d?)-(\d\d?)\b")
MOST_SHOWN = 60
SCHEMA_HINT = "`gristmill schema` lists every key and its type"

# What ruamel says of a text that is not YAML, what that means and what to do.
MALFORMED = (
    (
        "mapping values",
        "has a second `: ` in one value",
        "quote a text that holds `: `, or mend the indentation or the line above",
    ),
    (r"character '\\t'", "begins with a tab", "indent with spaces"),
    (r"undefined alias '(.*)'", "names the anchor *{0}, which there is not", "put a text that begins with * in quotes"),
    ("another document", "begins a second document", "take the line `---` out: one file is one dataset"),
    (r"character '(.)' that", "has a text that begins with {0}", "put it in quotes"),
    ("expected <block end>", "is not indented as the lines above", "let the keys of one map begin in one column"),
    ("special characters", "holds a control character", "delete it; most editors do not show it"),
)
# Of these the place that counts is where the thing began.
NOT_CLOSED = (
    (r"expected ',' or '\]'", "opens a `[` that nothing closes", "close it with `]`"),
    (r"expected ',' or '\}'", "opens a `{{` that nothing closes", "close it with `}`"),
    ("end of stream", "opens a quote that nothing closes", "close it, or leave it out"),
    ("expected ':'", "is no `key: value`", "write a colon and a space after the key"),
)
# What is meant where pydantic found another type, by the beginning of its error's name.
MEANT = {
    "string": "one text",
    "tuple": "a list",
    "dict": "a map of keys",
    "model": "a map of keys",
    "bool": "true or false",
    "less_than_equal": "at most {le:g}",
    "greater_than_equal": "at least {ge:g}",
    "decimal": "a number",
    "float": "a number",
    "finite": "a number",
}
HOW = {
    ("source",): "write `source: path/to/file.csv`",
    ("sources",): "write `name: path/to/file.csv` for each, indented",
    ("splits",): "write its keys below it, such as `entity: customer_id`",
    ("contract", "columns"): "write `column: type` for each, indented",
    ("contract", "rules"): "write `name: condition` for each, indented",
}
# What people write for a word of ours.
SYNONYMS = {
    **dict.fromkeys(("val", "valid", "validation"), "dev"),
    **dict.fromkeys(("int", "bigint", "int64"), "integer"),
    **dict.fromkeys(("double", "float64", "number"), "float"),
    **dict.fromkeys(("str", "text", "varchar"), "string"),
    "bool": "boolean",
    "datetime": "timestamp",
    "error": "block",
    "warning": "warn",
}


def nearest(lines: Mapping[Path_, int], path: Path_) -> Path_:
    """The key, or the nearest key above it that the file has."""
    while path and path not in lines:
        path = path[:-1]
    return path


def line_of(lines: Mapping[Path_, int], path: Path_) -> int | None:
    """The line of a key, or of the nearest key above it."""
    return lines.get(nearest(lines, path))


def file_problem(file: str, found: str, hint: str, line: int | None = None, key: str = "") -> Problem:
    """A problem of a file that could not be read."""
    return Problem(file=file, line=line, key=key, found=found, hint=hint)


def not_text(file: str, error: UnicodeDecodeError) -> Problem:
    """A file is in another encoding."""
    line = error.object.count(b"\n", 0, error.start) + 1
    return file_problem(file, "holds a letter that is not UTF-8", "save the file as UTF-8", line)


def malformed(file: str, text: str, error: YAMLError) -> Problem:
    """A file is not YAML."""
    if not isinstance(error, MarkedYAMLError):
        place = text.count("\n", 0, getattr(error, "position", 0)) + 1
        return _first_of(MALFORMED, file, place, str(getattr(error, "reason", error)))
    said = " ".join(str(error.problem or error.context).split())
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else None
    if isinstance(error, DuplicateKeyError) and (twice := re.search(r'duplicate key "(.*?)"', said)):
        return file_problem(file, "stands twice", "keep one of them", line, twice.group(1))
    if error.context_mark and any(re.search(pattern, said) for pattern, _, _ in NOT_CLOSED):
        return _first_of(NOT_CLOSED, file, error.context_mark.line + 1, said)
    return _first_of(MALFORMED, file, line, said)


def _first_of(rows: Sequence[tuple[str, str, str]], file: str, line: int | None, said: str) -> Problem:
    for pattern, found, hint in rows:
        if match := re.search(pattern, said):
            return file_problem(file, found.format(*match.groups()), hint, line)
    return file_problem(file, f"is not YAML: {said}", "mend that line, or the one before it", line)


def no_date(file: str, text: str, error: ValueError) -> Problem:
    """A file holds a date that there is not, which ruamel says without a place."""
    for match in DATE.finditer(text):
        try:
            date(*map(int, match.groups()))
        except ValueError:
            line = text.count("\n", 0, match.start()) + 1
            return file_problem(file, f"has the date {match.group()}, which there is not", "mend it", line)
    return file_problem(file, f"holds a value that cannot be: {error}", "put it in quotes")


def invalid(file: str, lines: Mapping[Path_, int], raw: Any, errors: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Values are not what is meant. One that is none of several types is one problem."""
    by_place: dict[tuple[Path_, str], list[Mapping[str, Any]]] = {}
    for item in errors:
        lacking = str(item["loc"][-1]) if item["type"] == "missing" else ""
        by_place.setdefault((tuple(_walked(raw, item["loc"])), lacking), []).append(item)
    problems = []
    for (path, _), items in by_place.items():
        found, hint = _in_words(path, items[0], has_choice=len(items) > 1)
        problems.append(file_problem(file, found, hint, line_of(lines, path), ".".join(path)))
    return problems


def _walked(raw: Any, place: Sequence[str | int]) -> Iterator[str]:
    """The keys in a place: pydantic also names branches of a union, and items of a list where one value stands."""
    for part in place:
        if isinstance(raw, dict) and part in raw:
            raw = raw[str(part)]
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        else:
            continue
        yield str(part)


def _in_words(path: Path_, item: Mapping[str, Any], *, has_choice: bool) -> tuple[str, str]:
    """What was found, and what to do."""
    value = item["input"]
    match item["type"]:
        case "extra_forbidden":
            return "is not a key", _one_of(path[-1], known_keys(path[:-1]))
        case "missing":
            return f"lacks `{item['loc'][-1]}`", f"add `{item['loc'][-1]}: ...`"
        case "value_error":
            return _own_words(value, item["msg"].removeprefix("Value error, "))
        case "literal_error":
            is_key = item["loc"][-1] == "[key]"
            found = "is not a key" if is_key else f"is {shown(value)}, which it cannot be"
            return found, _one_of(str(value), re.findall(r"'(\w+)'", item["ctx"]["expected"]))
    if value is None:
        return "has no value", "give it one, or leave the key out"
    words = next((words for start, words in MEANT.items() if item["type"].startswith(start)), "something else")
    meant = "one number, date or text" if has_choice else words.format(**item.get("ctx", {}))
    is_scalar = item["type"] == "string_type" and not isinstance(value, list | dict)
    hint = HOW.get(path) or ("put it in quotes, if it is meant" if is_scalar else f"write {meant}")
    return f"is {shown(value)}, where {meant} is meant", hint


def _own_words(value: object, said: str) -> tuple[str, str]:
    """What a validator of ours says: a sentence that begins with the value, `; `, the way out."""
    found, _, hint = said.partition("; ")
    rest = found.removeprefix(repr(value))
    hint = f"did you mean `{SYNONYMS[value]}`?" if isinstance(value, str) and value in SYNONYMS else hint
    return f"is {shown(value)}{f': {found}' if rest == found else f', which{rest}'}", hint or SCHEMA_HINT


def _one_of(name: str, known: Sequence[str]) -> str:
    synonym = SYNONYMS.get(name)
    close = synonym if synonym in known else closest(name, known)
    return f"did you mean `{close}`?" if close else f"known here are {', '.join(known)}"


def shown(value: object) -> str:
    """A value much as YAML has it, cut when it is long.

    >>> shown({"a": [True, None, "b"]})
    "{a: [true, null, 'b']}"
    """
    if isinstance(value, dict):
        text = f"{{{', '.join(f'{key}: {shown(one)}' for key, one in value.items())}}}"
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(map(shown, value))}]"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = "null" if value is None else repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
