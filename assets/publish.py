"""Step four: one row in `meta.versions`, and readers see the build.

Whether it may be published was decided by the audit.
"""

from __future__ import annotations

from typing import Any

from assets.build import identity_columns
from assets.plan import changed_parts, latest
from assets.policies import numbered, policy_facts
from assets.project import Dataset
from assets.step import Run, digest
from warehouse.records import Policy, Step, Version, now


def publish(run: Run, dataset: Dataset, build: Step, audit: Step) -> Version:
    """Make a build that passed its audit the next version of its dataset."""
    meta, spec = run.warehouse.meta, dataset.file.spec
    before = latest(meta, dataset.name)
    records: list[Any] = []
    policy = _policy(run, dataset, build, records)
    version = Version(
        dataset=dataset.name,
        version=before.version + 1 if before else 1,
        snapshot=int(build.snapshot or 0),
        step_id=build.step_id,
        audit_id=audit.step_id,
        policy=policy,
        fingerprint=build.fingerprint,
        contract_sha256=digest(spec.contract.to_canonical()),
        inputs=build.detail["inputs"],
        columns=build.detail["columns"],
        n_rows=int(build.detail["n_accepted"]),
        changed=changed_parts(meta, dataset.name, build.detail["parts"]),
        created_at=now(),
        author=run.author,
    )
    run.tell(dataset, "publish", "begin")
    meta.add(*records, version)
    run.tell(dataset, "publish", "committed", f"version {version.version}")
    return version


def _policy(run: Run, dataset: Dataset, build: Step, records: list[Any]) -> int:
    """The number of the policy that the build was split with; a new one is put among `records`."""
    found = numbered(run.warehouse.meta, dataset, has_new_policy=run.has_new_policy)
    if not found.is_new:
        return found.number
    thresholds, entity = policy_facts(dataset)
    last = None if run.has_new_policy else found.last
    frozen = last.columns if last else identity_columns(dataset, build.detail["columns"])
    records.append(
        Policy(
            dataset=dataset.name,
            policy=found.number,
            salt=dataset.policy.salt,
            thresholds=thresholds,
            entity=entity,
            columns=list(frozen),
            frozen_at=now(),
        )
    )
    return found.number
