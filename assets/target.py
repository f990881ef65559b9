"""The audit's questions on the target: which rows and columns of a build they are asked of.

The questions are `checks.target_leakage` and `checks.giveaway_scaled`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.project import Dataset
from checks.collect import collect
from checks.finding import Finding
from checks.giveaway_order import ROW
from checks.giveaway_scaled import scaled_over_all
from checks.labelled import Labelled
from checks.sizes import is_unlabelled
from checks.target_leakage import ENTITY, Roles, target_leakage, unasked
from checks.units import N_BUCKETS

JUDGED_ROWS = 200_000


def given_away(dataset: Dataset, table: Any, columns: Mapping[str, str], n_rows: int) -> list[Finding]:
    """The findings LEAK3, LEAK4, LEAK8 to LEAK13 and LEAK15.

    Args:
        dataset: The dataset.
        table: The build, with the reserved columns and the place of each row.
        columns: Its own columns and their types.
        n_rows: All its rows.
    """
    spec = dataset.file.spec
    scaled = scaled_over_all(table, spec.features_among(columns))
    if spec.target is None:
        return [*unasked("the dataset has no target"), *scaled]
    roles = roles_of(dataset, columns)
    rows = _labelled(dataset, table, columns, n_rows)
    return [*target_leakage(rows, table, roles), *scaled]


def roles_of(dataset: Dataset, columns: Mapping[str, str]) -> Roles:
    """What the columns are, besides features and target."""
    spec = dataset.file.spec
    ids = tuple(name for name in dict.fromkeys([*spec.key, *spec.splits.entity]) if name in columns)
    seen = {*ids, *spec.features_among(columns), spec.target, spec.time}
    return Roles(
        ids=ids,
        hidden=tuple(name for name in columns if name not in seen),
        time=spec.time,
        is_shared=dataset.policy.has_pools and dataset.policy.apart == "pool",
        is_composite=len(spec.splits.entity) > 1,
    )


def _labelled(dataset: Dataset, table: Any, columns: Mapping[str, str], n_rows: int) -> Labelled:
    spec = dataset.file.spec
    target = str(spec.target)
    n_buckets = N_BUCKETS if n_rows <= JUDGED_ROWS else max(8, N_BUCKETS * JUDGED_ROWS // n_rows)
    rows = table.filter(~is_unlabelled(table[target]), table["_bucket"] < n_buckets)
    reserved = [name for name in ("_bucket", "_split", ROW, ENTITY) if name in table.columns]
    frame = collect(rows.select(*columns, *reserved))
    share = "" if n_buckets == N_BUCKETS else f", those of about {n_buckets / N_BUCKETS:.0%} of the entities"
    return Labelled(
        frame=frame,
        features=tuple(spec.features_among(columns)),
        target=target,
        judged_on=f"{len(frame):,} labelled rows{share}",
    )
