"""Groups of confused classes within groups, small enough to look at one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from imbxai_widgets.compute.methods.confusion_order import ConfusionTree
from imbxai_widgets.compute.numeric.types import IntArray


@dataclass(frozen=True)
class ConfusionGroups:
    """Groups of at least two classes, each before the groups within it.

    Attributes
    ----------
    starts, ends : int64 arrays, shape (G,)
        The classes of each group, as places in the order of the tree.
    parents : int64 array, shape (G,)
        The group that each is in; -1 for those in none.
    """

    starts: IntArray
    ends: IntArray
    parents: IntArray


def confusion_groups(tree: ConfusionTree, parts: int, whole: int) -> ConfusionGroups:
    """Divide the classes of a tree into at most `parts` groups or classes, and large groups again.

    The largest part is divided where the tree joins it, until there are `parts`.

    Parameters
    ----------
    tree
        Of C classes.
    parts
        At most so many stand side by side, at least 2.
    whole
        Groups of at most so many classes are not divided again.

    Returns
    -------
    ConfusionGroups
        Empty where there are no more classes than `parts`.

    Examples
    --------
    >>> tree = ConfusionTree(np.array([[0, 3], [1, 2], [4, 5]]), np.array([0, 3, 2, 1]))
    >>> groups = confusion_groups(tree, parts=2, whole=2)
    >>> groups.starts.tolist(), groups.ends.tolist(), groups.parents.tolist()
    ([0, 2], [2, 4], [-1, -1])
    """
    size = len(tree.order)
    starts, sizes = _spans(tree)
    found: list[tuple[int, int, int]] = []
    waiting = [(2 * size - 2, -1)] if size > parts else []  # nodes, and the groups they are
    while waiting:
        node, parent = waiting.pop()
        for piece in _divide(tree, sizes, node, parts):
            if piece >= size:
                if sizes[piece] > whole:
                    waiting.append((piece, len(found)))
                found.append((starts[piece], starts[piece] + sizes[piece], parent))
    return ConfusionGroups(*np.array(found, dtype=np.int64).reshape(-1, 3).T)


def _divide(tree: ConfusionTree, sizes: list[int], node: int, parts: int) -> list[int]:
    """Return the nodes that a node is divided into."""
    classes = len(tree.order)
    pieces = [(-sizes[node], node)]  # the largest first
    while len(pieces) < parts and pieces[0][1] >= classes:
        _, largest = heappop(pieces)
        for piece in tree.joins[largest - classes].tolist():
            heappush(pieces, (-sizes[piece], piece))
    return [piece for _, piece in pieces]


def _spans(tree: ConfusionTree) -> tuple[list[int], list[int]]:
    """Return of each node where its classes begin in the order, and how many they are."""
    starts: list[int] = np.argsort(tree.order).tolist()
    sizes = [1] * len(starts)
    for one, other in tree.joins.tolist():
        starts.append(min(starts[one], starts[other]))
        sizes.append(sizes[one] + sizes[other])
    return starts, sizes
