"""Clusters that are placed whole, and stay where they are when rows arrive."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.clusters import resolve

N_PLACES = 3


@dataclass
class Store:
    """What is remembered from build to build: the cluster of each node. Its name says where it is placed."""

    known: dict[str, str] = field(default_factory=dict)

    def place_of(self, cluster: str) -> int:
        return sum(cluster.encode()) % N_PLACES

    def build(self, rows: list[tuple[str, ...]], near: set[frozenset[str]]) -> dict[tuple[str, ...], str | None]:
        """The cluster of every row, None for a bridge; what is new is remembered."""
        rows = sorted(set(rows))
        names = sorted({node for row in rows for node in row} | set(self.known.values()))
        number = {name: i for i, name in enumerate(names)}
        width = max((len(row) for row in rows), default=1)
        matrix = np.array([[number[n] for n in row] + [-1] * (width - len(row)) for row in rows]).reshape(-1, width)
        known = np.array([number[self.known[name]] if name in self.known else -1 for name in names])
        place = np.full(len(names), -1)
        for name in set(self.known.values()):
            place[number[name]] = self.place_of(name)
        pairs = [sorted(number[n] for n in pair) for pair in near if all(n in number for n in pair)]
        found = resolve(matrix, np.array(sorted(pairs), np.int64).reshape(-1, 2), known, place)
        for name, i in number.items():
            if name not in self.known and found.cluster[i] >= 0:
                self.known[name] = names[found.cluster[i]]
        return {
            row: None if is_bridge else names[cluster]
            for row, cluster, is_bridge in zip(rows, found.row_cluster, found.is_bridge, strict=True)
        }


def test_rows_that_share_a_value_over_several_columns_are_one_cluster() -> None:
    told = Store().build([("d:1", "u:1"), ("d:1", "u:2"), ("d:2", "u:2"), ("d:3", "u:3"), ("u:9",)], set())

    assert told == {
        ("d:1", "u:1"): "d:1",
        ("d:1", "u:2"): "d:1",
        ("d:2", "u:2"): "d:1",
        ("d:3", "u:3"): "d:3",
        ("u:9",): "u:9",
    }


def test_a_row_that_joins_two_places_is_a_bridge_and_its_new_value_is_as_if_not_there() -> None:
    store = Store()
    store.build([("a",), ("b",)], set())  # of places 1 and 2

    told = store.build([("a",), ("b",), ("a", "b", "x"), ("x", "y")], set())

    assert told == {("a",): "a", ("b",): "b", ("a", "b", "x"): None, ("x", "y"): "x"}


def test_a_row_that_joins_two_clusters_of_one_place_takes_the_smaller_name_again_and_again() -> None:
    store = Store()
    store.build([("a",), ("d",)], set())  # both of place 1

    for _ in range(2):
        told = store.build([("a",), ("d",), ("d", "z"), ("a", "z")], set())
        assert told == {("a",): "a", ("d",): "d", ("d", "z"): "a", ("a", "z"): "a"}


def test_a_chain_of_new_rows_between_two_places_is_cut_once() -> None:
    store = Store()
    store.build([("a",), ("b",)], set())

    told = store.build([("a",), ("a", "p"), ("p", "q"), ("b", "q"), ("b",)], set())

    assert [row for row, cluster in told.items() if cluster is None] == [("p", "q")]


def test_a_text_that_is_near_two_places_is_a_bridge() -> None:
    store = Store()
    store.build([("a",), ("b",)], set())

    told = store.build([("a",), ("b",), ("t",), ("t", "v")], {frozenset("at"), frozenset("bt")})

    assert told == {("a",): "a", ("b",): "b", ("t",): None, ("t", "v"): None}


def test_a_table_of_fewer_values_than_places_stays_where_it_is() -> None:
    store = Store()
    store.build([("b",)], set())  # of place 2

    assert store.build([("b",)], set()) == {("b",): "b"}


NODES = st.sampled_from("abcdefghijklmnop")
ROWS = st.sets(NODES, min_size=1, max_size=3).map(lambda nodes: tuple(sorted(nodes)))
PAIRS = st.frozensets(NODES, min_size=2, max_size=2)


@settings(max_examples=120, deadline=None)
@given(
    batches=st.lists(st.lists(ROWS, min_size=1, max_size=8), min_size=1, max_size=5), near=st.sets(PAIRS, max_size=6)
)
def test_whatever_arrives_no_old_row_moves_and_nothing_near_is_placed_apart(
    batches: list[list[tuple[str, ...]]], near: set[frozenset[str]]
) -> None:
    store, before = Store(), {}
    rows: list[tuple[str, ...]] = []
    for batch in batches:
        rows += batch
        told = store.build(rows, near)

        assert {row: told[row] for row in before} == before
        places: dict[str, set[int]] = {}
        for row, cluster in told.items():
            for node in row if cluster else ():
                places.setdefault(node, set()).add(store.place_of(str(cluster)))
        assert all(len(found) == 1 for found in places.values())
        assert all(
            len(set.union(*(places[node] for node in pair))) == 1
            for pair in near
            if all(node in places for node in pair)
        )
        before = told


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=10), near=st.sets(PAIRS, max_size=6))
def test_without_a_history_no_row_is_a_bridge(rows: list[tuple[str, ...]], near: set[frozenset[str]]) -> None:
    assert None not in Store().build(rows, near).values()
