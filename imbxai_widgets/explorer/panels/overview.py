"""The overview: which classes are confused with which, over all classes.

Its numbers are those of `Analysis`. Of all pairs of classes only those that are confused travel,
as bytes: 10,000 classes have 100 million pairs. A folded group of classes has the sums of their
counts, which the front end adds up, as which groups are folded is decided there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypedDict

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from imbxai_widgets.compute.methods.confusion_groups import confusion_groups
from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.methods.share_intervals import PairIntervals
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.panel import Panel, PanelContent
from imbxai_widgets.explorer.summary import Summary, summary
from imbxai_widgets.presentation import WEAK_SUPPORT

HEAT_MAP_CLASSES = 30  # a cell for each pair; of more, a list of pairs, and groups that unfold
GROUP_PARTS = 20
WHOLE_GROUP = 80  # classes that a group unfolds to at once


class Confusions(TypedDict):
    """Which classes are confused with which, by one count; int32, little-endian, but for lifts."""

    split: Literal["validation", "training"]
    perImage: int  # what an image of a class counts at most: 1, or one vote for each neighbor
    images: bytes  # (C,) of each class
    errors: bytes  # (C,) how many of them are misclassified
    totals: bytes  # (C,) sums of the rows of counts
    rows: bytes  # (P,) true class of each pair, rising
    others: bytes  # (P,) predicted class, or class of the neighbors, rising within a row
    counts: bytes  # (P,) validation errors, or votes
    cast: bytes  # (P,) misclassified images behind each count
    lows: bytes  # (P,) float32, ends of the interval of a share, NaN where few images tell it
    highs: bytes
    lifts: bytes  # (P,) float32, how often for the other class's size, see `PairCounts.lifts`


class Groups(TypedDict):
    """Groups of classes as places in the order; see `ConfusionGroups`."""

    starts: list[int]
    ends: list[int]
    parents: list[int]


class Overview(TypedDict):
    """All classes and how they are confused."""

    names: list[str]
    order: list[int]  # class numbers, so that classes that are confused stand together
    groups: Groups | None  # of many classes, where no heat map is shown
    weak: int  # shares of fewer errors than this are faint
    confusions: list[Confusions]  # of validation, if there are such images, then of training
    summary: Summary


class OverviewContent(PanelContent):
    """How all classes are confused."""

    name = "overview"
    place = "tab"
    tab = "All classes"

    def widget(self, selected: int) -> OverviewPanel:
        """Return the overview with class `selected` marked."""
        return OverviewPanel(overview=overview(self.deck), selected=selected)


class OverviewPanel(Panel):
    """Heat map of which classes are confused; of many, pairs and groups that unfold.

    Parameters
    ----------
    overview : dict
        All classes and how they are confused; see `Overview`.
    selected : int
        Index of the selected class, which is marked. A class picked in the page comes to Python by
        the linker alone.
    filter : dict
        The images that a click asks for; set in the page alone.
    """

    waits = True
    _bundle = "overview"

    overview: Any = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    filter: Any = traitlets.Dict().tag(sync=True)


def overview(deck: Deck) -> Overview:
    """Return how all classes of `deck` are confused.

    Of more than `HEAT_MAP_CLASSES` classes, groups of at most `GROUP_PARTS` parts come along.
    """
    analysis, tree = deck.analysis, deck.rows.confusion_tree
    groups = None
    if analysis.n_classes > HEAT_MAP_CLASSES:
        found = confusion_groups(tree, GROUP_PARTS, WHOLE_GROUP)
        groups = Groups(
            starts=found.starts.tolist(), ends=found.ends.tolist(), parents=found.parents.tolist()
        )
    return {
        "names": [deck.name(index) for index in range(analysis.n_classes)],
        "order": tree.order.tolist(),
        "groups": groups,
        "weak": WEAK_SUPPORT,
        "confusions": list(_confusions(deck)),
        "summary": summary(deck),
    }


def _confusions(deck: Deck) -> Iterator[Confusions]:
    rows = deck.rows
    training, unseen = rows.training_groups, rows.validation_groups
    sizes = training.images.sum(axis=1)
    if rows.validation_errors is not None and unseen is not None and unseen.images.any():
        images, errors = unseen.images.sum(axis=1), unseen.errors.sum(axis=1)
        pairs, ends = rows.validation_errors, rows.error_intervals
        assert ends is not None  # as there are validation images
        yield _sent("validation", 1, images, errors, pairs, ends, pairs.lifts(sizes))
    errors = training.errors.sum(axis=1)
    votes, ends = rows.votes, rows.vote_intervals
    yield _sent("training", deck.analysis.k, sizes, errors, votes, ends, votes.lifts(sizes))


def _sent(
    split: Literal["validation", "training"],
    per_image: int,
    images: IntArray,
    errors: IntArray,
    pairs: PairCounts,
    intervals: PairIntervals,
    lifts: ArrayLike,
) -> Confusions:
    return {
        "split": split,
        "perImage": per_image,
        "images": _bytes(images),
        "errors": _bytes(errors),
        "totals": _bytes(pairs.totals),
        "rows": _bytes(np.repeat(np.arange(len(images)), np.diff(pairs.starts))),
        "others": _bytes(pairs.others),
        "counts": _bytes(pairs.counts),
        "cast": _bytes(intervals.images),
        "lows": _bytes(intervals.low, "<f4"),
        "highs": _bytes(intervals.high, "<f4"),
        "lifts": _bytes(lifts, "<f4"),
    }


def _bytes(values: ArrayLike, kind: str = "<i4") -> bytes:
    return np.asarray(values).astype(kind).tobytes()
