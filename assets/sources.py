"""What a source delivers now, against what was taken in. Imports nothing heavy: the plan is made from it.

Taking it in is `assets.ingest`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assets.spec import SourceSpec
from checks.finding import Finding
from warehouse.errors import Unreadable
from warehouse.files import SourceFile, find_files
from warehouse.meta import Meta
from warehouse.records import Ingestion


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What a source delivers, against what was taken in.

    Attributes:
        due: Files that are new or changed, each with the sha256 that it has.
        gone: Active ingestions whose file is no longer there.
        active: All active ingestions.
        absent: The path that names no file at all, or None.
    """

    due: tuple[tuple[SourceFile, str], ...]
    gone: tuple[Ingestion, ...]
    active: tuple[Ingestion, ...]
    absent: str | None = None


def source_files(root: Path, meta: Meta, dataset: str, name: str, source: SourceSpec) -> Delivery:
    """Compare a source's files with what was taken in: by size and time first, by sha256 where these differ.

    A file that was read in another way than the YAML now says is due too.

    Raises:
        Unreadable: A path names nothing, and there are no earlier rows to keep, or `mode: replace` would drop them all.
    """
    active = active_ingestions(meta, dataset, name)
    absent = None
    try:
        files = find_files(root, source.path)
    except Unreadable as error:
        # A source that is gone as a whole is rather an outage than a wish to let every row go.
        if not active or source.mode == "replace":
            raise
        files, absent = [], str(error.path)
    by_path = {ingestion.path: ingestion for ingestion in active}
    due = []
    for file in files:
        known = by_path.get(file.shown)
        is_read_alike = known is not None and known.reading == reading_facts(source)
        if known and is_read_alike and (known.size, known.mtime_ns) == (file.size, file.mtime_ns):
            continue
        sha256 = file.sha256()
        if known and is_read_alike and known.sha256 == sha256:
            meta.set_mtime(known, file.mtime_ns)
        else:
            due.append((file, sha256))
    there = {file.shown for file in files}
    gone = tuple(i for i in active if i.path not in there)
    return Delivery(due=tuple(due), gone=gone, active=active, absent=absent)


def kept_without_file(source: SourceSpec, found: Delivery) -> list[Finding]:
    """The files that are gone and whose rows are kept."""
    if not found.gone or source.mode == "replace":
        return []
    paths = ", ".join(ingestion.path for ingestion in found.gone)
    absent = f"{found.absent} names no file; " if found.absent else ""
    return [Finding(code="SOURCE3", outcome="warn", seen=f"{absent}gone, and their rows kept: {paths}")]


def reading_facts(source: SourceSpec) -> str:
    """How a source's files are read, as text: what was read otherwise is read again."""
    return json.dumps(source.model_dump(mode="json", exclude={"path", "mode"}, exclude_defaults=True), sort_keys=True)


def active_ingestions(meta: Meta, dataset: str, name: str) -> tuple[Ingestion, ...]:
    """The ingestions of a source whose rows count."""
    return tuple(i for i in meta.ingestions(dataset, name) if i.state == "active")
