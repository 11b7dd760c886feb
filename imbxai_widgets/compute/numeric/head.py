"""The head of a classifier: how its logits come of an embedding, where that is linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.blocks import Matrix, as_matrix, numpy_of, row_blocks
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray

Floats = TypeVar("Floats", FloatArray, DoubleArray)

# Of the largest logit of an image, at least of 1: how far other logits may be from the head's.
TOLERANCE: Final = 1e-4
_COARSE: Final = 1e-6  # rounding from which on it counts beside the tolerance
_ROUNDINGS: Final = 4  # of the root of the sum of squares of what is added up; rarely exceeded
_NO_LENGTH: Final = 1e-12  # below it, a vector is divided by this, as PyTorch's normalize does


@dataclass(frozen=True, eq=False)
class Head:
    """A linear head, or a normalized one, as networks trained with LDAM have.

    The logits of an embedding x are ``scale * (weight @ x + bias)``. Where `normalized`, x and the
    rows of `weight` are divided by their lengths first; the product is then the cosine of the
    angle between the embedding and the weights of each class (Cao et al., 2019, section 3.2).

    Attributes
    ----------
    weight
        (C, D) float32, finite: a row a class, as the network has it.
    bias
        (C,) float32, or None.
    scale
        Above 0: of a normalized head its scale, of a linear one 1, or the inverse of the
        temperature that the network divides its logits by.
    normalized
        Whether lengths are divided out.

    Raises
    ------
    ValueError
        If a shape does not fit, or a value is not finite or out of range.

    Examples
    --------
    >>> Head([[1.0, 0.0], [0.0, 2.0]], bias=[0.5, 0.0]).logits([[3.0, 4.0]])
    array([[3.5, 8. ]], dtype=float32)
    >>> Head([[1.0, 0.0], [0.0, 2.0]], scale=10, normalized=True).logits([[3.0, 4.0]])
    array([[6., 8.]], dtype=float32)
    """

    weight: FloatArray
    bias: FloatArray | None = None
    scale: float = 1.0
    normalized: bool = False

    def __post_init__(self) -> None:
        weight = _as_float32(self.weight, "weight of the head")
        object.__setattr__(self, "weight", weight)
        if self.bias is not None:
            bias = np.asarray(numpy_of(self.bias))
            if bias.shape != (len(weight),):
                raise ValueError(
                    f"bias of the head must be one number a class, ({len(weight)},), not of shape "
                    f"{bias.shape}"
                )
            bias = _as_float32(bias[:, np.newaxis], "bias of the head")[:, 0]
            object.__setattr__(self, "bias", bias)
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"scale of the head must be a number above 0, not {self.scale!r}")
        object.__setattr__(self, "scale", float(self.scale))
        object.__setattr__(self, "normalized", bool(self.normalized))

    @property
    def n_classes(self) -> int:
        """Number of classes, C."""
        return len(self.weight)

    @property
    def n_features(self) -> int:
        """Number of features of an embedding, D."""
        return int(self.weight.shape[1])

    def logits(self, embeddings: ArrayLike) -> FloatArray:
        """Return the logits of embeddings.

        Parameters
        ----------
        embeddings
            (n, D), finite.

        Returns
        -------
        numpy.ndarray
            (n, C) float32.

        Raises
        ------
        ValueError
            If the embeddings have another number of features.
        """
        rows = self.fitting(embeddings).astype(np.float32, copy=False)
        out = np.empty((len(rows), self.n_classes), dtype=np.float32)
        weight = np.ascontiguousarray(self.directions(self.weight).T)
        for block in row_blocks(len(rows), 4 * (self.n_features + self.n_classes)):
            np.matmul(self.directions(rows[block]), weight, out=out[block])
            if self.bias is not None:
                out[block] += self.bias
            if self.scale != 1:
                out[block] *= np.float32(self.scale)
        return out

    def fitting(self, embeddings: ArrayLike) -> Matrix:
        """Return embeddings as a matrix that the head takes, (n, D), in their own type.

        Raises
        ------
        ValueError
            If they are no matrix of finite numbers, or have another number of features.
        """
        rows = as_matrix(embeddings, "embeddings")
        if rows.shape[1] != self.n_features:
            raise ValueError(
                f"the head takes {self.n_features} features, but embeddings have {rows.shape[1]}"
            )
        return rows

    def allowed(self, embeddings: FloatArray, logits: Matrix, rounding: float) -> DoubleArray:
        """Return how far the logits of a pass may be from the head's, for each image.

        Parameters
        ----------
        embeddings, logits
            (n, D) and (n, C), the head's own logits.
        rounding
            Relative, of the numbers that the pass added up and gave: 2 ** -23 for float32.

        Returns
        -------
        numpy.ndarray
            (n, 1) float64.
        """
        sizes = np.abs(logits, dtype=np.float64)
        largest = sizes.max(axis=1, keepdims=True, initial=1)
        limits: DoubleArray = TOLERANCE * largest
        if rounding > _COARSE:
            rows = self.directions(embeddings).astype(np.float64)
            terms = rows**2 @ self.directions(self.weight).T.astype(np.float64) ** 2
            spread = self.scale * np.sqrt(terms.max(axis=1, keepdims=True, initial=0))
            limits += rounding * (_ROUNDINGS * spread + largest)
        return limits

    def directions(self, rows: Floats) -> Floats:
        """Divide rows of weights or embeddings by their lengths, if the head does.

        Parameters
        ----------
        rows
            (n, D) float32 or float64.

        Returns
        -------
        numpy.ndarray
            (n, D), of the type of `rows`; `rows` themselves if the head is not normalized.

        Examples
        --------
        >>> Head([[1.0, 0.0]], normalized=True).directions(np.array([[3.0, 4.0]]))
        array([[0.6, 0.8]])
        """
        if not self.normalized:
            return rows
        lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(lengths, _NO_LENGTH), dtype=rows.dtype)


def _as_float32(values: ArrayLike, name: str) -> FloatArray:
    with np.errstate(over="ignore"):
        array = as_matrix(values, name).astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must lie within the range of float32")
    return array
