"""Reads a network's head as arrays, if logits are a linear function of the embedding.

Which layer is the head, `heads` tells. Whether it is linear is told by values, not by its type:
what is made of its weights must be the logits of the first batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from imbxai_widgets.compute.numeric.blocks import as_numpy, row_blocks
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import BoolArray, FloatArray

# Relative roundings that are allowed of float32 where products are made with fewer bits: TF32 has
# 10 of the mantissa, bfloat16 has 7.
_TF32: Final = 2.0**-10
_BFLOAT16: Final = 2.0**-7
_DIGITS: Final = 4  # a scale this near to a number of so few digits is that number
_NEAR: Final = 1e-5
_LEAST: Final = 1e-30  # of probabilities below, float32 has few digits


class FoundHead(NamedTuple):
    """A head, and how coarse the logits are that a pass makes with it (`Head.allowed`)."""

    head: Head
    rounding: float = 2.0**-23

    def misfit(self, embeddings: FloatArray, top: TopProbabilities) -> int | None:
        """Return the first image whose probabilities are not those of the head's logits, or None.

        Probabilities do not tell of a number that all logits of an image have in common.

        Parameters
        ----------
        embeddings
            (N, D) float32.
        top
            What is kept of the logits that a pass gave; where probabilities are not known (NaN),
            predictions are compared.
        """
        head = self.head
        for block in row_blocks(len(embeddings), 8 * (3 * head.n_classes + head.n_features)):
            classes, given = top.classes[block], top.probabilities[block]
            logits = head.logits(embeddings[block])
            # Their logarithms are logits but for a number that all of an image have in common.
            ours = torch.from_numpy(logits).log_softmax(dim=1).numpy()
            limits = 2 * head.allowed(embeddings[block], logits, self.rounding)
            named = np.take_along_axis(ours, classes, axis=1)
            with np.errstate(divide="ignore"):
                far = (abs(named - np.log(given)) > limits) & (given > _LEAST)
            wrong: BoolArray = far.any(axis=1) | (ours.max(axis=1) - named[:, 0] > limits[:, 0])
            if wrong.any():
                return int(block.start) + int(wrong.argmax())
        return None


@torch.no_grad()
@np.errstate(over="ignore", invalid="ignore")  # what overflows is not the logits
def found_head(module: nn.Module, embedding: Tensor, logits: Tensor) -> FoundHead | None:
    """Read the head of a network, if it is linear, or linear but for lengths.

    Parameters
    ----------
    module
        The layer that gave the logits.
    embedding
        (B, D), of a batch.
    logits
        (B, C), what the network returned for it.

    Returns
    -------
    FoundHead or None
        None where no weights of the layer give these logits.

    Examples
    --------
    >>> layer, embedding = nn.Linear(4, 2), torch.rand(3, 4)
    >>> found = found_head(layer, embedding, layer(embedding) / 2)
    >>> found.head.scale, found.head.normalized
    (0.5, False)
    >>> found_head(nn.Linear(4, 2), embedding, layer(embedding)) is None
    True
    """
    rows, wanted = as_numpy(embedding.detach().float()), as_numpy(logits.detach().cpu().double())
    if not (np.isfinite(rows).all() and np.isfinite(wanted).all()):
        return None  # which the pass refuses
    rounding = rounding_of(logits)
    for weight, bias in weight_matrices(module, logits.shape[1], embedding.shape[1]):
        for normalized in (False, True):
            for own_bias in (None,) if bias is None else (bias, None):
                plain = Head(weight, own_bias, normalized=normalized)
                given = plain.logits(rows).astype(np.float64)
                for scale in _scales(given, wanted, rounding):
                    head = Head(weight, own_bias, scale, normalized)
                    ours = given * scale
                    if (abs(ours - wanted) <= head.allowed(rows, ours, rounding)).all():
                        return FoundHead(head, rounding)
    return None


def weight_matrices(
    module: nn.Module, n_classes: int, n_features: int
) -> Iterator[tuple[FloatArray, FloatArray | None]]:
    """Yield what may be the weights (C, D) of a layer, and the bias that belongs to them."""
    # By attribute, since parametrizations and normalizations make them of other parameters.
    names = dict.fromkeys(["weight", *(name for name, _ in module.named_parameters(recurse=False))])
    tensors = {name: getattr(module, name, None) for name in names}
    bias = getattr(module, "bias", None)
    fits = isinstance(bias, Tensor) and tuple(bias.shape) == (n_classes,)
    own_bias = as_numpy(bias.detach().float()) if isinstance(bias, Tensor) and fits else None
    for tensor in tensors.values():
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            continue
        matrix = tensor.detach().float()
        if isinstance(module, _ConvNd) and matrix.ndim > 2 and set(module.kernel_size) == {1}:
            matrix = matrix.flatten(1)
        if not matrix.isfinite().all():
            continue
        for oriented in (matrix, matrix.T) if matrix.ndim == 2 else ():
            if tuple(oriented.shape) == (n_classes, n_features):
                yield np.ascontiguousarray(as_numpy(oriented)), own_bias


def _scales(given: np.ndarray, wanted: np.ndarray, rounding: float) -> Iterator[float]:
    """Yield 1, and the factor by which the one is nearest to the other, if it is positive."""
    yield 1.0
    square = float((given**2).sum())
    factor = float((given * wanted).sum()) / square if square > 0 else 0.0
    if not (np.isfinite(factor) and factor > 0):
        return
    short = float(f"{factor:.{_DIGITS}g}")
    yield short if abs(short - factor) <= max(_NEAR, rounding) * factor else factor


def rounding_of(logits: Tensor) -> float:
    """Return how coarse logits are: by their type, and by how the device makes products."""
    rounding = float(torch.finfo(logits.dtype).eps)
    if logits.dtype != torch.float32:
        return rounding
    if logits.device.type == "cuda":  # whose convolutions use TF32 unless told not to
        rounding = max(rounding, _TF32)
    try:
        precision = torch.get_float32_matmul_precision()
    except RuntimeError:  # set through torch.backends, which this function refuses to summarize
        precision = "high"
    coarser = {"highest": rounding, "high": _TF32, "medium": _BFLOAT16}[precision]
    return max(rounding, coarser)
