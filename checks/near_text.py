"""Which texts are near copies: alike but for case, spacing, unicode form, word order, or a word in ten.

Candidates come from MinHash (Broder 1997) with banding (Leskovec, Rajaraman, Ullman 2020, chapter 3), and each is
verified by the exact Jaccard similarity of the two sets of words. The splits are asked in `checks.near_rows`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from checks.entities import Array, Near, pairs_within, stirred

SIMILARITY = 0.8
PERMUTATIONS, SEED = 126, 20_261_128
MISSED_AT_MOST = 0.002
CROWD = 400
ROUNDING = 1e-9
CHUNK = 50_000
# Casefolding that lower-casing leaves out: they are letters of one word in two spellings.
FOLDED = {"\u00df": "ss", "\u03c2": "\u03c3"}  # sharp s, final sigma
# Scripts without spaces: a run of them is one "word", so their characters are the words.
WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[\p{L}\p{M}\p{N}]+"


@dataclass(frozen=True, kw_only=True)
class Sets:
    """Sets of words, one after the other.

    Attributes:
        words: The words of all sets, as numbers, sorted within each.
        start: Where each set begins, and where the last one ends.
    """

    words: Array
    start: Array

    def taken(self, which: Array) -> Sets:
        """The sets of the numbers `which`, in that order."""
        size = np.diff(self.start)[which]
        start = np.append(0, np.cumsum(size))
        at = np.arange(start[-1]) - np.repeat(start[:-1] - self.start[which], size)
        return Sets(words=self.words[at], start=start)


def near_texts(texts: pl.Series, *, similarity: float = SIMILARITY, least_evidence: float = 0.0) -> Near:
    """The pairs of texts whose sets of words have a Jaccard similarity of at least `similarity`.

    Two texts of one set of words are one kind; two that differ in nothing but spaces, punctuation, case and unicode
    form are near whatever their words. A text without a word has no kind. A pair just at the threshold is missed with a
    probability of at most .002, one well above it practically never; no pair below it is named. The pairs do not
    depend on the process, nor on the order of the rows unless a bucket is crowded.

    Args:
        texts: Strings; NULL has no kind.
        similarity: Above 0, at most 1.
        least_evidence: How much the common words must tell: the sum of log(texts / texts with the word). A pair of
            few and frequent words may be chance; a text that has no such words at all has no kind.
    """
    words, spellings = _words(texts)
    kind, content, sets = _kinds(words, len(texts))
    left, right, is_complete = _candidates(sets, similarity)
    weights = _weights(words)
    kind = _told(kind, sets, weights, least_evidence)
    alike = _verified(sets, left, right, similarity, weights, least_evidence)
    same_left, same_right = _same_spelling(spellings.filter(pl.Series(kind[spellings["row"].to_numpy()] >= 0)), kind)
    pairs = np.unique(np.stack([np.append(left[alike], same_left), np.append(right[alike], same_right)]), axis=1)
    return Near(kind=kind, content=content, left=pairs[0], right=pairs[1], is_complete=is_complete)


def _words(texts: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The distinct words of each row as 64-bit numbers, and one number for its letters without spaces."""
    words, spellings = [], []
    known: dict[str, int] = {}
    for start in range(0, max(len(texts), 1), CHUNK):
        chunk = pl.DataFrame({"text": texts.slice(start, CHUNK)}).with_row_index("row", start).drop_nulls()
        plain = pl.col("text").str.normalize("NFKC").str.to_lowercase().str.replace_many(FOLDED).str.normalize("NFKC")
        found = chunk.select("row", word=plain.str.extract_all(WORD)).filter(pl.col("word").list.len() > 0)
        spellings.append(found.select("row", spelling=_numbers(found["word"].list.join(""), {})))
        exploded = found.explode("word")
        words.append(exploded.select("row", word=_numbers(exploded["word"], known)).unique())
    return pl.concat(words).sort("row", "word"), pl.concat(spellings)


def _numbers(words: pl.Series, known: dict[str, int]) -> pl.Series:
    """A 64-bit number for each word, the same in every process, unlike Python's own hash."""
    distinct = words.unique()
    for word in distinct:
        if word not in known:
            known[word] = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
    numbers = pl.Series([known[word] for word in distinct], dtype=pl.UInt64)
    return words.replace_strict(distinct, numbers, return_dtype=pl.UInt64)


def _kinds(words: pl.DataFrame, n_rows: int) -> tuple[Array, Array, Sets]:
    """For each row the number of its set of words (-1: it has none); each set as one number; the sets."""
    rows, first = np.unique(words["row"].to_numpy(), return_index=True)
    kind = np.full(n_rows, -1)
    every = Sets(words=words["word"].to_numpy(), start=np.append(first, len(words)))
    if not len(rows):
        return kind, every.words, every
    of_set = np.add.reduceat(stirred(every.words), first)
    content, at, kind[rows] = np.unique(of_set, return_index=True, return_inverse=True)
    return kind, content, every.taken(at)


