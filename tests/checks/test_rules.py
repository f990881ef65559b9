"""A contract held against rows, with pandera as the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import ibis
import pandera.errors
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract import Contract
from checks.pandera_contract import to_pandera
from checks.rules import counted, flagged, is_rejected, masked, orphans, repeated, rules_of

NAN = float("nan")
N, X, S = st.integers(-3, 3), st.sampled_from([-2.0, -0.5, 0.0, 0.5, 2.0, NAN]), st.text("abc", max_size=3)
PATTERNS = ("a", "^a", "b$", "a.c", "[ab]{2}", "^$", "^(a|b)c*$", "b|c")


class Held:
    """A frame held against a contract in an in-memory DuckDB, as `assets.build` holds a candidate."""

    def __init__(
        self, frame: pl.DataFrame, contract: Contract, *, key: Sequence[str] = (), **others: pl.DataFrame
    ) -> None:
        self.rules = rules_of(contract, key=key)
        con = duckdb.connect()
        for name, one in {"frame": frame.with_row_index("_row"), **others}.items():
            con.register(f"_{name}", one.to_arrow())
            con.execute(f"CREATE TABLE {name} AS SELECT * FROM _{name}")
        backend = ibis.duckdb.from_connection(con)
        table = backend.table("frame")
        for i, rule in enumerate(self.rules):
            if rule.kind in {"unique", "references"} and rule.flag:
                if rule.kind == "unique":
                    values = repeated(table, rule.columns)
                else:
                    other, column = rule.argument.split(".")
                    values = orphans(table, rule.columns[0], backend.table(other), column)
                con.execute(f"CREATE TABLE values_{i} AS {backend.compile(values)}")
                table = flagged(table, rule.columns, backend.table(f"values_{i}"), rule.flag)
        table_of_counts = con.execute(backend.compile(counted(table, self.rules))).pl()
        row = table_of_counts.row(0, named=True)
        self.n_rows, self.n_rejected = row["n_rows"], row["n_rejected"]
        self.counts = {rule.name: row[f"n_{i}"] for i, rule in enumerate(self.rules)}
        with_masks = masked(table, self.rules)
        held = with_masks.mutate(_is_rejected=is_rejected(with_masks, self.rules))
        self.rows = con.execute(backend.compile(held)).pl().sort("_row")

    @property
    def rejected(self) -> set[int]:
        return set(self.rows.filter(pl.col("_is_rejected"))["_row"])


def rejected_by_pandera(frame: pl.DataFrame, contract: Contract, key: Sequence[str] = ()) -> set[int]:
    try:
        to_pandera(contract, key=key).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return set(error.failure_cases["index"])  # None would stand for a failure of the frame
    return set()


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    n_rows = draw(st.integers(1, 8))
    values = {
        name: st.lists(st.none() | kind, min_size=n_rows, max_size=n_rows)
        for name, kind in (("n", N), ("x", X), ("s", S))
    }
    schema = {"n": pl.Int64, "x": pl.Float64, "s": pl.String}
    return pl.DataFrame({name: draw(column) for name, column in values.items()}, schema=schema)


@st.composite
def promises(draw: st.DrawFn, kind: str, values: st.SearchStrategy[Any]) -> dict[str, Any]:
    real = values.filter(lambda value: value is not NAN)
    said = {"type": kind, "nullable": draw(st.booleans()), "unique": draw(st.integers(0, 3)) == 0}
    optional = {"in": st.lists(real, min_size=1, max_size=5), "min": real, "max": real}
    if kind == "string":
        optional["pattern"] = st.sampled_from(PATTERNS)
    return said | {word: draw(value) for word, value in optional.items() if draw(st.integers(0, 2)) == 0}


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    kinds = {"n": promises("integer", N), "x": promises("float", X), "s": promises("string", S)}
    columns = {name: draw(promise) for name, promise in kinds.items() if draw(st.booleans())}
    pairs = st.lists(st.sampled_from([("n", "s"), ("n", "x"), ("n", "x", "s"), ("s",)]), max_size=2)
    return Contract(columns=columns, unique=draw(pairs))


@settings(max_examples=60, deadline=None)
@given(frame=frames(), contract=contracts(), key=st.sampled_from([(), (), ("n",), ("n", "s")]))
def test_the_rows_that_the_mask_rejects_are_those_that_pandera_reports(
    frame: pl.DataFrame, contract: Contract, key: tuple[str, ...]
) -> None:
    held = Held(frame, contract, key=key)

    assert held.rejected == rejected_by_pandera(frame, contract, key)
    assert held.n_rejected == len(held.rejected)


def test_null_passes_every_rule_but_nullability() -> None:
    frame = pl.DataFrame({"s": ["a", None]})
    said = {"in": ["a"], "min": "a", "max": "b", "pattern": "a", "references": "other.s"}
    other = pl.DataFrame({"s": ["a"]})

    nullable = Held(frame, Contract(columns={"s": {"nullable": True, **said}}), other=other)
    strict = Held(frame, Contract(columns={"s": said}), other=other)

    assert nullable.rejected == set()
    assert strict.counts == {"s.nullable": 1, "s.in": 0, "s.min": 0, "s.max": 0, "s.pattern": 0, "s.references": 0}


def test_nan_is_missing_as_it_is_for_pandera() -> None:
    frame = pl.DataFrame({"x": [1.0, NAN, None]})

    assert Held(frame, Contract(columns={"x": "float"})).counts["x.nullable"] == 2


def test_a_boolean_may_be_promised_by_its_value() -> None:
    frame = pl.DataFrame({"b": [True, False, None]})

    assert Held(frame, Contract(columns={"b": {"in": [True], "nullable": True}})).rejected == {1}


def test_a_condition_in_sql_that_is_null_passes() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3], "_rule_small": [None, True, False]})

    held = Held(frame, Contract(rules={"small": "a < b"}))

    assert held.rejected == {1}


def test_a_rule_whose_flag_is_absent_is_never_broken() -> None:
    held = Held(pl.DataFrame({"a": [1]}), Contract(columns={"a": "integer"}, rules={"small": "a < 0"}))

    assert held.counts == {"a.type": 0, "a.nullable": 0, "small": 0}


def test_a_value_that_cannot_be_cast_breaks_its_type() -> None:
    frame = pl.DataFrame({"a": [1, None], "_type_a": [False, True]})

    held = Held(frame, Contract(columns={"a": {"type": "integer", "nullable": True}}))

    assert held.counts == {"a.type": 1}


@pytest.mark.parametrize("n_columns", [61, 62, 63, 125])
def test_more_than_62_rules_use_several_masks(n_columns: int) -> None:
    frame = pl.DataFrame({f"c{i}": [0, i % 7, None] for i in range(n_columns)})
    contract = Contract(columns={f"c{i}": {"nullable": True, "max": 3} for i in range(n_columns)})

    held = Held(frame, contract)

    assert len([name for name in held.rows.columns if name.startswith("_mask_")]) == -(-n_columns // 62)
    assert held.counts == {f"c{i}.max": int(i % 7 > 3) for i in range(n_columns)}
    assert held.rejected == {1}


def test_a_row_that_breaks_only_the_last_rule_of_the_second_mask_is_rejected() -> None:
    frame = pl.DataFrame({f"c{i}": [0, 9 if i == 123 else 0] for i in range(124)})

    held = Held(frame, Contract(columns={f"c{i}": {"nullable": True, "max": 3} for i in range(124)}))

    assert held.rejected == {1}
    assert held.rows["_mask_0"].to_list() == [0, 0]
    assert held.rows["_mask_1"].to_list() == [0, 1 << 61]


def test_all_62_bits_of_a_mask_can_be_set_at_once() -> None:
    frame = pl.DataFrame({f"c{i}": [9] for i in range(62)})

    held = Held(frame, Contract(columns={f"c{i}": {"nullable": True, "max": 3} for i in range(62)}))

    assert held.rows["_mask_0"].to_list() == [(1 << 62) - 1]


def test_keys_with_a_null_part_repeat_too() -> None:
    frame = pl.DataFrame({"day": [1, 1, 1, 2], "tail": [None, None, "a", None]})
    contract = Contract(columns={"tail": {"nullable": True}}, unique=[["day", "tail"]])

    held = Held(frame, contract)

    assert held.rejected == {0, 1}
    assert held.counts == {"unique.day.tail": 2}


def test_the_key_is_a_rule_and_its_columns_are_never_missing() -> None:
    frame = pl.DataFrame({"id": [1, 1, None, 2]})

    held = Held(frame, Contract(), key=["id"])

    assert held.counts == {"id.nullable": 1, "key": 2}
    assert held.rejected == {0, 1, 2}


def test_a_key_that_the_contract_names_as_unique_is_one_rule() -> None:
    rules = rules_of(Contract(unique=[["a", "b"]]), key=["a", "b"])

    assert [rule.name for rule in rules] == ["a.nullable", "b.nullable", "key"]


def test_columns_that_are_promised_unique_twice_are_one_rule() -> None:
    frame = pl.DataFrame({"a": [1, 1, 2]})

    held = Held(frame, Contract(unique=[["a"], ["a"]]))

    assert held.counts == {"unique.a": 2}


def test_a_column_called_key_and_the_key_are_two_rules() -> None:
    frame = pl.DataFrame({"key": [1, 2, 3], "id": [7, 7, 8]})

    held = Held(frame, Contract(columns={"key": {"unique": True}}), key=["id"])

    assert held.counts == {"key.nullable": 0, "key.unique": 0, "id.nullable": 0, "key": 2}


def test_every_rule_is_counted_and_a_row_may_break_many() -> None:
    frame = pl.DataFrame({"speed": [5, 300, -1, None], "name": ["a", "B", "B", "c"]})
    contract = Contract(
        columns={"speed": {"min": 0, "max": 200}, "name": {"pattern": "^[a-z]$", "unique": True, "in": ["a", "B"]}}
    )

    held = Held(frame, contract)

    assert held.n_rows == 4
    assert held.n_rejected == 3
    assert held.counts == {
        "speed.nullable": 1, "speed.min": 1, "speed.max": 1,
        "name.nullable": 0, "name.in": 1, "name.pattern": 2, "name.unique": 2,
    }  # fmt: skip


def test_a_table_without_rows_breaks_nothing() -> None:
    held = Held(pl.DataFrame({"a": []}, schema={"a": pl.Int64}), Contract(columns={"a": {"min": 0, "unique": True}}))

    assert (held.n_rows, held.n_rejected) == (0, 0)
    assert set(held.counts.values()) == {0}


def test_a_contract_that_promises_nothing_rejects_nothing() -> None:
    held = Held(pl.DataFrame({"a": [1, None]}), Contract())

    assert (held.n_rows, held.n_rejected, held.rejected) == (2, 0, set())


@pytest.mark.parametrize(("severity", "rejected"), [("reject", {1}), ("warn", set()), ("block", set())])
def test_only_a_rule_that_rejects_rejects_and_every_rule_is_counted(severity: str, rejected: set[int]) -> None:
    held = Held(pl.DataFrame({"a": [1, 9]}), Contract(columns={"a": {"max": 3, "severity": severity}}))

    assert held.rejected == rejected
    assert held.counts["a.max"] == 1


def test_a_value_that_the_other_dataset_lacks_is_an_orphan() -> None:
    frame, planes = pl.DataFrame({"tail": ["N1", "N2", "N2", None]}), pl.DataFrame({"tailnum": ["N1", "N3", None]})
    contract = Contract(columns={"tail": {"nullable": True, "references": "planes.tailnum"}})

    held = Held(frame, contract, planes=planes)

    assert held.rejected == {1, 2}


def test_flags_keep_every_row_once() -> None:
    frame = pl.DataFrame({"a": [1, 1, None, None, 2], "b": [1, 1, 1, 1, 1]})

    held = Held(frame, Contract(unique=[["a"], ["b"]]))

    assert held.rows["_row"].to_list() == [0, 1, 2, 3, 4]
    assert held.counts == {"unique.a": 4, "unique.b": 5}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"x": {"max": 200}}, "x is above 200"),
        ({"x": {"min": 0}}, "x is below 0"),
        ({"x": {"in": ["a", "b"]}}, "x is none of a, b"),
        ({"x": {"pattern": "^N"}}, "x does not match ^N"),
        ({"x": {"type": "integer"}}, "x is no integer"),
        ({"x": {"unique": True}}, "(x) is there more than once"),
        ({"x": {"references": "d.y"}}, "x is not in d.y"),
        ({"x": {"nullable": False}}, "x is missing"),
    ],
)
def test_a_broken_rule_says_what_the_row_did(columns: dict[str, Any], said: str) -> None:
    assert said in [rule.said for rule in rules_of(Contract(columns=columns))]
