"""How a dataset is split: shares, pools and the thresholds on the digest. Pure arithmetic, no table.

The assignment of rows is `warehouse.splits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

# Fixed for ever, low digests to high: so a change of the train share never touches test.
ORDER = ("test", "dev", "train_dev", "train")
SPLITS = ("train", "train_dev", "dev", "test")
TARGET_POOL = ("test", "dev")
DIGITS = 12
# The columns that every published table carries; names that begin with _ are Gristmill's own.
RESERVED = ("_entity", "_split", "_bucket", "_unused")
NO_ENTITY, HELD_BACK, TRAINED_ON, BRIDGE = "no entity", "held back", "trained on", "bridge"
DEFAULT_SHARES = {"train": Decimal("0.8"), "dev": Decimal("0.1"), "test": Decimal("0.1")}
DEFAULT_POOLED_SHARES = {
    "train": Decimal("0.65"),
    "train_dev": Decimal("0.15"),
    "dev": Decimal("0.1"),
    "test": Decimal("0.1"),
}

Line = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, kw_only=True)
class SplitPolicy:
    """A policy of splitting by the digest of the entity.

    Attributes:
        salt: The project's salt.
        shares: The share of entities by split; they add up to 1.
        apart: `everywhere`: an entity is in one split at most. `pool`: in one split at most within each pool.
        has_pools: Whether the dataset says `evaluate_on`, so that dev and test come from one pool alone.
        stratified: The column whose shares are kept alike in all splits, or None.
        has_clusters: Whether entities are found: rows that are linked or nearly the same.
    """

    salt: str
    shares: Mapping[str, Decimal]
    apart: Literal["everywhere", "pool"] = "everywhere"
    has_pools: bool = False
    stratified: str | None = None
    has_clusters: bool = False

    @property
    def is_by_pool(self) -> bool:
        """Whether an entity is placed once in each pool."""
        return self.has_pools and self.apart == "pool"

    @property
    def is_remembered(self) -> bool:
        """Whether an entity's split depends on which others were there when it was first seen, so that it is stored."""
        return self.stratified is not None or self.has_clusters

    @property
    def lines(self) -> dict[str, Line]:
        """The thresholds, by the rows that they hold for: `all`, or `inside` and `outside` the target pool."""
        return {pool: thresholds(shares) for pool, shares in self.shares_by_pool.items()}

    @property
    def shares_by_pool(self) -> dict[str, Mapping[str, Decimal]]:
        """The shares, by the rows that they hold for: `all`, or `inside` and `outside` the target pool."""
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
