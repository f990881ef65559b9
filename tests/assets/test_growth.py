"""A dataset that grows: the rows of a new file alone are counted, and the counts are those of all rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.audit import _count
from assets.build import build
from assets.compare_versions import growth_since_last
from assets.ingest import ingest
from assets.kept_profile import KeptProfile, profile_rows
from assets.profile import Counted, Learned, Subject, counted_as
from assets.project import Project
from assets.publish import publish
from assets.stages import _keep_learned
from assets.step import Run
from checks.column_parts import with_parts
from checks.profile import scan
from warehouse.client import Warehouse
from warehouse.policy import PLACE, RESERVED
from warehouse.tables import version_sql

YAML = "source: {path: t/*.csv}\ntime: day\nsplits: {entity: who}\n"
HEAD = "who,day,level,amount,whole\n"


def sales(seed: int, n: int, *, first: int, last: int, levels: int = 3, scale: float = 1.0) -> str:
    """Rows of the entities numbered `first` to `last` less one; some values and some entities are missing."""
    drawn = np.random.default_rng(seed)
    lines = []
    for who in drawn.integers(first, last, n):
        day = np.datetime64("2024-01-01") + int(drawn.integers(60))
        amount = "" if drawn.random() < 0.1 else f"{scale * drawn.standard_t(3):.3f}"
        level = "" if drawn.random() < 0.1 else f"l{min(drawn.zipf(1.3), levels)}"
        lines.append(f"{'' if drawn.random() < 0.02 else f'e{who}'},{day},{level},{amount},{drawn.integers(4)}")
    return "\n".join(lines) + "\n"


@dataclass
class Shop:
    """A dataset, night by night: built, counted, published. All other questions of the audit are left out."""

    root: Path
    warehouse: Warehouse

    def add(self, name: str, rows: str, head: str = HEAD) -> None:
        (self.root / "t" / name).write_text(head + rows, "utf-8")

    def night(self) -> tuple[Counted, bool]:
        """How the build was counted, and whether what is kept of it is what a scan of all its rows gives."""
        project = Project.open(self.root)
        run, dataset = Run(project=project, warehouse=self.warehouse), project.dataset("t")
        ingest(run, dataset, "t", dataset.file.spec.sources_of("t")["t"])
        built, lake = build(run, dataset), self.warehouse.lake
        with lake.workspace() as workspace:
            lake.execute(f"CREATE VIEW a AS {version_sql('t', built.snapshot or 0, named=(*RESERVED, PLACE))}")
            table = lake.ibis.table("a", database=(workspace, "main"))
            subject = Subject(
                dataset=dataset,
                table=table,
                columns=list(built.detail["columns"]),
                sizes={},
                n_rows=built.detail["n_accepted"],
                step_id=built.step_id,
                fingerprint=built.fingerprint,
            )
            counted = _count(run, subject, growth_since_last(run, subject, built.snapshot or 0))
            profile, made_of = counted.profile, counted_as(subject)
            learned = Learned(profiles=list(profile_rows(profile, counted.learned)), counted=made_of)
            cells = counted.profile.cells
            whole = scan(with_parts(table.mutate(_part=table["_split"]), cells), cells, n_rows=subject.n_rows)
        audit = run.new_step(dataset, "audit", built.fingerprint, detail={"counted": learned.counted})
        self.warehouse.meta.add(audit)
        _keep_learned(run, dataset, audit, learned)
        publish(run, dataset, built, audit)
        kept = KeptProfile.of(self.warehouse.meta, self.warehouse.meta.versions("t")[-1], made_of)
        assert kept is not None
        assert kept.profile.cells == cells
        assert kept.profile.extremes == whole.extremes
        is_same = kept.profile.parts.keys() == whole.parts.keys() and all(
            np.array_equal(side.rows, whole.parts[part].rows)
            and np.array_equal(side.entities, whole.parts[part].entities)
            and all(np.array_equal(side.counts[c.column], whole.parts[part].counts[c.column]) for c in cells)
            and all(np.array_equal(n, whole.parts[part].precision[name]) for name, n in side.precision.items())
            and all(np.allclose(s, whole.parts[part].moments[name], rtol=1e-12) for name, s in side.moments.items())
            for part, side in kept.profile.parts.items()
        )
        return counted, is_same


@pytest.fixture
def shop(make_project):
    root = make_project({"t.yaml": YAML}, {"t/1.csv": HEAD + sales(0, 900, first=0, last=300)})
    with Warehouse(Project.open(root).settings) as warehouse:
        yield Shop(root, warehouse)


def test_a_new_file_is_counted_alone_until_cells_no_longer_fit(shop: Shop) -> None:
    first, is_same = shop.night()
    assert first.grown is None
    assert is_same
    shop.add("2.csv", sales(1, 90, first=250, last=350))  # late rows of known entities too
    second, is_same = shop.night()
    assert second.grown is not None
    assert sum(side.n_rows for side in second.grown.added.parts.values()) == 90
    assert is_same
    shop.add("3.csv", sales(2, 100, first=0, last=400, scale=1e4))
    third, is_same = shop.night()
    assert third.grown is None  # a tenth of the rows lies where a thousandth did
    assert is_same


def test_new_columns_and_changed_rows_are_counted_anew(shop: Shop) -> None:
    shop.night()
    shop.add("1.csv", sales(0, 899, first=0, last=300))
    changed, is_same = shop.night()
    assert changed.grown is None
    assert is_same
    rows = "\n".join(f"{line},{i}" for i, line in enumerate(sales(3, 40, first=0, last=300).split()))
    shop.add("2.csv", rows + "\n", head=HEAD.replace("\n", ",more\n"))
    wider, is_same = shop.night()
    assert wider.grown is None
    assert is_same
    assert "more" in {c.column for c in wider.profile.cells}


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    nights=st.lists(st.tuples(st.integers(1, 200), st.integers(0, 400), st.integers(1, 300)), min_size=1, max_size=3),
    levels=st.sampled_from([3, 100]),
)
def test_whatever_is_added_counts_are_those_of_all_rows(
    tmp_path_factory, seed: int, nights: list[tuple[int, int, int]], levels: int
) -> None:
    root = tmp_path_factory.mktemp("grown")
    for folder in ("datasets", "t"):
        (root / folder).mkdir()
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    (root / "datasets" / "t.yaml").write_text(YAML, "utf-8")
    with Warehouse(Project.open(root).settings) as warehouse:
        shop = Shop(root, warehouse)
        shop.add("0.csv", sales(seed, 600, first=0, last=300, levels=levels))
        assert shop.night()[1]
        for i, (n, first, n_entities) in enumerate(nights, 1):
            shop.add(f"{i}.csv", sales(seed + i, n, first=first, last=first + n_entities, levels=levels + 5))
            assert shop.night()[1]
