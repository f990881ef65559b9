"""A contract in pandera's words, and a contract from them.

How a contract is held against rows does not belong here; that is `checks.rules`. pandera is its oracle in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import pandera.polars as pa
import polars as pl

from checks.contract import DECIMAL, ColumnPromise, Contract
from checks.errors import NotSayable

OURS = "gristmill"  # the key in pandera's metadata
DTYPES: dict[str, Any] = {
    "string": pl.String(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "UTC"),
}
PROMISES: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "isin": lambda said: {"in": _in_order(said["allowed_values"])},
    "equal_to": lambda said: {"in": [said["value"]]},
    "greater_than_or_equal_to": lambda said: {"min": said["min_value"]},
    "less_than_or_equal_to": lambda said: {"max": said["max_value"]},
    "in_range": lambda said: {"min": said["min_value"], "max": said["max_value"]},
    "str_contains": lambda said: {"pattern": _text(said["pattern"])},
    # pandera puts the ^ before the whole pattern without brackets, and so do we.
    "str_matches": lambda said: {"pattern": "^" + _text(said["pattern"]).removeprefix("^")},
}


def to_pandera(contract: Contract, *, key: Sequence[str] = ()) -> pa.DataFrameSchema:
    """The contract as a schema of `pandera.polars`.

    Conditions in SQL (`rules`), `references`, the types `list` and `struct`, severities and `max_rejected_share`
    cannot be said there. They are listed under `metadata["gristmill"]`, in the words of the YAML, and not enforced:
    the schema fails a row whatever the severity of the promise that it breaks.

    Args:
        contract: What the dataset promises.
        key: Its key: columns that are never missing and together unique.
    """
    together = [promise.columns for promise in contract.unique]
    if key and tuple(key) not in together:
        together.insert(0, tuple(key))
    columns = {name: _column(promise) for name, promise in contract.columns.items()}
    columns |= {name: pa.Column() for name in key if name not in columns}
    first = list(together[0]) if together else None  # pandera itself holds one list
    return pa.DataFrameSchema(
        columns, checks=[_unique(names) for names in together[1:]], unique=first, metadata={OURS: _unsaid(contract)}
    )


def _column(promise: ColumnPromise) -> pa.Column:
    bounds = (("isin", promise.in_), ("ge", promise.min), ("le", promise.max), ("str_contains", promise.pattern))
    checks = [getattr(pa.Check, name)(_bound(value, promise)) for name, value in bounds if value is not None]
    dtype = DTYPES.get(promise.type or "")
    if match := DECIMAL.fullmatch(promise.type or ""):
        dtype = pl.Decimal(int(match.group(1)), int(match.group(2)))
    return pa.Column(dtype, checks, nullable=promise.nullable, unique=promise.unique, coerce=dtype is not None)


def _bound(value: Any, promise: ColumnPromise) -> Any:
    if isinstance(value, tuple):
        return [_bound(item, promise) for item in value]
    if promise.type in {"timestamp", "timestamptz"} and isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        return moment.replace(tzinfo=moment.tzinfo or UTC) if promise.type == "timestamptz" else moment
    return value


def _unique(columns: tuple[str, ...]) -> pa.Check:
    def is_single(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.struct(columns).is_duplicated().not_())

    return pa.Check(is_single, name="unique", statistics={"columns": columns}, error=f"unique({', '.join(columns)})")


def _unsaid(contract: Contract) -> dict[str, Any]:
    said = contract.to_canonical()
    kept = {
        name: {word: promise[word] for word in ("references", "severity") if word in promise}
        | ({"type": promise["type"]} if promise.get("type") in {"list", "struct"} else {})
        for name, promise in said.get("columns", {}).items()
    }
    said["columns"] = {name: promise for name, promise in kept.items() if promise}
    said["unique"] = [promise for promise in said.get("unique", []) if "severity" in promise]
    return {word: value for word, value in said.items() if value}


def from_pandera(schema: pa.DataFrameSchema | type[pa.DataFrameModel]) -> Contract:
    """The contract that a schema or a model of `pandera.polars` says.

    What `to_pandera` listed in the metadata comes back; a key comes back as columns that are unique together. The
    width of a number, `coerce`, `strict` and `ordered` speak of frames, not of rows, and are left out.

    Raises:
        NotSayable: A contract cannot say one of its checks.
    """
    schema = schema if isinstance(schema, pa.DataFrameSchema) else schema.to_schema()
    if schema.dtype is not None:
        raise NotSayable(None, f"dtype={schema.dtype}")
    kept = (schema.metadata or {}).get(OURS, {})
    columns = {name: kept.get("columns", {}).get(name, {}) | _promises(column) for name, column in schema.columns.items()}
    together = [schema.unique] if schema.unique and isinstance(schema.unique[0], str) else schema.unique or []
    together = [tuple(columns) for columns in (*together, *map(_columns_of, schema.checks))]
    severities = {tuple(promise["columns"]): promise["severity"] for promise in kept.get("unique", [])}
    unique = [{"columns": names, "severity": severities.get(names, "reject")} for names in together]
    return Contract.model_validate(kept | {"columns": columns, "unique": unique})


def _columns_of(check: pa.Check) -> Sequence[str]:
    if check.name == "unique" and "columns" in (check.statistics or {}):
        return tuple(check.statistics["columns"])
    raise NotSayable(None, str(check.name or check))


def _promises(column: pa.Column) -> dict[str, Any]:
    odd = {"regex": column.regex, "required=False": not column.required, "default": column.default is not None}
    for word in (word for word, is_said in odd.items() if is_said):
        raise NotSayable(column.name, word)
    promises: dict[str, Any] = {"nullable": column.nullable, "unique": column.unique}
    if column.dtype is not None:
        promises["type"] = _type(column)
    for check in column.checks:
        promise = _promise(column, check)
        if promise.keys() & promises.keys():
            raise NotSayable(column.name, f"{check.name}, said twice")
        promises |= promise
    return promises


def _promise(column: pa.Column, check: pa.Check) -> dict[str, Any]:
    said = check.statistics or {}
    is_open = not (said.get("include_min", True) and said.get("include_max", True))
    if check.name not in PROMISES or not said or is_open or not check.ignore_na or check.raise_warning:
        raise NotSayable(column.name, str(check.error or check.name or check))
    return PROMISES[check.name](said)


def _type(column: pa.Column) -> str:
    kind: Any = column.dtype.type
    if kind.is_integer() or kind.is_float():
        return "integer" if kind.is_integer() else "float"
    if kind == pl.Decimal:
        return f"decimal({kind.precision}, {kind.scale})"
    if kind == pl.Datetime:
        return "timestamptz" if kind.time_zone else "timestamp"
    for word, dtype in {**DTYPES, "list": pl.List, "struct": pl.Struct}.items():
        if kind == dtype:
            return word
    raise NotSayable(column.name, f"dtype {kind}")


def _text(pattern: Any) -> str:
    return str(getattr(pattern, "pattern", pattern))


def _in_order(values: Any) -> list[Any]:
    """The values as given; a set has no order of its own, and the fingerprint needs one."""
    return sorted(values, key=lambda value: (str(type(value)), value)) if isinstance(values, set | frozenset) else list(values)