def bands_for(similarity: float) -> int:
    """How many bands the permutations are cut into: as few as miss a pair of that similarity once in 500 or less.

    >>> bands_for(0.8)
    21
    """
    for rows in range(PERMUTATIONS, 1, -1):
        bands = PERMUTATIONS // rows
        if PERMUTATIONS % rows == 0 and (1 - similarity**rows) ** bands <= MISSED_AT_MOST:
            return bands
    return PERMUTATIONS


def _candidates(sets: Sets, similarity: float) -> tuple[Array, Array, bool]:
    """The pairs of sets that agree in a whole band, and whether each such pair is among them."""
    from rensa import RMinHashLSH

    bands = bands_for(similarity)
    signed = _signed(sets)
    index = RMinHashLSH(similarity, PERMUTATIONS, bands)
    flagged = np.flatnonzero(np.array(index.query_duplicate_flags_matrix_one_shot(signed), bool))
    signatures = _signatures(sets, flagged)
    found, is_complete = [np.empty((2, 0), np.int64)], True
    place = np.arange(PERMUTATIONS // bands, dtype=np.uint64) << np.uint64(32)
    for band in np.split(signatures, bands, axis=1):
        left, right, is_whole = pairs_within(stirred(band + place).sum(axis=1), most=CROWD)
        found.append(np.unique(flagged[np.stack([left, right])], axis=1))
        is_complete &= is_whole
    left, right = np.unique(np.concatenate(found, axis=1), axis=1)
    return left, right, is_complete


def _signed(sets: Sets) -> Any:
    from rensa import RMinHash

    start = sets.start.astype(np.uint64)
    return RMinHash.digest_matrix_from_flat_token_hashes(sets.words, start, PERMUTATIONS, SEED)


def _signatures(sets: Sets, which: Array) -> Array:
    """The MinHash signatures of some sets, a row each. In chunks: the library hands them over as Python's integers."""
    signatures = np.empty((len(which), PERMUTATIONS), np.uint32)
    for start in range(0, len(which), CHUNK):
        some = which[start : start + CHUNK]
        signatures[start : start + CHUNK] = _signed(sets.taken(some)).to_rows()
    return signatures


def _weights(words: pl.DataFrame) -> pl.DataFrame:
    """What a word tells: the logarithm of the texts to one that has it."""
    n_texts = words["row"].n_unique()
    return words.group_by("word").agg(_weight=(n_texts / pl.len()).log()).sort("word")


def _told(kind: Array, sets: Sets, weights: pl.DataFrame, least_evidence: float) -> Array:
    """The kinds, -1 for those whose words do not tell enough."""
    if least_evidence <= 0 or not len(sets.words):
        return kind
    of_word = weights["_weight"].to_numpy()[np.searchsorted(weights["word"].to_numpy(), sets.words)]
    tells = np.add.reduceat(of_word, sets.start[:-1]) >= least_evidence
    return np.where(tells[kind], kind, -1)


def _verified(
    sets: Sets, left: Array, right: Array, similarity: float, weights: pl.DataFrame, least_evidence: float
) -> Array:
    """Which of the pairs have a Jaccard similarity of at least `similarity`, exactly, and tell enough."""
    from scipy.sparse import csr_array

    size = np.diff(sets.start)
    small, large = np.minimum(size[left], size[right]), np.maximum(size[left], size[right])
    alike = small >= similarity * large  # else even the smaller one within the larger one is not enough
    vocabulary, columns = np.unique(sets.words, return_inverse=True)
    ones = np.ones(len(columns), np.int32)
    of_word = weights["_weight"].to_numpy()[np.searchsorted(weights["word"].to_numpy(), vocabulary)]
    matrix = csr_array((ones, columns, sets.start), shape=(len(size), max(len(vocabulary), 1)))
    asked = np.flatnonzero(alike)
    for start in range(0, len(asked), CHUNK):
        some = asked[start : start + CHUNK]
        shared = matrix[left[some]] * matrix[right[some]]
        common = shared.sum(axis=1)
        alike[some] = common >= similarity * (size[left[some]] + size[right[some]] - common) - ROUNDING
        if least_evidence > 0:
            alike[some] &= shared @ of_word >= least_evidence
    return np.asarray(alike)


def _same_spelling(spellings: pl.DataFrame, kind: Array) -> tuple[Array, Array]:
    """Pairs of kinds that are one run of letters once spaces are gone."""
    of_row = spellings.with_columns(kind=pl.Series(kind[spellings["row"].to_numpy()]))
    kinds = of_row.select("spelling", "kind").unique().sort("spelling", "kind")
    left, right, _ = pairs_within(kinds["spelling"].to_numpy(), most=CROWD)
    return kinds["kind"].to_numpy()[left], kinds["kind"].to_numpy()[right]
