"""SQL of the rows of a version as a model reads them: labelled, numbers as 32-bit floats, times as days, texts.

How categories become numbers is `assets.preparation`; what a model is does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from warehouse.query import literal, quoted
from warehouse.tables import SPLIT_NAMES, version_sql

Kind = Literal["number", "category", "other"]
LABEL = "_label"
RESERVED = ("_split", "_bucket", "_entity")
NUMBER = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)|FLOAT|DOUBLE|DECIMAL\(.*\)|BOOLEAN")
INTEGER = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)")
TIME = re.compile(r"DATE|TIMESTAMP.*")
MS_A_DAY = 86_400_000
LARGEST = "3e38"
# 64 bits of an entity, of which splits and buckets know nothing: by it some entities are read.
DIGEST = "hash(_entity)"


def kind_of(kind: str) -> Kind:
    """What a model makes of a column of the DuckDB type `kind`.

    >>> kind_of("DATE"), kind_of("VARCHAR"), kind_of("INTEGER[]")
    ('number', 'category', 'other')
    """
    if NUMBER.fullmatch(kind) or TIME.fullmatch(kind):
        return "number"
    return "category" if kind == "VARCHAR" else "other"


def is_whole_number(kind: str) -> bool:
    """Whether a DuckDB type is an integer's."""
    return bool(INTEGER.fullmatch(kind))


def is_time(kind: str) -> bool:
    """Whether a DuckDB type is a date's or a timestamp's."""
    return bool(TIME.fullmatch(kind))


def is_number(kind: str) -> bool:
    """Whether a DuckDB type is a number's, and no truth value's."""
    return bool(NUMBER.fullmatch(kind)) and kind != "BOOLEAN"


def feature_sql(name: str, kind: str) -> str:
    """A column as a model reads it, under its own name."""
    column = quoted(name)
    if TIME.fullmatch(kind):  # days since 1970: in 32 bits good to a minute or two
        return f"CAST(epoch_ms(CAST({column} AS TIMESTAMP)) / {MS_A_DAY}.0 AS FLOAT) AS {column}"
    if kind in {"DOUBLE", "FLOAT"}:  # what is too large for 32 bits is as large as can be, and stays in its order
        held = f"least(greatest({column}, -{LARGEST}), {LARGEST})"
        # `least` passes over NULL.
        return f"CASE WHEN {column} IS NULL OR isnan({column}) THEN NULL ELSE CAST({held} AS FLOAT) END AS {column}"
    return f"CAST({column} AS FLOAT) AS {column}" if kind_of(kind) == "number" else column


def label_sql(target: str, *, is_quantity: bool) -> str:
    """The label: a class as text, a quantity as a number."""
    return f"CAST({quoted(target)} AS {'DOUBLE' if is_quantity else 'VARCHAR'})"


def labelled_sql(
    dataset: str,
    snapshot: int,
    target: str,
    *,
    is_quantity: bool,
    features: Mapping[str, str],
    key: Sequence[str] = (),
    split: str | None = None,
) -> str:
    """SELECT of the labelled rows of the splits (or of one): features, key, `_label`, `_split`, `_bucket`.

    Args:
        dataset: Its name.
        snapshot: Where its version lies.
        target: Its target.
        is_quantity: Whether the target is a number to come near to, and not a class.
        features: The columns that a model sees, and their types.
        key: Columns that are wanted as they are, each as `_key_<i>`; `_place` is where a row is stored.
        split: Only this split.
    """
    label = label_sql(target, is_quantity=is_quantity)
    listed = [feature_sql(name, kind) for name, kind in features.items()]
    listed += [f"{quoted(name)} AS {quoted(f'_key_{i}')}" for i, name in enumerate(key)]
    where = [f"{quoted(target)} IS NOT NULL", "_split IS NOT NULL"]
    where += [f"isfinite({label})"] if is_quantity else []
    where += [f"_split = {literal(SPLIT_NAMES[split])}"] if split else []
    rows = version_sql(dataset, snapshot, named=(*RESERVED, *key))
    return f"SELECT {', '.join([*listed, f'{label} AS {LABEL}', *RESERVED])} FROM ({rows}) WHERE {' AND '.join(where)}"


def thinned_sql(rows: str, digest_below: int) -> str:
    """SELECT of those of `rows` whose entity's digest, 64 bits without a sign, is below a number."""
    return f"SELECT * FROM ({rows}) WHERE {DIGEST} < {digest_below}::UBIGINT"


def unlabelled_sql(dataset: str, snapshot: int, target: str, *, features: Mapping[str, str], of: Sequence[str]) -> str:
    """SELECT of the rows without a label of the splits `of`: features, `_split`, `_bucket`, `_entity`."""
    listed = [feature_sql(name, kind) for name, kind in features.items()]
    named = ", ".join(literal(SPLIT_NAMES[split]) for split in of)
    rows = version_sql(dataset, snapshot, named=RESERVED)
    where = f"{quoted(target)} IS NULL AND _split IN ({named})"
    return f"SELECT {', '.join([*listed, *RESERVED])} FROM ({rows}) WHERE {where}"


def entities_sql(rows: str) -> str:
    """SELECT of rows and entities of each split among `rows`."""
    return f"SELECT _split, count(*), count(DISTINCT _entity) FROM ({rows}) GROUP BY 1"


def texts_sql(rows: str, names: Iterable[str]) -> str:
    """SELECT, for each of `names`, of how many different values and how many values `rows` have; one row."""
    counts = [f"count(DISTINCT {quoted(name)}), count({quoted(name)})" for name in names]
    return f"SELECT {', '.join(counts)} FROM ({rows})"


def classes_sql(rows: str, *, most: int) -> str:
    """SELECT of the labels of `rows` with their counts, the commonest first, at most one more than `most`."""
    return f"SELECT {LABEL}, count(*) FROM ({rows}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {most + 1}"
