"""What a change of loss comes from: by hand, by construction, and its coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from checks.domain import Rows
from checks.loss_change import LossChange, _parts, explain


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def drawn(rng, n_entities: int, each: int, shift: float, concept: float):
    """Inputs that entities share in part, the probability of a mistake at them, and mistakes.

    `shift` moves the first input; `concept` is added to the probability where the second is positive.
    """
    level = np.repeat(rng.normal(size=(n_entities, 4)), each, axis=0)
    x = np.sqrt(0.3) * level + np.sqrt(0.7) * rng.normal(size=(n_entities * each, 4))
    x[:, 0] += shift
    p = np.clip(sigmoid(-2 + 1.2 * x[:, 0] + 0.5 * x[:, 0] * x[:, 1]) + concept * (x[:, 1] > 0), 0, 1)
    return x, p, np.repeat(rng.integers(0, 256, n_entities), each)


def sides(rng, n_entities: int, each: int, shift: float, concept: float) -> tuple[Rows, np.ndarray]:
    before, after = drawn(rng, n_entities, each, 0, 0), drawn(rng, n_entities, each, shift, concept)
    x, p, bucket = (np.concatenate(pair) for pair in zip(before, after, strict=True))
    is_second = np.repeat([False, True], len(x) // 2)
    rows = Rows(x=x, names=("a", "b", "c", "d"), is_level=(False,) * 4, is_second=is_second, bucket=bucket)
    return rows, (rng.random(len(x)) < p).astype(float)


def truth(shift: float, concept: float) -> tuple[float, float, float]:
    """Total, inputs and relation, from a million rows and the true weights of the shared inputs."""
    rng = np.random.default_rng(99)
    x, p, _ = drawn(rng, 1_000_000, 1, 0, 0)
    _, p_after, _ = drawn(rng, 1_000_000, 1, shift, concept)
    here = np.clip(p + concept * (x[:, 1] > 0), 0, 1)
    relation = float(np.average(here - p, weights=sigmoid(shift * x[:, 0] - shift**2 / 2)))
    total = float(p_after.mean() - p.mean())
    return total, total - relation, relation


def test_the_parts_by_hand() -> None:
    # Two cells of inputs, half of each side in each: nothing of inputs; at the same inputs .1 -> .3 and .5 -> .5.
    n = 20 * 256
    cell, is_second = np.arange(n) // 2 % 2, np.arange(n) % 2 == 1
    k = np.arange(n) // 4 % 10
    loss = np.where(cell == 0, k < np.where(is_second, 3, 1), k < 5).astype(float)
    x = cell[:, None].astype(float)
    rows = Rows(x=x, names=("c",), is_level=(False,), is_second=is_second, bucket=np.arange(n) // 20)
    expected = np.where(cell == 0, 0.2, 0.5)
    parts = _parts(rows, loss, is_second - 0.5, loss - expected)
    assert parts is not None
    assert {name: part.value for name, part in parts.items()} == pytest.approx(
        {"total": 0.1, "inputs": 0.0, "relation": 0.1}
    )


def test_other_inputs_and_another_relation_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    for shift, concept in ((0.7, 0.0), (0.0, 0.15)):
        told = explain(*sides(rng, 2_000, 1, shift, concept), 2_000)
        assert told.total is not None
        is_of_inputs = shift > 0
        large, small = (told.inputs, told.relation) if is_of_inputs else (told.relation, told.inputs)
        assert large.low > 0
        assert small.low < 0 < small.high
    assert told.line("error rate").startswith(f"of +{told.total.value:.3f} error rate, ")
    assert told.line("error rate").endswith("another relation at the same inputs, by 2,000 against 2,000 rows")


def test_sides_without_a_common_input_cannot_tell() -> None:
    told = explain(*sides(np.random.default_rng(1), 500, 1, 8.0, 0.0), 500)
    assert (told.verdict, told.total) == ("cannot_tell", None)
    assert told.line("error rate").startswith("cannot tell what it comes from: the inputs of both sides overlap by 0.0")


def test_few_rows_or_entities_cannot_tell() -> None:
    rng = np.random.default_rng(2)
    few = explain(*sides(rng, 40, 1, 0.0, 0.0), 40)
    assert few == LossChange(
        verdict="cannot_tell",
        why="40 rows of 40 entities on one side are too few to learn from",
        n_before=40,
        n_after=40,
    )
    assert explain(*sides(rng, 3, 100, 0.0, 0.0), 3).verdict == "cannot_tell"


@pytest.mark.slow
@pytest.mark.parametrize(("n_entities", "each"), [(2_000, 1), (400, 10)])
@pytest.mark.parametrize(("shift", "concept"), [(0.7, 0.0), (0.0, 0.1), (0.7, 0.1)])
def test_the_table_of_coverage_in_the_docs(n_entities: int, each: int, shift: float, concept: float) -> None:
    true, held, told = truth(shift, concept), [], []
    for i in range(200):
        found = explain(*sides(np.random.default_rng(i), n_entities, each, shift, concept), n_entities)
        parts = (found.total, found.inputs, found.relation)
        held.append([part.low <= value <= part.high for part, value in zip(parts, true, strict=True)])
        told.append([part.value for part in parts])
    print(
        f"\n| {shift} | {concept} | {n_entities} x {each} |",
        np.round(true, 4),
        np.mean(told, 0).round(4),
        np.mean(held, 0),
    )
    assert np.mean(held, axis=0).min() >= 0.93 - 2 * 0.018  # two s.e. of 200 runs
