"""Source files: which there are, what they weigh, and how a compressed one is opened.

What is inside them is read by `warehouse.reader`.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from warehouse.errors import Unreadable

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
CHUNK = 1 << 22


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file of a source.

    Attributes:
        path: The file on disk, absolute.
        member: The name inside a zip archive, or None.
        shown: How users know it: relative to the project where it lies inside.
        size: Bytes on disk.
        mtime_ns: When it was last written.
    """

    path: Path
    member: str | None
    shown: str
    size: int
    mtime_ns: int

    @property
    def format(self) -> str | None:
        """What the file's name says that it is: `csv`, `parquet`, `ndjson` or None.

        >>> SourceFile(path=Path("a.csv.gz"), member=None, shown="a.csv.gz", size=0, mtime_ns=0).format
        'csv'
        """
        name = Path(self.member or self.path.name.removesuffix(".zip"))
        return FORMATS.get(Path(name.name.removesuffix(".gz")).suffix.lower())

    def sha256(self) -> str:
        """The SHA-256 of the file on disk and, for an archive, of the member's name."""
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        if self.member:
            digest.update(self.member.encode())
        return digest.hexdigest()


def find_files(root: Path, paths: Sequence[str]) -> list[SourceFile]:
    """The files that `paths` name (globs, `~`, `archive.zip/member`), each once, sorted by name.

    Raises:
        Unreadable: A path names nothing.
    """
    found: dict[str, SourceFile] = {}
    for text in paths:
        for file in _matching(root, text):
            found[file.shown] = file
    return [found[shown] for shown in sorted(found)]


def _matching(root: Path, text: str) -> list[SourceFile]:
    path = Path(text).expanduser()
    path = path if path.is_absolute() else root / path
    archive, member = _split_archive(path)
    if archive.is_file():
        return [_file(root, archive, member)]
    if any(sign in text for sign in "*?["):
        anchor = Path(path.anchor)
        if matches := sorted(p for p in anchor.glob(str(path.relative_to(anchor))) if p.is_file()):
            return [_file(root, match, None) for match in matches]
        raise Unreadable(Path(text), "no file matches", f"the pattern is taken from {root}")
    siblings = sorted(p.name for p in archive.parent.glob("[!.]*")) if archive.parent.is_dir() else []
    what = (
        f"that folder holds {', '.join(siblings[:5])}"
        if siblings
        else "check the path; it is taken from the project's folder"
    )
    raise Unreadable(Path(text), "there is no such file", what)


def _split_archive(path: Path) -> tuple[Path, str | None]:
    for parent in path.parents:
        if parent.suffix.lower() == ".zip" and parent.is_file():
            return parent, path.relative_to(parent).as_posix()
    return path, None


def _file(root: Path, path: Path, member: str | None) -> SourceFile:
    status = path.stat()
    # A file inside the project is known by its relative path, so that a moved project knows its files.
    inside = path.is_relative_to(root)
    shown = path.relative_to(root).as_posix() if inside else str(path)
    return SourceFile(
        path=path,
        member=member,
        shown=f"{shown}/{member}" if member else shown,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
    )


@contextmanager
def plain(file: SourceFile, *, head_bytes: int | None = None) -> Iterator[Path]:
    """The file as a plain one on disk: what is compressed is unpacked to a temporary file for the block's length.

    Args:
        file: The file.
        head_bytes: Unpack no more than this, up to the end of a line: enough to look at a text file.

    Raises:
        Unreadable: The archive is damaged, lacks the member or holds several.
    """
    is_zip, is_gzip = file.path.suffix.lower() == ".zip", file.path.name.lower().endswith(".gz")
    if not (is_zip or is_gzip):
        yield file.path
        return
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        target = Path(folder) / "unpacked"
        try:
            _unpack(file, target, is_zip=is_zip, head_bytes=head_bytes)
        except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise Unreadable(file.path, f"it is damaged: {error}", "fetch the file again") from error
        yield target


def _unpack(file: SourceFile, target: Path, *, is_zip: bool, head_bytes: int | None) -> None:
    if not is_zip:
        with gzip.open(file.path) as packed, target.open("wb") as unpacked:
            _copy(packed, unpacked, head_bytes)
        return
    with zipfile.ZipFile(file.path) as archive:
        members = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
        wanted = [file.member] if file.member else members
        if len(wanted) != 1 or wanted[0] not in members:
            hint = f"write `path: {file.path.name}/MEMBER`; members are {', '.join(members[:8])}"
            raise Unreadable(file.path, f"it holds {len(members)} files, and which one is meant is open", hint)
        with archive.open(str(wanted[0])) as packed, target.open("wb") as unpacked:
            _copy(packed, unpacked, head_bytes)


def _copy(packed: IO[bytes] | gzip.GzipFile, unpacked: IO[bytes], head_bytes: int | None) -> None:
    if head_bytes is None:
        shutil.copyfileobj(packed, unpacked, CHUNK)
        return
    head = packed.read(head_bytes)
    unpacked.write(head[: head.rfind(b"\n") + 1] if len(head) == head_bytes else head)
