"""Texts that are copies but for case, spacing, unicode form, word order or a word in ten."""

from __future__ import annotations

import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.near_text import near_texts

SENTENCE = "The caf\u00e9 at the corner of Stra\u00dfe 17 opens every day at nine, and closes late"


def pairs(texts: list[str | None], similarity: float = 0.8) -> set[tuple[int, int]]:
    """The rows that are near or of one kind, each pair once."""
    near = near_texts(pl.Series(texts, dtype=pl.String), similarity=similarity)
    kinds = {*zip(near.left.tolist(), near.right.tolist(), strict=True)}
    numbers = near.kind.tolist()
    return {
        (i, j)
        for i in range(len(texts))
        for j in range(i + 1, len(texts))
        if numbers[i] >= 0 and numbers[j] >= 0
        if numbers[i] == numbers[j] or (min(numbers[i], numbers[j]), max(numbers[i], numbers[j])) in kinds
    }


@pytest.mark.parametrize(
    "copy",
    [
        SENTENCE.upper(),
        f"  {SENTENCE}\t".replace(" ", " \u00a0 "),
        unicodedata.normalize("NFD", SENTENCE),
        " ".join(reversed(SENTENCE.split())),
        SENTENCE.replace(",", " --"),
        SENTENCE.replace("every", "each"),
        SENTENCE.replace(" ", ""),
        "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in SENTENCE),
    ],
    ids=["case", "spacing", "unicode form", "word order", "punctuation", "one word", "no spaces", "full width"],
)
def test_a_copy_is_near_its_original(copy: str) -> None:
    assert (0, 1) in pairs([SENTENCE, copy, "The cafe is closed on Mondays and so is the bar"])


def test_texts_of_other_words_are_not_near() -> None:
    assert pairs([SENTENCE, "The corner shop opens every day at nine", "", None, "..."]) == set()


def test_the_characters_of_a_script_without_spaces_are_its_words() -> None:
    assert pairs(
        [
            "\u6211\u4eec\u660e\u5929\u65e9\u4e0a\u4e5d\u70b9\u5728\u8f66\u7ad9\u89c1\u9762",
            "\u660e\u5929\u65e9\u4e0a\u4e5d\u70b9\u6211\u4eec\u5728\u8f66\u7ad9\u89c1",
            "\u4eca\u5929\u665a\u4e0a\u5341\u70b9\u8bf7\u7ed9\u4ed6\u6253\u7535\u8bdd",
        ]
    ) == {(0, 1)}


WORDS = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"])


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.lists(WORDS, min_size=1, max_size=9).map(" ".join), min_size=1, max_size=12),
    similarity=st.sampled_from([0.5, 0.8, 1.0]),
)
def test_no_pair_below_the_threshold_is_named(texts: list[str], similarity: float) -> None:
    for i, j in pairs(texts, similarity):
        one, other = set(texts[i].split()), set(texts[j].split())
        is_one_spelling = texts[i].replace(" ", "") == texts[j].replace(" ", "")
        assert len(one & other) >= similarity * len(one | other) or is_one_spelling


def test_of_a_thousand_pairs_at_the_threshold_at_most_four_are_missed() -> None:
    texts = []
    for i in range(1_000):
        common = [f"w{i}x{j}" for j in range(8)]
        texts += [" ".join([*common, f"one{i}"]), " ".join([f"other{i}", *common[::-1]])]

    near = near_texts(pl.Series(texts))

    assert len(near.left) >= 996


def test_the_pairs_are_the_same_in_another_order() -> None:
    rng = np.random.default_rng(5)
    words = np.array([f"w{i}" for i in range(40)])
    texts = [" ".join(rng.choice(words, 10, replace=False)) for _ in range(300)]
    texts += [" ".join(rng.permutation([*text.split()[1:], "new"])) for text in texts[:100]]
    order = rng.permutation(len(texts))

    there = {frozenset((texts[i], texts[j])) for i, j in pairs(texts)}
    here = {frozenset((texts[order[i]], texts[order[j]])) for i, j in pairs([texts[k] for k in order])}

    assert there == here
    assert len(there) >= 100


def test_a_crowd_of_one_form_letter_is_linked_though_not_pair_by_pair() -> None:
    from checks.entities import components

    texts = [f"your parcel number {i} was sent to your own address today and arrives soon" for i in range(1_500)]

    near = near_texts(pl.Series(texts))

    assert not near.is_complete
    assert len(near.left) < 200_000
    assert len(set(components(near.n_kinds, near.left, near.right).tolist())) == 1


@pytest.mark.parametrize("texts", [[], [None, None], ["", "..."], ["one text alone"]])
def test_where_there_is_nothing_to_compare_nothing_is_near(texts: list[str | None]) -> None:
    assert pairs(texts) == set()
