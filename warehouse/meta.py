"""Small facts about the warehouse: what was ingested, which steps ran, which versions there are.

The lake is the truth for data, `meta` for names. Rows of data do not belong here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from warehouse.errors import Unreadable
from warehouse.locks import locked
from warehouse.migrations import migrate
from warehouse.records import Ingestion, Policy, Step, Version
from warehouse.schema import (
    ACCEPTANCES,
    ERROR_RATES,
    FINDINGS,
    INGESTIONS,
    POLICIES,
    RUNS,
    STEPS,
    VERSIONS,
)

R = TypeVar("R", Step, Ingestion, Policy, Version)

LOCK_WAIT_SECONDS = 30
TABLES: dict[type[Any], sa.Table] = {Step: STEPS, Ingestion: INGESTIONS, Policy: POLICIES, Version: VERSIONS}


class Meta:
    """An open `meta` database. Use `Meta.open`."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._watching: sa.Connection | None = None
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path, *, duckdb_version: str) -> Meta:
        """Open the database at `path`, made or migrated when it is behind.

        Raises:
            Incompatible: It is ahead of this code, or the lake beside it is another DuckDB's.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
        sa.event.listen(engine, "connect", _set_pragmas)
        migrating = locked(path.with_suffix(".lock"), "`meta` is being opened", wait_seconds=LOCK_WAIT_SECONDS)
        try:
            with migrating, engine.begin() as connection:
                migrate(connection, duckdb_version)
        except sa.exc.DatabaseError as error:
            raise Unreadable(path, str(error.orig), "restore it from a copy of .gristmill") from error
        return cls(engine)

    def close(self) -> None:
        """Let go of the database."""
        if self._watching is not None:
            self._watching.close()
        self._engine.dispose()

    def stamp(self) -> int:
        """A number that is another one once anybody has changed anything in `meta`."""
        with self._lock:
            if self._watching is None:
                self._watching = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            # It tells of the changes of other connections, and this one changes nothing.
            return int(self._watching.execute(sa.text("PRAGMA data_version")).scalar_one())

    def add(self, *records: Step | Ingestion | Policy | Version) -> None:
        """Remember `records` in one transaction; a step or an ingestion that is known already stays as it is."""
        with self._engine.begin() as connection:
            _add(connection, records)

    def replay(self, extra: Mapping[str, Any], *, snapshot: int) -> None:
        """Remember what a commit of the lake says of itself. Twice is as good as once."""
        with self._engine.begin() as connection:
            step = Step.from_json(extra["step"], snapshot=snapshot)
            if connection.scalar(sa.select(STEPS.c.step_id).where(STEPS.c.step_id == step.step_id)):
                return
            _add(connection, [step])
            _add(connection, [Ingestion(**raw | {"snapshot": snapshot}) for raw in extra.get("ingestions", ())])
            for state in ("superseded", "withdrawn"):
                _set_state(connection, step.dataset, step.source, extra.get(state, ()), state)

    def set_mtime(self, ingestion: Ingestion, mtime_ns: int) -> None:
        """A file was touched and its content is the same."""
        with self._engine.begin() as connection:
            connection.execute(INGESTIONS.update().where(*_is(ingestion)).values(mtime_ns=mtime_ns))

    def withdraw(self, ingestions: Iterable[Ingestion]) -> None:
        """The files of these are gone, and their rows no longer count."""
        with self._engine.begin() as connection:
            for ingestion in ingestions:
                connection.execute(INGESTIONS.update().where(*_is(ingestion)).values(state="withdrawn"))

    def steps(self, dataset: str | None = None, **equal: str) -> list[Step]:
        """Steps, newest first, of one dataset or all."""
        query = sa.select(STEPS).order_by(STEPS.c.started_at.desc(), STEPS.c.step_id.desc())
        if dataset is not None:
            query = query.where(STEPS.c.dataset == dataset)
        return self._read(Step, query.where(*(STEPS.c[name] == value for name, value in equal.items())))

    def newest_steps(self, dataset: str, step: str, n: int) -> list[Step]:
        """The newest `n` steps of one kind of a dataset, newest first."""
        query = sa.select(STEPS).where(STEPS.c.dataset == dataset, STEPS.c.step == step)
        return self._read(Step, query.order_by(STEPS.c.started_at.desc(), STEPS.c.step_id.desc()).limit(n))

    def run_steps(self, run_id: str) -> list[Step]:
        """The steps of one run, oldest first, their detail left out: there may be thousands."""
        shown = [column for column in STEPS.c if column.name != "detail"]
        query = sa.select(*shown).where(STEPS.c.run_id == run_id).order_by(STEPS.c.started_at)
        with self._engine.connect() as connection:
            return [Step(**row) for row in connection.execute(query).mappings()]

    def newest_statuses(self, step: str) -> dict[str, str]:
        """How the newest step of one kind ended, by dataset."""
        mine = (
            sa.select(STEPS.c.dataset, sa.func.max(STEPS.c.started_at).label("at"))
            .where(STEPS.c.step == step)
            .group_by(STEPS.c.dataset)
            .subquery()
        )
        both = sa.and_(STEPS.c.dataset == mine.c.dataset, STEPS.c.started_at == mine.c.at, STEPS.c.step == step)
        query = sa.select(STEPS.c.dataset, STEPS.c.status).join(mine, both).order_by(STEPS.c.step_id)
        with self._engine.connect() as connection:
            return {row.dataset: row.status for row in connection.execute(query)}

    def newest_versions(self) -> list[dict[str, Any]]:
        """The newest version of every dataset: dataset, version, n_rows, created_at."""
        shown = (VERSIONS.c.dataset, VERSIONS.c.version, VERSIONS.c.n_rows, VERSIONS.c.created_at)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(_newest(sa.select(*shown))).mappings()]

    def datasets_with_column(self, text: str) -> set[str]:
        """The datasets whose newest version has a column with `text` in its name."""
        named = sa.cast(VERSIONS.c.columns, sa.Text).icontains(text, autoescape=True)
        with self._engine.connect() as connection:
            found = connection.execute(_newest(sa.select(VERSIONS.c.dataset, VERSIONS.c.columns)).where(named)).all()
        return {row.dataset for row in found if any(text.lower() in column.lower() for column in row.columns)}

    def step_ids(self) -> set[str]:
        """The identifiers of all steps."""
        with self._engine.connect() as connection:
            return set(connection.scalars(sa.select(STEPS.c.step_id)))

    def ingestions(self, dataset: str, source: str) -> list[Ingestion]:
        """The ingestions of one source, oldest first, in whatever state."""
        where = (INGESTIONS.c.dataset == dataset, INGESTIONS.c.source == source)
        return self._read(Ingestion, sa.select(INGESTIONS).where(*where).order_by(INGESTIONS.c.ingestion))

    def versions(self, dataset: str | None = None) -> list[Version]:
        """Published versions, oldest first."""
        query = sa.select(VERSIONS).order_by(VERSIONS.c.dataset, VERSIONS.c.version)
        return self._read(Version, query if dataset is None else query.where(VERSIONS.c.dataset == dataset))

    def policies(self, dataset: str) -> list[Policy]:
        """The split policies of one dataset, oldest first."""
        return self._read(Policy, sa.select(POLICIES).where(POLICIES.c.dataset == dataset).order_by(POLICIES.c.policy))

    def judged_on(self, dataset: str, split: str) -> list[dict[str, Any]]:
        """One row for each model run that ended well and each metric that it was judged by on one split."""
        run = (RUNS.c.model_run_id, RUNS.c.version, RUNS.c.model, RUNS.c.estimator, RUNS.c.code_sha256, RUNS.c.params)
        rate = (ERROR_RATES.c.metric, ERROR_RATES.c.estimate, ERROR_RATES.c.low, ERROR_RATES.c.high)
        query = (
            sa.select(*run, RUNS.c.finished_at, RUNS.c.author, *rate)
            .join(ERROR_RATES, ERROR_RATES.c.model_run_id == RUNS.c.model_run_id)
            .where(RUNS.c.dataset == dataset, RUNS.c.status == "succeeded", ERROR_RATES.c.split == split)
            .order_by(RUNS.c.model_run_id, ERROR_RATES.c.ordinal)
        )
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def set_findings(self, step_id: str, findings: Iterable[Mapping[str, Any]]) -> None:
        """Keep the findings of one step, in order, in place of any that it had."""
        kept = {column.name for column in FINDINGS.columns}
        rows = [{k: v for k, v in finding.items() if k in kept} | {"ordinal": i} for i, finding in enumerate(findings)]
        self.set_rows(FINDINGS, {"step_id": step_id}, rows)

    def findings(self, step_id: str) -> list[dict[str, Any]]:
        """The findings of one step, in order: code, outcome, title, column, seen, advice, accepted (or None).

        Of a warning that is accepted today, `accepted` tells until when, by whom and why.
        """
        hidden = {"step_id", "ordinal", "dataset"}
        rows = self.rows(FINDINGS, step_id=step_id)
        accepted = self.acceptances(rows[0]["dataset"], datetime.now(UTC).date()) if rows else {}
        return [
            {k: v for k, v in row.items() if k not in hidden}
            | {"accepted": accepted.get(row["code"]) if row["outcome"] == "warn" else None}
            for row in rows
        ]

    def acceptances(self, dataset: str, day: date) -> dict[str, dict[str, str]]:
        """By code: until, why, author and accepted_at, of the findings of a dataset that are accepted on `day`."""
        rows = self.rows(ACCEPTANCES, dataset=dataset)
        hidden = {"dataset", "code"}
        return {
            row["code"]: {k: v for k, v in row.items() if k not in hidden} for row in rows if row["until"] >= str(day)
        }

    def set_rows(self, table: sa.Table, where: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> None:
        """Let the rows of `table` that equal `where` be `rows`, in one transaction; each is completed by `where`."""
        complete = [dict(row) | dict(where) for row in rows]
        with self._engine.begin() as connection:
            connection.execute(table.delete().where(*_equal(table, where)))
            if complete:
                connection.execute(table.insert(), complete)

    def rows(self, table: sa.Table, **equal: Any) -> list[dict[str, Any]]:
        """The rows of `table` that equal `equal`, in the order of `ordinal` or else of the key."""
        order = [table.c.ordinal] if "ordinal" in table.c else list(table.primary_key.columns)
        query = sa.select(table).where(*_equal(table, equal)).order_by(*order)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _read(self, record: type[R], query: sa.Select[Any]) -> list[R]:
        names = [field.name for field in fields(record)]
        with self._engine.connect() as connection:
            return [record(**{name: row[name] for name in names}) for row in connection.execute(query).mappings()]


def _add(connection: sa.Connection, records: Iterable[Step | Ingestion | Policy | Version]) -> None:
    for record in records:
        statement = insert(TABLES[type(record)]).values(asdict(record))
        if isinstance(record, Step | Ingestion):
            statement = statement.on_conflict_do_nothing()
        connection.execute(statement)


def _set_state(connection: sa.Connection, dataset: str, source: str | None, numbers: Iterable[int], state: str) -> None:
    where = (INGESTIONS.c.dataset == dataset, INGESTIONS.c.source == source, INGESTIONS.c.ingestion.in_(list(numbers)))
    connection.execute(INGESTIONS.update().where(*where).values(state=state))


def _is(ingestion: Ingestion) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(INGESTIONS.c[name] == getattr(ingestion, name) for name in ("dataset", "source", "ingestion"))


def _newest(query: sa.Select[Any]) -> sa.Select[Any]:
    newest = sa.select(VERSIONS.c.dataset, sa.func.max(VERSIONS.c.version).label("n")).group_by(VERSIONS.c.dataset)
    last = newest.subquery()
    return query.join(last, sa.and_(VERSIONS.c.dataset == last.c.dataset, VERSIONS.c.version == last.c.n))


def _equal(table: sa.Table, values: Mapping[str, Any]) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(table.c[name] == value for name, value in values.items())


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
