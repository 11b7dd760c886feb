"""Whether a network goes by one region of the images of a class that training images have alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from imbxai_widgets.compute.diagnosis.separation import separation
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, FloatArray, IntArray

CELLS: Final = 4  # a side: of a grid of regions
RING: Final = 16  # a border is the side over this wide
_BATCH: Final = 512

Run = Callable[[Tensor], Tensor]


class RegionEffect(NamedTuple):
    """What the most telling region does.

    Attributes
    ----------
    gain, low, high : float
        How much more likely a validation image is found right with the region of a training image
        of its class, than with that of another validation image, -1 to 1, and the 95% interval.
    others : float
        The mean of the same over all regions.
    region : str
        Which it is.
    """

    gain: float
    low: float
    high: float
    others: float
    region: str


def regions(height: int, width: int) -> Iterator[tuple[str, BoolArray]]:
    """Give the names and masks (H, W) of a grid of 4 by 4 regions and of the border.

    Examples
    --------
    >>> named = dict(regions(8, 8))
    >>> len(named), int(named["border"].sum()), int(named["row 1, column 1"].sum())
    (17, 28, 4)
    """
    rows, columns = (
        np.linspace(0, side, CELLS + 1).round().astype(int) for side in (height, width)
    )
    for row in range(CELLS):
        for column in range(CELLS):
            mask = np.zeros((height, width), dtype=np.bool_)
            mask[rows[row] : rows[row + 1], columns[column] : columns[column + 1]] = True
            yield f"row {row + 1}, column {column + 1}", mask
    border = np.ones((height, width), dtype=np.bool_)
    wide = max(1, round(min(height, width) / RING))
    border[wide:-wide, wide:-wide] = False
    yield "border", border


def region_effect(
    training: Tensor, validation: Tensor, label: int, run: Run, rng: np.random.Generator
) -> RegionEffect:
    """Tell what regions of training images do to validation images of their class.

    Each region of each validation image is put in from a training image, and from another
    validation image, of its class. One half of the images chooses the region, the other half tells
    its effect, both ways.

    Parameters
    ----------
    training, validation
        (n, C, H, W) and (m, C, H, W), images of one class as the network takes them; m at least 4.
    label
        The class.
    run
        Gives logits (b, classes) of images.
    rng
        Of the pairs and halves.

    Returns
    -------
    RegionEffect
    """
    names, masks = zip(*regions(*validation.shape[-2:]), strict=True)
    donors = torch.from_numpy(rng.integers(0, len(training), len(validation)))
    order = rng.permutation(len(validation))
    partners = np.empty(len(order), dtype=np.int64)
    partners[order] = np.roll(order, 1)
    effects = np.empty((len(masks), len(validation)))
    for place, mask in enumerate(masks):
        chosen = torch.from_numpy(mask)
        seen = torch.where(chosen, training[donors], validation)
        control = torch.where(chosen, validation[torch.from_numpy(partners)], validation)
        effects[place] = _right(seen, label, run) - _right(control, label, run)
    half = np.zeros(len(validation), dtype=np.bool_)
    half[order[::2]] = True
    values = np.empty(len(validation))
    for chooses in (half, ~half):
        best = int(effects[:, chooses].mean(axis=1).argmax())
        values[~chooses] = effects[best, ~chooses]
    gain = float(values.mean())
    spread = float(np.sqrt((values.var() * len(values) + 1) / (len(values) + 2) / len(values)))
    return RegionEffect(
        gain,
        max(-1.0, gain - 1.96 * spread),
        min(1.0, gain + 1.96 * spread),
        float(effects.mean()),
        names[int(effects.mean(axis=1).argmax())],
    )


def _right(images: Tensor, label: int, run: Run) -> DoubleArray:
    parts = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
    found = torch.cat([run(part).argmax(dim=1).cpu() == label for part in parts])
    right: DoubleArray = found.numpy().astype(np.float64)
    return right


def spread_rows(size: int, most: int, rng: np.random.Generator) -> IntArray:
    """Draw at most so many of `size` rows, rising.

    Examples
    --------
    >>> spread_rows(3, 5, np.random.default_rng(0))
    array([0, 1, 2])
    """
    if size <= most:
        return np.arange(size)
    return np.sort(rng.permutation(size)[:most]).astype(np.int64, copy=False)


class LocalDifference(NamedTuple):
    """How far two groups of images differ in one region alone.

    Attributes
    ----------
    region : str
        The one that tells them apart while the rest does not: where the two numbers differ most.
    inside, outside : float
        The chance that an image of the second group is told from one of the first by its pixels
        inside the region, and by those outside; 0.5 where they are alike.
    low, high : float
        The 95% interval of `inside`, which does not count that the region was chosen.
    """

    region: str
    inside: float
    outside: float
    low: float = np.nan
    high: float = np.nan


def local_difference(
    first: FloatArray, second: FloatArray, rng: np.random.Generator
) -> LocalDifference | None:
    """Find the region that tells two groups of images apart, and what the rest tells.

    Parameters
    ----------
    first, second
        (n, H, W, 3) and (m, H, W, 3) float32.
    rng
        Of the folds.

    Returns
    -------
    LocalDifference or None
        None where a group has fewer than two images, or the images a single pixel.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> first, second = rng.normal(size=(2, 40, 8, 8, 3)).astype(np.float32)
    >>> second[:, 0] += 9  # a bright row on top
    >>> found = local_difference(first, second, rng)
    >>> found.inside, found.outside < 0.7, found.region
    (1.0, True, 'border')
    """
    found = None
    for name, mask in regions(*first.shape[1:3]):
        if not mask.any() or mask.all():  # of images of few pixels
            continue
        inside = separation(_of(first, mask), _of(second, mask), rng)
        outside = separation(_of(first, ~mask), _of(second, ~mask), rng)
        if inside is None or outside is None:
            return None
        if found is None or inside.auc - outside.auc > found.inside - found.outside:
            found = LocalDifference(name, inside.auc, outside.auc, inside.low, inside.high)
    return found


def _of(images: FloatArray, mask: BoolArray) -> FloatArray:
    return images[:, mask].reshape(len(images), -1)
