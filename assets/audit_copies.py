"""What an audit asks of rows that belong together: near copies, links, rows made from others.

The questions are `checks.near_rows`, `checks.linked` and, of clusters, `checks.promised`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assets.clustering import spread_of
from assets.policies import numbered
from assets.project import Dataset
from assets.spec import ClusterSpec
from assets.step import Run
from checks.finding import Finding
from checks.linked import derived_rows, entities_under_two_names
from checks.near_rows import near_copies
from checks.near_text import SIMILARITY
from checks.promised import bridges, near_numbers_apart, near_texts_apart, values_apart
from warehouse.placements import remembered_sql
from warehouse.records import Step

if TYPE_CHECKING:
    import ibis.expr.types as ir


def audit_copies(run: Run, dataset: Dataset, build: Step, table: ir.Table) -> list[Finding]:
    """The findings LEAK5, LEAK7, LEAK14 and SPLIT6 on a build.

    Args:
        run: The run.
        dataset: The dataset.
        build: The build, not published yet.
        table: Its rows.
    """
    spec, columns, apart = dataset.file.spec, build.detail["columns"], dataset.policy.apart
    key = spec.key[0] if len(spec.key) == 1 else None
    origin = derived_rows(table, key=key, columns=list(columns), declared=spec.splits.derived_from)
    clusters = spec.splits.clusters
    if clusters is None:
        return [*_unpromised(dataset, columns, table), origin]
    promised = [near_texts_apart(table, name, similarity=clusters.similarity, apart=apart) for name in clusters.text]
    if clusters.numbers:
        spread = _spread(run, dataset, build)
        promised.append(near_numbers_apart(table, spread, tolerance=clusters.tolerance, apart=apart))
    promised += values_apart(table, clusters.linked_by, apart=apart)
    codes = {finding.code for finding in promised}
    others = _unpromised(dataset, columns, table)
    # Where something was promised and judged, that nothing else can be asked needs no line of its own.
    others = [finding for finding in others if finding.outcome != "not_applicable" or finding.code not in codes]
    return [bridges(table), *promised, *others, origin]


def _unpromised(dataset: Dataset, columns: Mapping[str, str], table: ir.Table) -> list[Finding]:
    """LEAK5 and LEAK7 on all that no cluster promises: it warns. Turned signs are never promised."""
    spec, apart = dataset.file.spec, dataset.policy.apart
    clusters = spec.splits.clusters or ClusterSpec()
    promised = clusters.text if clusters.similarity <= SIMILARITY else ()
    alone = {*spec.key, *spec.splits.entity, *spec.not_features, *promised}
    linking = [name for name in clusters.linked_by if name not in alone and table[name].type().is_string()]
    compared = [name for name in spec.compared_among(columns) if name not in promised] + linking
    told = {*spec.key, *spec.splits.together, spec.time, spec.target}
    is_named = spec.splits.entity or spec.key or clusters.linked_by
    identifiers = [name for name in columns if name not in told] if is_named else []
    return [*near_copies(table, compared, apart=apart), *entities_under_two_names(table, identifiers, apart=apart)]


def _spread(run: Run, dataset: Dataset, build: Step) -> Mapping[str, float]:
    """By column of numbers, the standard deviation by which this build was clustered."""
    lake, meta = run.warehouse.lake, run.warehouse.meta
    steps = [*(version.step_id for version in meta.versions(dataset.name)), build.step_id]
    number = numbered(meta, dataset, has_new_policy=run.has_new_policy).first
    lake.keep("_audited_spread", remembered_sql(lake, dataset.name, "spread", steps=steps, policy=number))
    return spread_of(lake.ibis.table("_audited_spread"))
