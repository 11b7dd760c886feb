"""A small Analysis of drawn images, for the tests of cards and widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.methods.archetypes import assign_archetypes
from imbxai_widgets.compute.neighbors.search import nearest_neighbors, nearest_references
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities, top_probabilities
from imbxai_widgets.compute.reading.display import ImageSource


def make_analysis(
    sizes: Sequence[int] = (40, 20, 8, 0),
    *,
    seed: int = 0,
    errors: float = 0.4,
    validation: bool = True,
    images: bool = True,
    colors: bool = True,
    image_shape: tuple[int, int] = (4, 6),
) -> Analysis:
    """Return an analysis with classes c0, c1, ... of these sizes, half of each held out again.

    Neighborhoods are mixed, so that every archetype occurs. Image i is one color of its own.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    embeddings = _embed(rng, labels)
    scheme = color_scheme("perceptual")
    train = _split(
        rng,
        embeddings,
        labels,
        nearest_neighbors(embeddings, 5)[:2],
        labels,
        errors=errors,
        n_classes=len(sizes),
        images=ImageSource(_Pictures(len(labels), image_shape)) if images else None,
    )
    held_out = _held_out(rng, embeddings, labels, errors, len(sizes)) if validation else None
    each = rng.integers(1, 9, len(scheme.bins))  # of every image alike
    if colors:
        counts = np.tile(each, (len(labels), 1)).astype(np.uint8)
        train = replace(train, color_counts=counts, pixel_counts=2 * counts)
    return Analysis(
        class_names=tuple(f"c{number}" for number in range(len(sizes))),
        train=train,
        validation=held_out,
        color_counts=np.outer(sizes, each) if colors else None,
        color_scheme=scheme,
        top_k=3,
        salient_fraction=0.1 if colors else None,
    )


def make_pair(seed: int = 0, **options: Any) -> tuple[Analysis, Analysis]:
    """Two analyses of the same images: of other features, and with other predictions."""
    before = make_analysis(seed=seed, **options)
    rng = np.random.default_rng(seed + 1)
    embeddings = before.embeddings + rng.gamma(2.0, size=before.embeddings.shape)
    outputs = rng.permutation(before.predictions)
    validation = None
    if before.validation is not None:
        held_out = before.validation.labels
        points = rng.gamma(1.0, size=(len(held_out), embeddings.shape[1]))
        validation = (points, held_out, rng.permutation(held_out))
    after = Analysis.from_arrays(
        embeddings, before.labels, outputs, validation=validation, class_names=before.class_names
    )
    return before, after


def _held_out(
    rng: np.random.Generator,
    embeddings: np.ndarray,
    labels: np.ndarray,
    errors: float,
    n_classes: int,
) -> Split:
    unseen = np.sort(labels)[::2]
    own = _embed(rng, unseen)
    neighbors = nearest_references(own, embeddings, 5)[:2]
    return _split(rng, own, unseen, neighbors, labels, errors=errors, n_classes=n_classes)


def _embed(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    noise = rng.gamma(1.0, size=(len(labels), 8))
    noise[np.arange(len(labels)), labels % 8] += 2
    return noise.astype(np.float32)


def _split(
    rng: np.random.Generator,
    embeddings: np.ndarray,
    truth: np.ndarray,
    neighbors: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
    *,
    errors: float,
    n_classes: int,
    images: ImageSource | None = None,
) -> Split:
    wrong = rng.random(len(truth)) < errors
    predictions = np.where(
        wrong, (truth + rng.integers(1, n_classes, len(truth))) % n_classes, truth
    )
    logits = rng.normal(size=(len(truth), n_classes))
    logits[np.arange(len(truth)), predictions] = logits.max(axis=1, initial=0) + rng.random()
    return Split(
        labels=truth,
        top=top_probabilities(torch.from_numpy(logits), truth),
        neighbors=neighbors[0],
        neighbor_distances=neighbors[1],
        archetypes=assign_archetypes(truth, labels[neighbors[0]]),
        positions=np.arange(len(truth)),
        embeddings=embeddings,
        images=images,
    )


class _Pictures(torch.utils.data.Dataset[Any]):
    def __init__(self, size: int, shape: tuple[int, int]) -> None:
        self.size, self.shape = size, shape

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        color = torch.tensor([index % 256, index // 256, 200 - index % 100]) / 255
        return color[:, None, None].expand(3, *self.shape).clone(), 0


def with_predictions(analysis: Analysis, predictions: np.ndarray) -> Analysis:
    """Return the analysis with other predictions of the training images, made for certain."""
    certain = np.ones((len(predictions), 1), dtype=np.float32)
    of_labels = (predictions == analysis.labels).astype(np.float32)
    top = TopProbabilities(predictions[:, np.newaxis], certain, of_labels)
    return replace(analysis, train=replace(analysis.train, top=top))


def planted(wrong_to: np.ndarray, *, per_class: int = 60, seed: int = 0) -> Analysis:
    """Six classes, of whose errors each next one draws in those of training.

    Those of `wrong_to` draw in the errors on the validation images.
    """
    rng = np.random.default_rng(seed)
    size = len(wrong_to)

    def images(targets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(size), per_class)
        seen = np.where(rng.random(len(labels)) < 0.3, targets[labels], labels)
        embeddings = 4 * np.eye(size)[seen] + rng.normal(scale=0.5, size=(len(labels), size))
        return embeddings, labels, 6 * np.eye(size)[seen] + rng.normal(size=(len(labels), size))

    embeddings, labels, logits = images((np.arange(size) + 1) % size)
    return Analysis.from_arrays(embeddings, labels, logits, validation=images(wrong_to))
