"""An analysis of many images and classes without a network, for the Explorer's benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch.utils.data import Dataset, Subset

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.methods.archetypes import assign_archetypes
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.demo import load_demo

FEATURES = 64
K = 5


def repeated(size: int) -> Dataset[Any]:
    """Return the embedded images again and again, as a data set of any size."""
    _, images, _ = load_demo()
    return Subset(images, [index % len(images) for index in range(size)])


class Files(Dataset[Any]):
    """Photographs of 224 x 224 pixels on disk: the embedded images, enlarged and kept as JPEG.

    Parameters
    ----------
    folder : Path
        Where the files are written.
    size : int
        How many images there are: the files again and again.
    """

    def __init__(self, folder: Path, size: int) -> None:
        _, images, _ = load_demo()
        shown = ImageSource(images)
        self._files = [folder / f"{number}.jpg" for number in range(len(images))]
        self._size = size
        for number, path in enumerate(self._files):
            Image.fromarray(shown[number]).resize((224, 224)).save(path, quality=90)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return Image.open(self._files[index % len(self._files)]).convert("RGB"), 0


def large_analysis(
    n_classes: int, images: int = 100_000, imbalance: float = 100.0, folder: Path | None = None
) -> Analysis:
    """Return an analysis of `images` images in classes of exponentially falling size.

    The images are the embedded ones, from memory, or from `Files` in a folder.

    Of each class one image in seven is misclassified, as one of 20 classes beside it; neighbors
    that are of another class are of these as well. A fifth of the images is for validation.
    """
    rng = np.random.default_rng(0)
    weights = imbalance ** -np.linspace(0, 1, n_classes)
    sizes = np.maximum(1, np.round(images * weights / weights.sum())).astype(np.int64)
    labels = rng.permutation(np.repeat(np.arange(n_classes), sizes))
    centers = rng.gamma(1.0, size=(n_classes, FEATURES)).astype(np.float32)
    embeddings = centers[labels] + rng.gamma(0.5, size=(len(labels), FEATURES)).astype(np.float32)
    scheme = color_scheme("perceptual")
    source = repeated(len(labels)) if folder is None else Files(folder, len(labels))
    return Analysis(
        class_names=tuple(f"class {number:05d}" for number in range(n_classes)),
        train=_split(rng, embeddings, labels, labels, n_classes, ImageSource(source)),
        validation=_split(rng, embeddings[::5], labels[::5], labels, n_classes, None),
        color_counts=rng.integers(1, 1000, (n_classes, len(scheme.bins))),
        color_scheme=scheme,
        top_k=10,
        salient_fraction=0.1,
    )


def _split(
    rng: np.random.Generator,
    embeddings: np.ndarray,
    labels: np.ndarray,
    train_labels: np.ndarray,
    n_classes: int,
    images: ImageSource | None,
) -> Split:
    size = len(labels)
    beside = (labels + rng.integers(1, min(21, n_classes), size)) % n_classes
    predictions = np.where(rng.random(size) < 1 / 7, beside, labels)
    # Each image's neighbors are images of its class or of those beside it, drawn by position.
    order = np.argsort(train_labels, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(train_labels, minlength=n_classes))])
    foreign = rng.random((size, K)) < rng.choice([0.02, 0.3, 0.8], (size, 1), p=[0.7, 0.2, 0.1])
    classes = (
        labels[:, None] + foreign * rng.integers(1, min(21, n_classes), (size, K))
    ) % n_classes
    within = rng.random((size, K)) * (starts[classes + 1] - starts[classes])
    neighbors = order[starts[classes] + within.astype(np.int64)]
    return Split(
        labels=labels,
        top=TopProbabilities(
            predictions[:, np.newaxis],
            rng.random((size, 1)).astype(np.float32),
            rng.random(size).astype(np.float32),
        ),
        neighbors=neighbors,
        neighbor_distances=np.sort(rng.random((size, K)).astype(np.float32), axis=1),
        archetypes=assign_archetypes(labels, train_labels[neighbors]),
        positions=np.arange(size),
        embeddings=embeddings,
        images=images,
    )
