"""The candidate held against its contract: which rules its rows break, and which rows are accepted.

What a rule says is `checks.rules`; where rows are written is `assets.build`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.project import Dataset
from assets.step import Run
from checks.rules import Rule, counted, flagged, is_rejected, masked, orphans, repeated, rules_of
from warehouse.query import quoted
from warehouse.tables import CANDIDATE

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Held:
    """The candidate held against its contract.

    Attributes:
        table: The candidate with every flag that a rule needs.
        rules: The contract's rules.
        counts: Rows that break each rule, by its name.
        examples: What to add to the words on a rule.
        n_rows: All rows.
        n_rejected: Those that break a rule of severity `reject`.
    """

    table: ir.Table
    rules: Sequence[Rule]
    counts: Mapping[str, int]
    examples: Mapping[str, str]
    n_rows: int
    n_rejected: int


def hold(run: Run, dataset: Dataset, backend: Backend, workspace: str) -> Held:
    """Hold the candidate against its contract: what needs other rows first, then one scan that counts every rule."""
    run.tell(dataset, "build", "contract")
    rules = rules_of(dataset.file.spec.contract, key=dataset.file.spec.key)
    table = backend.table(CANDIDATE, database=(workspace, "main"))
    examples = {}
    for i, rule in enumerate(rules):
        if rule.kind in {"unique", "references"} and rule.flag:
            values = _values_that_break(run, backend, workspace, table, rule, f"_values_{i}")
            if said := _shown(values):
                examples[rule.name] = said
                table = flagged(table, rule.columns, values, rule.flag)
    row = backend.con.execute(backend.compile(counted(table, rules))).pl().row(0, named=True)
    return Held(
        table=table,
        rules=rules,
        counts={rule.name: int(row[f"n_{i}"]) for i, rule in enumerate(rules)},
        examples=examples,
        n_rows=int(row["n_rows"]),
        n_rejected=int(row["n_rejected"]),
    )


def _values_that_break(run: Run, backend: Backend, workspace: str, table: ir.Table, rule: Rule, name: str) -> ir.Table:
    if rule.kind == "unique":
        values = repeated(table, rule.columns)
    else:
        other, column = str(rule.argument).split(".")
        values = orphans(table, rule.columns[0], backend.table(f"_ref_{other}", database=(workspace, "main")), column)
    run.warehouse.lake.execute(f"CREATE TABLE {quoted(name)} AS {backend.compile(values)}")
    return backend.table(name, database=(workspace, "main"))


def _shown(values: ir.Table) -> str:
    """How many values break a rule, and the first of them; empty when none does."""
    backend = values.get_backend()
    n_values = backend.con.execute(backend.compile(values.aggregate(n=values.count()))).fetchone()[0]
    if not n_values:
        return ""
    first = backend.con.execute(backend.compile(values.order_by(values.columns).limit(EXAMPLES))).fetchall()
    shown = ", ".join(" ".join(map(str, row)) for row in first)
    return f"{n_values:,} value{'' if n_values == 1 else 's'}, such as {shown}"


def accepted_rows(held: Held) -> ir.Table:
    """The rows that broke no rule that rejects."""
    # What was counted is what is written (the candidate is kept, or repeatable): without rejected rows nothing is
    # masked a second time, a tenth of the build's cost.
    if not held.n_rejected:
        return held.table
    table = masked(held.table, held.rules)
    return table.filter(~is_rejected(table, held.rules))
