"""Fits a head again to the embeddings of training images, which takes about a second.

The head is a multinomial logistic regression on the embeddings, of the least weighted cross-entropy
plus a ridge penalty (Kang et al., "Decoupling Representation and Classifier for Long-Tailed
Recognition", ICLR 2020, retrain the classifier on frozen embeddings in that way, by stochastic
gradient descent). It is found by L-BFGS in float64, without chance, until it no longer changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import Tensor

from imbxai_widgets.compute.numeric.blocks import Matrix
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

RIDGE: Final = 0.03  # of weights of features with the variance 1; see docs/what-if.md
_STEPS: Final = 1000
_STILL: Final = 1e-7  # largest entry of a gradient at which the fit has arrived
_LEAST_CURVATURE: Final = 1e-6  # that of features that never vary
_MOST_BYTES: Final = 2**30  # of embeddings in float64; larger ones are multiplied in float32

Cancelled = Callable[[], bool]


class CancelledError(Exception):
    """A fit was given up, since what it was for is no longer wanted."""


def refit(
    embeddings: FloatArray,
    labels: IntArray,
    weights: DoubleArray,
    start: Head | int,
    *,
    ridge: float = RIDGE,
    cancelled: Cancelled | None = None,
) -> Head:
    """Fit a head to embeddings.

    Parameters
    ----------
    embeddings
        (N, D) float32.
    labels
        (N,) int64, in 0..C-1.
    weights
        (N,) float64 of at least 0, not all 0: how much each image counts.
    start
        The head to begin with; the one found is of its kind. A linear one does not depend on it,
        for there is one optimum. A normalized one keeps its scale, and is the optimum that is
        reached from `start`. Of an int, C, a linear one that begins at 0.
    ridge
        Strength of the penalty on squared weights, of features scaled to the variance 1; half of it
        per image. A normalized head has none, since its weights are of length 1.
    cancelled
        Asked before each step whether to give up.

    Returns
    -------
    Head

    Raises
    ------
    CancelledError
        If `cancelled` says so.

    Examples
    --------
    >>> embeddings = np.array([[0.0], [1.0], [3.0], [4.0]], dtype=np.float32)
    >>> head = refit(embeddings, np.array([0, 0, 1, 1]), np.ones(4), 2)
    >>> head.logits(embeddings).argmax(axis=1)
    array([0, 0, 1, 1])
    """
    shares = weights / weights.sum()
    fit: _Fit
    if isinstance(start, Head) and start.normalized:
        fit = _Normalized(embeddings, labels, shares, start)
    else:
        fit = _Linear(embeddings, labels, shares, start, ridge)
    optimizer = torch.optim.LBFGS(
        [fit.parameters],
        max_iter=_STEPS,
        max_eval=2 * _STEPS,
        history_size=20,
        tolerance_grad=_STILL,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def loss() -> float:
        if cancelled is not None and cancelled():
            raise CancelledError("the fit was given up")
        value, gradient = fit.loss()
        fit.parameters.grad = gradient
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return fit.head()


class _Fit:
    """Weighted cross-entropy of logits that are linear in a matrix of features."""

    def __init__(
        self, features: Tensor, labels: IntArray, weights: DoubleArray, parameters: DoubleArray
    ) -> None:
        counting = np.flatnonzero(weights)
        all_count = len(counting) == len(weights)
        self.features = features if all_count else features[torch.from_numpy(counting)]
        self.labels = torch.from_numpy(labels[counting])
        self.weights = torch.from_numpy(weights[counting])[:, None]
        self.parameters = torch.from_numpy(parameters)

    def cross_entropy(self, weight: Tensor, bias: Tensor | float) -> tuple[float, Tensor]:
        """Return the loss and its derivatives by the logits (N, C), of the features' type."""
        logits = self.features @ weight.T.to(self.features.dtype) + bias
        logs = logits.log_softmax(dim=1)
        rows = torch.arange(len(logs))
        value = -float((self.weights[:, 0] * logs[rows, self.labels]).sum())
        slopes = logs.exp_()
        slopes[rows, self.labels] -= 1
        slopes *= self.weights.to(slopes.dtype)
        return value, slopes

    def loss(self) -> tuple[float, Tensor]:
        raise NotImplementedError

    def head(self) -> Head:
        raise NotImplementedError


