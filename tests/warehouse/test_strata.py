"""Entities of one stratum take turns: whatever arrives in whatever batches, nothing moves and shares are kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ibis
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.lake import connect
from warehouse.policy import SplitPolicy
from warehouse.strata import entities_of, place

SHARES = {"train": Decimal("0.65"), "train_dev": Decimal("0.15"), "dev": Decimal("0.1"), "test": Decimal("0.1")}
SCHEMA = {"_entity": pl.String, "_pool": pl.Boolean, "_stratum": pl.String, "_placed": pl.String}
NOBODY = pl.DataFrame(schema=SCHEMA)

few = settings(max_examples=15, deadline=None)
batches = st.lists(
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["a", "b", "c", None])), max_size=80),
    min_size=1,
    max_size=4,
)


def policy(*, by_pool: bool = False) -> SplitPolicy:
    more: dict[str, Any] = {"has_pools": True, "apart": "pool"} if by_pool else {}
    return SplitPolicy(salt="gristmill", shares=SHARES, stratified="y", **more)


def placed(new: pl.DataFrame, known: pl.DataFrame, how: SplitPolicy) -> pl.DataFrame:
    """What `place` gives to `new` beside `known`."""
    with connect() as connection:
        for name, frame in (("new", new), ("known", known)):
            connection.register(f"_{name}", frame.to_arrow())
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM _{name}")
        backend = ibis.duckdb.from_connection(connection)
        found = place(backend.table("new"), backend.table("known"), how)
        return connection.execute(backend.compile(found)).pl().select(*SCHEMA)


def frame(rows: list[tuple[str, bool | None, str | None]]) -> pl.DataFrame:
    columns = {name: kind for name, kind in SCHEMA.items() if name != "_placed"}
    return pl.DataFrame(rows, schema=columns, orient="row").unique("_entity", keep="first")


@few
@given(batches, st.randoms(use_true_random=False))
def test_whatever_arrives_shares_are_within_two_and_the_order_of_a_batch_is_nothing(
    arriving: list[list[tuple[int, str | None]]], random: Any
) -> None:
    known = NOBODY
    for batch in arriving:
        new = frame([(str(entity), None, stratum) for entity, stratum in batch])
        found = placed(new, known, policy())
        other = placed(new.sample(fraction=1, shuffle=True, seed=random.randint(0, 999)), known, policy())
        assert found.sort("_entity").equals(other.sort("_entity"))
        assert not set(found["_entity"]) & set(known["_entity"])
        assert set(found["_entity"]) | set(known["_entity"]) >= set(new["_entity"])
        known = pl.concat([known, found])
    counts = known.drop_nulls("_stratum").group_by("_stratum", "_placed").len()
    for stratum in counts["_stratum"].unique():
        got = dict(counts.filter(_stratum=stratum).select("_placed", "len").iter_rows())
        assert all(abs(got.get(split, 0) - float(share) * sum(got.values())) < 2 for split, share in SHARES.items())


def test_small_strata_do_not_all_begin_with_the_same_split() -> None:
    new = frame([(f"{stratum}-{i}", None, str(stratum)) for stratum in range(300) for i in range(2)])
    got = dict(placed(new, NOBODY, policy()).group_by("_placed").len().iter_rows())
    assert set(got) == set(SHARES)
    # 600 entities, by strata of two: within four standard deviations of the binomial each.
    assert all(
        abs(got[split] - 600 * float(share)) < 4 * (600 * float(share * (1 - share))) ** 0.5
        for split, share in SHARES.items()
    )


def test_with_pools_apart_an_entity_is_placed_once_in_each() -> None:
    new = pl.concat([frame([(str(i), pool, "a") for i in range(80)]) for pool in (True, False)])
    found = placed(new, NOBODY, policy(by_pool=True))
    counts = {(pool, split): n for pool, split, n in found.group_by("_pool", "_placed").len().iter_rows()}
    assert counts == {(True, "dev"): 40, (True, "test"): 40, (False, "train"): 65, (False, "train_dev"): 15}


def test_an_entity_has_the_rarest_of_its_labels() -> None:
    rows = pl.DataFrame({"_entity": ["1", "1", "2", "2", "3", None], "y": ["a", "b", "b", None, None, "a"]})
    labels = pl.DataFrame({"_stratum": ["a", "b"], "_ordinal": [0, 1]})
    with connect() as connection:
        for name, table in (("t", rows), ("labels", labels)):
            connection.register(f"_{name}", table.to_arrow())
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM _{name}")
        backend = ibis.duckdb.from_connection(connection)
        found = entities_of(backend.table("t"), backend.table("labels"), policy())
        got = connection.execute(backend.compile(found.select("_entity", "_stratum").order_by("_entity"))).fetchall()
    assert got == [("1", "a"), ("2", "b"), ("3", None)]
