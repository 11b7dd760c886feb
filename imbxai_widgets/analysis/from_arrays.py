"""An analysis of arrays that a user already has: of another framework, or a feature store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import index as as_index
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis.assemble import assemble
from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.found_head import FoundHead
from imbxai_widgets.compute.embedding.saliency import check_fraction
from imbxai_widgets.compute.numeric.blocks import (
    Matrix,
    as_array,
    as_floats,
    as_matrix,
    check_finite,
    numpy_of,
    row_blocks,
)
from imbxai_widgets.compute.numeric.checks import check_codes, check_count, highest_code
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.probabilities import (
    Extremes,
    TopProbabilities,
    top_probabilities,
)
from imbxai_widgets.compute.numeric.types import IntArray, UInt8Array
from imbxai_widgets.compute.reading.class_names import check_same_labels, class_names_of
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.told_names import told_names
from imbxai_widgets.datasets.same_images import label_difference

_UNIT_SUM = 1e-3  # how far the probabilities of an image, in half precision, may be from 1
_MOST_PIXELS = 2**32  # of an image
_BLOCK_BYTES = 8 * 2**20  # of outputs at once, in float64; several arrays are made of them


def analysis_from_arrays(
    embeddings: ArrayLike | torch.Tensor,
    labels: ArrayLike,
    outputs: ArrayLike | torch.Tensor,
    *,
    validation: tuple[Any, Any, Any] | None = None,
    head: Head | None = None,
    images: Any = None,
    validation_images: Any = None,
    class_names: Sequence[str] | None = None,
    k: int = 5,
    top_k: int = 10,
    color_counts: ArrayLike | None = None,
    pixel_counts: ArrayLike | None = None,
    salient_fraction: float = 0.1,
    color_bins: str = "perceptual",
    device: str | torch.device | None = None,
) -> AnalysisData:
    """Analyze embeddings and outputs of any classifier; colors, if their counts are given.

    Parameters
    ----------
    embeddings
        (N, D) finite: what enters the classifier's head, of the training images. Float32 is kept,
        other types are converted to it.
    labels
        (N,) integers, 0..C-1, the true classes.
    outputs
        What the classifier says of the images: (N, C) logits; or (N, C) probabilities, known by
        their rows, which lie in [0, 1] and add up to 1; or (N,) integers, the predictions alone,
        without which confidences are unknown (NaN). They are read in blocks of rows, so that a
        `numpy.memmap` may be larger than the memory.
    validation
        The same three of images that the classifier has not seen.
    head
        That of the classifier, if it is linear or normalized, by which `Split.logits` makes the
        logits of any image: ``Head(weight, bias)``. Its logits are compared with all outputs.
    images, validation_images
        To show them: (N, H, W, 3) or (N, H, W) uint8; or a map-style dataset as for `analyze`.
        The labels of a dataset are compared with those given, all where it tells them without its
        images, else those of 32 images.
    class_names
        C names in the order of the labels; by default what the dataset of `images` says, else
        the numbers.
    k, top_k
        As for `imbxai_widgets.analyze`.
    color_counts, pixel_counts
        (N, B) integers: of each training image, how many salient pixels, and how many of all, fall
        in each bin of `color_bins`; see `imbxai_widgets.compute.embedding.saliency`.
    salient_fraction, color_bins
        As for `imbxai_widgets.analyze`: how the colors were counted.
    device
        Where neighbors are searched; see `imbxai_widgets.compute.neighbors.nearest_neighbors`.

    Returns
    -------
    AnalysisData
        What `Analysis.from_arrays` wraps.

    Raises
    ------
    ValueError
        If an array has the wrong shape or type, values that are not finite (the error names the
        rows), or labels without a class; if outputs are neither logits nor probabilities but lie
        between 0 and 1, as sigmoids; if outputs are not those of `head`; if there are not more
        than `k` images; if the labels that a dataset of images tells are others; or if
        `pixel_counts` come without `color_counts`, or are less.

    Examples
    --------
    >>> embeddings = [[0.0, 1.0], [0.1, 1.0], [1.0, 0.0], [1.0, 0.1]]
    >>> logits = [[2.0, 0.0], [0.5, 1.0], [0.0, 3.0], [0.0, 3.0]]
    >>> data = analysis_from_arrays(
    ...     embeddings, [0, 0, 1, 1], logits, class_names=["cat", "dog"], k=1
    ... )
    >>> data.train.correct.tolist()
    [True, False, True, True]
    """
    check_count(k, "k")
    check_count(top_k, "top_k")
    if validation is not None and (
        not isinstance(validation, tuple | list) or len(validation) != 3
    ):
        raise ValueError("validation must be a tuple (embeddings, labels, outputs)")
    _, unseen_labels, unseen_outputs = validation or (None, None, None)
    n_classes = _number_of_classes(
        [labels] if validation is None else [labels, unseen_labels],
        [outputs] if validation is None else [outputs, unseen_outputs],
        class_names,
    )
    scheme = color_scheme(color_bins)
    train = _embedded(embeddings, labels, outputs, n_classes, "")
    train = _with_colors(train, color_counts, pixel_counts, len(scheme.bins))
    held_out = None
    if validation is not None:
        held_out = _embedded(*validation, n_classes, "validation ")
        if held_out.embeddings.shape[1] != train.embeddings.shape[1]:
            raise ValueError(
                f"validation embeddings have {held_out.embeddings.shape[1]} features, but the "
                f"training images {train.embeddings.shape[1]}; take both from the same layer"
            )
    elif validation_images is not None:
        raise ValueError("validation_images were given, but no validation")
    if head is not None:
        train = _with_head(train, head, outputs, "")
        if held_out is not None:
            held_out = _with_head(held_out, head, unseen_outputs, "validation ")
    if class_names is None:
        check_same_labels(images, validation_images)
    names = class_names_of(images, n_classes, class_names)
    return assemble(
        train,
        held_out,
        class_names=names,
        images=_image_source(images, train, names, "images"),
        validation_images=_image_source(validation_images, held_out, names, "validation_images"),
        k=k,
        top_k=top_k,
        scheme=scheme,
        salient_fraction=None if color_counts is None else float(check_fraction(salient_fraction)),
        device=device,
    )


def _with_colors(train: Embedded, salient: Any, pixels: Any, bins: int) -> Embedded:
    if salient is None:
        if pixels is not None:
            raise ValueError("pixel_counts were given, but no color_counts")
        return train
    shape = (len(train.labels), bins)
    counts = check_codes(salient, "color_counts", shape=shape, limit=_MOST_PIXELS)
    every = None
    if pixels is not None:
        every = check_codes(pixels, "pixel_counts", shape=shape, limit=_MOST_PIXELS)
        fewer = (every < counts).any(axis=1)
        if fewer.any():
            raise ValueError(
                f"pixel_counts must be at least color_counts, but are less for row {fewer.argmax()}"
            )
    return replace(train, color_counts=counts, pixel_counts=every)


def _number_of_classes(
    labels: Sequence[Any], outputs: Sequence[Any], class_names: Sequence[str] | None
) -> int:
    """Return the number of logits; of predictions alone, that of the names or of the numbers."""
    for values in labels:
        if len(np.shape(values)) != 1:
            raise ValueError(
                f"labels must be one number an image, of the shape (N,), not {np.shape(values)}; "
                "pass labels.reshape(-1) if each has an axis of its own, labels.argmax(axis=1) if "
                "they are one-hot"
            )
    shapes = [np.shape(values) for values in outputs]
    widths = {shape[1] for shape in shapes if len(shape) == 2}
    if len(widths) > 1:
        raise ValueError(f"outputs must have one number of classes, not {sorted(widths)}")
    if widths:
        (width,) = widths
        return int(width)
    if class_names is not None:
        return len(told_names(class_names))
    return max((highest_code(numpy_of(values)) + 1 for values in (*labels, *outputs)), default=0)


def _embedded(embeddings: Any, labels: Any, outputs: Any, n_classes: int, which: str) -> Embedded:
    with np.errstate(over="ignore"):
        matrix = as_matrix(embeddings, f"{which}embeddings").astype(np.float32, copy=False)
    if not np.isfinite(matrix).all():
        raise ValueError(f"{which}embeddings must lie within the range of float32")
    size = (len(matrix),)
    own = check_codes(numpy_of(labels), f"{which}labels", shape=size, limit=n_classes)
    outputs = np.asarray(numpy_of(outputs))
    if outputs.ndim == 1:
        predictions = check_codes(outputs, f"{which}outputs", shape=size, limit=n_classes)
        unknown = np.full((len(own), 1), np.nan, dtype=np.float32)
        top = TopProbabilities(predictions[:, np.newaxis], unknown, unknown[:, 0])
    else:
        top = _top(outputs, own, which)
    return Embedded(matrix, own, top, n_classes, None, np.arange(len(own)))


def _with_head(embedded: Embedded, head: Head, outputs: Any, which: str) -> Embedded:
    """Note the head, if the outputs are those that it gives of the embeddings."""
    if not isinstance(head, Head):
        raise ValueError(f"head must be an imbxai_widgets.analysis.Head, not {type(head).__name__}")
    expected = embedded.n_classes, embedded.embeddings.shape[1]
    if head.weight.shape != expected:
        raise ValueError(
            f"the weight of head must be {expected}, a row for each class and a column for each "
            f"feature, not {head.weight.shape}"
        )
    kind = np.asarray(numpy_of(outputs)).dtype
    found = FoundHead(head, float(np.finfo(kind).eps)) if kind.kind == "f" else FoundHead(head)
    row = found.misfit(embedded.embeddings, embedded.top)
    if row is not None:
        raise ValueError(
            f"head does not give the {which}outputs: those of image {row} are others. Give the "
            "weight, bias and scale of the layer that these embeddings enter, and outputs made "
            "with full precision; or leave head out"
        )
    return replace(embedded, head=found)


def _top(outputs: NDArray[Any], labels: IntArray, which: str) -> TopProbabilities:
    """Keep what is kept of logits or probabilities, block by block: they may exceed the memory."""
    matrix = as_array(outputs, f"{which}outputs")
    if len(matrix) != len(labels) or matrix.shape[1] < 2:
        raise ValueError(
            f"{which}outputs must be ({len(labels)}, C) logits or probabilities with C at least 2, "
            f"or ({len(labels)},) predictions, but have the shape {matrix.shape}"
        )
    check_finite(matrix, f"{which}outputs")
    blocks = list(row_blocks(len(matrix), 8 * matrix.shape[1], limit=_BLOCK_BYTES))
    shares = _are_shares(matrix, blocks, f"{which}outputs")
    # Made whole beforehand: among the blocks, small arrays that stay would keep the memory of
    # the large ones from being used again.
    kept = TopProbabilities.empty(*matrix.shape)
    for block in blocks:
        values = as_floats(matrix[block])
        if shares:
            values = np.maximum(values, np.finfo(np.float64).tiny, dtype=np.float64)
            np.log(values, out=values)
        values = np.require(values, requirements="W")  # PyTorch warns of a file mapped read-only
        found = top_probabilities(torch.from_numpy(values), labels[block])
        for name, part in found._asdict().items():
            getattr(kept, name)[block] = part
    return kept


def _are_shares(matrix: Matrix, blocks: Sequence[slice], name: str) -> bool:
    """Tell probabilities from logits; refuse what is neither."""
    shares, scores = True, Extremes()
    for block in blocks:
        rows = as_floats(matrix[block])
        scores.add(float(rows.min()), float(rows.max()), rows.size)
        near = abs(rows.sum(axis=1, dtype=np.float64) - 1) < _UNIT_SUM
        shares = shares and bool((rows >= 0).all() and near.all())
        if scores.smallest < 0 or scores.largest > 1 + _UNIT_SUM:
            return False
    if not shares and scores.are_sigmoids:
        raise ValueError(
            f"{name} all lie between 0 and 1, as sigmoids do, but rows do not add up to 1: give "
            "logits, which of a sigmoid p are log(p / (1 - p)), or probabilities of which each row "
            "adds up to 1"
        )
    return shares


def _image_source(
    images: Any, embedded: Embedded | None, class_names: Sequence[str], name: str
) -> ImageSource | None:
    if images is None or embedded is None:
        return None
    size = len(embedded.labels)
    if len(images) != size:
        raise ValueError(f"{name} must be {size}, one for each row, not {len(images)}")
    if isinstance(images, np.ndarray):
        return ImageSource(_Pictures(images, name))
    different = label_difference(
        images, embedded.labels, embedded.positions, class_names=class_names
    )
    if different is not None:
        raise ValueError(
            f"{name} are not those of the labels given: {different}. Give the dataset that the "
            "rows come from, in their order; if its labels mean something else, give images alone"
        )
    return ImageSource(images)


class _Pictures(torch.utils.data.Dataset[Any]):
    """An array of images as a dataset."""

    def __init__(self, images: UInt8Array, name: str) -> None:
        if (
            images.dtype != np.uint8
            or images.ndim not in (3, 4)
            or images.shape[3:] not in ((), (3,))
        ):
            raise ValueError(
                f"{name} must be (N, H, W, 3) or (N, H, W) of uint8, not {images.shape} of "
                f"{images.dtype}"
            )
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = np.atleast_3d(self._images[as_index(index)])
        return torch.from_numpy(np.array(image.transpose(2, 0, 1))), 0
