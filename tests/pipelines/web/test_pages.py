"""Every page in every state: what it says, what it never says, and which command fills what is empty."""

from __future__ import annotations

import re
import sqlite3
import time
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from assets.judged import uses_of_test
from assets.project import Project
from pipelines.commands_run import run_project
from warehouse.client import Warehouse
from warehouse.schema import INCIDENTS, RUNS

VOID = {"meta", "link", "input", "br", "path", "rect", "circle"}


class Sound(HTMLParser):
    """Reads a page: tags are closed in order, an `id` is there once, and nothing is styled or scripted within."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        assert "style" not in named
        assert not [name for name in named if name.startswith("on")]
        self.ids += [named["id"] or ""] if "id" in named else []
        self.links += [named["href"] or ""] if tag == "a" and "href" in named else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" not in self.open:
            self.text.append(data)


def sound(html: str) -> Sound:
    page = Sound()
    page.feed(html)
    page.close()
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    return page


def said(html: str) -> str:
    return " ".join("".join(sound(html).text).split())


def change(root: Path, work: Any) -> None:
    with Warehouse(Project.open(root).settings) as warehouse:
        work(warehouse.meta)


def test_the_home_page_lists_what_there_is(known: Path, browse: Any) -> None:
    text = said(browse(known).read("/"))
    assert "1 dataset" in text
    assert "One row a customer" in text
    assert "published" in text
    assert "team:shop (1)" in text


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=customer", True),
        ("q=CHURN", True),
        ("q=spent", True),  # a column
        ("q=nothing+like+it", False),
        ("q=%25", False),  # no wildcard
        ("owner=team:shop", True),
        ("owner=team:air", False),
        ("tag=x", False),
        ("fresh=day", True),
        ("failing=1", False),
        ("page=99", True),
        ("page=-1&fresh=never", True),
    ],
)
def test_search_and_facets_narrow(known: Path, browse: Any, query: str, is_found: bool) -> None:
    html = browse(known).read(f"/?{query}")
    assert ('href="/datasets/churn"' in html) == is_found
    assert is_found or "No dataset is found by that" in said(html)


def test_a_version_of_last_year_is_not_fresh(known: Path, browse: Any, made: Any) -> None:
    change(known, lambda meta: made.add_dataset(meta, "old", {"a": made.numeric_column("a")}))
    one = browse(known)
    from warehouse.records import now

    is_fresh = now() - made.BORN < timedelta(days=1, hours=1)  # its first version came an hour later
    assert ('href="/datasets/old"' in one.read("/?fresh=day")) == is_fresh
    assert 'href="/datasets/old"' in one.read("/")


def test_the_page_of_a_dataset_says_all_that_is_known(known: Path, browse: Any) -> None:
    page = browse(known).read("/datasets/churn")
    text = said(page)
    assert "One row a customer" in text
    assert 'churn = gm.dataset("churn@1")' in text
    assert "select * from churn_v1.train limit 5" in text
    assert "First fix: Variance is the widest gap" in text
    assert "variance: problem" in text
    assert "avoidable bias: not applicable" in text
    assert "train → dev = shifted, as declared" in text
    assert "2 shifted, as declared" in text
    picture = page[page.index("<title>dev against train: effect by column") :].split("</svg>")[0]
    assert "0.410 shifted, as declared</text>" in picture, "picture and table have one word"
    assert "0.410 (" in picture
    assert "dev → test ✓ same" in text
    assert "What to do: Make train more like dev: collect or synthesise examples like those of dev from these" in text
    assert "id up to 30 (50 % of dev, 20 % of train)" in text
    assert "or reweight with <code>d.weights(" in page
    assert "The relation of id to the target changed: reweighting does not help there" in text
    assert "id and " in text[text.index("what it means") :]
    assert "pairs that changed</title>" in page
    assert "<desc>Shares of the levels that changed most. Bern train 70 %, dev 20 %" in page
    assert "Entities shared by splits" in text
    assert "spent ≥ 0" in text
    assert "1 row of 300 in this version's build" in text
    assert page.count("<svg") >= 8
    assert len(page.encode()) < 100_000


def test_splits_are_told_with_pictures_sizes_asked_and_got_policies_and_who_judged(known: Path, browse: Any) -> None:
    html = browse(known).read("/datasets/churn")
    assert "churn: rows by split over time" in html  # the title of a picture
    text = said(html)
    for told in (
        "80.0 %79.3 % (74.2 to 83.7)",
        "Asked and got are shares of entities",
        "Judged on test",
        "judged on this test set by",
        "Policies: how rows were split, and since when",
        "by id; train 0.8 · dev 0.1 · test 0.1",
    ):
        assert told in text


def test_a_version_of_an_older_gristmill_has_its_splits_without_shares(known: Path, browse: Any, made: Any) -> None:
    change(known, lambda meta: made.add_dataset(meta, "old", {"a": made.numeric_column("a")}))
    text = said(browse(known).read("/datasets/old"))
    assert "true 20.0 %" in text
    assert "got (95 % interval)" in text


def test_before_anything_is_learned_each_section_names_its_command(known: Path, browse: Any, made: Any) -> None:
    def bare(meta: Any) -> None:
        made.set_columns(meta, made.add_dataset(meta, "bare", {"a": made.numeric_column("a")}), {})

    change(known, bare)
    text = said(browse(known).read("/datasets/bare"))
    assert (
        "This version was not compared. This audits it again, with its comparisons: gristmill run bare --force" in text
    )
    assert "This version has no statistics of its columns. This counts them: gristmill run bare --force" in text
    assert "No model was judged on this dataset. What its file names is not known: its file is gone." in text


def test_a_dataset_that_was_not_run_names_the_command(shop: Path, browse: Any) -> None:
    one = browse(shop)
    assert "not run" in said(one.read("/"))
    text = said(one.read("/datasets/churn"))
    assert "It has no version yet. This makes the first: gristmill run churn" in text
    assert text.count("gristmill run churn") >= 6


def test_a_project_without_datasets_names_the_command(make_project: Any, browse: Any) -> None:
    assert "gristmill add your.csv" in said(browse(make_project({})).read("/"))


def test_a_blocked_dataset_says_by_what_and_what_readers_have(published: Path, browse: Any) -> None:
    yaml = published / "datasets" / "churn.yaml"
    yaml.write_text(yaml.read_text("utf-8") + "  max_rejected_share: 0.001\n", "utf-8")
    assert run_project(published, is_quiet=True).exit_code == 3
    one = browse(published)
    text = said(one.read("/datasets/churn"))
    assert "The newest build is blocked; readers still have version 1." in text
    assert "CONTRACT4, blocks" in text
    assert "churn" in one.read("/?failing=1")
    run = re.search(r'href="(/runs/[^"]+)"', one.read("/datasets/churn"))
    assert run
    assert "CONTRACT4" in said(one.read(run[1]))


def test_a_failed_run_says_the_error_and_the_next_command(published: Path, browse: Any) -> None:
    yaml = published / "datasets" / "churn.yaml"
    yaml.write_text(yaml.read_text("utf-8") + "query: select *, nope + 1 as more from churn\n", "utf-8")
    assert run_project(published, is_quiet=True).exit_code
    text = said(browse(published).read("/datasets/churn"))
    assert "The newest run failed; readers still have version 1." in text
    assert "nope" in text
    assert "Run it again once that is mended: gristmill run churn" in text


def test_a_broken_file_says_file_line_and_way_out(published: Path, browse: Any) -> None:
    yaml = published / "datasets" / "churn.yaml"
    yaml.write_text(yaml.read_text("utf-8").replace("target:", "tarrget:"), "utf-8")
    text = said(browse(published).read("/datasets/churn"))
    assert "Its file cannot be understood; readers still have version 1." in text
    assert "datasets/churn.yaml:6" in text
    assert "id" in text


def test_a_removed_file_leaves_the_versions(published: Path, browse: Any) -> None:
    (published / "datasets" / "churn.yaml").unlink()
    assert "Its file is gone" in said(browse(published).read("/datasets/churn"))


def test_a_changed_file_is_read_again(shop: Path, browse: Any) -> None:
    one = browse(shop)
    yaml = shop / "datasets" / "churn.yaml"
    yaml.write_text(yaml.read_text("utf-8").replace("One row a customer", "Another sentence"), "utf-8")
    until = time.monotonic() + 20  # files are looked at once a second at most
    while "Another sentence" not in one.read("/datasets/churn"):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_text_from_people_and_data_is_shown_and_never_run(known: Path, browse: Any, made: Any) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}\x00\u202e"
    yaml = known / "datasets" / "churn.yaml"
    yaml.write_text(
        yaml.read_text("utf-8").replace("One row a customer", "'<script>alert(1)</script>{{ 7*7 }}'"), "utf-8"
    )

    def fill(meta: Any) -> None:
        columns = {evil: made.category_column(evil, [evil, "</svg>"]), "b": made.numeric_column("b")}
        version = made.add_dataset(meta, "evil", columns, run_id="../../r")
        made.set_comparisons(meta, version, made.shift_of_splits(list(columns)))
        made.add_model(meta, version, evil, first_fix=evil, model_run_id="m/../<x>")
        made.add_model(meta, version, "lost", status="failed", error=evil, hint="look", first_fix=None)

    change(known, fill)
    one = browse(known)
    for address in (
        "/",
        "/datasets/churn",
        "/datasets/evil",
        "/runs/..%2F..%2Fr",
        f"/?q={evil[:30]}",
        "/datasets/%3Cscript%3E",
    ):
        html = one.client.get(address).text
        sound(html)
        assert "<script>alert" not in html
        assert "<img" not in html
        assert "\u202e" not in html  # it would turn around all that stands behind it
        assert "49" not in re.sub(r"[\d.,]*\d{3,}|[\d.]+", "", html) or "{{ 7*7 }}" in html
    html = one.read("/datasets/evil")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "The version is published all the same." in said(html)


def test_what_is_not_there_is_said_with_what_is_close(known: Path, browse: Any) -> None:
    one = browse(known)
    text = said(one.read("/datasets/chrun", 404))
    assert "No dataset named 'chrun' among 1 datasets. Did you mean churn?" in text
    for address in ("/runs/none", "/models/none", "/nothing", "/datasets/"):
        assert "Not found" in said(one.read(address, 404))


def test_the_page_of_a_model_run_says_how_it_was_made(known: Path, browse: Any) -> None:
    text = said(browse(known).read("/models/churn-1-baseline"))
    assert "sklearn.ensemble:HistGradientBoostingClassifier" in text
    assert "max_iter=100" in text
    assert "gristmill run churn --model baseline --version 1" in text
    assert "no human level is declared" in text


def test_every_link_of_every_page_leads_somewhere(known: Path, browse: Any) -> None:
    one = browse(known)
    seen, todo = set[str](), ["/"]
    while todo:
        address = todo.pop().split("#")[0]
        if address and address not in seen:
            seen.add(address)
            todo += sound(one.read(address)).links
    assert {"/", "/datasets/churn", "/models/churn-1-baseline"} <= seen
    assert any(address.startswith("/runs/") for address in seen)


def test_a_wide_dataset_shows_its_columns_page_by_page(known: Path, browse: Any, made: Any) -> None:
    columns = {f"c{i:02}": made.numeric_column(f"c{i:02}") for i in range(40)}
    change(known, lambda meta: made.add_dataset(meta, "wide", columns))
    one = browse(known)
    first, last = one.read("/datasets/wide"), one.read("/datasets/wide?columns=5")
    assert 'id="column-c00"' in first
    assert 'id="column-c39"' not in first
    assert 'id="column-c39"' in last
    assert one.read("/datasets/wide?columns=999") == one.read("/datasets/wide?columns=5")
    assert max(len(first), len(last)) < 100_000


def test_nothing_is_asked_from_elsewhere(known: Path, browse: Any) -> None:
    one = browse(known)
    for address in ("/", "/datasets/churn", "/static/gristmill.css", "/static/gristmill.js"):
        text = one.read(address).replace("http://www.w3.org/2000/svg", "")
        assert not re.findall(r"https?://|@import|url\(", text)


def test_what_is_not_known_of_a_broken_file_is_not_said_to_be_missing(published: Path, browse: Any) -> None:
    yaml = published / "datasets" / "churn.yaml"
    yaml.write_text(yaml.read_text("utf-8").replace("target:", "tarrget:"), "utf-8")
    text = said(browse(published).read("/datasets/churn"))
    assert "not known: its file cannot be understood" in text
    assert "nobody is named" not in text
    assert "No description" not in text
    assert "promises nothing" not in text


def test_a_blocked_first_build_names_its_rejected_rows_and_a_skipped_one_what_it_reads(
    make_project: Any, browse: Any
) -> None:
    rows = "id,x\n" + "".join(f"{i},{i}\n" for i in range(40))
    strict = "source: t.csv\nkey: id\ncontract: {columns: {x: {max: 9}}}\n"
    root = make_project({"t.yaml": strict, "u.yaml": "query: from t\n"}, {"t.csv": rows})
    run_project(root, is_quiet=True)
    one = browse(root)
    assert said(one.read("/datasets/t")).count("gristmill rejected t") == 2
    skipped = said(one.read("/datasets/u"))
    assert "With what it reads: gristmill run u --with-upstream" in skipped
    run = re.search(r'href="(/runs/[^"]+)"', one.read("/datasets/u"))
    assert run
    text = said(one.read(run[1]))
    assert "gristmill run u --with-upstream" in text
    assert "No step of it ended" not in text


def test_a_published_dataset_whose_model_failed_is_among_the_failing(known: Path, browse: Any, made: Any) -> None:
    def fail(meta: Any) -> None:
        opened = {"dataset": "churn", "opened_at": made.BORN, "closed_at": None, "told_at": None}
        meta.set_rows(INCIDENTS, {"dataset": "churn"}, [opened | {"run_id": "x", "why": "model bad: it raises"}])

    change(known, fail)
    one = browse(known)
    assert "published, a model failed" in said(one.read("/?failing=1"))
    assert "published, a model failed" in said(one.read("/datasets/churn"))


def test_models_are_counted_as_diagnose_counts_them_and_one_taken_out_after_it_failed_is_gone(
    known: Path, browse: Any, made: Any
) -> None:
    counted = list[int]()

    def judge(meta: Any) -> None:
        version = meta.versions("churn")[-1]
        run = meta.rows(RUNS, dataset="churn")[0]
        meta.set_rows(RUNS, {"model_run_id": "again"}, [run | {"model_run_id": "again"}])
        made.add_model(meta, version, "gone", status="failed", error="it raised")
        counted.append(uses_of_test(meta, version)["n_models"])
        assert counted[0] < len(meta.rows(RUNS, dataset="churn", status="succeeded"))

    change(known, judge)
    text = said(browse(known).read("/datasets/churn"))
    assert re.search(rf"{counted[0]} models? (was|were) judged on this test set", text)
    assert "it raised" not in text


def test_the_commonest_levels_of_a_column_stand_on_its_card(known: Path, browse: Any) -> None:
    assert "Most frequent: Bern" in said(browse(known).read("/datasets/churn"))


def test_meta_that_cannot_be_read_is_said(known: Path, browse: Any) -> None:
    one = browse(known)
    with sqlite3.connect(known / ".gristmill" / "meta.sqlite") as meta:
        meta.execute("ALTER TABLE columns RENAME TO columns_of_tomorrow")
    meta.close()
    text = one.read("/datasets/churn", status=503)
    assert "What is known of the project cannot be read: no such table: columns." in text
