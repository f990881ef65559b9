"""A contract in pandera's words, and a contract from them.

How a contract is held against rows does not belong here; that is `checks.rules`. pandera is its oracle in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pandera.polars as pa
import polars as pl

from checks.contract import DECIMAL, ColumnPromise, Contract
from checks.errors import NotSayable

OURS = "gristmill"  # the key in pandera's metadata
DTYPES: dict[str | None, Any] = {"string": pl.String, "integer": pl.Int64, "float": pl.Float64, "boolean": pl.Boolean}
DTYPES |= {"date": pl.Date, "timestamp": pl.Datetime("us"), "timestamptz": pl.Datetime("us", "UTC")}
PROMISES: dict[str | None, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "isin": lambda said: {"in": _in_order(said["allowed_values"])},
    "greater_than_or_equal_to": lambda said: {"min": said["min_value"]},
    "less_than_or_equal_to": lambda said: {"max": said["max_value"]},
    "in_range": lambda said: {"min": said["min_value"], "max": said["max_value"]},
    "str_contains": lambda said: {"pattern": _text(said["pattern"])},
    # pandera puts the ^ before the whole pattern without brackets, and so do we.
    "str_matches": lambda said: {"pattern": "^" + _text(said["pattern"]).removeprefix("^")},
}


def to_pandera(contract: Contract, *, key: Sequence[str] = ()) -> pa.DataFrameSchema:
    """The contract as a schema of `pandera.polars`.

    What cannot be said there is not enforced there: `rules` and `references`, which are listed under
    `metadata["gristmill"]`, the types `list` and `struct`, and severity: any broken promise fails the row.
    Polars wants the values of an `in` in the column's own type: give such a column its `type`.

    Args:
        contract: What the dataset promises.
        key: Its key: columns that are never missing and together unique.
    """
    columns = {name: _column(promise) for name, promise in contract.columns.items()}
    columns |= {name: pa.Column() for name in key if name not in columns}
    together = list(dict.fromkeys([*([tuple(key)] if key else []), *(promise.columns for promise in contract.unique)]))
    first = list(together[0]) if together else None  # pandera itself holds one list
    references = {name: promise.references for name, promise in contract.columns.items() if promise.references}
    unsaid = {"rules": contract.to_canonical().get("rules", {}), "references": references}
    checks = [_unique(names) for names in together[1:]]
    return pa.DataFrameSchema(columns, checks, unique=first, metadata={OURS: unsaid})


def _column(promise: ColumnPromise) -> pa.Column:
    dtype = DTYPES.get(promise.type)
    if match := DECIMAL.fullmatch(promise.type or ""):
        dtype = pl.Decimal(int(match.group(1)), int(match.group(2)))
    said = (("isin", promise.in_), ("ge", promise.min), ("le", promise.max), ("str_contains", promise.pattern))
    checks = [getattr(pa.Check, name)(_typed(value, promise.type)) for name, value in said if value is not None]
    return pa.Column(dtype, checks, nullable=promise.nullable, unique=promise.unique, coerce=dtype is not None)


def _typed(value: Any, kind: str | None) -> Any:
    """A bound, or the values that are allowed, as Polars compares them with a column of the type `kind`."""
    if isinstance(value, tuple):
        fitting = [item for item in value if kind != "integer" or item == int(item)]
        numbers: Callable[[Any], Any] = {"integer": int, "float": float}.get(kind or "", lambda item: item)
        return [numbers(_typed(item, kind)) for item in fitting]
    if DECIMAL.fullmatch(kind or ""):
        return Decimal(str(value))
    if kind == "timestamptz" and isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        return moment.replace(tzinfo=moment.tzinfo or UTC)
    return value


def _unique(columns: tuple[str, ...]) -> pa.Check:
    def is_single(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.struct(columns).is_duplicated().not_())

    return pa.Check(is_single, name="unique", statistics={"columns": columns}, error=f"unique({', '.join(columns)})")


def from_pandera(schema: pa.DataFrameSchema | type[pa.DataFrameModel]) -> Contract:
    """The contract that a schema or a model of `pandera.polars` says.

    The `rules` and `references` that `to_pandera` listed come back; a key comes back as columns that are unique
    together. The width of a number, `coerce`, `strict` and `ordered` speak of frames, not of rows, and are left out.

    Raises:
        NotSayable: A contract cannot say one of its checks.
    """
    schema = schema if isinstance(schema, pa.DataFrameSchema) else schema.to_schema()
    if schema.dtype is not None:
        raise NotSayable(None, f"dtype={schema.dtype}")
    kept = (schema.metadata or {}).get(OURS, {"rules": {}, "references": {}})
    references: dict[str, str] = kept["references"]
    columns = {
        name: _promises(column) | {"references": references.get(name)} for name, column in schema.columns.items()
    }
    together: Any = schema.unique or []
    together = [together] if together and isinstance(together[0], str) else together
    unique = [*together, *map(_columns_of, schema.checks)]
    return Contract.model_validate({"columns": columns, "unique": unique, "rules": kept["rules"]})


def _columns_of(check: pa.Check) -> Sequence[str]:
    if check.name == "unique" and check.statistics and "columns" in check.statistics:
        return tuple(check.statistics["columns"])
    raise NotSayable(None, str(check.name or check))


def _promises(column: pa.Column) -> dict[str, Any]:
    odd = {"regex": column.regex, "required=False": not column.required, "default": column.default is not None}
    if unsayable := [word for word, is_said in odd.items() if is_said]:
        raise NotSayable(column.name, unsayable[0])
    promises: dict[str, Any] = {"type": _type(column), "nullable": column.nullable, "unique": column.unique}
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


def _type(column: pa.Column) -> str | None:
    if column.dtype is None:
        return None
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
    """The values as given; a set has no order of its own, and the contract's fingerprint needs one."""
    return sorted(values, key=repr) if isinstance(values, set | frozenset) else list(values)
