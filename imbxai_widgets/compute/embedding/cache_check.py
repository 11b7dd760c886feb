"""Whether what is kept of a pass is what the model would give of the dataset today.

Nothing that describes a model or a dataset from outside can tell that for certain: they may depend
on globals, on files that are named when they are read, on anything. So some whole batches are read
and run again, and compared with what is kept of them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch

from imbxai_widgets.compute.embedding.cache_files import DIGEST_BYTES, Kept
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, FloatArray, UInt8Array
from imbxai_widgets.compute.reading.batches import Batch

DRAWN: Final = 2  # batches, beside the first and the last
# Of the range of a row. The same batch gives the same but for its last bits, for which the other
# term is: some tens of roundings to float32.
_TOLERANCE: Final = 1e-4
_ROUNDED: Final = 4e-6
_LEAST: Final = 1e-30  # probabilities below are as good as none: float32 has few digits for them
_RECOLORED: Final = 0.01  # share of salient pixels that may be others, where many are about equal


def chosen_batches(kept: Sequence[int]) -> list[int]:
    """Choose batches to be run again: the first, the last and some drawn anew each time.

    Parameters
    ----------
    kept
        The numbers of the batches that are kept, rising; at least one.

    Returns
    -------
    list of int
        Rising.

    Examples
    --------
    >>> chosen_batches([0, 3, 4])
    [0, 3, 4]
    """
    inner = list(kept[1:-1])
    # The system's randomness, for the user's generators are to stay as they are.
    drawn = random.SystemRandom().sample(inner, min(DRAWN, len(inner)))
    return sorted({kept[0], kept[-1], *drawn})


def image_digests(batch: Batch) -> UInt8Array:
    """Return digests of all that goes into the results of each image, (B, 16) uint8.

    That is the tensor for the network, the label, the colors as seen and the foreground.
    """
    rows = []
    images = batch.images.detach().cpu().contiguous()
    for row, image in enumerate(images):
        sha = hashlib.sha256(f"{image.dtype} {tuple(image.shape)} {batch.labels[row]}".encode())
        for array in (
            image.flatten().view(torch.uint8).numpy(),
            None if batch.rgb is None else batch.rgb[row],
            None if batch.foreground is None else batch.foreground[row],
        ):
            sha.update(b"-" if array is None else np.ascontiguousarray(array).data)
        rows.append(np.frombuffer(sha.digest()[:DIGEST_BYTES], dtype=np.uint8))
    return np.stack(rows)


def difference(
    kept: Kept, batch: Batch | None, digests: UInt8Array | None, found: Embedded | None
) -> str | None:
    """Say in what a batch differs from what is kept of it; None if it does not.

    Images that could not be read when it was kept do not count.

    Parameters
    ----------
    kept
        What is kept.
    batch
        Its images as they are read now; None if none can be.
    digests
        Those of the images, from before the model ran, which may have changed them.
    found
        What the model gives of them; None to compare the images alone.
    """
    wanted = kept.part.positions
    if not len(wanted):
        return None
    if batch is None or digests is None or not np.isin(wanted, batch.positions).all():
        return "of images that can no longer be read"
    rows = np.searchsorted(batch.positions, wanted)
    other = (digests[rows] != kept.digests).any(axis=1)
    if other.any():
        number = wanted[other.argmax()]
        return f"of other images (image {number} or its label has changed)"
    if found is None:
        return None
    now = Embedded.of_arrays(
        {name: array[rows] for name, array in found.arrays().items()}, found.n_classes
    )
    other = _different_rows(kept.part, now)
    if other.any():
        return f"of another model (it gives other results of image {wanted[other.argmax()]})"
    return None


def _different_rows(kept: Embedded, found: Embedded) -> BoolArray:
    same_kind = kept.n_classes == found.n_classes and (
        kept.embeddings.shape == found.embeddings.shape
        and kept.top.classes.shape == found.top.classes.shape
        and (kept.color_counts is None) == (found.color_counts is None)
        and (kept.pixel_counts is None) == (found.pixel_counts is None)
    )
    if not same_kind:
        return np.ones(len(kept.labels), dtype=np.bool_)
    other = _far(kept.embeddings, found.embeddings)
    # Logarithms of probabilities are logits but for a number that all of a row have in common.
    before, after = _logarithms(kept), _logarithms(found)
    allowed = _allowed(before)
    other |= (abs(after - before) > allowed).any(axis=1)
    # Two classes of about one probability may change places.
    levels = before[:, :-1]
    near = np.full(levels.shape, False)
    near[:, 1:] |= levels[:, :-1] - levels[:, 1:] <= 2 * allowed
    near[:, :-1] |= levels[:, :-1] - levels[:, 1:] <= 2 * allowed
    if kept.n_classes > levels.shape[1]:
        near[:, -1] = True  # perhaps with one that is not among those kept
    other |= ((kept.top.classes != found.top.classes) & ~near).any(axis=1)
    if kept.color_counts is not None and found.color_counts is not None:
        moved = abs(kept.color_counts - found.color_counts).sum(axis=1) / 2
        other |= moved > 1 + _RECOLORED * kept.color_counts.sum(axis=1)
    return np.asarray(other, dtype=np.bool_)


def _far(before: FloatArray, after: FloatArray) -> BoolArray:
    one, other = before.astype(np.float64), after.astype(np.float64)
    return np.asarray((abs(other - one) > _allowed(one)).any(axis=1), dtype=np.bool_)


def _allowed(rows: DoubleArray) -> DoubleArray:
    span = rows.max(axis=1, keepdims=True) - rows.min(axis=1, keepdims=True)
    return np.asarray(_TOLERANCE * span + _ROUNDED * abs(rows).max(axis=1, keepdims=True))


def _logarithms(part: Embedded) -> DoubleArray:
    """Return those of the largest probabilities, and last that of the label; (B, T + 1)."""
    values = np.column_stack([part.top.probabilities, part.top.of_labels]).astype(np.float64)
    return np.log(np.maximum(values, _LEAST))
