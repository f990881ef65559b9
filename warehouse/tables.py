"""The tables of datasets: the candidate that a query gives, what is written of it, and how a version is read.

Which rows are accepted is told by an expression of `checks`; this file only writes it down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from warehouse.policy import PLACE, RESERVED, SPLITS
from warehouse.query import literal, quoted

CANDIDATE = "_candidate"
PLACE_SQL = "row_number() OVER ()"
SPLIT_NAMES = {split: split for split in SPLITS} | {"val": "dev", "valid": "dev", "validation": "dev"}


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What a query gives, ready to be held against the contract.

    Attributes:
        select: The query.
        columns: Its columns and their types, as stored; those that begin with `_` left out.
        given: Its columns and types as the query gives them.
        casts: By column, the type that the contract promises and the query does not give.
        flags: By name, an SQL expression that is true for rows that break a rule.
        entity: SQL for the text that identifies a row.
        in_pool: SQL for whether a row is in the target pool, or None.
        row: SQL for the text that tells a row from every other, where the policy needs it.
        further: By name, what else the policy needs of a row, in SQL.
        named: The column of the query that names each row's split, or None.
    """

    select: str
    columns: Mapping[str, str]
    given: Mapping[str, str]
    casts: Mapping[str, str]
    flags: Mapping[str, str]
    entity: str
    in_pool: str | None
    row: str | None = None
    further: Mapping[str, str] = field(default_factory=dict)
    named: str | None = None

    @property
    def sql(self) -> str:
        """One SELECT: the columns, the flags of rules told in SQL, `_named`, `_in_pool`, `_row` and `_entity`."""
        hidden = [name for name in self.given if name in ("_file", "_record")]
        typed = [*(self._column(name) for name in self.columns), *map(quoted, hidden)]
        typed += [f"CAST({quoted(name)} AS VARCHAR) AS {quoted(f'_given_{name}')}" for name in self.casts]
        typed += [
            f"{quoted(name)} IS NOT NULL AND TRY_CAST({quoted(name)} AS {kind}) IS NULL AS {quoted(f'_type_{name}')}"
            for name, kind in self.casts.items()
        ]
        typed += [f"CAST({quoted(self.named)} AS VARCHAR) AS _named"] if self.named else []
        derived = [f"({sql}\n) AS {quoted(name)}" for name, sql in self.flags.items()]
        derived += [f"({self.in_pool}\n) AS _in_pool"] if self.in_pool else []
        derived += [f"{self.row} AS _row"] if self.row else []
        derived += [f"{sql} AS {quoted(name)}" for name, sql in self.further.items()]
        return (
            f"SELECT *, {', '.join([*derived, f'{self.entity} AS _entity'])}"
            f" FROM (SELECT {', '.join(typed)} FROM (\n{self.select}\n))"
        )

    def _column(self, name: str) -> str:
        if name in self.casts:
            return f"TRY_CAST({quoted(name)} AS {self.casts[name]}) AS {quoted(name)}"
        if self.given[name] != self.columns[name]:
            return f"CAST({quoted(name)} AS {self.columns[name]}) AS {quoted(name)}"
        return quoted(name)


def rejected_sql(
    masked: str,
    rules: Sequence[str],
    columns: Iterable[str],
    casts: Iterable[str],
    *,
    bits: int,
    has_record: bool,
    source: str | None,
) -> str:
    """SELECT of rejected rows as they are kept: where they stood, the rules that they broke, and the row as JSON.

    Args:
        masked: SELECT of the rows with their masks.
        rules: Names of all rules; rule `bits` * m + i is bit i of `_mask_m`.
        columns: The row's own columns.
        casts: Those that were cast: they are kept as they were given.
        bits: How many rules a mask holds.
        has_record: Whether the rows have `_file` and `_record`.
        source: The source that they came from, where it is one.
    """
    broken = ", ".join(
        f"CASE WHEN (_mask_{i // bits} & {1 << i % bits}) <> 0 THEN {literal(name)} END" for i, name in enumerate(rules)
    )
    packed = ", ".join(f"{quoted(name)} := {quoted(f'_given_{name}' if name in casts else name)}" for name in columns)
    place = "_file AS file, _record AS record" if has_record else "NULL::VARCHAR AS file, NULL::BIGINT AS record"
    named = literal(source) if source else "NULL::VARCHAR"
    return (
        f"SELECT 'contract' AS step, {named} AS source, {place}, NULL::BIGINT AS line,"
        f" list_filter([{broken}], lambda name: name IS NOT NULL) AS rules, NULL::VARCHAR AS reason,"
        f" to_json(struct_pack({packed}))::VARCHAR AS raw FROM ({masked})"
    )


def unread_rows_sql(select: str) -> str:
    """SELECT of unread rows of a source, in the shape of `rejected_sql`."""
    return f"SELECT 'ingest' AS step, source, file, record, line, ['readable'] AS rules, reason, raw FROM ({select})"


def version_sql(
    dataset: str,
    snapshot: int,
    *,
    split: str | None = None,
    named: Iterable[str] = (),
    condition: str | None = None,
    weights: Mapping[str, str] | None = None,
) -> str:
    """SELECT of a published version, with the column `split`.

    Args:
        dataset: Its name.
        snapshot: Where the version lies.
        split: Only this split (any name of `SPLIT_NAMES`); the column `split` is then left out.
        named: Columns that a query names: of the reserved ones it gets those, and `_place` for where a row is stored.
        condition: SQL over the table's own columns, `_entity` among them.
        weights: By column, SQL of the weights that are kept of its rows (`_row`, `weight`).
    """
    weights = weights or {}
    left_out = ", ".join([*(name for name in RESERVED if name not in set(named)), *(f"_row_{c}" for c in weights)])
    columns = f"* EXCLUDE ({left_out})" if left_out else "*"
    columns += f", rowid AS {PLACE}" if PLACE in named else ""
    table = f"lake.datasets.{quoted(dataset)} AT (VERSION => {snapshot})"
    kept = [f"_split = {literal(SPLIT_NAMES[split])}"] if split else []
    kept += [condition] if condition else []
    where = f" WHERE {' AND '.join(kept)}" if kept else ""
    for column, kept_sql in weights.items():
        told = f"SELECT _row AS _row_{column}, weight AS {quoted(column)} FROM ({kept_sql})"
        table += f" LEFT JOIN ({told}) ON _row_{column} = rowid"
    return f"SELECT {columns}{'' if split else ', _split AS split'} FROM {table}{where}"


def upstream_sql(dataset: str, snapshot: int, *, named: Iterable[str]) -> str:
    """SELECT of a version as other datasets read it: with `split` and reserved columns only where they name them."""
    wanted = set(named)
    select = version_sql(dataset, snapshot, named=wanted - {PLACE})
    return select if "split" in wanted else f"SELECT * EXCLUDE (split) FROM ({select})"
