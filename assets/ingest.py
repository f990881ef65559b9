"""Step one: take the files of a source that are new or changed into raw.

How a file is read is `warehouse.reader`; where its rows are kept is `warehouse.raw`.
"""

from __future__ import annotations

from dataclasses import replace

from assets.project import Dataset
from assets.sources import Delivery, active_ingestions, kept_without_file, reading_facts, source_files
from assets.spec import SourceSpec
from assets.step import Run
from checks.finding import Finding
from warehouse.files import SourceFile, plain
from warehouse.kinds import is_lossless
from warehouse.layout import WHOLE_FILE, Layout, Reading, Staged
from warehouse.meta import Meta
from warehouse.raw import append_raw, drop_raw, ensure_raw, raw_columns
from warehouse.reader import look, stage
from warehouse.records import Ingestion, Step, now


def reading_of(source: SourceSpec, file: SourceFile) -> Reading:
    """How a file of a source is read."""
    return Reading(
        format=source.format or file.format,
        names=source.names,
        nulls=source.nulls,
        delimiter=source.delimiter,
        quote=source.quote,
        encoding=source.encoding,
        types=source.types,
    )


def ingest(run: Run, dataset: Dataset, name: str, source: SourceSpec) -> list[Finding]:
    """Take in what is due of one source: each file in one transaction, so that a crash loses none and doubles none.

    Returns:
        What there is to say of the source. A finding that fails means that a file was not taken in.

    Raises:
        Unreadable: A file is missing or is not of its format.
    """
    meta = run.warehouse.meta
    found = source_files(run.project.settings.root, meta, dataset.name, name, source)
    findings: list[Finding] = []
    for file, sha256 in found.due:
        is_anew = _is_read_anew(run, dataset, name, source, found)
        findings += _take_in(run, dataset, name, source, file, sha256, is_anew=is_anew)
    if found.gone and source.mode == "replace":
        meta.withdraw(found.gone)
    return [*findings, *kept_without_file(source, found)]


def _is_read_anew(run: Run, dataset: Dataset, name: str, source: SourceSpec, found: Delivery) -> bool:
    """Whether every active file was read in another way and is due: raw is then made anew, with the types now found."""
    active = active_ingestions(run.warehouse.meta, dataset.name, name)
    due = {file.shown for file, _ in found.due}
    return bool(active) and all(i.path in due and i.reading != reading_facts(source) for i in active)


def _take_in(
    run: Run, dataset: Dataset, name: str, source: SourceSpec, file: SourceFile, sha256: str, *, is_anew: bool
) -> list[Finding]:
    meta, lake, started_at = run.warehouse.meta, run.warehouse.lake, now()
    known = {} if is_anew else raw_columns(lake, dataset.name, name)
    run.tell(dataset, "ingest", "read", file.shown)
    with plain(file) as path:
        reading = reading_of(source, file)
        layout = look(lake.connection, path, reading, sample_rows=WHOLE_FILE)
        findings = _against_raw(known, layout, file)
        if any(finding.outcome == "fail" for finding in findings):
            meta.add(run.new_step(dataset, "ingest", sha256, status="blocked", source=name, started_at=started_at))
            return findings
        layout = replace(layout, columns={column: known.get(column, kind) for column, kind in layout.columns.items()})
        staged = stage(lake.connection, path, reading, layout)
        ingestion = replace(_ingestion(meta, dataset, name, file, sha256, staged), reading=reading_facts(source))
        detail = {"ingestion": ingestion.ingestion, "columns": {**known, **layout.columns}}
        step = run.new_step(dataset, "ingest", sha256, source=name, started_at=started_at, detail=detail)
        _write(run, dataset, step, ingestion, staged, layout, is_anew=is_anew)
    return findings


def _ingestion(meta: Meta, dataset: Dataset, name: str, file: SourceFile, sha256: str, staged: Staged) -> Ingestion:
    past = meta.ingestions(dataset.name, name)
    return Ingestion(
        dataset=dataset.name,
        source=name,
        ingestion=max((i.ingestion for i in past), default=0) + 1,
        path=file.shown,
        sha256=sha256,
        size=file.size,
        mtime_ns=file.mtime_ns,
        n_rows=staged.n_rows,
        n_rejected=staged.n_unread,
    )


def _write(
    run: Run, dataset: Dataset, step: Step, ingestion: Ingestion, staged: Staged, layout: Layout, *, is_anew: bool
) -> None:
    """T1: the rows of one file, with the word on it that `meta` can be told again."""
    meta, lake, name = run.warehouse.meta, run.warehouse.lake, ingestion.source
    superseded = [
        i.ingestion for i in active_ingestions(meta, dataset.name, name) if is_anew or i.path == ingestion.path
    ]
    extra = {"kind": "ingest", "step": step.to_json(), "ingestions": [vars(ingestion)], "superseded": superseded}
    with lake.transaction(run.author, f"ingest {dataset.name} {ingestion.path}", extra):
        run.tell(dataset, "ingest", "begin")
        if is_anew:
            drop_raw(lake, dataset.name, name)
        ensure_raw(lake, dataset.name, name, layout.columns)
        append_raw(lake, ingestion, staged, layout.columns)
        run.tell(dataset, "ingest", "written")
    run.tell(dataset, "ingest", "committed")
    meta.replay(extra, snapshot=lake.snapshot())
    run.tell(dataset, "ingest", "remembered", f"{staged.n_rows:,} rows")


def _against_raw(known: dict[str, str], layout: Layout, file: SourceFile) -> list[Finding]:
    """What a later file's columns are to those that the source delivered before."""
    missing = [column for column in known if column not in layout.columns]
    if missing:
        return [
            Finding(
                code="SOURCE1", outcome="fail", seen=f"{file.shown} lacks {', '.join(missing)}, which earlier files had"
            )
        ]
    retyped = [
        f"{column} was {known[column]} and is {kind}"
        for column, kind in layout.columns.items()
        if column in known and not is_lossless(kind, known[column], is_text=file.format != "parquet")
    ]
    if retyped:
        return [Finding(code="SOURCE1", outcome="fail", seen=f"{file.shown}: {'; '.join(retyped)}")]
    new = [column for column in layout.columns if known and column not in known]
    return (
        [Finding(code="SOURCE1", outcome="warn", seen=f"{file.shown} brings {', '.join(new)}, which is new")]
        if new
        else []
    )


def unread_rows(dataset: Dataset, meta: Meta) -> list[Finding]:
    """How many rows of the active files could not be read."""
    findings = []
    for name in dataset.file.spec.sources_of(dataset.name):
        active = active_ingestions(meta, dataset.name, name)
        n_unread, n_all = sum(i.n_rejected for i in active), sum(i.n_rows + i.n_rejected for i in active)
        if n_unread:
            findings.append(
                Finding(
                    code="SOURCE2", outcome="warn", seen=f"{n_unread:,} of {n_all:,} rows of {name} could not be read"
                )
            )
    return findings
