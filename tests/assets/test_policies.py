"""Policies that remember: strata keep their shares, no old row moves, and train of yesterday is never test of today."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random

import gristmill as gm
import polars as pl
import pytest

from assets.bind import check
from assets.errors import IdentityRetyped, StrataGone
from assets.policy_problems import split_in_two_ways
from assets.project import Project
from assets.result import DatasetResult

STRATIFIED = 'source: {path: "data/*.csv"}\nkey: id\ntarget: y\nmodels: {}\nsplits: {stratified: true}\n'
PLAIN = STRATIFIED.replace("splits: {stratified: true}\n", "")
DAY = date(2024, 1, 1)
SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def said(result: DatasetResult, code: str) -> list[tuple[str, str]]:
    return [(finding["outcome"], finding["seen"]) for finding in result.findings if finding["code"] == code]


def made(first: int, n: int, seed: int, *, positive: float = 0.005, unlabelled: float = 0.05) -> str:
    """`n` rows from id `first` on, in no order: the label `a` is rare, some have none."""
    random, ids = Random(seed), list(range(first, first + n))
    random.shuffle(ids)
    lines = [f"{i},{'' if random.random() < unlabelled else 'ab'[random.random() > positive]}" for i in ids]
    return "\n".join(["id,y", *lines, ""])


def placed(root: Path, name: str = "t") -> dict[int, tuple[str | None, int, str | None]]:
    rows = gm.sql(f"select id, _split, _bucket, _unused from {name}", project=root).rows()
    return {row[0]: row[1:] for row in rows}


def furthest(root: Path) -> float:
    """How many rows the split that is furthest from its share of a label is away from it."""
    counts = gm.sql("select y, split, count(*) from t where y is not null group by all", project=root).rows()
    by_label = {y: {split: n for label, split, n in counts if label == y} for y, _, _ in counts}
    return max(abs(got.get(s, 0) - SHARES[s] * sum(got.values())) for got in by_label.values() for s in SHARES)


def test_labels_have_their_shares_within_two_entities_and_no_old_row_moves(make_project, place) -> None:
    root = make_project({"t.yaml": STRATIFIED}, {"data/m.csv": made(0, 3000, 1)})
    first = place(root)
    before, off = placed(root), furthest(root)
    (root / "data" / "a.csv").write_text(made(3000, 2000, 2, positive=0.3), "utf-8")
    second = place(root)
    after = placed(root)

    assert (first.version, second.version) == (1, 2)
    assert [outcome for outcome, _ in said(second, "SPLIT7")] == ["pass"]
    assert len(after) == 5000
    assert {i: after[i] for i in before} == before
    assert off < 2  # of 14 positive rows among 3,000
    assert furthest(root) < 2


def test_an_unlabelled_row_goes_where_its_digest_says_and_stays_when_its_label_comes(make_project, place) -> None:
    root = make_project({"t.yaml": STRATIFIED.replace('csv"}', 'csv", mode: replace}')})
    (root / "data").mkdir()
    (root / "data" / "m.csv").write_text("id,y\n" + "".join(f"{i},\n" for i in range(300)), "utf-8")
    plain = make_project({"u.yaml": PLAIN.replace("target: y\n", "")})
    place(root)
    place(plain, "u")
    before, by_digest = placed(root), placed(plain, "u")
    (root / "data" / "m.csv").write_text("id,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(300)), "utf-8")
    late = place(root)
    assert before == by_digest
    assert late.version == 2
    assert placed(root) == before


def test_an_entity_of_many_rows_is_placed_whole_by_the_rarest_of_its_labels(make_project, place) -> None:
    yaml = STRATIFIED.replace("stratified: true", "stratified: true, entity: who")
    # 200 customers of 5 rows; every tenth has one row of the rare label.
    rows = [f"{c * 5 + i},{c},{'a' if i == 0 and c % 10 == 0 else 'b'}" for c in range(200) for i in range(5)]
    root = make_project({"t.yaml": yaml}, {"data/m.csv": "\n".join(["id,who,y", *rows, ""])})
    place(root)
    assert gm.sql(
        "select count(*), count(distinct who) from (select distinct who, split from t)", project=root
    ).rows() == [(200, 200)]
    rare = dict(gm.sql("select split, count(*) from t where y = 'a' group by all", project=root).rows())
    assert sum(rare.values()) == 20
    assert all(abs(rare.get(split, 0) - share * 20) < 2 for split, share in SHARES.items())


def test_pools_that_are_apart_have_strata_of_their_own(make_project, place) -> None:
    yaml = STRATIFIED.replace("{stratified: true}", '{stratified: true, evaluate_on: "id % 2 = 0", apart: pool}')
    root = make_project({"t.yaml": yaml}, {"data/m.csv": made(0, 2000, 3, positive=0.1)})
    result = place(root)
    rows = gm.sql(
        "select id % 2 = 0, y, split, count(*) from t where y is not null group by all order by all", project=root
    ).rows()
    asked = {True: {"dev": 0.5, "test": 0.5}, False: {"train": 0.8125, "train_dev": 0.1875}}
    for pool, shares in asked.items():
        for label in "ab":
            got = {split: n for of, y, split, n in rows if (of, y) == (pool, label)}
            assert set(got) <= set(shares)
            assert all(abs(got[split] - share * sum(got.values())) < 2 for split, share in shares.items())
    assert [outcome for outcome, _ in said(result, "SPLIT7")] == ["pass"]


def test_a_build_that_was_never_published_has_placed_nothing(make_project, run_project, place) -> None:
    yaml = STRATIFIED + "contract: {columns: {y: {in: [a, b], nullable: true, severity: block}}}\n"
    root = make_project({"t.yaml": yaml}, {"data/m.csv": made(0, 500, 4) + "999,c\n"})
    blocked = run_project(root).datasets[0]
    (root / "data" / "m.csv").write_text(made(0, 500, 4), "utf-8")
    (root / "datasets" / "t.yaml").write_text(yaml.replace('csv"}', 'csv", mode: replace}'), "utf-8")
    mended = place(root)
    other = make_project({"u.yaml": STRATIFIED})
    place(other, "u")
    assert (blocked.status, mended.version) == ("blocked", 1)
    assert placed(root) == placed(other, "u")


def test_entities_of_train_stay_out_of_dev_and_test_when_the_policy_changes(make_project, place) -> None:
    root = make_project({"t.yaml": PLAIN}, {"data/m.csv": made(0, 1000, 5)})
    place(root)
    before = placed(root)
    changed = PLAIN + "splits: {shares: {train: 0.5, dev: 0.2, test: 0.3}}\n"
    (root / "datasets" / "t.yaml").write_text(changed, "utf-8")
    result = place(root)
    after = placed(root)
    held = [i for i, row in after.items() if row[2] == "trained on"]
    assert held
    assert {before[i][0] for i in held} == {"train"}
    assert not [i for i, row in after.items() if row[0] in {"dev", "test"} and before[i][0] == "train"]
    assert [outcome for outcome, _ in said(result, "SPLIT4")] == ["warn"]
    assert said(result, "SPLIT4")[0][1].startswith(f"{len(held)} rows ({len(held)} entities), ")

    (root / "data" / "z.csv").write_text(made(1000, 500, 6), "utf-8")
    grown = place(root)
    later = placed(root)
    assert {i: later[i] for i in after} == after
    assert not [i for i in range(1000, 1500) if later[i][2]]
    assert grown.version == 3


def test_an_override_lets_them_be_tested_on_and_says_what_it_costs(make_project, place) -> None:
    root = make_project({"t.yaml": PLAIN}, {"data/m.csv": made(0, 1000, 5)})
    place(root)
    why = "the models of last year are gone"
    changed = PLAIN + f'splits: {{shares: {{train: 0.5, dev: 0.2, test: 0.3}}, allow_trained: "{why}"}}\n'
    (root / "datasets" / "t.yaml").write_text(changed, "utf-8")
    result = place(root)
    assert not [row for row in placed(root).values() if row[2]]
    ((outcome, seen),) = said(result, "SPLIT4")
    assert outcome == "warn"
    assert seen.endswith(f"were in train under an earlier policy, as `allow_trained` says: {why}")
    kept = gm.sql("select thresholds from meta.policies where policy = 2", project=root).item()
    assert why in str(kept)


def test_a_policy_that_comes_back_does_not_bring_its_old_build_back(make_project, run_project, place) -> None:
    root = make_project({"t.yaml": PLAIN}, {"data/m.csv": made(0, 1000, 5)})
    run_project(root)
    other = PLAIN + "splits: {shares: {train: 0.8, test: 0.2}}\n"  # dev is test now
    reversed_ = PLAIN + "splits: {stratified: true}\n"
    for yaml in (reversed_, other):
        (root / "datasets" / "t.yaml").write_text(yaml, "utf-8")
        place(root)
    (root / "datasets" / "t.yaml").write_text(PLAIN, "utf-8")
    result = run_project(root).datasets[0]
    ever = [placed(root, f"t_v{version}") for version in (1, 2, 3)]
    trained = {i for version in ever for i, row in version.items() if row[0] == "train"}
    assert (result.status, result.version) == ("published", 4)
    assert not [i for i, row in placed(root).items() if row[0] in {"dev", "test"} and i in trained]


def test_another_entity_is_held_by_the_rows_that_were_trained_on(make_project, place) -> None:
    yaml = PLAIN.replace("target: y\n", "")
    rows = "".join(f"{i},{i // 4}\n" for i in range(800))
    root = make_project({"t.yaml": yaml}, {"data/m.csv": f"id,house\n{rows}"})
    place(root)
    trained = {row[0] // 4 for row in gm.sql("select id from t.train", project=root).rows()}
    (root / "datasets" / "t.yaml").write_text(yaml + "splits: {entity: house}\n", "utf-8")
    result = place(root)
    tested = {row[0] for row in gm.sql("select house from t where split <> 'train'", project=root).rows()}
    assert not tested & trained
    assert [outcome for outcome, _ in said(result, "SPLIT4")] == ["warn"]
    assert said(result, "SPLIT3")[0][1].startswith("entity changed: ")


@pytest.fixture
def two_ways(make_project) -> Path:
    """Two datasets on the same 400 customers, split in two ways."""
    rows = "id,customer\n" + "".join(f"{i},{i % 400}\n" for i in range(800))
    orders = "source: t.csv\nkey: id\nsplits: {entity: customer}\n"
    calls = orders.replace("entity: customer", "entity: customer, shares: {train: 0.5, test: 0.5}")
    return make_project({"orders.yaml": orders, "calls.yaml": calls}, {"t.csv": rows})


def test_who_is_tested_here_and_trained_on_there_is_counted(two_ways: Path, place) -> None:
    place(two_ways, "orders")
    calls = place(two_ways, "calls")
    trained = {row[0] for row in gm.sql("select customer from orders.train", project=two_ways).rows()}
    tested = {row[0] for row in gm.sql("select customer from calls.test", project=two_ways).rows()}
    seen = f"{len(trained & tested)} of {len(tested)} entities of dev and test are in train of orders, version 1"
    assert said(calls, "SPLIT5") == [("warn", seen)]


def test_check_names_a_cure_only_where_there_is_one(two_ways: Path) -> None:
    (shares,) = split_in_two_ways(Project.open(two_ways).datasets)
    (two_ways / "datasets" / "orders.yaml").write_text(
        "source: t.csv\nkey: id\nsplits: {entity: customer, clusters: {linked_by: id}}\n", "utf-8"
    )
    (remembered,) = split_in_two_ways(Project.open(two_ways).datasets)
    assert shares.hint.startswith("write [splits.customer]")
    assert remembered.hint.startswith("no shared policy cures this")


def test_a_named_policy_cures_it(two_ways: Path, place) -> None:
    (two_ways / "gristmill.toml").write_text(
        'salt = "gristmill"\n[splits.customers]\nshares = {train = 0.5, test = 0.5}\n', "utf-8"
    )
    for name in ("orders", "calls"):
        yaml = "source: t.csv\nkey: id\nsplits: {policy: customers, entity: customer}\n"
        (two_ways / "datasets" / f"{name}.yaml").write_text(yaml, "utf-8")
    place(two_ways, "orders")
    second = place(two_ways, "calls")
    seen = "no entity of dev and test is in train of another dataset by customer"
    assert said(second, "SPLIT5") == [("pass", seen)]


REMEMBERING = {
    "stratified": "splits: {stratified: true}",
    "time": "time: day\nsplits: {entity: who, time: {dev: 20d, test: 20d}}",
    "predefined": "splits: {predefined: part}",
    "clusters": "splits: {clusters: {linked_by: [who, mail]}}",
    "derived": "splits: {derived_from: origin}",
}


@pytest.mark.parametrize("splits", REMEMBERING.values(), ids=REMEMBERING)
def test_rows_stay_in_the_order_in_which_they_came(make_project, place, splits: str) -> None:
    part = ("train", "dev", "test")
    rows = [
        f"{i},{'ab'[Random(i).random() > 0.5]},{DAY + timedelta(i % 90)},{i % 61},m{i % 67},{part[i % 3]},{i - i % 5}"
        for i in random_ids(600)
    ]
    text = "\n".join(["id,y,day,who,mail,part,origin", *rows, ""])
    yaml = f"source: t.csv\nkey: id\ntarget: y\nmodels: {{}}\n{splits}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": text})
    place(root)
    assert [row[0] for row in gm.sql("select id from t", project=root).rows()] == random_ids(600)


def random_ids(n: int) -> list[int]:
    return Random(7).sample(range(n), n)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("splits: {stratified: true}", 'splits: {stratified: true, allow_trained: "a reason"}'),
        ("splits: {time: {dev: 20d, test: 20d}}", 'splits: {time: {dev: 20d, test: 20d}, allow_trained: "a reason"}'),
        ("splits: {clusters: {linked_by: who}}", 'splits: {clusters: {linked_by: who}, allow_trained: "a reason"}'),
    ],
    ids=["stratified", "time", "clusters"],
)
def test_a_reason_is_recorded_and_moves_no_row(make_project, place, before: str, after: str) -> None:
    rows = [f"{i},{'ab'[i % 3 == 0]},{DAY + timedelta(i)},{i % 97}" for i in range(400)]
    yaml = f"source: t.csv\nkey: id\ntarget: y\ntime: day\nmodels: {{}}\n{before}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "\n".join(["id,y,day,who", *rows[:200], ""])})
    place(root)
    first = placed(root)
    (root / "datasets" / "t.yaml").write_text(yaml.replace(before, after), "utf-8")
    (root / "t.csv").write_text("\n".join(["id,y,day,who", *rows, ""]), "utf-8")
    result = place(root)
    now = placed(root)
    assert (result.version, len(now)) == (2, 400)
    assert {i: now[i] for i in first} == first
    assert [outcome for outcome, _ in said(result, "SPLIT4")] == ["pass"]
    assert gm.sql("select max(policy) from meta.policies", project=root).item() == 2


def test_a_row_of_train_that_comes_back_under_another_entity_is_still_known(make_project, place) -> None:
    yaml = PLAIN.replace("target: y\n", "").replace('"data/*.csv"}', "t.csv, mode: replace}")
    plain = "id\n" + "".join(f"{i}\n" for i in range(400))
    root = make_project({"t.yaml": yaml}, {"t.csv": plain})
    place(root)
    trained = {row[0] for row in gm.sql("select id from t.train", project=root).rows()}
    other = yaml + "breaking: true\nsplits: {entity: house}\n"
    (root / "datasets" / "t.yaml").write_text(other, "utf-8")
    for version, ids in ((2, range(200)), (3, range(400))):  # half of the rows are away when the new policy comes
        (root / "t.csv").write_text("id,house\n" + "".join(f"{i},h{i}\n" for i in ids), "utf-8")
        assert place(root).version == version
    tested = {row[0] for row in gm.sql("select id from t where split in ('dev', 'test')", project=root).rows()}
    assert tested
    assert not tested & trained


def test_another_column_of_time_is_another_policy(make_project, place) -> None:
    rows = [f"{i},{DAY + timedelta(i % 28)},{DAY + timedelta(27 - i % 28)}" for i in range(280)]
    yaml = "source: t.csv\nkey: id\ntime: sold\nmodels: {}\nsplits: {time: {dev: 5d, test: 5d, roll: true}}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "\n".join(["id,sold,paid", *rows, ""])})
    place(root)
    trained = {row[0] for row in gm.sql("select id from t.train", project=root).rows()}
    (root / "datasets" / "t.yaml").write_text(yaml.replace("time: sold", "time: paid"), "utf-8")
    result = place(root)
    tested = {row[0] for row in gm.sql("select id from t where split in ('dev', 'test')", project=root).rows()}
    assert not tested & trained
    assert [outcome for code in ("SPLIT3", "SPLIT4") for outcome, _ in said(result, code)] == ["warn", "warn"]


def test_an_entity_that_old_versions_do_not_know_yet_is_held_by_its_rows(make_project, place) -> None:
    yaml = "source: {path: t.csv, mode: replace}\nkey: id\nmodels: {}\n"
    half = "id,house\n" + "".join(f"{i},{'' if i % 2 else i // 4}\n" for i in range(400))
    root = make_project({"t.yaml": yaml}, {"t.csv": half})
    place(root)
    trained = {row[0] // 4 for row in gm.sql("select id from t.train", project=root).rows()}
    (root / "datasets" / "t.yaml").write_text(yaml + "splits: {entity: house}\n", "utf-8")
    (root / "t.csv").write_text("id,house\n" + "".join(f"{i},{i // 4}\n" for i in range(400)), "utf-8")
    place(root)
    tested = {row[0] for row in gm.sql("select house from t where split in ('dev', 'test')", project=root).rows()}
    assert not tested & trained


def test_rows_of_an_empty_link_are_clusters_of_their_own(make_project, place) -> None:
    yaml = "source: t.csv\nkey: id\nmodels: {}\nsplits: {clusters: {linked_by: u}}\n"
    yaml += "contract: {columns: {u: {type: string, nullable: true}}}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "id,u\n" + "".join(f"{i},\n" for i in range(40))})
    place(root)
    assert gm.sql("select count(distinct _entity) from t", project=root).item() == 40


def test_events_of_declared_entities_that_look_alike_by_chance_do_not_block(make_project, run_project) -> None:
    rows = "".join(f"{i % 50},{i % 3}\n" for i in range(300))
    root = make_project({"t.yaml": "source: t.csv\nsplits: {entity: who}\n"}, {"t.csv": f"who,page\n{rows}"})
    result = run_project(root).datasets[0]
    assert (result.status, [outcome for outcome, _ in said(result, "LEAK2")]) == ("published", ["cannot_tell"])


def test_a_retyped_entity_is_refused_and_on_purpose_known_all_the_same(make_project, place) -> None:
    rows = "".join(f"{i},{DAY + timedelta(i % 90)}\n" for i in range(300))
    yaml = "source: t.csv\nkey: id\nbreaking: true\nmodels: {}\nsplits: {entity: day}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": f"id,day\n{rows}"})
    place(root)
    trained = {row[0] for row in gm.sql("select id from t.train", project=root).rows()}
    (root / "datasets" / "t.yaml").write_text(yaml + "contract: {columns: {day: {type: timestamp}}}\n", "utf-8")
    told = "Rows of 't' are known by 'day', which was DATE and is TIMESTAMP: each would be placed anew."
    with pytest.raises(IdentityRetyped, match=f"^{told}"):
        place(root)
    taken = place(root, has_new_policy=True)
    tested = {row[0] for row in gm.sql("select id from t where split in ('dev', 'test')", project=root).rows()}
    assert taken.version == 2
    assert not tested & trained


def test_a_wider_integer_and_a_text_of_it_are_the_same_entities(make_project, place) -> None:
    yaml = "source: t.csv\nkey: id\nbreaking: true\nmodels: {}\nsplits: {entity: who}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "id,who\n" + "".join(f"{i},{i % 97}\n" for i in range(300))})
    place(root)
    before = placed(root)
    (root / "datasets" / "t.yaml").write_text(yaml + "contract: {columns: {who: {type: string}}}\n", "utf-8")
    assert place(root).version == 2
    assert placed(root) == before


def test_a_text_that_becomes_a_number_keeps_its_entities_where_no_text_changes(make_project, place) -> None:
    yaml = "source: {path: t.csv%s}\nkey: id\nbreaking: true\nmodels: {}\nsplits: {entity: who}\n"
    rows = [f"{i},{i % 97}" for i in range(300)]
    root = make_project({"t.yaml": yaml % ""}, {"t.csv": "\n".join(["id,who", *rows, "300,NA", ""])})
    place(root)
    before = {row: split for row, split in placed(root).items() if row != 300}
    (root / "datasets" / "t.yaml").write_text(yaml % ", nulls: [NA]", "utf-8")
    assert place(root).version == 2
    assert {row: split for row, split in placed(root).items() if row != 300} == before


def test_a_text_with_leading_zeros_that_becomes_a_number_is_refused(make_project, place) -> None:
    yaml = "source: t.parquet\nkey: id\nbreaking: true\nmodels: {}\nsplits: {entity: who}\n"
    root = make_project({"t.yaml": yaml}, {})
    rows = pl.DataFrame({"id": range(300)}).with_columns(who=pl.format("{}", pl.col("id") % 97).str.zfill(3))
    rows.write_parquet(root / "t.parquet")
    place(root)
    (root / "datasets" / "t.yaml").write_text(yaml + "contract: {columns: {who: {type: integer}}}\n", "utf-8")
    with pytest.raises(IdentityRetyped, match="which was VARCHAR and is BIGINT"):
        place(root)


def test_a_column_without_which_rows_of_an_entity_are_still_known_may_go(make_project, place) -> None:
    yaml = "source: {path: t.csv, mode: replace}\nbreaking: true\nmodels: {}\nsplits: {entity: who%s}\n"
    rows = [f"{i % 97},{i},{i % 5}" for i in range(300)]
    root = make_project({"t.yaml": yaml % ""}, {"t.csv": "\n".join(["who,x,gone", *rows, ""])})
    place(root)
    trained = {row[0] for row in gm.sql("select who from t.train", project=root).rows()}
    select = "query: select * exclude (gone) from t\n"
    (root / "datasets" / "t.yaml").write_text(select + yaml % ", shares: {train: 0.5, dev: 0.2, test: 0.3}", "utf-8")
    result = place(root)
    tested = {row[0] for row in gm.sql("select who from t where split in ('dev', 'test')", project=root).rows()}
    assert result.version == 2
    assert not tested & trained


def test_a_row_that_links_a_cluster_that_was_trained_on_with_one_of_test_is_a_bridge(make_project, place) -> None:
    yaml = 'source: {path: "data/*.csv"}\nkey: id\nmodels: {}\nsplits: %s\n'
    first = "".join(f"{i},u{i},d{i}\n" for i in range(200))
    root = make_project({"t.yaml": yaml % "{entity: id}"}, {"data/a.csv": f"id,user,device\n{first}"})
    place(root)
    (root / "datasets" / "t.yaml").write_text(yaml % "{clusters: {linked_by: [user, device]}}", "utf-8")
    later = "".join(f"{i},a{i},a{i}\n" for i in range(200, 500))
    (root / "data" / "b.csv").write_text(f"id,user,device\n{later}", "utf-8")
    place(root)
    where = placed(root)
    held = [i for i, row in where.items() if row[2] == "trained on"][:6]
    tested = [i for i, row in where.items() if row[0] == "test" and i >= 200][:4]
    links = [(user, device) for user in held for device in tested]
    rows = "".join(f"{1000 + n},u{user},a{device}\n" for n, (user, device) in enumerate(links))
    (root / "data" / "c.csv").write_text(f"id,user,device\n{rows}", "utf-8")
    place(root)
    now = placed(root)
    assert len(links) == 24
    assert {row[2] for i, row in now.items() if i >= 1000} == {"bridge"}
    assert {i: now[i] for i in where} == where


def test_a_target_that_is_renamed_under_its_strata_is_warned_of_and_refused(make_project, place) -> None:
    yaml = STRATIFIED.replace('"data/*.csv"}', "t.csv, mode: replace}") + "breaking: true\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "id,y\n" + "".join(f"{i},{i % 3}\n" for i in range(60))})
    place(root)
    renamed = yaml.replace("target: y", "target: z") + "query: select id, y as z from t\n"
    (root / "datasets" / "t.yaml").write_text(renamed, "utf-8")
    (warned,) = check(Project.open(root))
    assert (warned.key, warned.is_warning) == ("splits.stratified", True)
    assert warned.found.startswith("means 'z', and 't' was stratified by 'y': a new policy")
    with pytest.raises(StrataGone, match="which is no longer a column, and would be by 'z'"):
        place(root)


def test_check_tells_of_a_salt_that_a_run_refuses(make_project, place) -> None:
    root = make_project({"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": "id\n1\n2\n"})
    place(root)
    (root / "gristmill.toml").write_text('salt = "pepper"\n', "utf-8")
    (warned,) = check(Project.open(root))
    assert (warned.file, warned.key, warned.is_warning) == ("gristmill.toml", "salt", True)
    assert "versions of 't' were split with" in warned.found


def test_rows_whose_origin_is_told_late_are_counted_as_moved(make_project, place) -> None:
    yaml = "source: {path: t.csv, mode: replace}\nkey: id\nmodels: {}\nsplits: {derived_from: origin}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "id,origin\n" + "".join(f"{i},\n" for i in range(200))})
    place(root)
    before = placed(root)
    (root / "t.csv").write_text("id,origin\n" + "".join(f"{i},{i - 1 if i % 2 else ''}\n" for i in range(200)), "utf-8")
    second = place(root)
    now = placed(root)
    n_moved = sum(now[i][0] != before[i][0] for i in before)
    n_into_test = sum(before[i][0] == "train" != now[i][0] for i in before)
    assert 0 < n_into_test < n_moved
    told = f"{n_moved} of 200 rows of version 1 are in another split, or unused, {n_into_test} of them from train into"
    ((outcome, seen),) = said(second, "SPLIT3")
    assert (outcome, told in seen) == ("warn", True), seen
