"""Source files: which there are, by what they are known, and how a compressed one is opened."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from warehouse.errors import Unreadable
from warehouse.files import SourceFile, find_files, plain

TEXT = "a,b\n1,x\n"


def one(root: Path, path: str) -> SourceFile:
    (file,) = find_files(root, [path])
    return file


def zipped(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_a_file_of_the_project_is_known_by_its_relative_path(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text(TEXT)
    file = one(tmp_path, "data/a.csv")
    assert (file.shown, file.path, file.size) == ("data/a.csv", tmp_path / "data" / "a.csv", len(TEXT))


def test_a_file_elsewhere_is_known_by_its_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "a.csv").write_text(TEXT)
    assert one(tmp_path / "project", str(tmp_path / "a.csv")).shown == str(tmp_path / "a.csv")


def test_home_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_text(TEXT)
    (tmp_path / "project").mkdir()
    assert one(tmp_path / "project", "~/a.csv").path == tmp_path / "a.csv"


def test_patterns_and_paths_give_each_file_once_in_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_text(TEXT)
    (tmp_path / "folder.csv").mkdir()
    assert [f.shown for f in find_files(tmp_path, ["*.csv", "a.csv", "c.txt"])] == ["a.csv", "b.csv", "c.txt"]


def test_a_path_that_is_not_there_is_an_error_that_shows_what_is(tmp_path: Path) -> None:
    (tmp_path / "flights.csv").write_text(TEXT)
    with pytest.raises(Unreadable, match="there is no such file") as caught:
        find_files(tmp_path, ["flihgts.csv"])
    assert caught.value.hint == "that folder holds flights.csv"
    with pytest.raises(Unreadable, match="no file matches"):
        find_files(tmp_path, ["*.parquet"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "csv"),
        ("a.CSV", "csv"),
        ("a.tsv", "csv"),
        ("a.csv.gz", "csv"),
        ("a.csv.zip", "csv"),
        ("a.parquet", "parquet"),
        ("a.jsonl", "ndjson"),
        ("a.ndjson.gz", "ndjson"),
        ("a.dat", None),
        ("a", None),
    ],
)
def test_the_format_is_what_the_name_says(tmp_path: Path, name: str, kind: str | None) -> None:
    (tmp_path / name).write_text(TEXT)
    assert one(tmp_path, name).format == kind


def test_the_format_of_a_member_is_the_members(tmp_path: Path) -> None:
    zipped(tmp_path / "all.zip", {"rows.jsonl": "{}"})
    assert one(tmp_path, "all.zip/rows.jsonl").format == "ndjson"


def test_a_plain_file_is_read_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    with plain(one(tmp_path, "a.csv")) as path:
        assert path == tmp_path / "a.csv"


def test_gzip_is_unpacked_for_the_length_of_the_block(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    with plain(one(tmp_path, "a.csv.gz")) as path:
        assert path.read_text() == TEXT
    assert not path.exists()


def test_a_zip_of_one_file_needs_no_member(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"in/a.csv": TEXT, "__MACOSX/in/._a.csv": "junk", "in/": ""})
    with plain(one(tmp_path, "a.zip")) as path:
        assert path.read_text() == TEXT


def test_a_zip_of_several_files_names_them_in_its_error(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"hour.csv": TEXT, "day.csv": "c\n2\n"})
    with (
        pytest.raises(Unreadable, match="it holds 2 files, and which one is meant is open") as caught,
        plain(one(tmp_path, "a.zip")),
    ):
        pass
    assert caught.value.hint == "write `path: a.zip/MEMBER`; members are hour.csv, day.csv"


def test_a_path_reaches_into_a_zip(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"hour.csv": TEXT, "in/day.csv": "c\n2\n"})
    file = one(tmp_path, "a.zip/in/day.csv")
    assert (file.shown, file.member) == ("a.zip/in/day.csv", "in/day.csv")
    with plain(file) as path:
        assert path.read_text() == "c\n2\n"


def test_a_member_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"hour.csv": TEXT})
    with pytest.raises(Unreadable, match=r"a\.zip") as caught, plain(one(tmp_path, "a.zip/day.csv")):
        pass
    assert "hour.csv" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", b"not gzip"),
        ("a.csv.gz", gzip.compress(TEXT.encode() * 100)[:-10]),
        ("a.csv.gz", gzip.compress(bytes(range(256)) * 9)[:40] + b"\x00\xff" * 40),
        ("a.zip", b"not zip"),
    ],
    ids=["not gzip", "cut gzip", "garbled gzip", "not zip"],
)
def test_a_damaged_archive_is_an_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match="it is damaged"), plain(one(tmp_path, name)):
        pass


def test_a_file_is_known_by_its_content_and_a_member_by_its_name_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    (tmp_path / "b.csv").write_text(TEXT)
    zipped(tmp_path / "a.zip", {"x.csv": TEXT, "y.csv": TEXT})
    assert one(tmp_path, "a.csv").sha256() == one(tmp_path, "b.csv").sha256()
    assert one(tmp_path, "a.zip/x.csv").sha256() != one(tmp_path, "a.zip/y.csv").sha256()
