"""What stands on the pages of a report: numbers as words, and pictures of the evidence."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from imbxai_widgets.analysis.bars import BarTables
from imbxai_widgets.analysis.diagnosis import ClassDiagnosis, Diagnosis, Finding
from imbxai_widgets.compute.methods.intervals import wilson_interval
from imbxai_widgets.compute.reading.splits import SPLITS, SplitName

MOST_MISTAKES: Final = 5  # classes that a class is taken for
MOST_SHOWN: Final = 8  # images of a cause
_SIDE: Final = 96  # pixels; larger images are shrunk to it
_UNTOLD: Final = "no interval of so few"
_STATES: Final = {
    "failing": "It fails, and no evidence of a cause was found.",
    "not failing": "It does not fail, and no fault of its images was found.",
    "too few to tell": "It has too few validation images to tell why it fails, if it does.",
    "no validation images": "It has no validation images, by which it could be judged.",
}


@dataclass(frozen=True)
class Shown:
    """An image that is evidence.

    Attributes
    ----------
    words : str
        Its split and number.
    picture : str
        A data URI of a PNG; "" where the analysis cannot read its images.
    """

    words: str
    picture: str


@dataclass(frozen=True)
class Cause:
    """A cause that holds.

    Attributes
    ----------
    title, statement, advice : str
        As of the `Finding`.
    remedies : tuple of str
        What to call to try them.
    together_with : str
        Titles of the causes that cannot be told from it.
    shown : tuple of Shown
        Some of the images that are the evidence.
    images : int
        How many these are in all.
    """

    title: str
    statement: str
    advice: str
    remedies: tuple[str, ...]
    together_with: str
    shown: tuple[Shown, ...]
    images: int


@dataclass(frozen=True)
class Mistake:
    """A class that validation images are taken for."""

    name: str
    images: int
    share: str
    interval: str


@dataclass(frozen=True)
class ClassPage:
    """What a report tells of one class, in words.

    Attributes
    ----------
    name : str
    training_images, validation_images : int
    right, interval : str
        The share of validation images that are right, and its 95% interval (Wilson's); "unknown"
        where there are none.
    summary : str
        How many images there are, and how many of them are right.
    headline : str
        Why it fails, in a line.
    causes : tuple of Cause
        Those that hold, the likeliest first.
    mistakes : tuple of Mistake
        What most of its validation errors are taken for.
    beside : tuple of str
        What holds as well, and explains no error.
    without_evidence, untested : tuple of str
        Causes of which there is no evidence, and why others were not tested.
    """

    name: str
    training_images: int
    validation_images: int
    right: str
    interval: str
    summary: str
    headline: str
    causes: tuple[Cause, ...]
    mistakes: tuple[Mistake, ...]
    beside: tuple[str, ...]
    without_evidence: tuple[str, ...]
    untested: tuple[str, ...]


def class_pages(analysis: BarTables, diagnosis: Diagnosis) -> tuple[ClassPage, ...]:
    """Return a page for each class, that of the lowest accuracy first."""
    ranks = [found.recall if found.support else np.inf for found in diagnosis.classes]
    order = np.argsort(ranks, kind="stable")
    return tuple(_page(analysis, diagnosis.classes[at], int(at)) for at in order)


def _page(analysis: BarTables, found: ClassDiagnosis, index: int) -> ClassPage:
    images = int(np.count_nonzero(analysis.labels == index))
    share, interval, counts = "unknown", "unknown", "no validation images"
    if found.support:
        right = round(found.recall * found.support)
        share, interval = f"{found.recall:.0%}", _range(*wilson_interval(right, found.support))
        counts = (
            f"{right:,} of {found.support:,} validation images are right "
            f"({share}, 95% interval {interval})"
        )
    return ClassPage(
        name=found.class_name,
        training_images=images,
        validation_images=found.support,
        right=share,
        interval=interval,
        summary=f"{images:,} training images; {counts}.",
        headline=headline(found),
        causes=tuple(_cause(analysis, found, each) for each in found.causes),
        mistakes=_mistakes(analysis, index),
        beside=tuple(f"{test.title}. {test.statement} {test.advice}" for test in found.beside),
        without_evidence=found.without_evidence,
        untested=found.untested,
    )


def headline(found: ClassDiagnosis) -> str:
    """Say in a line why a class fails.

    Examples
    --------
    >>> headline(ClassDiagnosis("Plants", "too few to tell", recall=0.17, others=0.7, support=18))
    'It has too few validation images to tell why it fails, if it does.'
    """
    if not found.causes:
        return _STATES[found.state]
    titles = [cause.title for cause in found.causes]
    first, *others = titles
    more = f" Further: {'; '.join(others)}." if others else ""
    return f"{first}.{more}"


def _cause(analysis: BarTables, found: ClassDiagnosis, cause: Finding) -> Cause:
    shown = [
        _shown(analysis, split, row)
        for split in SPLITS
        for row in cause.images.get(split, [])[:MOST_SHOWN]
    ]
    return Cause(
        title=cause.title,
        statement=cause.statement,
        advice=cause.advice,
        remedies=tuple(f"analysis.what_if({remedy!r})" for remedy in cause.remedies),
        together_with=found.alike(cause),
        shown=tuple(shown[:MOST_SHOWN]),
        images=sum(len(rows) for rows in cause.images.values()),
    )


def _shown(analysis: BarTables, split: SplitName, row: int) -> Shown:
    images = analysis.split(split)
    words = f"{split} image {images.positions[row]}"
    return Shown(words, _picture(images.images[int(row)]) if images.images is not None else "")


def _picture(pixels: np.ndarray) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE))
    file = io.BytesIO()
    image.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _mistakes(analysis: BarTables, index: int) -> tuple[Mistake, ...]:
    table = analysis.error_bars(analysis.class_names[index]).head(MOST_MISTAKES)
    return tuple(
        Mistake(
            str(name),
            int(row["images"]),
            f"{row['share']:.0%}",
            _range(row["low"], row["high"]) if np.isfinite(row["low"]) else _UNTOLD,
        )
        for name, row in table.iterrows()
    )


def _range(low: float, high: float) -> str:
    return f"{low:.0%} to {high:.0%}"