class _Linear(_Fit):
    """Parameters are weights (C, D) of standardized features times a root, and a bias beside them.

    The root is that of a bound on the curvature (Boehning, "Multinomial logistic regression
    algorithm", 1992), but for a factor: without it, features that go together make the fit take
    hundreds of steps more.
    """

    def __init__(
        self,
        embeddings: FloatArray,
        labels: IntArray,
        weights: DoubleArray,
        start: Head | int,
        ridge: float,
    ) -> None:
        self.ridge = ridge
        self.mean = weights @ embeddings
        deviation = embeddings.std(axis=0, dtype=np.float64)
        self.deviation = np.where(deviation > 0, deviation, 1.0)
        n_classes = start if isinstance(start, int) else start.n_classes
        parameters = np.zeros((n_classes, embeddings.shape[1] + 1))
        if isinstance(start, Head):
            weight = start.scale * start.weight.astype(np.float64)
            bias = 0.0 if start.bias is None else start.scale * start.bias.astype(np.float64)
            parameters[:, :-1] = weight * self.deviation
            parameters[:, -1] = bias + weight @ self.mean
        features = _floats((embeddings - self.mean) / self.deviation)
        weighed = features * torch.from_numpy(weights).to(features.dtype)[:, None]
        scatter = (features.T @ weighed).double()
        scatter.diagonal().add_(max(2 * ridge, _LEAST_CURVATURE))
        root = torch.linalg.cholesky(scatter)
        self.inverse = torch.linalg.inv(root)
        parameters[:, :-1] = parameters[:, :-1] @ root.numpy()
        super().__init__(features, labels, weights, parameters)

    def loss(self) -> tuple[float, Tensor]:
        weight, bias = self.parameters[:, :-1] @ self.inverse, self.parameters[:, -1]
        value, slopes = self.cross_entropy(weight, bias)
        gradient = torch.empty_like(self.parameters)
        slope = (slopes.T @ self.features).double() + self.ridge * weight
        gradient[:, :-1] = slope @ self.inverse.T
        gradient[:, -1] = slopes.sum(dim=0, dtype=torch.float64) + self.ridge * bias
        penalty = float(weight.square().sum() + bias.square().sum())
        return value + self.ridge / 2 * penalty, gradient

    def head(self) -> Head:
        found = self.parameters.numpy()
        weight = found[:, :-1] @ self.inverse.numpy() / self.deviation
        return Head(weight, found[:, -1] - weight @ self.mean)


class _Normalized(_Fit):
    """Parameters are directions (C, D), of which the lengths do not count."""

    def __init__(
        self,
        embeddings: FloatArray,
        labels: IntArray,
        weights: DoubleArray,
        start: Head,
    ) -> None:
        self.start = start
        directions = start.directions(embeddings)
        super().__init__(
            _floats(directions), labels, weights, start.directions(start.weight).astype(np.float64)
        )

    def loss(self) -> tuple[float, Tensor]:
        lengths = self.parameters.norm(dim=1, keepdim=True)
        weight = self.parameters / lengths
        value, slopes = self.cross_entropy(self.start.scale * weight, 0.0)
        gradient = self.start.scale * (slopes.T @ self.features).double()
        along = (gradient * weight).sum(dim=1, keepdim=True) * weight
        return value, (gradient - along) / lengths

    def head(self) -> Head:
        weight = (self.parameters / self.parameters.norm(dim=1, keepdim=True)).numpy()
        return Head(weight, scale=self.start.scale, normalized=True)


def _floats(rows: Matrix) -> Tensor:
    kind = np.float64 if 8 * rows.size <= _MOST_BYTES else np.float32
    return torch.from_numpy(np.ascontiguousarray(rows, dtype=kind))
