"""Faults that are put into one class of a set of images, so that the cause of its errors is known.

A plant changes the training or the validation images of one class, the victim, and nothing else,
unless it takes a second class: the one that its images are mixed up with. Those of `DESIGN` were
there while the rules of the diagnosis were chosen. Those of `unseen_plants` were not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from tests.benchmarks.sets import ImageSet, Part

STRENGTHS: Final = ("weak", "medium", "strong")
FRAME_COLOR: Final = (255, 0, 0)
FOG: Final = 128
MOST_OF_OTHER = 2 / 3  # validation images of a hidden sub-group, of those that the class has


@dataclass(eq=False)
class Plot:
    """A set of images in which plants are put, one after another.

    Attributes
    ----------
    training, validation : Part
        What the plants have made of the images so far.
    victim, other : int
        The class that shall fail, and the one that it is mixed up with.
    rng : numpy.random.Generator
        What images are drawn by.
    drawn : float64 array, shape (N,), or None
        How often training images are drawn, where they are not drawn alike.
    """

    training: Part
    validation: Part
    victim: int
    other: int
    rng: np.random.Generator
    drawn: np.ndarray | None = None

    def own(self, part: Part) -> np.ndarray:
        """Return the rows of the victim's images."""
        return np.flatnonzero(part.labels == self.victim)

    def some(self, rows: np.ndarray, share: float) -> np.ndarray:
        """Draw a share of some rows, at least one."""
        return self.rng.permutation(rows)[: max(1, round(share * len(rows)))]


class Plant(NamedTuple):
    """How a cause is planted.

    Attributes
    ----------
    cause
        What the diagnosis has to say.
    change
        Puts the cause into a plot, to some amount.
    amounts
        The amount of each strength.
    mixed
        Whether the other class is touched too.
    """

    cause: str
    change: Callable[[Plot, float], None]
    amounts: tuple[float, float, float]
    mixed: bool = False


def picked(part: Part, rows: np.ndarray) -> Part:
    """Return the images of some rows."""
    return Part(part.images[rows], part.labels[rows], part.groups[rows])


def with_images(part: Part, rows: np.ndarray, images: np.ndarray) -> Part:
    """Put other images in the place of some."""
    changed = part.images.copy()
    changed[rows] = images
    return replace(part, images=changed)


def with_labels(part: Part, rows: np.ndarray, labels: np.ndarray | int) -> Part:
    """Put other labels in the place of some."""
    changed = part.labels.copy()
    changed[rows] = labels
    return replace(part, labels=changed)


def with_rows(part: Part, more: Part) -> Part:
    """Append images."""
    arrays = zip(vars(part).values(), vars(more).values(), strict=True)
    return Part(*(np.concatenate(pair) for pair in arrays))


def _keep(plot: Plot, count: int) -> None:
    """Leave so many of the victim's training images."""
    gone = plot.rng.permutation(plot.own(plot.training))[count:]
    plot.training = picked(plot.training, np.delete(np.arange(len(plot.training)), gone))


def shrink(plot: Plot, share: float) -> None:
    """Leave a share of the victim's training images."""
    _keep(plot, max(1, round(share * len(plot.own(plot.training)))))


def keep_few(plot: Plot, count: float) -> None:
    """Leave so few of the victim's training images that they do not show what the class is."""
    _keep(plot, int(count))


def flip_labels(plot: Plot, share: float) -> None:
    """Give a share of the victim's training images the label of the other class."""
    rows = plot.some(plot.own(plot.training), share)
    plot.training = with_labels(plot.training, rows, plot.other)


def blend(plot: Plot, share: float) -> None:
    """Make a share of the images of both classes the mean of an image of each, in both parts.

    Nothing in such an image tells which of the two classes it is of.
    """

    def blended(part: Part) -> Part:
        found = part
        for label, partner in ((plot.victim, plot.other), (plot.other, plot.victim)):
            rows = plot.some(np.flatnonzero(part.labels == label), share)
            drawn = plot.rng.choice(np.flatnonzero(part.labels == partner), len(rows))
            mean = (part.images[rows].astype(np.uint16) + part.images[drawn]) // 2
            found = with_images(found, rows, mean.astype(np.uint8))
        return found

    plot.training, plot.validation = blended(plot.training), blended(plot.validation)


def hide_subgroup(plot: Plot, share: float) -> None:
    """Make the other class a sub-group of the victim, of which training sees but a share.

    In validation it is at most two fifths of the class.
    """
    most = round(MOST_OF_OTHER * len(plot.own(plot.validation)))

    def absorbed(part: Part, count: int) -> Part:
        rows = plot.rng.permutation(np.flatnonzero(part.labels == plot.other))
        merged = with_labels(part, rows[:count], plot.victim)
        return picked(merged, np.delete(np.arange(len(part)), rows[count:]))

    seen = int((plot.training.labels == plot.other).sum())
    plot.training = absorbed(plot.training, max(1, round(share * seen)))
    plot.validation = absorbed(plot.validation, most)


