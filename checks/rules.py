"""A contract held against rows: every rule as one bit of one expression, so that one scan answers them all.

Where rows come from and go to does not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import ibis

from checks.contract import Contract, Severity

if TYPE_CHECKING:
    import ibis.expr.types as ir

BITS = 62  # of a signed 64-bit integer, with room for the sign


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One named clause of a contract.

    Attributes:
        name: Unique within the contract, such as `wind_speed.max`.
        kind: Which of `KINDS` it is.
        columns: The columns that it speaks of.
        argument: The bound, the values, the pattern, the condition, or `dataset.column`.
        severity: What a broken rule does.
        flag: A boolean column of the candidate that says that the row breaks it, for rules that are not computed from
            the row's own columns here (casts and conditions in SQL, uniqueness, references).
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    severity: Severity
    argument: Any = None
    flag: str | None = None

    @property
    def said(self) -> str:
        """What a row that breaks it did.

        >>> Rule(name="x.max", kind="max", columns=("x",), severity="reject", argument=200).said
        'x is above 200'
        """
        argument = ", ".join(map(str, self.argument)) if isinstance(self.argument, tuple) else self.argument
        return KINDS[self.kind].said.format(columns=", ".join(self.columns), argument=argument)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of rule: how a violation is said and, for a column's own rules, computed."""

    said: str
    is_broken: Callable[[Any, Any], ir.BooleanValue] | None = None


KINDS = {
    "type": Kind(said="{columns} is no {argument}"),
    "nullable": Kind(said="{columns} is missing", is_broken=lambda column, _: _is_missing(column)),
    "in": Kind(said="{columns} is none of {argument}", is_broken=lambda column, values: ~column.isin(list(values))),
    "min": Kind(said="{columns} is below {argument}", is_broken=lambda column, bound: column < bound),
    "max": Kind(said="{columns} is above {argument}", is_broken=lambda column, bound: column > bound),
    "pattern": Kind(
        said="{columns} does not match {argument}", is_broken=lambda column, pattern: ~column.re_search(pattern)
    ),
    "expr": Kind(said="not ({argument})"),
    "unique": Kind(said="({columns}) is there more than once"),
    "references": Kind(said="{columns} is not in {argument}"),
}


def rules_of(contract: Contract, *, key: Sequence[str] = ()) -> tuple[Rule, ...]:
    """The rules of a contract in the order of the YAML; the key is one by itself."""
    rules: list[Rule] = []
    named = set(contract.columns)
    for column, promise in contract.columns.items():

        def rule(
            kind: str, argument: Any = None, flag: str | None = None, column: str = column, promise: Any = promise
        ) -> Rule:
            return Rule(
                name=f"{column}.{kind}",
                kind=kind,
                columns=(column,),
                argument=argument,
                severity=promise.severity,
                flag=flag,
            )

        rules += [rule("type", promise.type, _flag("type", column))] if promise.cast else []
        rules += [rule("nullable")] if not promise.nullable else []
        for kind, argument in (
            ("in", promise.in_),
            ("min", promise.min),
            ("max", promise.max),
            ("pattern", promise.pattern),
        ):
            rules += [rule(kind, argument)] if argument is not None else []
        rules += [rule("unique", None, _flag("unique", column))] if promise.unique else []
        rules += [rule("references", promise.references, _flag("references", column))] if promise.references else []
    rules += [_missing(column) for column in key if column not in named]
    rules += _uniques(contract, tuple(key))
    for name, expression in contract.rules.items():
        rules.append(
            Rule(
                name=name,
                kind="expr",
                columns=(),
                argument=expression.expr,
                severity=expression.severity,
                flag=_flag("rule", name),
            )
        )
    return tuple(rules)


def _is_missing(column: Any) -> Any:
    """NaN is missing too, as in pandera: it is how pandas writes NULL to Parquet."""
    return column.isnull() | column.isnan() if column.type().is_floating() else column.isnull()


def _flag(kind: str, name: str) -> str:
    return f"_{kind}_{name}"


def _missing(column: str) -> Rule:
    return Rule(name=f"{column}.nullable", kind="nullable", columns=(column,), severity="reject")


