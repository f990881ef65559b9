"""Which rows belong together: pairs of equal or near things, joined into clusters.

What makes two texts or two rows of numbers near is `checks.near_text` and `checks.near_numbers`; whether a pair crosses
splits is `checks.near_rows`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
FIRST = 8


@dataclass(frozen=True, kw_only=True)
class Near:
    """Which rows are near each other.

    Rows of one kind are equal once normalised. Pairs are of kinds: a thousand copies of one row are one kind, not half
    a million pairs.

    Attributes:
        kind: For each row, the number of its kind, or -1 for a row with nothing to compare.
        content: For each kind a 64-bit number made of what its rows hold, the same in every process.
        left: The first kind of each near pair.
        right: The second, of a larger number than the first.
        is_complete: Whether every pair that was a candidate was compared. If not, a kind of a crowded bucket was
            compared with the first ones of it alone: more pairs may be near than are named.
    """

    kind: Array
    content: Array
    left: Array
    right: Array
    is_complete: bool = True

    @property
    def n_kinds(self) -> int:
        """How many kinds there are."""
        return len(self.content)


def components(n_nodes: int, left: Array, right: Array) -> Array:
    """For each node the smallest node that it is linked with, over any number of links.

    Args:
        n_nodes: Nodes are numbered 0 to `n_nodes` - 1.
        left: One end of each link.
        right: The other end.

    >>> components(5, np.array([3, 1]), np.array([1, 4])).tolist()
    [0, 1, 2, 1, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(left), bool), (left, right)), shape=(n_nodes, n_nodes))
    _, label = connected_components(links, directed=False)
    smallest = np.full(label.max(initial=-1) + 1, n_nodes)
    np.minimum.at(smallest, label, np.arange(n_nodes))
    return np.asarray(smallest[label])


def pairs_within(group: Array, *, most: int) -> tuple[Array, Array, bool]:
    """All pairs of positions that share a group; in groups of more than `most`, each with the first `FIRST` alone.

    Args:
        group: For each position its group, any integers.
        most: The largest group of which every pair is made.

    Returns:
        Two arrays of positions, and whether every pair was made.
    """
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order])) + 1
    first, end = np.append(0, bounds), np.append(bounds, len(order))
    size = end - first
    shared = size > 1
    place = np.arange(len(order)) - np.repeat(first, size)  # of each position within its group
    limit = np.where(size <= most, size, FIRST)
    n_before = np.where(np.repeat(shared, size), np.minimum(place, np.repeat(limit, size)), 0)
    right = np.repeat(np.arange(len(order)), n_before)
    step = np.arange(len(right)) - np.repeat(np.cumsum(n_before) - n_before, n_before)
    left = np.repeat(np.repeat(first, size), n_before) + step
    return order[left], order[right], bool((size <= most).all())


def stirred(numbers: Array) -> Array:
    """64-bit numbers, each turned into another that looks like chance (the finaliser of MurmurHash3)."""
    mixed = numbers ^ (numbers >> np.uint64(33))
    mixed = mixed * np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(mixed ^ (mixed >> np.uint64(33)))
