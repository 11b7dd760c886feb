"""An analysis after edits of labels and images, without the network."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import torch

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis._neighbors import neighbors_among, neighbors_in
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.methods.archetypes import assign_archetypes
from imbxai_widgets.compute.methods.permutation import warn_of_permutation
from imbxai_widgets.compute.neighbors.search import Neighbors
from imbxai_widgets.compute.numeric.checks import check_enough
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray
from imbxai_widgets.compute.reading.labeled_images import Skipped
from imbxai_widgets.compute.reading.paths import paths_of
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.edits import Edits

LEFT_OUT = "left out by an edit"


@dataclass(frozen=True, eq=False)
class _Change:
    """What edits do to a split."""

    rows: IntArray  # that stay
    labels: IntArray  # of these
    top: TopProbabilities  # of these
    whole: bool  # whether no row is left out

    @classmethod
    def of(cls, analysis: AnalysisData, name: SplitName, edits: Edits) -> _Change:
        split = analysis.split(name)
        new, left_out = edits.of_split(name)
        labels = split.labels.copy()
        labels[list(new)] = list(new.values())
        rows = np.delete(np.arange(len(split)), left_out)
        top = _top(split, rows, labels[rows], analysis.n_classes)
        warn_of_permutation(labels[rows], top, analysis.class_names, name)
        return cls(rows, labels[rows], top, not left_out)


def analysis_with_edits(
    analysis: AnalysisData, edits: Edits, *, device: str | torch.device | None = None
) -> AnalysisData:
    """Return an analysis after edits, without running the network.

    Labels, archetypes, votes, overlap and colors are those of a fresh analysis of the edited
    images, with the outputs and embeddings that the network gave. Where training images are left
    out, all neighbors are searched again: each image has the k nearest of those left.

    Parameters
    ----------
    analysis : AnalysisData
    edits : Edits
        Of its images.
    device : str or torch.device, optional
        Where neighbors are searched, as for `analyze`.

    Returns
    -------
    AnalysisData
        `Analysis.with_edits` wraps it. Images keep their numbers in the dataset; those left out
        are listed by `Analysis.skipped`. A map stays as it is. The probability of a new
        label is exact where it is among those kept of an image (the ten largest) or the head is
        known; else it is estimated: what the ten leave, shared among all other classes.

    Raises
    ------
    ValueError
        If the edits belong to other images, or so many are left out that k neighbors are not left.

    Warns
    -----
    UserWarning
        If an older version saved the analysis, so that the colors of its classes cannot follow the
        edits; they are left out. And as `assemble` does.
    """
    edits.check_belongs(analysis)
    train = _Change.of(analysis, "training", edits)
    check_enough(len(train.rows), analysis.k)
    edited = _edited(analysis.train, train, _training_neighbors(analysis, train, device), train)
    held_out = None
    if analysis.validation is not None:
        unseen = _Change.of(analysis, "validation", edits)
        found = _validation_neighbors(analysis.validation, unseen, edited, train, device)
        held_out = _edited(analysis.validation, unseen, found, train)
    colors = _class_colors(analysis, edited)
    return replace(
        _plain(analysis),
        train=edited,
        validation=held_out,
        color_counts=colors,
        salient_fraction=None if colors is None else analysis.salient_fraction,
        edited_from=digest(analysis),
    )


def digest(analysis: AnalysisData) -> str:
    """Return what an analysis after edits remembers of the one before: its images and labels."""
    found = sha256()
    for split in (analysis.train, analysis.validation):
        if split is not None:
            for values in (split.positions, split.labels):
                found.update(len(values).to_bytes(8, "little"))
                found.update(np.ascontiguousarray(values, dtype="<i8").tobytes())
    return found.hexdigest()


def _plain(analysis: AnalysisData) -> AnalysisData:
    """Return the data without what is cached of its tables."""
    names = AnalysisData.__dataclass_fields__
    return AnalysisData(**{name: getattr(analysis, name) for name in names})


def _training_neighbors(
    analysis: AnalysisData, change: _Change, device: str | torch.device | None
) -> Neighbors:
    if change.whole:
        return _known_neighbors(analysis.train, change)
    return neighbors_among(analysis.embeddings[change.rows], analysis.k, device)


def _validation_neighbors(
    split: Split,
    change: _Change,
    train: Split,
    of_training: _Change,
    device: str | torch.device | None,
) -> Neighbors:
    if of_training.whole:
        return _known_neighbors(split, change)
    if split.embeddings is None or train.embeddings is None:
        raise ValueError(
            "training images cannot be left out, for an older version saved the file without the "
            "embeddings of its validation images; analyze and save again"
        )
    k = split.neighbors.shape[1]
    return neighbors_in(split.embeddings[change.rows], train.embeddings, k, device)


def _known_neighbors(split: Split, change: _Change) -> Neighbors:
    rows = change.rows
    method: object = split.neighbor_method
    return Neighbors(
        split.neighbors[rows],
        split.neighbor_distances[rows],
        method,  # type: ignore[arg-type]  # of a file it is any text
        split.neighbor_recall,
    )


def _edited(split: Split, change: _Change, neighbors: Neighbors, train: _Change) -> Split:
    rows = change.rows
    images = split.images
    if images is not None and not change.whole:
        images = images.chosen(rows)
    looks = split.looks
    if looks is not None and not change.whole:
        looks = looks.chosen(rows)
    return replace(
        split,
        labels=change.labels,
        top=change.top,
        neighbors=neighbors.indices,
        neighbor_distances=neighbors.distances,
        archetypes=assign_archetypes(change.labels, train.labels[neighbors.indices]),
        positions=split.positions[rows],
        skipped=_skipped(split, change),
        images=images,
        embeddings=None if split.embeddings is None else split.embeddings[rows],
        color_counts=None if split.color_counts is None else split.color_counts[rows],
        pixel_counts=None if split.pixel_counts is None else split.pixel_counts[rows],
        coordinates=None if split.coordinates is None else split.coordinates[rows],
        looks=looks,
        neighbor_method=neighbors.method,
        neighbor_recall=neighbors.recall,
    )


def _skipped(split: Split, change: _Change) -> tuple[Skipped, ...]:
    places = np.delete(split.positions, change.rows)
    files: list[str | None] = [None] * len(places)
    if split.images is not None and len(places):
        left_out = np.delete(np.arange(len(split)), change.rows)
        files = paths_of(split.images.dataset, left_out.tolist())
    images = (Skipped(*each, LEFT_OUT) for each in zip(places.tolist(), files, strict=True))
    return tuple(sorted((*split.skipped, *images), key=lambda image: image.position))


def _top(split: Split, rows: IntArray, labels: IntArray, n_classes: int) -> TopProbabilities:
    """Return what is kept of the probabilities of rows, with those of their new labels."""
    classes, probabilities = split.top.classes[rows], split.top.probabilities[rows]
    own = split.top.of_labels[rows].copy()
    new = np.flatnonzero(labels != split.labels[rows])
    places = classes[new] == labels[new, np.newaxis]
    among = places.any(axis=1)
    own[new[among]] = probabilities[new[among], places[among].argmax(axis=1)]
    rest = new[~among]
    if rest.size:
        others = n_classes - classes.shape[1]
        own[rest] = _of_others(split, rows[rest], labels[rest], probabilities[rest], others)
    return TopProbabilities(classes, probabilities, own)


def _of_others(
    split: Split, rows: IntArray, labels: IntArray, known: FloatArray, others: int
) -> FloatArray:
    """Return probabilities of classes that are not among those kept of an image."""
    if np.isnan(known).any():  # predictions alone are known
        return np.full(len(rows), np.nan, dtype=np.float32)
    if split.head is not None and split.embeddings is not None:
        logits = split.head.logits(split.embeddings[rows]).astype(np.float64)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        own = np.take_along_axis(shares, labels[:, np.newaxis], axis=1)[:, 0]
        found: FloatArray = (own / shares.sum(axis=1)).astype(np.float32)
        return found
    left = np.clip(1 - known.sum(axis=1, dtype=np.float64), 0, 1)
    mean: FloatArray = (left / max(1, others)).astype(np.float32)
    return mean


def _class_colors(analysis: AnalysisData, edited: Split) -> IntArray | None:
    if analysis.color_counts is None:
        return None
    if edited.color_counts is None:
        warnings.warn(
            "colors are left out: an older version saved the analysis with the colors of classes "
            "alone, which cannot follow edits of images; analyze and save again",
            stacklevel=4,
        )
        return None
    totals = np.zeros_like(analysis.color_counts)
    np.add.at(totals, edited.labels, edited.color_counts)
    return totals
