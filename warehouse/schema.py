"""The tables of `meta`, as SQLAlchemy knows them. Their names are public: `select * from meta.findings` works.

Reading and writing them is `warehouse.meta`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

SCHEMA = sa.MetaData()
_text, _int, _time, _json, _real, _bool, _blob = (
    sa.Text,
    sa.BigInteger,
    sa.DateTime,
    sa.JSON,
    sa.Double,
    sa.Boolean,
    sa.LargeBinary,
)


def _column(name: str, kind: type[Any], *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, primary_key=key)


STEPS = sa.Table(
    "steps",
    SCHEMA,
    _column("step_id", _text, key=True),
    _column("run_id", _text),
    _column("step", _text),
    _column("dataset", _text),
    _column("source", _text, null=True),
    _column("fingerprint", _text),
    _column("status", _text),
    _column("snapshot", _int, null=True),
    _column("started_at", _time),
    _column("finished_at", _time, null=True),
    _column("detail", _json),
    sa.Index("steps_of_a_dataset", "dataset", "step"),
    sa.Index("steps_by_time", "step", "dataset", "started_at"),
    sa.Index("steps_of_a_run", "run_id"),
)
INGESTIONS = sa.Table(
    "ingestions",
    SCHEMA,
    _column("dataset", _text, key=True),
    _column("source", _text, key=True),
    _column("ingestion", _int, key=True),
    _column("path", _text),
    _column("sha256", _text),
    _column("size", _int),
    _column("mtime_ns", _int),
    _column("n_rows", _int),
    _column("n_rejected", _int),
    _column("reading", _text),
    _column("state", _text),
    _column("snapshot", _int, null=True),
    sa.CheckConstraint("state IN ('active', 'superseded', 'withdrawn')"),
)
POLICIES = sa.Table(
    "policies",
    SCHEMA,
    _column("dataset", _text, key=True),
    _column("policy", _int, key=True),
    _column("salt", _text),
    _column("thresholds", _json),
    _column("entity", _json),
    _column("columns", _json),
    _column("frozen_at", _time),
)
VERSIONS = sa.Table(
    "versions",
    SCHEMA,
    _column("dataset", _text, key=True),
    _column("version", _int, key=True),
    _column("snapshot", _int),
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.step_id"), nullable=False),
    sa.Column("audit_id", sa.Text, sa.ForeignKey("steps.step_id"), nullable=False),
    _column("policy", _int, null=True),
    _column("fingerprint", _text),
    _column("contract_sha256", _text),
    _column("inputs", _json),
    _column("columns", _json),
    _column("n_rows", _int),
    _column("changed", _json),
    _column("created_at", _time),
    _column("author", _text),
    sa.ForeignKeyConstraint(["dataset", "policy"], ["policies.dataset", "policies.policy"]),
)
FINDINGS = sa.Table(
    "findings",
    SCHEMA,
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.step_id"), primary_key=True),
    _column("ordinal", _int, key=True),
    _column("dataset", _text),
    _column("code", _text),
    _column("outcome", _text),
    _column("title", _text),
    _column("column", _text, null=True),
    _column("seen", _text),
    _column("advice", _text),
)
# Which findings were accepted until a day: they are shown, and no longer counted as warnings.
ACCEPTANCES = sa.Table(
    "acceptances",
    SCHEMA,
    *(_column(name, _text, key=True) for name in ("dataset", "code")),
    *(_column(name, _text) for name in ("until", "why", "author", "accepted_at")),
)
# Which builds may be published though a finding holds them back by policy.
PASSES = sa.Table(
    "passes",
    SCHEMA,
    *(_column(name, _text, key=True) for name in ("dataset", "code", "fingerprint")),
    *(_column(name, _text) for name in ("why", "author", "accepted_at")),
)
WRITTEN_BY = sa.Table(
    "schema_version",
    SCHEMA,
    _column("version", _int, key=True),
    _column("duckdb_version", _text),
)
# What an audit learns of a build: statistics and the picture of each column, counts by part of the rows, comparisons.
COLUMNS = sa.Table(
    "columns",
    SCHEMA,
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.step_id"), primary_key=True),
    _column("column", _text, key=True),
    _column("ordinal", _int),
    _column("dataset", _text),
    _column("type", _text),
    _column("kind", _text),
    _column("stats", _json),
    _column("figure", _json),
)
PROFILES = sa.Table(
    "profiles",
    SCHEMA,
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.step_id"), primary_key=True),
    _column("part", _text, key=True),
    _column("column", _text, key=True),
    _column("dataset", _text),
    _column("kind", _text),
    _column("bins", _json),
    _column("n_buckets", _int),
    _column("counts", _blob),
    _column("precision", _blob, null=True),
    _column("moments", _blob, null=True),
    _column("ordinal", _int, null=True),
    _column("low", _real, null=True),
    _column("high", _real, null=True),
)
COMPARISONS = sa.Table(
    "comparisons",
    SCHEMA,
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.step_id"), primary_key=True),
    _column("ordinal", _int, key=True),
    _column("dataset", _text),
    _column("kind", _text),
    _column("reference", _text),
    _column("current", _text),
    _column("is_shifted", _bool),
    _column("report", _json),
)
# Counts by day add up from one audit to the next: what a day holds is the sum since all rows were counted.
DAY_CELLS = sa.Table(
    "day_cells",
    SCHEMA,
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.step_id"), primary_key=True),
    _column("dataset", _text),
    _column("cells_of", _text),
    _column("time", _text),
    _column("cells", _json),
)
DAYS = sa.Table(
    "days",
    SCHEMA,
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.step_id"), primary_key=True),
    _column("day", sa.Date, key=True),
    _column("dataset", _text),
    _column("counted_by", _text),
    _column("n_rows", _int),
    _column("counts", _blob),
    _column("moments", _blob),
    sa.Index("days_of_a_dataset", "dataset", "counted_by"),
)
WATCHED = sa.Table(
    "watched",
    SCHEMA,
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.step_id"), primary_key=True),
    _column("day", sa.Date, key=True),
    _column("dataset", _text),
    _column("cells_of", _text),
    _column("is_played_back", _bool),
    _column("number", _int),
    _column("value", _real),
    _column("is_alarm", _bool),
    _column("state", _json),
    sa.Index("watched_of_a_dataset", "dataset", "cells_of"),
)
# What is learned of models: each fit or set of predictions, judged on one version.
RUNS = sa.Table(
    "runs",
    SCHEMA,
    _column("model_run_id", _text, key=True),
    _column("dataset", _text),
    _column("version", _int),
    _column("model", _text),
    _column("run_id", _text),
    _column("status", _text),
    _column("fingerprint", _text),
    _column("task", _text),
    _column("estimator", _text, null=True),
    _column("params", _json),
    _column("seed", _int, null=True),
    _column("code_sha256", _text, null=True),
    _column("libraries", _json),
    _column("features", _json),
    _column("file", _text, null=True),
    _column("started_at", _time),
    _column("finished_at", _time),
    _column("error", _text, null=True),
    _column("hint", _text, null=True),
    _column("author", _text),
    _column("first_fix", _text, null=True),
    sa.ForeignKeyConstraint(["dataset", "version"], ["versions.dataset", "versions.version"]),
    sa.Index("runs_of_a_dataset", "dataset", "version", "model"),
)
ERROR_RATES = sa.Table(
    "error_rates",
    SCHEMA,
    sa.Column("model_run_id", sa.Text, sa.ForeignKey("runs.model_run_id"), primary_key=True),
    _column("metric", _text, key=True),
    _column("split", _text, key=True),
    _column("ordinal", _int),
    _column("lower_is_better", _bool),
    _column("estimate", _real, null=True),
    _column("low", _real, null=True),
    _column("high", _real, null=True),
    _column("n", _int, null=True),
    _column("n_entities", _int, null=True),
)
GAPS = sa.Table(
    "gaps",
    SCHEMA,
    sa.Column("model_run_id", sa.Text, sa.ForeignKey("runs.model_run_id"), primary_key=True),
    _column("metric", _text, key=True),
    _column("name", _text, key=True),
    _column("ordinal", _int),
    _column("value", _real, null=True),
    _column("low", _real, null=True),
    _column("high", _real, null=True),
    _column("verdict", _text),
    _column("why", _text),
    _column("remedy", _text),
)
LOSS_CHANGES = sa.Table(
    "loss_changes",
    SCHEMA,
    sa.Column("model_run_id", sa.Text, sa.ForeignKey("runs.model_run_id"), primary_key=True),
    _column("metric", _text, key=True),
    _column("name", _text, key=True),
    _column("ordinal", _int),
    _column("verdict", _text),
    _column("why", _text),
    *(
        _column(f"{part}{end}", _real, null=True)
        for part in ("total", "inputs", "relation")
        for end in ("", "_low", "_high")
    ),
    _column("overlap", _real, null=True),
    _column("n_before", _int),
    _column("n_after", _int),
)
LABEL_SHARES = sa.Table(
    "label_shares",
    SCHEMA,
    sa.Column("model_run_id", sa.Text, sa.ForeignKey("runs.model_run_id"), primary_key=True),
    _column("verdict", _text),
    _column("why", _text),
    _column("condition", _real, null=True),
    _column("n_labelled", _int),
    _column("n_rows", _int),
    _column("shares", _json),
)
# What somebody was told, or could not be told, about a dataset that failed: once an incident.
INCIDENTS = sa.Table(
    "incidents",
    SCHEMA,
    _column("dataset", _text, key=True),
    _column("opened_at", _time, key=True),
    _column("closed_at", _time, null=True),
    _column("told_at", _time, null=True),
    _column("run_id", _text),
    _column("why", _text),
)
