from __future__ import annotations

import gristmill as gm
import numpy as np
import polars as pl

N = 1_500


def table(seed: int, *, words: str = "good bad film plot", shift: float = 0.0) -> pl.DataFrame:
    drawn = np.random.default_rng(seed)
    texts = [" ".join(drawn.choice(words.split(), 8)) + f" {i} {drawn.integers(1 << 30)}" for i in range(N)]
    vectors = (drawn.normal(size=(N, 16)) + shift * np.eye(16)[3]).astype(np.float32)
    return pl.DataFrame(
        {"review": texts, "vector": list(vectors), "tags": [[0] * k for k in drawn.integers(0, 6, N)]},
        schema_overrides={"vector": pl.List(pl.Float32)},
    )


def test_parts_of_tables_of_one_distribution_are_quiet() -> None:
    report = gm.compare(table(0), table(1))
    told = {column.column: column for column in report.columns}
    assert not report.is_shifted
    assert told["review"].why == "a text: it is compared by its parts"
    assert {"review: length", "review: a word", "vector: norm", "tags: length"} <= set(told)
    assert told["tags: length"].effect is not None


def test_another_vocabulary_and_another_direction_are_found() -> None:
    report = gm.compare(table(0), table(1, words="good bad film refund", shift=1.5))
    shifted = {column.column for column in report.shifted}
    assert "review: a word" in shifted
    assert any(name.startswith("vector: direction") for name in shifted)
    assert not any(name.startswith("tags") for name in shifted)
    assert not any("vector" in pair.first and "vector" in pair.second for pair in report.pairs)


def test_vectors_with_a_gap_or_of_another_length_count_as_missing() -> None:
    holed = pl.DataFrame(
        {"v": [[1.0] * 16] * 600 + [[None] * 16] * 3 + [[1.0] * 5] * 2}, schema={"v": pl.List(pl.Float64)}
    )
    told = {column.column for column in gm.compare(holed, holed).columns}
    assert "v: norm" in told


def test_bytes_are_compared_by_their_number_and_it_says_so() -> None:
    drawn = np.random.default_rng(3)
    images = [pl.DataFrame({"image": [b"x" * int(k) for k in drawn.integers(10, most, 800)]}) for most in (90, 200)]
    report = gm.compare(*images)
    told = {column.column: column for column in report.columns}
    assert told["image: length"].verdict == "shifted"
    assert "give an embedding" in told["image"].why


def test_levels_that_are_all_others_are_told_apart_though_each_is_rare() -> None:
    drawn = np.random.default_rng(0)
    code = drawn.integers(0, 300, 1_200)
    old, new, other = (
        pl.DataFrame({"code": [f"{c}{i}" for i in part]})
        for c, part in zip("aab", (code[:600], code[600:], drawn.integers(0, 300, 600)), strict=True)
    )
    report = gm.compare(old, other)
    (dealt,) = (c for c in report.columns if c.verdict != "not_applicable")
    assert (dealt.column, dealt.p_corrected <= 0.005) == ("code: which levels", True)
    n_levels = old["code"].n_unique() + other["code"].n_unique()
    assert report.note == f"0 of {n_levels} levels of code are on both sides"
    assert min(c.p_corrected for c in gm.compare(old, new).columns if c.p_corrected is not None) > 0.05


def test_a_struct_is_compared_by_its_fields() -> None:
    drawn = np.random.default_rng(0)
    one, two = (
        pl.DataFrame({"x": drawn.normal(mean, 1, 400), "kind": drawn.choice(["a", "b"], 400)}).select(
            at=pl.struct("x", "kind")
        )
        for mean in (0, 1)
    )
    report = gm.compare(one, two)
    assert [c.column for c in report.shifted] == ["at: x"]
    assert {c.column: c.why for c in report.columns}["at"] == "a struct: it is compared by its parts"