def _uniques(contract: Contract, key: tuple[str, ...]) -> list[Rule]:
    wanted: dict[tuple[str, ...], Severity] = {}  # said twice, the first counts
    for promise in contract.unique:
        wanted.setdefault(promise.columns, promise.severity)
    if key and key not in wanted:
        first: dict[tuple[str, ...], Severity] = {key: "reject"}
        wanted = first | wanted
    return [
        Rule(
            name="key" if columns == key else f"unique.{'.'.join(columns)}",
            kind="unique",
            columns=columns,
            severity=severity,
            flag=_flag("together", ".".join(columns)),  # a column's own `unique` has the flag `_unique_<column>`
        )
        for columns, severity in wanted.items()
    ]


def is_broken(table: ir.Table, rule: Rule) -> ir.BooleanValue:
    """Whether a row breaks `rule`. NULL passes every rule but nullability; a flag that is absent is never raised."""
    if rule.flag:
        return table[rule.flag].fill_null(False) if rule.flag in table.columns else ibis.literal(False)
    compute, typed = KINDS[rule.kind].is_broken, _flag("type", rule.columns[0])
    if compute is None:
        msg = f"a rule of kind {rule.kind} is told by its flag"
        raise TypeError(msg)
    broken = compute(table[rule.columns[0]], rule.argument).fill_null(False)
    # A value that could not be cast is there, only of another type: it is told once.
    return broken & ~table[typed].fill_null(False) if rule.kind == "nullable" and typed in table.columns else broken


def masked(table: ir.Table, rules: Sequence[Rule]) -> ir.Table:
    """Add `_mask_0`, `_mask_1`, ...: bit i of mask m is set when the row breaks rule 62 m + i."""
    masks = {}
    for start in range(0, max(len(rules), 1), BITS):
        bits = [
            ibis.ifelse(is_broken(table, rule), ibis.literal(1 << bit, "int64"), ibis.literal(0, "int64"))
            for bit, rule in enumerate(rules[start : start + BITS])
        ]
        masks[f"_mask_{start // BITS}"] = reduce(lambda a, b: a + b, bits, ibis.literal(0, "int64"))
    return table.mutate(**masks)


def is_rejected(table: ir.Table, rules: Sequence[Rule]) -> ir.BooleanValue:
    """Whether a row of a table that `masked` made breaks a rule of severity `reject`."""
    tests = []
    for start in range(0, max(len(rules), 1), BITS):
        bits = sum(1 << bit for bit, rule in enumerate(rules[start : start + BITS]) if rule.severity == "reject")
        tests.append((table[f"_mask_{start // BITS}"] & ibis.literal(bits, "int64")) != 0)
    return reduce(lambda a, b: a | b, tests)


def counted(table: ir.Table, rules: Sequence[Rule]) -> ir.Table:
    """One row: `n_rows`, `n_rejected`, and `n_0`, `n_1`, ... rows that break each rule."""
    table = masked(table, rules)
    broken = {
        f"n_{i}": ((table[f"_mask_{i // BITS}"] & ibis.literal(1 << i % BITS, "int64")) != 0).sum().fill_null(0)
        for i in range(len(rules))
    }
    return table.aggregate(n_rows=table.count(), n_rejected=is_rejected(table, rules).sum().fill_null(0), **broken)


def repeated(table: ir.Table, columns: Sequence[str]) -> ir.Table:
    """The values of `columns` that more than one row has, as `_k0`, `_k1`, ..."""
    keys = {f"_k{i}": table[column] for i, column in enumerate(columns)}
    return table.group_by(**keys).having(lambda t: t.count() > 1).agg().select(*keys)


def orphans(table: ir.Table, column: str, other: ir.Table, other_column: str) -> ir.Table:
    """The values of `column`, as `_k0`, that are not among the other table's."""
    mine = table.filter(table[column].notnull()).select(_k0=table[column]).distinct()
    theirs = other.select(_other=other[other_column])
    return mine.anti_join(theirs, mine["_k0"] == theirs["_other"])


def flagged(table: ir.Table, columns: Sequence[str], values: ir.Table, flag: str) -> ir.Table:
    """Add the boolean `flag`: whether the row's `columns` are among `values` (`_k0`, `_k1`, ...). NULL equals NULL."""
    marked = values.mutate(_is_there=True)
    same = [table[column].identical_to(marked[f"_k{i}"]) for i, column in enumerate(columns)]
    joined = table.left_join(marked, same)
    return joined.select(*table.columns, **{flag: joined["_is_there"].fill_null(False)})
