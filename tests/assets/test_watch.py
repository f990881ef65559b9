"""A dataset that grows by days: its counts add up, each new day is judged once, and an alarm warns or blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from assets import watch as watching
from assets.build import build
from assets.compare_versions import growth_since_last
from assets.day_profile import Known
from assets.ingest import ingest
from assets.profile import Learned, Subject
from assets.project import Project
from assets.publish import publish
from assets.stages import _keep_learned
from assets.step import Run
from checks.day_counts import HASHES, count_days
from checks.finding import Finding
from checks.watching import ALARM_AT
from warehouse.client import Warehouse
from warehouse.policy import RESERVED
from warehouse.schema import DAYS, WATCHED
from warehouse.tables import version_sql

YAML = "source: {path: t/*.csv}\nkey: id\ntime: day\n"
HEAD = "id,day,kind,part,amount\n"
FIRST = date(2024, 1, 1)
N_A_DAY = 4


def sales(first: int, last: int, *, shift: float = 0.0, start: int = 0) -> str:
    """Rows of the days numbered `first` to `last` less one; `kind` has 2 levels, `part` 50."""
    drawn = np.random.default_rng(first)
    lines = []
    for number in range(first, last):
        for i in range(N_A_DAY):
            row = start + number * N_A_DAY
            kind, part = drawn.choice(["x", "y"]), drawn.integers(50)
            lines.append(f"{row + i},{FIRST + timedelta(number)},{kind},p{part},{drawn.normal(shift):.3f}")
    return "\n".join(lines) + "\n"


@dataclass
class Shop:
    """A dataset, night by night: built, its days judged, published. All other questions of the audit are left out."""

    root: Path
    warehouse: Warehouse

    def say(self, yaml: str) -> None:
        (self.root / "datasets" / "t.yaml").write_text(YAML + yaml, "utf-8")

    def add(self, name: str, rows: str) -> None:
        (self.root / "t" / name).write_text(HEAD + rows, "utf-8")

    def night(self) -> Finding:
        project = Project.open(self.root)
        run, dataset = Run(project=project, warehouse=self.warehouse), project.dataset("t")
        for name, source in dataset.file.spec.sources_of("t").items():
            ingest(run, dataset, name, source)
        built, learned, lake = build(run, dataset), Learned(), self.warehouse.lake
        with lake.workspace() as workspace:
            lake.execute(f"CREATE VIEW a AS {version_sql('t', built.snapshot or 0, named=RESERVED)}")
            subject = Subject(
                dataset=dataset,
                table=lake.ibis.table("a", database=(workspace, "main")),
                columns=list(built.detail["columns"]),
                sizes={},
                n_rows=built.detail["n_accepted"],
                step_id=built.step_id,
                fingerprint=built.fingerprint,
            )
            growth = growth_since_last(run, subject, built.snapshot or 0)
            watching.watch(run, subject, growth, learned)
        audit = run.new_step(dataset, "audit", built.fingerprint, detail={"watch": learned.watch})
        self.warehouse.meta.add(audit)
        _keep_learned(run, dataset, audit, learned)
        (found,) = learned.findings
        if found.outcome != "fail":
            publish(run, dataset, built, audit)
        return found

    @property
    def known(self) -> Known:
        found = Known.of(self.warehouse.meta, self.warehouse.meta.versions("t")[-1])
        assert found is not None
        return found

    def assert_stored_counts_are_those_of_the_table(self) -> None:
        """They are what all rows of the last version give, counted at once by the cells that are stored."""
        stored, version = self.known.counted, self.warehouse.meta.versions("t")[-1]
        with self.warehouse.lake.workspace() as workspace:
            self.warehouse.lake.execute(f"CREATE VIEW v AS {version_sql('t', version.snapshot)}")
            table = self.warehouse.lake.ibis.table("v", database=(workspace, "main"))
            anew = count_days(table, "day", [c for c in self.known.cells if not c.why])
        assert stored.days == anew.days
        assert stored.rows.tolist() == anew.rows.tolist()
        assert all((stored.counts[c] == anew.counts[c]).all() for c in anew.counts)
        assert all(np.allclose(stored.moments[c], anew.moments[c]) for c in anew.moments)


@pytest.fixture
def shop(make_project) -> Iterator[Shop]:
    root = make_project({"t.yaml": YAML}, {"t/1.csv": HEAD + sales(0, 100)})
    with Warehouse(Project.open(root).settings) as warehouse:
        yield Shop(root, warehouse)


def test_the_first_version_is_played_back_then_new_days_are_counted_alone_and_judged_once(
    shop: Shop, monkeypatch
) -> None:
    found = shop.night()
    assert found.outcome == "pass"
    said = "watching begins after 2024-04-09, with 100 days to judge by; played back, none of the last 70"
    assert found.seen.startswith(said)
    assert {c.column: len(c.labels) for c in shop.known.cells} == {"kind": 2, "part": len(HASHES), "amount": 0}
    assert len(shop.known.judged(is_played_back=True)) == 70
    assert shop.known.judged(is_played_back=False) == []
    scanned = []

    def spying(table, time, cells):
        counted = count_days(table, time, cells)
        scanned.append(counted.n_rows)
        return counted

    monkeypatch.setattr(watching, "count_days", spying)
    shop.add("2.csv", sales(100, 102))
    assert shop.night().seen.startswith("2 new days judged, each against all days before it: no alarm")
    shop.add("3.csv", sales(102, 103) + sales(99, 101, start=9_000))
    found = shop.night()
    assert found.outcome == "pass"
    assert found.seen.startswith("1 new day judged")
    assert "8 rows came late for 2 earlier days, not judged again" in found.seen
    assert scanned == [2 * N_A_DAY, 3 * N_A_DAY]
    assert [one.number for one in shop.known.judged(is_played_back=False)] == [1, 2, 3]
    assert len(shop.warehouse.meta.rows(DAYS)) == 100 + 2 + 3
    shop.assert_stored_counts_are_those_of_the_table()


def test_changed_rows_are_counted_anew_and_new_cells_judge_the_days_since_the_beginning(shop: Shop) -> None:
    shop.night()
    shop.add("2.csv", sales(100, 102))
    shop.night()
    shop.add("1.csv", sales(0, 100, shift=0.5))
    assert shop.night().seen.startswith("no new day")
    assert shop.known.recipe.counted_by != shop.known.recipe.cells_of
    assert len(shop.warehouse.meta.rows(WATCHED, is_played_back=False)) == 2
    shop.assert_stored_counts_are_those_of_the_table()
    shop.say("query: select *, amount * 2 as twice from t\n")
    assert shop.night().seen.startswith("no new day")
    columns = ["amount", "kind", "part", "twice"]
    assert [sorted(one.state) for one in shop.known.judged(is_played_back=False)] == [columns, columns]
    shop.assert_stored_counts_are_those_of_the_table()


def test_days_that_differ_are_an_alarm_that_warns_or_blocks_and_a_blocked_build_is_no_past(shop: Shop) -> None:
    shop.night()
    shop.say("shift: {on_shift: block}\n")
    shop.add("2.csv", sales(100, 115, shift=4.0))
    blocked = shop.night()
    assert blocked.outcome == "fail"
    assert "alarm since 2024-04-" in blocked.seen
    assert "led by amount; 15 new days judged" in blocked.seen
    assert "against 2024-01-01 to 2024-03-12: shifted: amount" in blocked.seen
    shop.say("")
    warned = shop.night()
    assert (warned.outcome, warned.seen) == ("warn", blocked.seen)
    last = shop.known.judged(is_played_back=False)[-1]
    assert last.number == 15
    assert last.value > ALARM_AT
    shop.assert_stored_counts_are_those_of_the_table()


@pytest.mark.slow
def test_unused_rows_have_their_day_too(shop: Shop) -> None:
    shop.say("splits: {time: {dev: 2024-03-01, test: 2024-03-20, gap: 2d}}\n")
    shop.night()
    shop.add("2.csv", sales(100, 101))
    assert shop.night().seen.startswith("1 new day judged")
    assert len(shop.warehouse.meta.rows(DAYS)) == 101
    shop.assert_stored_counts_are_those_of_the_table()


@pytest.mark.parametrize(
    ("time", "rows", "seen"),
    [
        ("", "1,2024-01-01,3\n", "the dataset has no time"),
        ("time: day\n", "1,infinity,3\n2,,4\n", "no row has a day"),
        ("time: day\n", "1,2024-01-01,3\n2,2024-01-02,4\n", "there are 2 days; a day is judged once 30 came before it"),
    ],
)
def test_what_cannot_be_watched_says_why(make_project, time: str, rows: str, seen: str) -> None:
    yaml = "source: {path: t.csv, types: {day: TIMESTAMP}}\nkey: id\n" + time
    root = make_project({"t.yaml": yaml}, {"t.csv": "id,day,x\n" + rows})
    with Warehouse(Project.open(root).settings) as warehouse:
        found = Shop(root, warehouse).night()
    assert (found.outcome, found.seen) == ("not_applicable", seen)


def test_a_query_that_is_taken_back_finds_its_days_again(make_project, run_project) -> None:
    yaml = "source: t.csv\nquery: select *, {} as one from t\nkey: id\ntime: day\nmodels: {{}}\nbreaking: true\n"
    root = make_project({"t.yaml": yaml.format("1")}, {"t.csv": HEAD + sales(0, 8)})
    for version, made in enumerate(("1", "'a'", "1", "'b'"), 1):  # the third build is the first one's
        (root / "datasets" / "t.yaml").write_text(yaml.format(made), "utf-8")
        result = run_project(root).datasets[0]
        assert (result.status, result.version) == ("published", version), result.error


def test_rows_without_a_day_are_told_and_warn_where_there_are_more_than_before(shop: Shop) -> None:
    def dayless(first: int, n: int) -> str:
        return "".join(f"{first + i},,x,p1,0.5\n" for i in range(n))

    shop.add("1.csv", sales(0, 100) + dayless(10_000, 2))
    found = shop.night()
    assert found.seen.endswith("; no day in 2 of 402 rows, which are not judged")
    shop.add("2.csv", sales(100, 130) + dayless(20_000, 1))
    found = shop.night()
    assert (found.outcome, found.seen.split("; ")[-1]) == ("pass", "no day in 1 of 121 rows, which are not judged")
    shop.add("3.csv", sales(130, 140) + dayless(30_000, 20))
    found = shop.night()
    assert (found.outcome, found.seen.split("; ")[-1]) == (
        "warn",
        "no day in 20 of 60 rows, which are not judged (3 of 523 before)",
    )