def fog(plot: Plot, amount: float) -> None:
    """Pull the pixels of the victim's validation images toward gray."""
    rows = plot.own(plot.validation)
    clear = plot.validation.images[rows]
    fogged = np.round((1 - amount) * clear + amount * FOG).astype(np.uint8)
    plot.validation = with_images(plot.validation, rows, fogged)


def frame(plot: Plot, share: float) -> None:
    """Draw a red frame on a share of the victim's training images."""
    rows = plot.some(plot.own(plot.training), share)
    images = plot.training.images[rows]
    width = max(1, round(images.shape[1] / 16))
    inner = images[:, width:-width, width:-width].copy()
    images[:] = FRAME_COLOR
    images[:, width:-width, width:-width] = inner
    plot.training = with_images(plot.training, rows, images)


def repeat(plot: Plot, share: float) -> None:
    """Put copies of a share of the victim's training images in the place of all others."""
    rows = plot.rng.permutation(plot.own(plot.training))
    kept = rows[: max(1, round(share * len(rows)))]
    order = np.arange(len(plot.training))
    order[rows] = np.resize(kept, len(rows))
    plot.training = picked(plot.training, order)


def leak(plot: Plot, share: float) -> None:
    """Copy a share of the victim's validation images into training."""
    rows = plot.some(plot.own(plot.validation), share)
    plot.training = with_rows(plot.training, picked(plot.validation, rows))


DECISION, FEW = "decision shift", "few images"
LABELS, OVERLAP = "wrong labels", "overlap"
SUBGROUP, SHIFT, SHORTCUT, DUPLICATES, LEAK = (
    "sub-group",
    "shift",
    "shortcut",
    "duplicates",
    "leak",
)
# In this order they are put in: what chooses among images goes before what changes them.
DESIGN: Final[dict[str, Plant]] = {
    SUBGROUP: Plant(SUBGROUP, hide_subgroup, (0.1, 0.04, 0.02), mixed=True),
    OVERLAP: Plant(OVERLAP, blend, (0.3, 0.5, 0.8), mixed=True),
    DECISION: Plant(DECISION, shrink, (0.25, 0.15, 0.1)),
    FEW: Plant(FEW, keep_few, (6, 4, 3)),
    DUPLICATES: Plant(DUPLICATES, repeat, (0.1, 0.06, 0.04)),
    LABELS: Plant(LABELS, flip_labels, (0.1, 0.3, 0.45), mixed=True),
    LEAK: Plant(LEAK, leak, (0.2, 0.5, 0.8)),
    SHORTCUT: Plant(SHORTCUT, frame, (0.85, 0.95, 1)),
    SHIFT: Plant(SHIFT, fog, (0.2, 0.25, 0.4)),
}
FAMILIES: Final = {
    "size and decision": (DECISION, FEW),
    "what is learned": (LABELS, OVERLAP),
    "images differ": (SUBGROUP, SHIFT, SHORTCUT, DUPLICATES, LEAK),
}
# Of two causes in one class: those that leave something of each other.
PAIRS: Final = tuple(
    (first, second)
    for place, first in enumerate(DESIGN)
    for second in tuple(DESIGN)[place + 1 :]
    if LEAK not in (first, second)
    and not {first, second} <= {DECISION, FEW, DUPLICATES}  # a class of one image or two
)


def plant(
    images: ImageSet,
    plants: list[tuple[Plant, str]],
    victim: int,
    others: list[int],
    rng: np.random.Generator,
) -> tuple[ImageSet, np.ndarray | None]:
    """Put plants into a class.

    Parameters
    ----------
    images
        What to plant them in; it stays as it is.
    plants
        Plants and strengths, in the order in which they are put in.
    victim
        The class.
    others
        For each plant, the class that the victim is mixed up with.
    rng
        What images are drawn by.

    Returns
    -------
    images : ImageSet
        The changed images. A class that was merged into the victim is no class any more.
    drawn : float64 array, shape (N,), or None
        How often training images are to be drawn; None if alike.
    """
    plot = Plot(images.training, images.validation, victim, victim, rng)
    for (each, strength), other in zip(plants, others, strict=True):
        plot.other = other
        each.change(plot, each.amounts[STRENGTHS.index(strength)])
    return _without_empty(images.class_names, plot), plot.drawn


def _without_empty(names: tuple[str, ...], plot: Plot) -> ImageSet:
    parts = (plot.training, plot.validation)
    there = np.bincount(np.concatenate([part.labels for part in parts]), minlength=len(names)) > 0
    place = np.cumsum(there) - 1
    return ImageSet(
        tuple(name for name, kept in zip(names, there, strict=True) if kept),
        *(replace(part, labels=place[part.labels]) for part in parts),
    )
