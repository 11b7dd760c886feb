"""Products of two sets of rows, in the quickest way that rounds as float32 does."""

from __future__ import annotations

from typing import Final, Protocol

import torch
from torch import Tensor

# Multiplications from which on oneDNN pays, which asks for memory anew at each call.
_MANY: Final = 2**21


class OffsetProduct(Protocol):
    """Makes ``offsets - 2 * left @ right.T``: squared distances, but for the norms of `left`.

    Of offsets (N,), left (M, D) and right (N, D) of one type on one device it is (M, N), in `out`
    or in memory of its own.
    """

    def __call__(
        self, offsets: Tensor, left: Tensor, right: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Return the product. Offsets may be infinite."""


def offset_product(dtype: torch.dtype, device: torch.device) -> OffsetProduct:
    """Return what makes products of a type on a device in the least time.

    PyTorch multiplies float32 by MKL, which on processors of other makers than its own runs at
    half the rate of oneDNN (docs/speed.md). oneDNN rounds to fewer bits where it was told to; then,
    and where PyTorch lacks it, PyTorch's own product serves.

    Parameters
    ----------
    dtype
        Floating.
    device
        Where the rows are.

    Examples
    --------
    >>> product = offset_product(torch.float32, torch.device("cpu"))
    >>> product(torch.ones(2), torch.ones(1, 3), torch.eye(2, 3))
    tensor([[-1., -1.]])
    """
    of_floats = dtype == torch.float32 and device.type == "cpu"
    return _by_onednn if of_floats and onednn_rounds_as_float32() else _by_pytorch


def onednn_rounds_as_float32() -> bool:
    """Tell whether PyTorch has oneDNN, and its products keep all bits of float32 now."""
    values = (1 + 2.0 ** -torch.arange(8, 24).to(torch.float32)[:, None]).repeat(1, 64)
    try:
        return torch.equal(_linear(values, torch.eye(64), torch.zeros(64)), values)
    except (AttributeError, RuntimeError):  # PyTorch was built without it
        return False


def _by_pytorch(offsets: Tensor, left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    return torch.addmm(offsets, left, right.T, alpha=-2, out=out)


def _by_onednn(offsets: Tensor, left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    if len(left) * right.numel() < _MANY:
        return _by_pytorch(offsets, left, right, out)
    return _linear(left * -2, right, offsets)


def _linear(left: Tensor, right: Tensor, offsets: Tensor) -> Tensor:
    found: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, offsets, "none", [], "")
    return found
