"""Class-balanced archetypes against fractions, and the limits that their text names."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.compute.methods.archetypes import BORDER, OUTLIER, RARE, SAFE, assign_archetypes
from imbxai_widgets.compute.methods.balanced import (
    balanced_archetypes,
    balanced_neighbors,
    balanced_shares,
    best_balanced_archetypes,
)


def reference(own: int, near: list[int], sizes: list[int], among: bool) -> Fraction:
    parts = {
        label: Fraction(count, sizes[label] - (among and label == own))
        for label, count in Counter(near).items()
    }
    return parts.get(own, Fraction(0)) / sum(parts.values())


def kind(share: Fraction) -> int:
    if share > Fraction(7, 10):
        return SAFE
    if share > Fraction(3, 10):
        return BORDER
    return RARE if share > 0 else OUTLIER


@st.composite
def neighborhoods(draw: Any) -> tuple[list[int], int, list[int], bool]:
    """Sizes of classes, the class of an image, and classes of its neighbors, as can be drawn."""
    sizes = draw(st.lists(st.integers(1, 40), min_size=2, max_size=5))
    own, among = draw(st.integers(0, len(sizes) - 1)), draw(st.booleans())
    pool = [
        label for label, size in enumerate(sizes) for _ in range(size - (among and label == own))
    ]
    near = draw(st.permutations(pool))[: draw(st.integers(1, min(20, len(pool))))]
    return sizes, own, near, among


@given(neighborhoods())
def test_shares_and_archetypes_are_those_of_fractions(case: Any) -> None:
    sizes, own, near, among = case
    expected = reference(own, near, sizes, among)
    shares = balanced_shares([own], [near], sizes, among=among)
    assert shares[0] == pytest.approx(float(expected), abs=1e-14)
    assert balanced_archetypes(shares)[0] == kind(expected)


def test_of_equally_large_classes_validation_images_are_as_they_are_in_plain_ones() -> None:
    near = np.tri(11, 10, -1, dtype=np.int64)  # row s has s neighbors of class 1
    own = np.ones(11, dtype=np.int64)
    shares = balanced_shares(own, near, [30, 30], among=False)
    assert balanced_archetypes(shares).tolist() == assign_archetypes(own, near).tolist()


def test_a_tiny_class_can_be_safe_and_outweighs_a_large_one() -> None:
    """The two sides that docs/balanced.md tells of."""
    sizes = [500, 4]
    own_three = [[1, 1, 1, *[0] * 7]]
    assert assign_archetypes([1], [own_three[0][:5]])[0] == BORDER  # 3 of 5: never safe
    assert balanced_archetypes(balanced_shares([1], own_three, sizes, among=True))[0] == SAFE
    nine = balanced_shares([0], [[*[0] * 9, 1]], sizes, among=True)
    assert nine[0] == pytest.approx((9 / 499) / (9 / 499 + 1 / 4))
    assert balanced_archetypes(nine)[0] == RARE


def test_twice_as_many_neighbors_count_or_all_others() -> None:
    assert [balanced_neighbors(5, size) for size in (2, 6, 11, 12, 10_000)] == [1, 5, 10, 10, 10]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=4), st.integers(1, 3))
def test_the_best_one_is_reached_and_none_is_better(sizes: list[int], k: int) -> None:
    best = best_balanced_archetypes(sizes, k)
    total = sum(sizes)
    for own, size in enumerate(sizes):
        if total < 2 or size < 2:
            assert best[own] == OUTLIER
            continue
        wide = balanced_neighbors(k, total)
        others = [label for label, n in enumerate(sizes) if label != own for _ in range(n)]
        mine = min(size - 1, wide)
        # Of all ways to fill the rest, the one of the least weight: the largest classes first.
        rest = sorted(others, key=lambda label: -sizes[label])[: wide - mine]
        assert best[own] == kind(reference(own, [own] * mine + rest, sizes, True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neighbor_labels": [[]]}, "at least one neighbor"),
        ({"sizes": [1, 3]}, "class without others"),
        ({"neighbor_labels": [[2]]}, "must lie in 0..1"),
        ({"labels": [0.5]}, "must hold integers"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    given_ = {"labels": [0], "neighbor_labels": [[0]], "sizes": [3, 3], "among": True} | changes
    with pytest.raises(ValueError, match=message):
        balanced_shares(**given_)
