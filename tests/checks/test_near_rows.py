"""Nearly identical rows in two splits."""

from __future__ import annotations

from typing import Any

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest

from checks.near_rows import near_copies


def bound(frame: pl.DataFrame) -> Any:
    con = duckdb.connect()
    con.register("_frame", frame.to_arrow())
    con.execute("CREATE TABLE frame AS SELECT * FROM _frame")
    return ibis.duckdb.from_connection(con).table("frame")


def placed(frame: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """Rows with an entity each, in splits at random, and the last ones in test."""
    rng = np.random.default_rng(seed)
    splits = rng.choice(["train", "dev", "test"], len(frame), p=[0.8, 0.1, 0.1])
    return frame.with_columns(_entity=pl.Series([f"e{i}" for i in range(len(frame))]), _split=pl.Series(splits))


def quantities(n: int = 400, seed: int = 0, d: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def found(values: np.ndarray, splits: list[str] | None = None, apart: Any = "everywhere") -> Any:
    frame = placed(pl.DataFrame(values, schema=[f"x{i}" for i in range(values.shape[1])]))
    if splits:
        frame = frame.with_columns(_split=pl.Series(splits))
    [finding] = near_copies(bound(frame), [f"x{i}" for i in range(values.shape[1])], apart=apart)
    return finding


@pytest.mark.parametrize("how", ["noise", "one sign", "all signs"])
def test_copies_in_another_split_warn_with_their_count_and_entities(how: str) -> None:
    values = quantities()
    copies = values[:5].copy()
    if how == "noise":
        copies += np.random.default_rng(1).uniform(-5e-5, 5e-5, copies.shape)
    elif how == "one sign":
        copies[:, 2] *= -1
    else:
        copies *= -1

    finding = found(np.vstack([values, copies]), ["train"] * 400 + ["test"] * 5)

    assert (finding.code, finding.outcome) == ("LEAK5", "warn")
    assert finding.seen.startswith("10 rows have a near copy")
    assert "such as e0 and e400, e1 and e401, e2 and e402, on 405 rows" in finding.seen


def test_copies_within_a_split_pass() -> None:
    values = quantities()

    assert found(np.vstack([values, values[:5] + 1e-6]), ["train"] * 405).outcome == "pass"


def test_copies_across_the_pools_pass_where_the_policy_allows_them() -> None:
    values = quantities()
    splits = ["train"] * 400 + ["test"] * 5

    finding = found(np.vstack([values, values[:5] + 1e-6]), splits, apart="pool")

    assert finding.outcome == "pass"
    assert "10 have one in the other pool" in finding.seen


def test_identical_rows_are_not_near_ones() -> None:
    values = quantities()

    assert found(np.vstack([values, values[:5]]), ["train"] * 400 + ["test"] * 5).outcome == "pass"


def test_columns_that_follow_one_another_are_near_by_chance_and_raise_no_alarm() -> None:
    x = np.random.default_rng(0).normal(size=5_000)
    values = np.column_stack([x, 32 + 1.8 * x, x + 273.15, x**3])

    finding = found(values)

    assert finding.outcome == "cannot_tell"
    assert "no more than chance makes" in finding.seen


def test_whole_numbers_cannot_be_nearly_the_same() -> None:
    values = np.random.default_rng(0).integers(0, 50, (400, 3)).astype(float)

    finding = found(values)

    assert (finding.outcome, finding.seen[:30]) == ("not_applicable", "0 of 3 quantities tell apart w")


SENTENCES = [" ".join(f"word{(7 * i + 3 * j * j) % 97}x{i % 31}" for j in range(8)) for i in range(300)]


def test_a_text_that_was_copied_in_another_order_warns() -> None:
    copies = [" ".join(reversed(text.upper().split())) for text in SENTENCES[:4]]
    frame = placed(pl.DataFrame({"body": SENTENCES + copies}))
    frame = frame.with_columns(_split=pl.Series(["train"] * 300 + ["test"] * 4))

    [finding] = near_copies(bound(frame), ["body"], apart="everywhere")

    assert (finding.code, finding.outcome, finding.column) == ("LEAK5", "warn", "body")
    assert finding.seen.startswith("8 rows have nearly the same body")
    assert "word" not in finding.seen.split("such as")[1]


def test_texts_of_few_and_frequent_words_meet_by_chance_and_raise_no_alarm() -> None:
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(12)]
    bodies = [" ".join(rng.choice(words, 6)) for _ in range(400)]

    [finding] = near_copies(bound(placed(pl.DataFrame({"body": bodies}))), ["body"], apart="everywhere")

    assert finding.outcome == "pass"


def test_columns_of_which_one_alone_has_a_value_are_not_compared() -> None:
    values = quantities(600, d=3)
    values[:, 0] = np.round(values[:, 0], 2)
    values[:300, 1:] = np.nan

    assert found(values).outcome == "pass"


def test_short_and_repeated_texts_are_not_asked() -> None:
    frame = placed(
        pl.DataFrame({"city": ["London", "Paris"] * 150, "note": ["a standing phrase of one supplier"] * 300})
    )

    [finding] = near_copies(bound(frame), ["city", "note"], apart="everywhere")

    assert finding.outcome == "not_applicable"


def test_a_large_table_is_judged_on_a_share_in_which_copies_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.near_rows.MOST_NUMBERS", 4_000)
    monkeypatch.setattr("checks.near_rows.MOST_CHARACTERS", 20_000)
    values = quantities(2_000)
    frame = pl.DataFrame(np.vstack([values, values + 1e-6]), schema=["a", "b", "c", "d"])
    bodies = [" ".join(f"{word}{i}" for word in SENTENCES[0].split()) for i in range(2_000)]
    frame = frame.with_columns(body=pl.Series(bodies + [body.upper() for body in bodies]))
    splits = pl.Series(["train"] * 2_000 + ["test"] * 2_000)

    numbers, text = near_copies(bound(placed(frame).with_columns(_split=splits)), frame.columns, apart="everywhere")

    for finding in (numbers, text):
        n_rows, n_judged = (
            int(finding.seen.split(word)[0].split()[-1].replace(",", "")) for word in (" rows have", " of 4,000 rows")
        )
        assert n_judged < 2_000
        assert n_rows >= 0.95 * n_judged
