"""Which cluster each row belongs to, so that what belongs together is placed together and nothing old moves.

A row is known by its nodes: the values that it shares with others (`user:u1`), its text, its numbers. Which nodes are
near each other is `checks.near_text` and `checks.near_numbers`; where a cluster's rows go is the policy's matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from checks.entities import Array, components

NOBODY = -1


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What was decided.

    Attributes:
        cluster: For each node its cluster, a number of the same order as nodes; -1 for a node that is in none, as all
            its rows are bridges.
        row_cluster: For each row its cluster; -1 for a bridge and for a row without nodes.
        is_bridge: For each row, whether it would join clusters that are placed differently.
    """

    cluster: Array
    row_cluster: Array
    is_bridge: Array


def resolve(rows: Array, near: Array, known: Array, place: Array) -> Resolved:
    """Give every row a cluster, or call it a bridge. What is known stays as it is.

    New nodes that are linked, by a row or by being near, form a new cluster, named by the smallest of them. If they are
    linked with known clusters they join the smallest of these. Where known clusters of different places would be
    joined, rows are taken one after the other in the order in which they are given, and one that would join two places
    is a bridge: its new nodes are as if they were not there, unless another row has them.

    Args:
        rows: A row each, no two the same: the numbers of its nodes, -1 where it has none.
        near: Two nodes each.
        known: For each node the cluster that it was given before (a number of the same order), or -1.
        place: For each number that is a known cluster, where it is placed, else -1. Only whether two are the same
            counts.
    """
    cluster = known.copy()
    if not len(known):
        return Resolved(
            cluster=cluster, row_cluster=np.full(len(rows), NOBODY), is_bridge=np.zeros(len(rows), dtype=bool)
        )
    is_new = (rows >= 0) & (known[rows] < 0)
    asks = is_new.any(axis=1)
    left, right = _links(rows[asks])
    fresh = near[(known[near] < 0).any(axis=1)]
    # Known nodes stand for their clusters: those are joined, not what is in them.
    self_or_cluster = np.where(known >= 0, known, np.arange(len(known)))
    ends = self_or_cluster[np.stack([np.append(left, fresh[:, 0]), np.append(right, fresh[:, 1])])]
    part = components(len(known), ends[0], ends[1])
    torn = _torn(part, known, place)
    new_nodes = np.unique(rows[is_new])
    whole = new_nodes[~torn[part[new_nodes]]]
    cluster[whole] = _name_of_part(part, known, new_nodes)[part[whole]]
    tasks = np.flatnonzero(asks & torn[part[self_or_cluster[_any_node(rows)]]])
    bridges = _one_by_one(rows, tasks, fresh[torn[part[self_or_cluster[fresh[:, 0]]]]], cluster, place)
    return _of_rows(rows, cluster, place, bridges)


def _links(rows: Array) -> tuple[Array, Array]:
    """The nodes of each row, each with the first one."""
    first = _any_node(rows)
    there = rows >= 0
    return np.broadcast_to(first[:, None], rows.shape)[there], rows[there]


def _any_node(rows: Array) -> Array:
    """The first node of each row; 0 for a row without one."""
    return rows[np.arange(len(rows)), (rows >= 0).argmax(axis=1)].clip(min=0) if rows.size else np.empty(0, np.int64)


def _torn(part: Array, known: Array, place: Array) -> Array:
    """For each part, by its number, whether it holds known clusters of different places."""
    clusters = np.unique(known[known >= 0])
    low, high = np.full(len(part), place.max(initial=0) + 1), np.full(len(part), -1)
    np.minimum.at(low, part[clusters], place[clusters])
    np.maximum.at(high, part[clusters], place[clusters])
    return np.asarray(high > low)


def _name_of_part(part: Array, known: Array, new_nodes: Array) -> Array:
    """For each part the smallest known cluster in it, or the smallest new node."""
    n = len(part)
    clusters = np.unique(known[known >= 0])
    smallest = np.full(n, n)
    np.minimum.at(smallest, part[clusters], clusters)
    smallest_new = np.full(n, n)
    np.minimum.at(smallest_new, part[new_nodes], new_nodes)
    return np.where(smallest < n, smallest, smallest_new)


def _one_by_one(rows: Array, tasks: Array, near: Array, cluster: Array, place: Array) -> set[int]:
    """Decide rows that are linked with more than one place; writes the clusters of their new nodes, tells bridges."""
    neighbours: dict[int, list[int]] = {}
    for one, other in near.tolist():
        neighbours.setdefault(one, []).append(other)
        neighbours.setdefault(other, []).append(one)
    forest = _Forest(cluster, place)
    bridges = set()
    for task in tasks.tolist():
        nodes = [node for node in rows[task].tolist() if node >= 0]
        fresh = [node for node in nodes if node not in forest]
        around = [other for node in fresh for other in neighbours.get(node, ()) if other in forest]
        if not forest.joined(nodes, around):
            bridges.add(task)
    for node, name in forest.names():
        cluster[node] = name
    return bridges


def _of_rows(rows: Array, cluster: Array, place: Array, bridges: set[int]) -> Resolved:
    """What the clusters of nodes make of rows."""
    none = len(cluster)
    given = np.where(rows >= 0, cluster[rows], NOBODY)
    smallest = np.where(given >= 0, given, none).min(axis=1, initial=none)
    where = np.where(given >= 0, place[given], NOBODY)
    nowhere = place.max(initial=0) + 1
    lowest = np.where(where >= 0, where, nowhere).min(axis=1, initial=nowhere)
    is_bridge = where.max(axis=1, initial=NOBODY) > lowest
    is_bridge[list(bridges)] = True
    row_cluster = np.where(is_bridge | (smallest == none), NOBODY, smallest)
    return Resolved(cluster=cluster, row_cluster=row_cluster, is_bridge=is_bridge)


class _Forest:
    """Nodes that were taken in so far, joined into trees, each of one place at most."""

    def __init__(self, cluster: Array, place: Array) -> None:
        self._cluster, self._place = cluster, place
        self._parent: dict[int, int] = {}
        self._new: list[int] = []

    def __contains__(self, node: int) -> bool:
        return node in self._parent or self._cluster[node] >= 0

    def joined(self, nodes: list[int], around: list[int]) -> bool:
        """Join the nodes and those around them, unless they are of different places."""
        roots = {self._root(node) for node in (*nodes, *around) if node in self}
        places = {place for root in roots if (place := self._place_of(root)) is not None}
        if len(places) > 1:
            return False
        for node in nodes:
            if node not in self:
                self._parent[node] = node
                self._new.append(node)
                roots.add(node)
        # A known cluster leads, the smallest of them; else the smallest new node.
        leader = min(roots, key=lambda root: (self._place_of(root) is None, root))
        for root in roots:
            self._parent[root] = leader
        return True

    def _root(self, node: int) -> int:
        if node not in self._parent:
            node = int(self._cluster[node])
            self._parent.setdefault(node, node)
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def _place_of(self, root: int) -> int | None:
        return int(self._place[root]) if self._place[root] >= 0 else None

    def names(self) -> Iterator[tuple[int, int]]:
        """The new nodes with the clusters that they are in."""
        return ((node, self._root(node)) for node in self._new)
