"""How a dataset is split: shares, pools and the thresholds on the digest. Pure arithmetic, no table.

The assignment of rows is `warehouse.splits`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from warehouse.files import SourceFile
from warehouse.time_cuts import TimePolicy

# Fixed for ever, low digests to high: so a change of the train share never touches test.
ORDER = ("test", "dev", "train_dev", "train")
SPLITS = ("train", "train_dev", "dev", "test")
TARGET_POOL = ("test", "dev")
DIGITS = 12
# The columns that every published table carries; names that begin with _ are Gristmill's own.
RESERVED = ("_entity", "_split", "_bucket", "_unused")
# Where a row is stored among the others, from 0: the order in which readers get them. No column of the table.
PLACE = "_place"
TRAIN_SIDE = ("train", "train_dev")
NO_ENTITY, HELD_BACK, TRAINED_ON, BRIDGE = "no entity", "held back", "trained on", "bridge"
NO_TIME, GAP, TESTED = "no time", "gap", "tested"
NO_SPLIT_NAMED, UNKNOWN_NAME, NAMED_TWICE, COPY_IN = "no split named", "unknown split name", "named twice", "copy in"
DEFAULT_SHARES = {"train": Decimal("0.8"), "dev": Decimal("0.1"), "test": Decimal("0.1")}
DEFAULT_POOLED_SHARES = {
    "train": Decimal("0.65"),
    "train_dev": Decimal("0.15"),
    "dev": Decimal("0.1"),
    "test": Decimal("0.1"),
}

Line = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, kw_only=True)
class PredefinedPolicy:
    """Splits that were made elsewhere.

    Attributes:
        column: The column that names each row's split, or None.
        file: The file that names the split of each key, or None.
        split: The column of the file that does.
    """

    column: str | None = None
    file: SourceFile | None = None
    split: str = "split"


@dataclass(frozen=True, kw_only=True)
class SplitPolicy:
    """A policy of splitting, by the digest of the entity unless it says otherwise.

    Attributes:
        salt: The project's salt.
        shares: The share of entities by split; they add up to 1.
        apart: `everywhere`: an entity is in one split at most. `pool`: in one split at most within each pool.
        has_pools: Whether the dataset says `evaluate_on`, so that dev and test come from one pool alone.
        stratified: The column whose shares are kept alike in all splits, or None.
        has_clusters: Whether entities are found: rows that are linked or nearly the same.
        time: How to split by time, or None. Then `shares` are those of rows, or of train and train_dev alone where
            the cuts are given.
        predefined: Where splits come from that were made elsewhere, or None.
    """

    salt: str
    shares: Mapping[str, Decimal]
    apart: Literal["everywhere", "pool"] = "everywhere"
    has_pools: bool = False
    stratified: str | None = None
    has_clusters: bool = False
    time: TimePolicy | None = None
    predefined: PredefinedPolicy | None = None

    @property
    def is_by_pool(self) -> bool:
        """Whether an entity is placed once in each pool."""
        return self.has_pools and self.apart == "pool"

    @property
    def is_remembered(self) -> bool:
        """Whether an entity's split depends on which others were there when it was first seen, so that it is stored."""
        return self.has_clusters or any(way is not None for way in (self.stratified, self.time, self.predefined))

    @property
    def asked(self) -> tuple[str, ...]:
        """The splits that there are to be; of those that were made elsewhere one to fit on and one to judge on."""
        if self.predefined:
            return ("train", "test")
        return (*self.shares, *(self.time.given if self.time else ()))

    @property
    def lines(self) -> dict[str, Line]:
        """The thresholds, by the rows that they hold for: `all`, or `inside` and `outside` the target pool."""
        return {pool: thresholds(shares) for pool, shares in self.shares_by_pool.items()}

    @property
    def shares_by_pool(self) -> dict[str, Mapping[str, Decimal]]:
        """The shares, by the rows that they hold for: `all`, or `inside` and `outside` the target pool.

        Of splits by time those of the rows before the first cut: what lies behind it is decided by time alone.
        """
        if self.time:
            return {"all": {split: share for split, share in self.shares.items() if split in TRAIN_SIDE}}
        if not self.is_by_pool:
            return {"all": self.shares}
        return {
            "inside": {split: share for split, share in self.shares.items() if split in TARGET_POOL},
            "outside": {split: share for split, share in self.shares.items() if split not in TARGET_POOL},
        }


def thresholds(shares: Mapping[str, Decimal]) -> Line:
    """For each split in order, the digest's first 12 hex digits below which a row is in it; the last takes the rest.

    The shares are scaled to add up to 1.

    >>> thresholds({"train": Decimal("0.75"), "test": Decimal("0.25")})
    (('test', '400000000000'), ('train', None))
    """
    present = [split for split in ORDER if shares.get(split)]
    total = sum((Fraction(shares[split]) for split in present), Fraction(0))
    line: list[tuple[str, str | None]] = []
    cumulated = Fraction(0)
    for split in present[:-1]:
        cumulated += Fraction(shares[split]) / total
        line.append((split, f"{round(cumulated * 16**DIGITS):0{DIGITS}x}"))
    return (*line, (present[-1], None))


def shares_on(line: Sequence[Sequence[str | None]]) -> dict[str, float]:
    """The share of each split on a line of thresholds, to six digits: what `thresholds` was made from.

    >>> shares_on((("test", "400000000000"), ("train", None)))
    {'train': 0.75, 'test': 0.25}
    """
    shares, below = {}, 0.0
    for split, threshold in line:
        upto = int(threshold, 16) / 16**DIGITS if threshold is not None else 1.0
        shares[str(split)] = round(upto - below, 6)
        below = upto
    return {split: shares[split] for split in SPLITS if split in shares}
