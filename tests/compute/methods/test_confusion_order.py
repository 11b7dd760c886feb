"""The order of confused classes: its tree against SciPy's, its order against all that there are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from imbxai_widgets.compute.methods import confusion_order
from imbxai_widgets.compute.methods.confusion_groups import confusion_groups
from imbxai_widgets.compute.methods.confusion_order import ConfusionTree, confusion_tree


def tree_of(weights: np.ndarray) -> ConfusionTree:
    rows, others = np.nonzero(weights)
    return confusion_tree(rows, others, weights[rows, others], len(weights))


def drawn(n_classes: int, seed: int, density: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    weights = rng.random((n_classes, n_classes)) * (rng.random((n_classes, n_classes)) < density)
    np.fill_diagonal(weights, 0)
    return weights


def clusters(joins: np.ndarray, n_classes: int) -> list[frozenset[int]]:
    members = [frozenset([index]) for index in range(n_classes)]
    for one, other in joins.astype(int).tolist():
        members.append(members[one] | members[other])
    return members


def stand_together(tree: ConfusionTree) -> bool:
    place = np.argsort(tree.order)
    return all(
        np.ptp(place[list(each)]) == len(each) - 1 for each in clusters(tree.joins, len(tree.order))
    )


def adjacent(weights: np.ndarray, order: np.ndarray) -> float:
    both = weights + weights.T
    return float(both[order[:-1], order[1:]].sum())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_classes", [2, 3, 12, 90])
def test_the_tree_is_that_of_average_linkage(n_classes: int, seed: int) -> None:
    weights = drawn(n_classes, seed)
    distances = 3 - (weights + weights.T)
    np.fill_diagonal(distances, 0)
    expected = linkage(squareform(distances), "average")
    found = clusters(tree_of(weights).joins, n_classes)
    assert set(found) == set(clusters(expected[:, :2], n_classes))


# SciPy's optimal_leaf_ordering misses the best order of these (scipy/scipy#11227).
@pytest.mark.parametrize("seed", range(8))
def test_no_order_that_the_tree_allows_has_more_confused_neighbors(seed: int) -> None:
    weights = drawn(7, seed)
    tree = tree_of(weights)
    best = 0.0
    for turns in itertools.product((0, 1), repeat=6):
        lines = [[index] for index in range(7)]
        for (one, other), turned in zip(tree.joins.tolist(), turns, strict=True):
            first, last = (other, one) if turned else (one, other)
            lines.append(lines[first] + lines[last])
        best = max(best, adjacent(weights, np.array(lines[-1])))
    assert adjacent(weights, tree.order) == pytest.approx(best)


def test_of_many_classes_the_ends_that_are_confused_most_meet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = np.zeros((6, 6))
    for one, other, weight in [(0, 1, 9), (2, 3, 8), (4, 5, 7), (0, 3, 1), (2, 5, 1)]:
        weights[one, other] = weight
    monkeypatch.setattr(confusion_order, "EXACT", 0)
    order = tree_of(weights).order.tolist()
    assert min(order, order[::-1]) == [1, 0, 3, 2, 5, 4]


@pytest.mark.parametrize("n_classes", [30, 200])
def test_classes_of_a_block_stand_together(n_classes: int) -> None:
    rng = np.random.default_rng(0)
    block = rng.permutation(np.arange(n_classes) // 5)
    weights = 0.01 * drawn(n_classes, 1, density=0.1)
    weights += (block[:, None] == block) * (0.1 + drawn(n_classes, 2))
    np.fill_diagonal(weights, 0)
    tree = tree_of(weights)
    assert stand_together(tree)
    assert np.count_nonzero(np.diff(block[tree.order])) == n_classes // 5 - 1


@given(
    pairs=st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 3)).filter(
            lambda pair: pair[0] != pair[1]
        ),
        max_size=40,
    ),
    exact=st.booleans(),
)
@settings(deadline=None)
def test_any_confusions_make_a_whole_tree(pairs: list[tuple[int, int, int]], exact: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confusion_order, "EXACT", 64 if exact else 0)
        weights = np.zeros((9, 9))
        for one, other, weight in pairs:
            weights[one, other] += weight  # many are equal
        tree = tree_of(weights)
    assert sorted(tree.order.tolist()) == list(range(9))
    assert len(clusters(tree.joins, 9)[-1]) == 9
    assert stand_together(tree)


@pytest.mark.parametrize("n_classes", [1, 4])
def test_without_confusions_there_is_an_order_too(n_classes: int) -> None:
    tree = tree_of(np.zeros((n_classes, n_classes)))
    assert sorted(tree.order.tolist()) == list(range(n_classes))
    assert tree.joins.shape == (n_classes - 1, 2)


def test_a_class_that_all_are_taken_for_takes_no_time() -> None:
    n_classes = 3000  # looked at anew for each join, its pairs would be 4.5 million
    rows = np.arange(1, n_classes)
    tree = confusion_tree(rows, np.zeros_like(rows), 1.0 / rows, n_classes)
    assert tree.joins[0].tolist() == [0, 1]
    assert sorted(tree.order.tolist()) == list(range(n_classes))


# -- groups --------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [21, 200, 900])
def test_groups_lie_within_each_other_and_leave_no_class_out(n_classes: int) -> None:
    tree = tree_of(drawn(n_classes, 0, density=0.02))
    groups = confusion_groups(tree, parts=8, whole=12)
    spans = list(zip(groups.starts.tolist(), groups.ends.tolist(), strict=True))
    assert all(end - start >= 2 for start, end in spans)
    nodes = {frozenset(each) for each in clusters(tree.joins, n_classes)}
    assert all(frozenset(tree.order[start:end].tolist()) in nodes for start, end in spans)
    for number, parent in enumerate(groups.parents.tolist()):
        assert parent < number
        if parent >= 0:
            start, end = spans[parent]
            assert start <= spans[number][0] < spans[number][1] <= end
            assert end - start > 12  # smaller ones are not divided
    for parent in {-1, *(number for number, (a, b) in enumerate(spans) if b - a > 12)}:
        own = [spans[each] for each in np.flatnonzero(groups.parents == parent)]
        start, end = (0, n_classes) if parent < 0 else spans[parent]
        alone = end - start - sum(b - a for a, b in own)
        assert len(own) + alone == 8


def test_few_classes_make_no_groups() -> None:
    groups = confusion_groups(tree_of(drawn(5, 0)), parts=5, whole=5)
    assert groups.starts.tolist() == groups.ends.tolist() == groups.parents.tolist() == []
