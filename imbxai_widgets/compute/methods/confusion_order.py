"""An order of classes in which those that are confused stand together, and the tree behind it.

Classes are joined by average linkage (UPGMA) of how often they are confused, of which only pairs
that are confused at all are held: 10,000 classes would make 100 million. Up to `EXACT` classes the
tree's branches are then turned so that adjacent classes are confused as much as the tree allows
(Bar-Joseph, Gifford and Jaakkola, Bioinformatics 17, 2001). Above, each join puts those ends
together that are confused most (Gruvaeus and Wainer, British Journal of Mathematical and
Statistical Psychology 25, 1972).
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

EXACT: Final = 64  # classes; the best order takes time and memory with their third power

_Links: TypeAlias = list[dict[int, float]]  # of each node, those that it is confused with


@dataclass(frozen=True)
class ConfusionTree:
    """Classes joined pair by pair, those first that are confused most.

    Attributes
    ----------
    joins : int64 array, shape (C - 1, 2)
        The two nodes that each join makes one of: classes are nodes 0 to C - 1, join m makes node
        C + m.
    order : int64 array, shape (C,)
        The classes so that those of each node stand side by side.
    """

    joins: IntArray
    order: IntArray


def confusion_tree(
    rows: IntArray, others: IntArray, weights: DoubleArray, n_classes: int
) -> ConfusionTree:
    """Join classes by how often they are confused, in either direction.

    Parameters
    ----------
    rows, others
        (P,) the two classes of each pair, in 0..C-1; they differ.
    weights
        (P,) how often the first is taken for the second, above 0; those of both directions are
        added up.
    n_classes
        C, at least 1.

    Returns
    -------
    ConfusionTree

    Notes
    -----
    Nodes that nothing of the other is confused with are joined last, the smallest first.

    Examples
    --------
    >>> pairs = np.array([[0, 3], [3, 0], [1, 2], [2, 3]])
    >>> tree = confusion_tree(*pairs.T, np.array([0.3, 0.1, 0.2, 0.1]), 4)
    >>> tree.joins.tolist()
    [[0, 3], [1, 2], [4, 5]]
    >>> tree.order.tolist()
    [0, 3, 2, 1]
    """
    links: _Links = [{} for _ in range(n_classes)]
    for one, other, weight in zip(rows.tolist(), others.tolist(), weights.tolist(), strict=True):
        links[one][other] = links[other][one] = links[one].get(other, 0.0) + weight
    joins = _join([dict(own) for own in links])
    order = (_best_order if n_classes <= EXACT else _near_order)(joins, links)
    return ConfusionTree(np.array(joins, dtype=np.int64).reshape(-1, 2), np.array(order))


def _join(links: _Links) -> list[tuple[int, int]]:
    """Join all nodes by the chain of nearest neighbors, which average linkage allows."""
    clusters = _Clusters(links)
    chain: list[int] = []
    for start in range(len(links)):
        chain.append(start)
        while clusters.links[chain[-1]]:
            own, before = chain[-1], chain[-2] if len(chain) > 1 else -1
            nearest = clusters.nearest(own, before)
            # Rounding may make a circle of equally near ones: any two of them may be joined.
            if nearest in chain:
                del chain[-2:]
                joined = clusters.join(own, before)
                chain = chain or [joined]
            else:
                chain.append(nearest)
        chain.clear()
    clusters.join_rest()
    return clusters.joins


class _Clusters:
    """What is still to be joined. A cluster goes by the number of one of its classes.

    A cluster that is confused with many, as the largest class is, keeps its number and its heap
    when it grows, so that only what is joined to it has to be looked at.
    """

    def __init__(self, links: _Links) -> None:
        self.links = [dict(own) for own in links]  # sums over both clusters' classes
        self.joins: list[tuple[int, int]] = []
        self._nodes = list(range(len(links)))  # of each cluster, -1 for those that are gone
        self._sizes = [1] * len(links)
        # Of each cluster, how near others are, but for its own size, at the least: the true value
        # may have fallen. Largest first, of equal ones the lower number.
        self._heaps = [[(-weight, other) for other, weight in own.items()] for own in links]
        for heap in self._heaps:
            heapq.heapify(heap)

    def nearest(self, own: int, before: int) -> int:
        """Return the cluster confused most with `own`; `before` if that is equally near."""
        heap = self._heaps[own]
        while True:
            stored, other = heap[0]
            now = -self._nearness(own, other)
            if now == stored:
                break
            if now:
                heapq.heapreplace(heap, (now, other))
            else:
                heapq.heappop(heap)
        return before if before >= 0 and self._nearness(own, before) == -stored else other

    def join(self, one: int, other: int) -> int:
        """Make one cluster of two; return its number."""
        if len(self.links[one]) < len(self.links[other]):
            one, other = other, one
        links, gone = self.links[one], self.links[other]
        del links[other], gone[one]
        self._note(one, other)
        for third, weight in gone.items():
            links[third] = links.get(third, 0.0) + weight
            of_third = self.links[third]
            del of_third[other]
            of_third[one] = links[third]
            heapq.heappush(self._heaps[one], (-self._nearness(one, third), third))
            heapq.heappush(self._heaps[third], (-self._nearness(third, one), one))
        self.links[other], self._heaps[other] = {}, []
        return one

    def join_rest(self) -> None:
        """Join those that are confused with no other, the smallest first."""
        rest = [(self._sizes[each], each) for each, node in enumerate(self._nodes) if node >= 0]
        heapq.heapify(rest)
        while len(rest) > 1:
            (_, one), (_, other) = heapq.heappop(rest), heapq.heappop(rest)
            self._note(one, other)
            heapq.heappush(rest, (self._sizes[one], one))

    def _nearness(self, own: int, other: int) -> float:
        return self.links[own].get(other, 0.0) / self._sizes[other]

    def _note(self, one: int, other: int) -> None:
        pair = sorted((self._nodes[one], self._nodes[other]))
        self.joins.append((pair[0], pair[1]))
        self._nodes[one], self._nodes[other] = len(self._nodes) + len(self.joins) - 1, -1
        self._sizes[one] += self._sizes[other]


def _near_order(joins: list[tuple[int, int]], links: _Links) -> list[int]:
    """Put those ends together, join by join, that are confused most."""
    lines = [deque([index]) for index in range(len(links))]
    for one, other in joins:
        long, short = lines[one], lines[other]
        if len(long) < len(short):
            long, short = short, long
        meetings = [
            (links[long[end]].get(short[start], 0.0), end, start)
            for end in (-1, 0)
            for start in (0, -1)
        ]
        _, end, start = max(meetings, key=lambda meeting: meeting[0])  # the first of equal ones
        inward = short if start == 0 else reversed(short)
        (long.extend if end == -1 else long.extendleft)(inward)
        lines.append(long)
    return list(lines[-1])


def _best_order(joins: list[tuple[int, int]], links: _Links) -> list[int]:
    """Turn the branches so that the sum over adjacent classes is as large as possible."""
    size = len(links)
    confused = np.zeros((size, size))
    for index, own in enumerate(links):
        confused[index, list(own)] = list(own.values())
    members = [np.array([index]) for index in range(size)]
    # Of each node, for each of its classes as first and as last one, the largest sum.
    best: list[DoubleArray] = [np.zeros((1, 1)) for _ in range(size)]
    for one, other in joins:
        across = confused[np.ix_(members[one], members[other])]
        sums = _most(_most(best[one], across), best[other])
        members.append(np.concatenate([members[one], members[other]]))
        left, right = np.full_like(best[one], -np.inf), np.full_like(best[other], -np.inf)
        best.append(np.block([[left, sums], [sums.T, right]]))

    def line(node: int, first: int, last: int) -> list[int]:
        """Return the classes of a node between two of them, given as places in `members`."""
        if node < size:
            return [node]
        one, other = joins[node - size]
        split = len(members[one])
        if first >= split:
            return line(node, last, first)[::-1]
        across = confused[np.ix_(members[one], members[other])]
        sums = best[one][first][:, np.newaxis] + across + best[other][:, last - split]
        end, start = np.unravel_index(int(sums.argmax()), sums.shape)
        return [*line(one, first, int(end)), *line(other, int(start), last - split)]

    root = len(best) - 1
    first, last = np.unravel_index(int(best[root].argmax()), best[root].shape)
    return [int(members[root][0])] if size == 1 else line(root, int(first), int(last))


def _most(one: DoubleArray, other: DoubleArray) -> DoubleArray:
    """Return the matrix product of two, with sums in place of products and maxima of sums."""
    most: DoubleArray = (one[:, :, np.newaxis] + other[np.newaxis]).max(axis=1)
    return most
