"""Probabilities that keep what they promise: logits divided by a temperature, and shifted by class.

Sources: Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), for the temperature;
Alexandari et al., "Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat at Label
Shift Adaptation" (ICML 2020), for a bias of each class beside it ("bias-corrected temperature
scaling").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
import torch

from imbxai_widgets.compute.methods.bootstrap import folds
from imbxai_widgets.compute.numeric.blocks import row_blocks
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities, top_probabilities
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

ScalingKind: TypeAlias = Literal["temperature", "bias"]

FOLDS: Final = 5
_STEPS: Final = 200  # of L-BFGS
# Strength that draws biases to 0, in images: as if one image of each class said so.
_RIDGE: Final = 1.0
_MOST: Final = 2**23  # logits that are fitted to: of 1,000 classes those of 8,388 images
_BLOCK_BYTES: Final = 2**23  # of scaled logits at once; several arrays are made of them

LogitsOf: TypeAlias = Callable[[IntArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Scaling:
    """Turns logits z into ``z / temperature + bias``.

    Attributes
    ----------
    temperature
        Above 1 for a network that is too sure of itself.
    bias
        (C,) float64, with the mean 0; all 0 where the temperature alone was fitted.
    """

    temperature: float
    bias: DoubleArray

    def apply(self, logits: FloatArray | DoubleArray) -> DoubleArray:
        """Return the logits (n, C) scaled.

        Examples
        --------
        >>> Scaling(2.0, np.array([0.5, -0.5])).apply(np.array([[4.0, 0.0]]))
        array([[ 2.5, -0.5]])
        """
        scaled: DoubleArray = logits.astype(np.float64) / self.temperature + self.bias
        return scaled


def check_kind(kind: str) -> None:
    """Refuse anything but "temperature" and "bias"."""
    if kind not in get_args(ScalingKind):
        raise ValueError(f'kind must be "temperature" or "bias", not {kind!r}')


def fit_scaling(logits: FloatArray, labels: IntArray, kind: ScalingKind) -> Scaling:
    """Fit a scaling to images that the network has not seen, by maximum likelihood.

    Biases are drawn to 0 a little, as if one image of each class said so, since a class may have
    few images.

    Parameters
    ----------
    logits
        (n, C).
    labels
        (n,) int64 in 0..C-1.
    kind
        "temperature", or "bias" for a bias of each class beside it.

    Returns
    -------
    Scaling

    Raises
    ------
    ValueError
        If there are no images, or the kind is something else.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> logits = rng.normal(size=(4000, 3))
    >>> shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    >>> labels = (shares.cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    >>> round(fit_scaling(4 * logits, labels, "temperature").temperature, 1)
    4.0
    """
    check_kind(kind)
    if not len(logits):
        raise ValueError("probabilities cannot be calibrated without validation images")
    given, truth = torch.from_numpy(np.asarray(logits)), torch.from_numpy(labels)
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(logits.shape[1], dtype=torch.float64, requires_grad=kind == "bias")
    parameters = [log_temperature, bias] if kind == "bias" else [log_temperature]
    optimizer = torch.optim.LBFGS(parameters, max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scaled = given.double() * (-log_temperature).exp() + bias
        total = torch.nn.functional.cross_entropy(scaled, truth, reduction="sum")
        value = (total + _RIDGE * bias.square().sum() / 2) / len(truth)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    with torch.enable_grad():
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    found = bias.detach().numpy()
    return Scaling(float(log_temperature.detach().exp()), found - found.mean())


def fit_rows(logits_of: LogitsOf, labels: IntArray, rows: IntArray, kind: ScalingKind) -> Scaling:
    """Fit a scaling to some images, or, of very many, to a part of them spread over all.

    Parameters
    ----------
    logits_of
        Gives the logits (n, C) of (n,) rows.
    labels
        (M,) int64.
    rows
        (n,) int64, rising.
    kind
        As for `fit_scaling`.
    """
    width = logits_of(rows[:1]).shape[1]
    chosen = rows[:: max(1, -(-len(rows) * width // _MOST))]
    return fit_scaling(logits_of(chosen), labels[chosen], kind)


def scaled_top(
    logits_of: LogitsOf, labels: IntArray, rows: IntArray, scaling: Scaling
) -> TopProbabilities:
    """Return the largest probabilities of the scaled logits of some images, made in blocks.

    Parameters
    ----------
    logits_of, labels, rows
        As for `fit_rows`.
    scaling
        What is done to the logits.
    """
    width = len(scaling.bias)
    found = TopProbabilities.empty(len(rows), width)
    for block in row_blocks(len(rows), 8 * width, limit=_BLOCK_BYTES):
        scaled = torch.from_numpy(scaling.apply(logits_of(rows[block])))
        for name, part in top_probabilities(scaled, labels[rows[block]])._asdict().items():
            getattr(found, name)[block] = part
    return found


def cross_fitted_top(
    logits_of: LogitsOf,
    labels: IntArray,
    kind: ScalingKind,
    groups: IntArray,
    rng: np.random.Generator,
) -> TopProbabilities:
    """Return the largest probabilities of all images, each scaled by what other images say.

    Parameters
    ----------
    logits_of, labels, kind
        As for `fit_rows`.
    groups
        (M,) int64, from `group_codes`; no group is in two folds.
    rng
        Of the folds.

    Raises
    ------
    ValueError
        If there are fewer than two groups.
    """
    fold = folds(groups, FOLDS, rng)
    numbers = np.unique(fold)
    if len(numbers) < 2:
        raise ValueError("probabilities cannot be calibrated by fewer than two images")
    found = TopProbabilities.empty(len(labels), logits_of(np.zeros(1, dtype=np.int64)).shape[1])
    for number in numbers:
        own, others = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        scaling = fit_rows(logits_of, labels, others, kind)
        for name, part in scaled_top(logits_of, labels, own, scaling)._asdict().items():
            getattr(found, name)[own] = part
    return found
